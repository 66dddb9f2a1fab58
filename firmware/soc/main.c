// The program of the system on chip: a network and events come in messages, each is answered with a
// line, and a sample ends with a line that says what it did. docs/soc.md describes both.
#include "console.h"
#include "hrsnn.h"
#include "message.h"
#include "soc_map.h"

// Looks at STATUS until the core counts as stuck.
#define POLLS 1000000u
#define ITEMS 32u
#define OUTPUTS 64u

static hrsnn_t device;
static hrsnn_info_t info;
static message_t message;

// What has been seen of the sample in work.
static struct {
    uint32_t start; // cycle
    uint32_t items; // of the spike stream
    // Sums of the items, and of these sums: another item or another order gives another pair.
    uint32_t sum, sums;
} sample;

// Read spikes until none are left.
static hrsnn_status_t take_spikes(void) {
    uint32_t items[ITEMS];
    size_t count = 0;
    do {
        hrsnn_status_t status = hrsnn_read_spikes(&device, items, ITEMS, &count);
        if (status != HRSNN_OK) {
            return status;
        }
        for (size_t k = 0; k < count; k++) {
            sample.items++;
            sample.sum += items[k];
            sample.sums += sample.sum;
        }
    } while (count == ITEMS);
    return HRSNN_OK;
}

// Message L: place of the first word as in MEM_ADDRESS, words.
static hrsnn_status_t load(void) {
    if (message.count < 1) {
        return HRSNN_E_ARGUMENT;
    }
    uint32_t place = message.words[0];
    hrsnn_status_t status = hrsnn_write_reg(&device, HRSNN_REG_MODEL, 0);
    if (status != HRSNN_OK) {
        return status;
    }
    return hrsnn_write_memory(
        &device,
        (uint8_t)((place & HRSNN_MEM_ADDRESS_SELECT_MASK) >> HRSNN_MEM_ADDRESS_SELECT_SHIFT),
        (uint8_t)((place & HRSNN_MEM_ADDRESS_LANE_MASK) >> HRSNN_MEM_ADDRESS_LANE_SHIFT),
        (uint16_t)place, message.words + 1, message.count - 1);
}

// Message M: mark, neurons.
static hrsnn_status_t mark(void) {
    if (message.count != 2) {
        return HRSNN_E_ARGUMENT;
    }
    hrsnn_status_t status = hrsnn_write_reg(&device, HRSNN_REG_NEURONS, message.words[1]);
    return status != HRSNN_OK ? status
                              : hrsnn_write_reg(&device, HRSNN_REG_MODEL, message.words[0]);
}

// Message S: whether spikes are looked at.
static hrsnn_status_t start(void) {
    if (message.count != 1) {
        return HRSNN_E_ARGUMENT;
    }
    hrsnn_status_t status = hrsnn_clear_counters(&device);
    if (status == HRSNN_OK) {
        status = hrsnn_keep_spikes(&device, message.words[0] != 0);
    }
    sample.items = sample.sum = sample.sums = 0;
    sample.start = console_cycles();
    return status == HRSNN_OK ? hrsnn_clear(&device) : status;
}

// Message C: commands, two in a word.
static hrsnn_status_t run(void) {
    uint16_t commands[2 * MESSAGE_WORDS];
    size_t count = 2 * message.count, begin = 0;
    for (size_t k = 0; k < message.count; k++) {
        commands[2 * k] = (uint16_t)message.words[k];
        commands[2 * k + 1] = (uint16_t)(message.words[k] >> 16);
    }
    while (begin < count) {
        size_t sent = 0;
        hrsnn_status_t status = hrsnn_send(&device, commands + begin, count - begin, &sent);
        begin += sent;
        if (status == HRSNN_E_SPIKES) {
            status = take_spikes();
        }
        if (status != HRSNN_OK) {
            return status;
        }
    }
    return HRSNN_OK;
}

// Message R: the line of the sample.
static hrsnn_status_t report(void) {
    int32_t outputs[OUTPUTS];
    size_t class = 0, count = info.outputs < OUTPUTS ? info.outputs : OUTPUTS;
    hrsnn_counters_t counters;
    hrsnn_status_t status = take_spikes();
    if (status == HRSNN_OK) {
        status = hrsnn_wait_idle(&device, POLLS);
    }
    uint32_t cycles = console_cycles() - sample.start;
    if (status == HRSNN_OK) {
        status = hrsnn_read_outputs(&device, outputs, count);
    }
    if (status == HRSNN_OK && count > 0) {
        status = hrsnn_argmax(outputs, count, &class);
    }
    if (status == HRSNN_OK) {
        status = hrsnn_read_counters(&device, &counters);
    }
    if (status != HRSNN_OK) {
        return status;
    }
    console_text("sample");
    console_value("class", (uint32_t)class);
    console_value("input_events", counters.input_events);
    console_value("spikes", counters.spikes);
    console_value("sop_in", counters.sop_in);
    console_value("sop_rec", counters.sop_rec);
    console_value("sop_out", counters.sop_out);
    console_value("skipped_rows", counters.skipped_rows);
    console_value("steps", counters.steps);
    console_value("busy_cycles", counters.busy_cycles);
    console_value("cycles", cycles);
    console_value("items", sample.items);
    console_value("sum", sample.sum);
    console_value("sums", sample.sums);
    console_text(" outputs=");
    for (size_t k = 0; k < count; k++) {
        console_text(k > 0 ? "," : "");
        console_number(outputs[k]);
    }
    console_text("\n");
    return HRSNN_OK;
}

// Message I: what this is.
static hrsnn_status_t identify(void) {
    hrsnn_status_t status = hrsnn_identify(&device, &info);
    uint32_t model = 0;
    if (status == HRSNN_OK) {
        status = hrsnn_read_reg(&device, HRSNN_REG_MODEL, &model);
    }
    if (status != HRSNN_OK) {
        return status;
    }
    console_text("hrsnn");
    console_value("lanes", info.lanes);
    console_value("slots", info.slots);
    console_value("inputs", info.inputs);
    console_value("outputs", info.outputs);
    console_value("spike_stream", info.has_spike_stream);
    console_value("model", model);
    console_text("\n");
    return HRSNN_OK;
}

static hrsnn_status_t execute(void) {
    switch (message.kind) {
    case 'I':
        return identify();
    case 'L':
        return load();
    case 'M':
        return mark();
    case 'S':
        return start();
    case 'C':
        return run();
    case 'R':
        return report();
    default:
        return HRSNN_E_ARGUMENT;
    }
}

int main(void) {
    hrsnn_status_t status =
        hrsnn_init_bus(&device, (volatile uint32_t *)(uintptr_t)SOC_ACCELERATOR_BASE);
    if (status == HRSNN_OK) {
        status = identify();
    }
    for (;;) {
        if (status != HRSNN_OK) {
            console_text("error ");
            console_number(status);
            console_text("\n");
        }
        bool whole = message_get(&message);
        status = whole ? execute() : HRSNN_E_PORT;
        if (status == HRSNN_OK && message.kind != 'I' && message.kind != 'R') {
            console_text("ok\n");
        }
    }
}
