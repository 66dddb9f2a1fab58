// Learning, in the calls of hrsnn.h.
#include "hrsnn_learn.h"

static uint32_t field(uint32_t word, uint32_t mask, uint32_t shift) {
    return (word & mask) >> shift;
}

hrsnn_status_t hrsnn_learning(hrsnn_t *device, hrsnn_learning_t *learning) {
    uint32_t features = 0, rule = 0, widths = 0;
    if (learning == NULL) {
        return HRSNN_E_ARGUMENT;
    }
    hrsnn_status_t status = hrsnn_read_reg(device, HRSNN_REG_FEATURES, &features);
    if (status == HRSNN_OK && (features & HRSNN_FEATURES_LEARNS_MASK) == 0) {
        return HRSNN_E_REFUSED;
    }
    if (status == HRSNN_OK) {
        status = hrsnn_read_reg(device, HRSNN_REG_PLASTICITY, &rule);
    }
    if (status == HRSNN_OK) {
        status = hrsnn_read_reg(device, HRSNN_REG_SYNAPSE_WIDTHS, &widths);
    }
    if (status != HRSNN_OK) {
        return status;
    }
    uint32_t shift = field(rule, HRSNN_PLASTICITY_LEARN_SHIFT_MASK,
                           HRSNN_PLASTICITY_LEARN_SHIFT_SHIFT);
    uint32_t width = field(widths, HRSNN_SYNAPSE_WIDTHS_WEIGHT_WIDTH_MASK,
                           HRSNN_SYNAPSE_WIDTHS_WEIGHT_WIDTH_SHIFT);
    *learning = (hrsnn_learning_t){
        .inputs = (rule & HRSNN_PLASTICITY_PLASTIC_IN_MASK) != 0,
        .recurrent = (rule & HRSNN_PLASTICITY_PLASTIC_REC_MASK) != 0,
        .learn_shift = shift,
        .magnitude_width = width + shift,
        .history = field(rule, HRSNN_PLASTICITY_HISTORY_MASK, HRSNN_PLASTICITY_HISTORY_SHIFT),
    };
    return HRSNN_OK;
}

// Send one command and wait until it is done.
static hrsnn_status_t command(hrsnn_t *device, uint16_t word, uint32_t polls) {
    size_t sent = 0;
    hrsnn_status_t status = hrsnn_send(device, &word, 1, &sent);
    return status == HRSNN_OK ? hrsnn_wait_idle(device, polls) : status;
}

hrsnn_status_t hrsnn_update_weights(hrsnn_t *device, uint32_t polls) {
    return command(device, HRSNN_COMMAND_CLEAR | HRSNN_CLEAR_UPDATE_ROWS, polls);
}

hrsnn_status_t hrsnn_forget(hrsnn_t *device, uint32_t polls) {
    return command(device, HRSNN_COMMAND_CLEAR, polls);
}

hrsnn_status_t hrsnn_read_magnitudes(hrsnn_t *device, uint8_t lane, uint16_t address,
                                     uint32_t *magnitudes, size_t count) {
    hrsnn_learning_t learning;
    hrsnn_status_t status = hrsnn_learning(device, &learning);
    if (status == HRSNN_OK) {
        status = hrsnn_read_memory(device, HRSNN_SELECT_MAGNITUDE, lane, address, magnitudes,
                                   count);
    }
    for (size_t k = 0; k < count && status == HRSNN_OK; k++) {
        // Above the magnitude stands what the core still owes the synapse.
        magnitudes[k] &= (1u << learning.magnitude_width) - 1;
    }
    return status;
}

hrsnn_status_t hrsnn_write_magnitudes(hrsnn_t *device, uint8_t lane, uint16_t address,
                                      const uint32_t *magnitudes, size_t count) {
    hrsnn_learning_t learning;
    hrsnn_status_t status = hrsnn_learning(device, &learning);
    if (status != HRSNN_OK) {
        return status;
    }
    for (size_t k = 0; magnitudes != NULL && k < count; k++) {
        if (magnitudes[k] >> learning.magnitude_width != 0) {
            return HRSNN_E_ARGUMENT;
        }
    }
    return hrsnn_write_memory(device, HRSNN_SELECT_MAGNITUDE, lane, address, magnitudes, count);
}

hrsnn_status_t hrsnn_read_weight_updates(hrsnn_t *device, uint32_t *count) {
    return hrsnn_read_reg(device, HRSNN_REG_WEIGHT_UPDATES, count);
}
