// Bursts on a bus: a word is a load or a store of the processor, and STATUS says what became of it.
#include "hrsnn_link.h"

// An access takes 4 cycles at least. The counters are visited in turn, 2 cycles each: what the core
// did is counted after a round of visits, and a counter is cleared after two (docs/link.md).
#define SETTLE_ACCESSES (HRSNN_COUNTER_COUNT + 4u)

static void settle(volatile const uint32_t *registers) {
    for (unsigned k = 0; k < SETTLE_ACCESSES; k++) {
        (void)registers[HRSNN_REG_STATUS];
    }
}

// What became of the last access, to `address`.
static hrsnn_status_t outcome(volatile const uint32_t *registers, uint8_t address) {
    if ((registers[HRSNN_REG_STATUS] & HRSNN_STATUS_REFUSED_MASK) == 0) {
        return HRSNN_OK;
    }
    return address == HRSNN_REG_MEM_DATA ? HRSNN_E_BUSY : HRSNN_E_REFUSED;
}

// The address of a burst's next word: a port stays.
static uint8_t after(uint8_t address) {
    return (uint8_t)(address < HRSNN_FIRST_PORT ? address + 1 : address);
}

hrsnn_status_t hrsnn_init_bus(hrsnn_t *device, volatile uint32_t *registers) {
    if (device == NULL || registers == NULL) {
        return HRSNN_E_ARGUMENT;
    }
    device->link.registers = registers;
    device->identified = false;
    return HRSNN_OK;
}

bool hrsnn_link_is_there(const hrsnn_t *device) { return device->link.registers != NULL; }

hrsnn_status_t hrsnn_link_sync(hrsnn_t *device) {
    (void)device;
    return HRSNN_OK;
}

hrsnn_status_t hrsnn_link_write(hrsnn_t *device, uint8_t address, const uint32_t *words,
                                size_t count, size_t *done) {
    volatile uint32_t *registers = device->link.registers;
    for (*done = 0; *done < count; ++*done) {
        registers[address] = words[*done];
        hrsnn_status_t status = outcome(registers, address);
        if (status != HRSNN_OK) {
            // A command that is not taken waits for spikes to be read: the burst ends early.
            return address == HRSNN_REG_COMMAND ? HRSNN_OK : status;
        }
        if (address == HRSNN_REG_CONTROL) {
            settle(registers);
        }
        address = after(address);
    }
    return HRSNN_OK;
}

hrsnn_status_t hrsnn_link_read(hrsnn_t *device, uint8_t address, uint32_t *words, size_t count,
                               size_t *done) {
    volatile const uint32_t *registers = device->link.registers;
    if (address < HRSNN_REG_STATUS && address + count > HRSNN_REG_INPUT_EVENTS) {
        settle(registers);
    }
    for (*done = 0; *done < count; ++*done) {
        uint32_t word = registers[address];
        hrsnn_status_t status = outcome(registers, address);
        if (status != HRSNN_OK) {
            return status;
        }
        if (address == HRSNN_REG_SPIKE && (word & HRSNN_SPIKE_NONE_MASK) != 0) {
            return HRSNN_OK;
        }
        words[*done] = word;
        address = after(address);
    }
    return HRSNN_OK;
}
