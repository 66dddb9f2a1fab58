// What a host does with the accelerator, in register accesses.
#include "hrsnn.h"

#include "hrsnn_link.h"

// The constant registers and the counters are read in one burst each, into these.
_Static_assert(HRSNN_REG_IDENTITY == 0, "the constants start the map");
_Static_assert(HRSNN_CONSTANT_COUNT <= HRSNN_MAX_WORDS, "the constants fit a burst");
_Static_assert(sizeof(hrsnn_counters_t) == 4 * HRSNN_COUNTER_COUNT, "a member for every counter");
_Static_assert(HRSNN_REG_LINK_ERRORS == HRSNN_REG_INPUT_EVENTS + HRSNN_COUNTER_COUNT - 1,
              "the counters stand together");
_Static_assert(HRSNN_REG_NEURONS == HRSNN_REG_MODEL + 1, "mark and size are one burst");

// Looks at STATUS for the work an earlier host left behind.
#define IDENTIFY_POLLS 1000u

static size_t at_most(size_t count, size_t limit) { return count < limit ? count : limit; }

// A burst of which every word must be done.
static hrsnn_status_t read_all(hrsnn_t *device, uint8_t address, uint32_t *words, size_t count) {
    size_t done = 0;
    hrsnn_status_t status = hrsnn_link_read(device, address, words, count, &done);
    if (status == HRSNN_OK && done != count) {
        return HRSNN_E_DEVICE;
    }
    return status;
}

static hrsnn_status_t write_all(hrsnn_t *device, uint8_t address, const uint32_t *words,
                                size_t count) {
    size_t done = 0;
    hrsnn_status_t status = hrsnn_link_write(device, address, words, count, &done);
    if (status == HRSNN_OK && done != count) {
        return HRSNN_E_DEVICE;
    }
    return status;
}

static bool ready(const hrsnn_t *device) {
    return device != NULL && device->identified;
}

hrsnn_status_t hrsnn_identify(hrsnn_t *device, hrsnn_info_t *info) {
    if (device == NULL || info == NULL || !hrsnn_link_is_there(device)) {
        return HRSNN_E_ARGUMENT;
    }
    uint32_t words[HRSNN_CONSTANT_COUNT];
    device->identified = false;
    hrsnn_status_t status = hrsnn_link_sync(device);
    if (status == HRSNN_OK) {
        status = read_all(device, HRSNN_REG_IDENTITY, words, HRSNN_CONSTANT_COUNT);
    }
    if (status != HRSNN_OK) {
        return status;
    }
    if (words[HRSNN_REG_IDENTITY] != HRSNN_IDENTITY_VALUE ||
        words[HRSNN_REG_VERSION] != HRSNN_VERSION_VALUE) {
        return HRSNN_E_DEVICE;
    }
    device->info = (hrsnn_info_t){
        .lanes = words[HRSNN_REG_LANES],
        .slots = words[HRSNN_REG_SLOTS],
        .inputs = words[HRSNN_REG_INPUTS],
        .synapses = words[HRSNN_REG_SYNAPSES],
        .outputs = words[HRSNN_REG_OUTPUTS],
        .bins = words[HRSNN_REG_BINS],
        .output_width = (words[HRSNN_REG_OUTPUT_WIDTHS] & HRSNN_OUTPUT_WIDTHS_OUT_WIDTH_MASK) >>
                        HRSNN_OUTPUT_WIDTHS_OUT_WIDTH_SHIFT,
        .has_spike_stream = (words[HRSNN_REG_FEATURES] & HRSNN_FEATURES_SPIKE_STREAM_MASK) != 0,
    };
    device->identified = true;
    status = hrsnn_keep_spikes(device, false);
    if (status == HRSNN_OK) {
        status = hrsnn_wait_idle(device, IDENTIFY_POLLS);
    }
    device->identified = status == HRSNN_OK;
    *info = device->info;
    return status;
}

hrsnn_status_t hrsnn_read_reg(hrsnn_t *device, uint8_t address, uint32_t *value) {
    if (!ready(device) || value == NULL) {
        return HRSNN_E_ARGUMENT;
    }
    return read_all(device, address, value, 1);
}

hrsnn_status_t hrsnn_write_reg(hrsnn_t *device, uint8_t address, uint32_t value) {
    if (!ready(device)) {
        return HRSNN_E_ARGUMENT;
    }
    return write_all(device, address, &value, 1);
}

static hrsnn_status_t seek(hrsnn_t *device, uint8_t select, uint8_t lane, uint16_t address) {
    uint32_t place = address;
    place |= (uint32_t)lane << HRSNN_MEM_ADDRESS_LANE_SHIFT;
    place |= (uint32_t)select << HRSNN_MEM_ADDRESS_SELECT_SHIFT;
    return hrsnn_write_reg(device, HRSNN_REG_MEM_ADDRESS, place);
}

static bool is_memory(const hrsnn_t *device, uint8_t select, uint8_t lane, const void *words,
                      size_t count) {
    const uint8_t selects = HRSNN_MEM_ADDRESS_SELECT_MASK >> HRSNN_MEM_ADDRESS_SELECT_SHIFT;
    return ready(device) && select <= selects && lane < device->info.lanes &&
           (words != NULL || count == 0);
}

hrsnn_status_t hrsnn_write_memory(hrsnn_t *device, uint8_t select, uint8_t lane, uint16_t address,
                                  const uint32_t *words, size_t count) {
    if (!is_memory(device, select, lane, words, count)) {
        return HRSNN_E_ARGUMENT;
    }
    hrsnn_status_t status = seek(device, select, lane, address);
    if (status == HRSNN_OK) {
        status = hrsnn_write_reg(device, HRSNN_REG_MEM_HIGH, 0);
    }
    for (size_t k = 0; k < count && status == HRSNN_OK; k += HRSNN_MAX_WORDS) {
        status = write_all(device, HRSNN_REG_MEM_DATA, words + k,
                           at_most(count - k, HRSNN_MAX_WORDS));
    }
    return status;
}

hrsnn_status_t hrsnn_read_memory(hrsnn_t *device, uint8_t select, uint8_t lane, uint16_t address,
                                 uint32_t *words, size_t count) {
    if (!is_memory(device, select, lane, words, count)) {
        return HRSNN_E_ARGUMENT;
    }
    hrsnn_status_t status = seek(device, select, lane, address);
    for (size_t k = 0; k < count && status == HRSNN_OK; k += HRSNN_MAX_WORDS) {
        status = read_all(device, HRSNN_REG_MEM_DATA, words + k,
                          at_most(count - k, HRSNN_MAX_WORDS));
    }
    return status;
}

hrsnn_status_t hrsnn_load(hrsnn_t *device, const hrsnn_image_t *images, size_t count, uint32_t mark,
                          uint32_t neurons) {
    if (!ready(device) || images == NULL || mark == 0) {
        return HRSNN_E_ARGUMENT;
    }
    hrsnn_status_t status = hrsnn_write_reg(device, HRSNN_REG_MODEL, 0);
    for (size_t k = 0; k < count && status == HRSNN_OK; k++) {
        status = hrsnn_write_memory(device, images[k].select, images[k].lane, images[k].address,
                                    images[k].words, images[k].count);
    }
    if (status != HRSNN_OK) {
        return status;
    }
    const uint32_t model[] = {mark, neurons};
    return write_all(device, HRSNN_REG_MODEL, model, 2);
}

hrsnn_status_t hrsnn_keep_spikes(hrsnn_t *device, bool keep) {
    if (!ready(device) || (keep && !device->info.has_spike_stream)) {
        return HRSNN_E_ARGUMENT;
    }
    return hrsnn_write_reg(device, HRSNN_REG_CONTROL,
                           keep ? HRSNN_CONTROL_SPIKE_STREAM_MASK : 0);
}

hrsnn_status_t hrsnn_send(hrsnn_t *device, const uint16_t *commands, size_t count, size_t *sent) {
    if (!ready(device) || (commands == NULL && count != 0) || sent == NULL) {
        return HRSNN_E_ARGUMENT;
    }
    *sent = 0;
    while (*sent < count) {
        uint32_t words[HRSNN_MAX_WORDS];
        size_t now = at_most(count - *sent, 2 * HRSNN_MAX_WORDS);
        for (size_t k = 0; k < now; k += 2) {
            uint32_t second = k + 1 < now ? commands[*sent + k + 1] : HRSNN_COMMAND_NOP;
            words[k / 2] = commands[*sent + k] | second << 16;
        }
        size_t done = 0;
        hrsnn_status_t status =
            hrsnn_link_write(device, HRSNN_REG_COMMAND, words, (now + 1) / 2, &done);
        if (status != HRSNN_OK) {
            return status;
        }
        *sent += at_most(2 * done, now);
        if (2 * done < now) {
            return HRSNN_E_SPIKES;
        }
    }
    return HRSNN_OK;
}

hrsnn_status_t hrsnn_clear(hrsnn_t *device) {
    const uint16_t command = HRSNN_COMMAND_CLEAR;
    size_t sent = 0;
    return hrsnn_send(device, &command, 1, &sent);
}

hrsnn_status_t hrsnn_step(hrsnn_t *device, const uint16_t *channels, size_t count, uint16_t bin) {
    if (!ready(device) || (channels == NULL && count != 0) ||
        (bin & ~HRSNN_STEP_ASK) >= device->info.bins) {
        return HRSNN_E_ARGUMENT;
    }
    for (size_t k = 0; k < count; k++) {
        if (channels[k] >= device->info.inputs || (k > 0 && channels[k] <= channels[k - 1])) {
            return HRSNN_E_ARGUMENT;
        }
    }
    uint16_t commands[32];
    size_t waiting = 0, sent = 0;
    for (size_t k = 0; k <= count; k++) {
        commands[waiting++] = (uint16_t)(k < count ? HRSNN_COMMAND_EVENT | channels[k]
                                                   : HRSNN_COMMAND_STEP | bin);
        if (waiting == sizeof commands / sizeof commands[0] || k == count) {
            hrsnn_status_t status = hrsnn_send(device, commands, waiting, &sent);
            if (status != HRSNN_OK) {
                return status;
            }
            waiting = 0;
        }
    }
    return HRSNN_OK;
}

hrsnn_status_t hrsnn_wait_idle(hrsnn_t *device, uint32_t polls) {
    if (!ready(device)) {
        return HRSNN_E_ARGUMENT;
    }
    for (uint32_t k = 0; k < polls; k++) {
        uint32_t now = 0;
        hrsnn_status_t status = hrsnn_read_reg(device, HRSNN_REG_STATUS, &now);
        if (status != HRSNN_OK || (now & HRSNN_STATUS_IDLE_MASK) != 0) {
            return status;
        }
    }
    return HRSNN_E_BUSY;
}

hrsnn_status_t hrsnn_read_spikes(hrsnn_t *device, uint32_t *items, size_t capacity,
                                 size_t *count) {
    if (!ready(device) || items == NULL || count == NULL) {
        return HRSNN_E_ARGUMENT;
    }
    *count = 0;
    while (*count < capacity) {
        size_t now = at_most(capacity - *count, HRSNN_MAX_WORDS), done = 0;
        hrsnn_status_t status =
            hrsnn_link_read(device, HRSNN_REG_SPIKE, items + *count, now, &done);
        *count += done;
        if (status != HRSNN_OK || done < now) {
            return status;
        }
    }
    return HRSNN_OK;
}

hrsnn_status_t hrsnn_read_outputs(hrsnn_t *device, int32_t *outputs, size_t count) {
    if (!ready(device) || outputs == NULL || count > device->info.outputs ||
        device->info.output_width > 32) {
        return HRSNN_E_ARGUMENT;
    }
    hrsnn_status_t status = seek(device, HRSNN_SELECT_OUT, 0, 0);
    for (size_t k = 0; k < count && status == HRSNN_OK; k += HRSNN_MAX_WORDS) {
        uint32_t words[HRSNN_MAX_WORDS];
        size_t now = at_most(count - k, HRSNN_MAX_WORDS);
        status = read_all(device, HRSNN_REG_MEM_DATA, words, now);
        for (size_t i = 0; i < now && status == HRSNN_OK; i++) {
            // Copy the sign bit of the accumulator into the bits above it.
            uint32_t sign = 1u << (device->info.output_width - 1);
            uint32_t word = words[i] & (sign | (sign - 1));
            outputs[k + i] = (int32_t)((word ^ sign) - sign);
        }
    }
    return status;
}

hrsnn_status_t hrsnn_argmax(const int32_t *outputs, size_t count, size_t *index) {
    if (outputs == NULL || count == 0 || index == NULL) {
        return HRSNN_E_ARGUMENT;
    }
    *index = 0;
    for (size_t k = 1; k < count; k++) {
        if (outputs[k] > outputs[*index]) {
            *index = k;
        }
    }
    return HRSNN_OK;
}

hrsnn_status_t hrsnn_read_counters(hrsnn_t *device, hrsnn_counters_t *counters) {
    if (!ready(device) || counters == NULL) {
        return HRSNN_E_ARGUMENT;
    }
    uint32_t words[HRSNN_COUNTER_COUNT];
    hrsnn_status_t status =
        read_all(device, HRSNN_REG_INPUT_EVENTS, words, HRSNN_COUNTER_COUNT);
    if (status == HRSNN_OK) {
        *counters = (hrsnn_counters_t){
            .input_events = words[HRSNN_REG_INPUT_EVENTS - HRSNN_REG_INPUT_EVENTS],
            .spikes = words[HRSNN_REG_SPIKES - HRSNN_REG_INPUT_EVENTS],
            .sop_in = words[HRSNN_REG_SOP_IN - HRSNN_REG_INPUT_EVENTS],
            .sop_rec = words[HRSNN_REG_SOP_REC - HRSNN_REG_INPUT_EVENTS],
            .sop_out = words[HRSNN_REG_SOP_OUT - HRSNN_REG_INPUT_EVENTS],
            .steps = words[HRSNN_REG_STEPS - HRSNN_REG_INPUT_EVENTS],
            .skipped_rows = words[HRSNN_REG_SKIPPED_ROWS - HRSNN_REG_INPUT_EVENTS],
            .busy_cycles = words[HRSNN_REG_BUSY_CYCLES - HRSNN_REG_INPUT_EVENTS],
            .stalled_cycles = words[HRSNN_REG_STALLED_CYCLES - HRSNN_REG_INPUT_EVENTS],
            .idle_cycles = words[HRSNN_REG_IDLE_CYCLES - HRSNN_REG_INPUT_EVENTS],
            .link_errors = words[HRSNN_REG_LINK_ERRORS - HRSNN_REG_INPUT_EVENTS],
        };
    }
    return status;
}

hrsnn_status_t hrsnn_clear_counters(hrsnn_t *device) {
    return hrsnn_write_reg(device, HRSNN_REG_CONTROL, HRSNN_CONTROL_CLEAR_COUNTERS_MASK);
}
