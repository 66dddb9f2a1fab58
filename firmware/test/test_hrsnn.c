// Every public function: a wrong call, and a right one with the exact bytes on the line.
//
// Frames are written without their start byte and CRC: sequence number, operation, address, count
// and payload of a request; sequence number, status, count and payload of an answer.
#include <string.h>

#include "check.h"
#include "fake_device.h"

#define IDENTITY_WORDS                                                                             \
    "4852534e 01000000 02000000 04000000 05000000 40000000 03000000 02000000 "                     \
    "00000000 00000000 00100000 02000000 00010000"

static fake_t fake;
static hrsnn_frames_t frames;
static hrsnn_t device;

// An identified device whose next sequence number is 4. 16-bit outputs, 2 lanes of 4, 5 inputs.
static void begin(void) {
    hrsnn_info_t info;
    fake_init(&fake);
    CHECK(hrsnn_init(&device, &frames, &fake.port) == HRSNN_OK);
    fake_expect(&fake, "00 00 00 00", "00 00 00");
    fake_expect(&fake, "01 02 00 0d", "01 80 0d" IDENTITY_WORDS);
    fake_expect(&fake, "02 01 20 01 00000000", "02 00 01");
    fake_expect(&fake, "03 02 1f 01", "03 80 01 01000000");
    CHECK(hrsnn_identify(&device, &info) == HRSNN_OK);
    fake_done(&fake);
    CHECK(info.lanes == 2 && info.slots == 4 && info.inputs == 5 && info.synapses == 64);
    CHECK(info.outputs == 3 && info.bins == 2 && info.output_width == 16);
    CHECK(info.has_spike_stream);
    CHECK(fake.waits == 1);
}

static void test_init(void) {
    hrsnn_port_t no_wait = fake.port;
    no_wait.wait = NULL;
    CHECK(hrsnn_init(NULL, &frames, &fake.port) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_init(&device, NULL, &fake.port) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_init(&device, &frames, NULL) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_init(&device, &frames, &no_wait) == HRSNN_E_ARGUMENT);
    fake_init(&fake);
    CHECK(hrsnn_init(&device, &frames, &fake.port) == HRSNN_OK);
    fake_done(&fake);
}

static void test_before_identify(void) {
    uint32_t word;
    fake_init(&fake);
    CHECK(hrsnn_init(&device, &frames, &fake.port) == HRSNN_OK);
    CHECK(hrsnn_read_reg(&device, HRSNN_REG_STATUS, &word) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_write_reg(&device, HRSNN_REG_MODEL, 1) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_clear(&device) == HRSNN_E_ARGUMENT);
    fake_done(&fake);
}

static void test_identify(void) {
    hrsnn_info_t info;
    begin();
    CHECK(hrsnn_identify(&device, NULL) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_identify(NULL, &info) == HRSNN_E_ARGUMENT);
    // Another version of the map.
    fake_expect(&fake, "00 00 00 00", "00 00 00");
    fake_expect(&fake, "01 02 00 0d",
                "01 80 0d 4852534e 02000000 02000000 04000000 05000000 40000000 03000000 02000000 "
                "00000000 00000000 00100000 02000000 00010000");
    CHECK(hrsnn_identify(&device, &info) == HRSNN_E_DEVICE);
    fake_done(&fake);
    CHECK(hrsnn_clear(&device) == HRSNN_E_ARGUMENT);
}

static void test_identify_ends_old_work(void) {
    hrsnn_info_t info;
    fake_init(&fake);
    CHECK(hrsnn_init(&device, &frames, &fake.port) == HRSNN_OK);
    fake_expect(&fake, "00 00 00 00", "00 00 00");
    fake_expect(&fake, "01 02 00 0d", "01 80 0d" IDENTITY_WORDS);
    fake_expect(&fake, "02 01 20 01 00000000", "02 00 01");
    fake_expect(&fake, "03 02 1f 01", "03 80 01 02000000");
    fake_expect(&fake, "04 02 1f 01", "04 80 01 01000000");
    CHECK(hrsnn_identify(&device, &info) == HRSNN_OK);
    fake_done(&fake);
}

static void test_registers(void) {
    uint32_t word = 0;
    begin();
    CHECK(hrsnn_read_reg(&device, HRSNN_REG_MODEL, NULL) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_read_reg(NULL, HRSNN_REG_MODEL, &word) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_write_reg(NULL, HRSNN_REG_MODEL, 0) == HRSNN_E_ARGUMENT);
    fake_expect(&fake, "04 01 21 01 78563412", "04 00 01");
    fake_expect(&fake, "05 02 21 01", "05 80 01 78563412");
    CHECK(hrsnn_write_reg(&device, HRSNN_REG_MODEL, 0x12345678) == HRSNN_OK);
    CHECK(hrsnn_read_reg(&device, HRSNN_REG_MODEL, &word) == HRSNN_OK);
    CHECK(word == 0x12345678);
    fake_done(&fake);
}

static void test_statuses(void) {
    uint32_t word = 0;
    begin();
    // A request that is not executed keeps its sequence number free.
    fake_expect(&fake, "04 02 60 01", "04 05 00");
    fake_expect(&fake, "04 02 42 01", "04 06 00");
    fake_expect(&fake, "04 02 21 01", "04 03 00");
    CHECK(hrsnn_read_reg(&device, 0x60, &word) == HRSNN_E_REFUSED);
    CHECK(hrsnn_read_reg(&device, HRSNN_REG_MEM_DATA, &word) == HRSNN_E_BUSY);
    CHECK(hrsnn_read_reg(&device, HRSNN_REG_MODEL, &word) == HRSNN_E_ORDER);
    fake.broken = true;
    CHECK(hrsnn_read_reg(&device, HRSNN_REG_MODEL, &word) == HRSNN_E_PORT);
    fake_done(&fake);
}

static void test_retries(void) {
    uint32_t word = 0;
    begin();
    unsigned before = fake.waits;
    // Silence; BAD_CRC; TIMEOUT with a senseless number; an answer to something else; the answer.
    fake_expect(&fake, "04 02 21 01", "");
    fake_expect(&fake, "04 02 21 01", "04 01 00");
    fake_expect(&fake, "04 02 21 01", "77 07 00");
    fake_expect(&fake, "04 02 21 01", "03 80 01 01000000");
    fake_expect(&fake, "04 02 21 01", "04 c0 01 2a000000");
    CHECK(hrsnn_read_reg(&device, HRSNN_REG_MODEL, &word) == HRSNN_OK);
    CHECK(word == 42 && fake.waits == before + 4);
    // Cut, altered, not a frame, too long, and nothing: that is enough.
    fake_frames(&fake, "a5 05 02 21 01 73 13", "5a 05 80 01 2a 00");
    fake_frames(&fake, "a5 05 02 21 01 73 13", "5a 05 80 01 2a 00 00 00 00 00");
    fake_frames(&fake, "a5 05 02 21 01 73 13", "00 05 80 01");
    fake_frames(&fake, "a5 05 02 21 01 73 13", "5a 05 80 41");
    fake_frames(&fake, "a5 05 02 21 01 73 13", "");
    CHECK(hrsnn_read_reg(&device, HRSNN_REG_MODEL, &word) == HRSNN_E_SILENT);
    fake_done(&fake);
    // An answer without data to a READ is no answer.
    fake_expect(&fake, "05 02 21 01", "05 00 01");
    CHECK(hrsnn_read_reg(&device, HRSNN_REG_MODEL, &word) == HRSNN_E_DEVICE);
    fake_done(&fake);
}

static void test_write_memory(void) {
    const uint32_t words[] = {0x11, 0x22};
    begin();
    CHECK(hrsnn_write_memory(&device, 16, 0, 0, words, 2) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_write_memory(&device, 0, 2, 0, words, 2) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_write_memory(&device, 0, 0, 0, NULL, 2) == HRSNN_E_ARGUMENT);
    fake_expect(&fake, "04 01 24 01 34122100", "04 00 01");
    fake_expect(&fake, "05 01 25 01 00000000", "05 00 01");
    fake_expect(&fake, "06 01 42 02 11000000 22000000", "06 00 02");
    CHECK(hrsnn_write_memory(&device, HRSNN_SELECT_DECAY, 1, 0x1234, words, 2) == HRSNN_OK);
    fake_done(&fake);
}

static void test_read_memory(void) {
    uint32_t words[2];
    begin();
    CHECK(hrsnn_read_memory(&device, 6, 0, 0, NULL, 2) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_read_memory(&device, 6, 2, 0, words, 2) == HRSNN_E_ARGUMENT);
    fake_expect(&fake, "04 01 24 01 03006000", "04 00 01");
    fake_expect(&fake, "05 02 42 02", "05 80 02 01000000 02000000");
    CHECK(hrsnn_read_memory(&device, HRSNN_SELECT_V, 0, 3, words, 2) == HRSNN_OK);
    CHECK(words[0] == 1 && words[1] == 2);
    fake_done(&fake);
}

static void test_long_memory(void) {
    // 65 words are two bursts: 64 and 1.
    uint32_t words[65] = {0};
    char request[2 * 4 + 8 * 64 + 1] = "06014240";
    char answer[2 * 3 + 8 * 64 + 1] = "068040";
    memset(request + 8, '0', 8 * 64);
    memset(answer + 6, '0', 8 * 64);
    begin();
    fake_expect(&fake, "04 01 24 01 00000000", "04 00 01");
    fake_expect(&fake, "05 01 25 01 00000000", "05 00 01");
    fake_expect(&fake, request, "06 00 40");
    fake_expect(&fake, "07 01 42 01 09000000", "07 00 01");
    words[64] = 9;
    CHECK(hrsnn_write_memory(&device, 0, 0, 0, words, 65) == HRSNN_OK);
    fake_done(&fake);
    fake_expect(&fake, "08 01 24 01 00006000", "08 00 01");
    memcpy(answer, "098040", 6);
    fake_expect(&fake, "09 02 42 40", answer);
    fake_expect(&fake, "0a 02 42 01", "0a 80 01 07000000");
    CHECK(hrsnn_read_memory(&device, HRSNN_SELECT_V, 0, 0, words, 65) == HRSNN_OK);
    CHECK(words[63] == 0 && words[64] == 7);
    fake_done(&fake);
}

static void test_load(void) {
    const uint32_t words[] = {5};
    const hrsnn_image_t image = {HRSNN_SELECT_ROW, 1, 2, words, 1};
    begin();
    CHECK(hrsnn_load(&device, NULL, 1, 1, 1) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_load(&device, &image, 1, 0, 1) == HRSNN_E_ARGUMENT);
    fake_expect(&fake, "04 01 21 01 00000000", "04 00 01");
    fake_expect(&fake, "05 01 24 01 02001100", "05 00 01");
    fake_expect(&fake, "06 01 25 01 00000000", "06 00 01");
    fake_expect(&fake, "07 01 42 01 05000000", "07 00 01");
    fake_expect(&fake, "08 01 21 02 efbeadde 07000000", "08 00 02");
    CHECK(hrsnn_load(&device, &image, 1, 0xdeadbeef, 7) == HRSNN_OK);
    fake_done(&fake);
    // A load that fails leaves the mark 0.
    fake_expect(&fake, "09 01 21 01 00000000", "09 00 01");
    fake_expect(&fake, "0a 01 24 01 02001100", "0a 00 01");
    fake_expect(&fake, "0b 01 25 01 00000000", "0b 00 01");
    fake_expect(&fake, "0c 01 42 01 05000000", "0c 06 00");
    CHECK(hrsnn_load(&device, &image, 1, 0xdeadbeef, 7) == HRSNN_E_BUSY);
    fake_done(&fake);
}

static void test_keep_spikes(void) {
    begin();
    CHECK(hrsnn_keep_spikes(NULL, true) == HRSNN_E_ARGUMENT);
    fake_expect(&fake, "04 01 20 01 01000000", "04 00 01");
    fake_expect(&fake, "05 01 20 01 00000000", "05 00 01");
    CHECK(hrsnn_keep_spikes(&device, true) == HRSNN_OK);
    CHECK(hrsnn_keep_spikes(&device, false) == HRSNN_OK);
    fake_done(&fake);
}

static void test_send(void) {
    const uint16_t commands[] = {0xc000, 0x4003, 0x8001};
    size_t sent = 9;
    begin();
    CHECK(hrsnn_send(&device, NULL, 1, &sent) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_send(&device, commands, 3, NULL) == HRSNN_E_ARGUMENT);
    fake_expect(&fake, "04 01 40 02 00c00340 01800000", "04 00 02");
    CHECK(hrsnn_send(&device, commands, 3, &sent) == HRSNN_OK);
    CHECK(sent == 3);
    // The core waits for spikes to be read after the first word.
    fake_expect(&fake, "05 01 40 02 00c00340 01800000", "05 00 01");
    CHECK(hrsnn_send(&device, commands, 3, &sent) == HRSNN_E_SPIKES);
    CHECK(sent == 2);
    fake_done(&fake);
}

static void test_clear(void) {
    begin();
    CHECK(hrsnn_clear(NULL) == HRSNN_E_ARGUMENT);
    fake_expect(&fake, "04 01 40 01 00c00000", "04 00 01");
    CHECK(hrsnn_clear(&device) == HRSNN_OK);
    fake_done(&fake);
}

static void test_step(void) {
    const uint16_t channels[] = {1, 4}, falling[] = {4, 1}, beyond[] = {5};
    begin();
    CHECK(hrsnn_step(&device, NULL, 1, 0) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_step(&device, falling, 2, 0) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_step(&device, beyond, 1, 0) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_step(&device, channels, 2, 2) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_step(&device, channels, 2, HRSNN_STEP_ASK | 2) == HRSNN_E_ARGUMENT);
    fake_expect(&fake, "04 01 40 02 01400440 01800000", "04 00 02");
    fake_expect(&fake, "05 01 40 01 00800000", "05 00 01");
    fake_expect(&fake, "06 01 40 01 01a00000", "06 00 01");
    CHECK(hrsnn_step(&device, channels, 2, 1) == HRSNN_OK);
    CHECK(hrsnn_step(&device, NULL, 0, 0) == HRSNN_OK);
    CHECK(hrsnn_step(&device, NULL, 0, HRSNN_STEP_ASK | 1) == HRSNN_OK);
    fake_done(&fake);
}

static void test_wait_idle(void) {
    begin();
    CHECK(hrsnn_wait_idle(NULL, 1) == HRSNN_E_ARGUMENT);
    fake_expect(&fake, "04 02 1f 01", "04 80 01 00000000");
    fake_expect(&fake, "05 02 1f 01", "05 80 01 01000000");
    CHECK(hrsnn_wait_idle(&device, 2) == HRSNN_OK);
    fake_expect(&fake, "06 02 1f 01", "06 80 01 02000000");
    CHECK(hrsnn_wait_idle(&device, 1) == HRSNN_E_BUSY);
    fake_done(&fake);
}

static void test_read_spikes(void) {
    uint32_t items[3];
    size_t count = 9;
    begin();
    CHECK(hrsnn_read_spikes(&device, NULL, 3, &count) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_read_spikes(&device, items, 3, NULL) == HRSNN_E_ARGUMENT);
    fake_expect(&fake, "04 02 41 03", "04 80 02 06000000 00000100");
    CHECK(hrsnn_read_spikes(&device, items, 3, &count) == HRSNN_OK);
    CHECK(count == 2 && items[0] == 6 && items[1] == HRSNN_SPIKE_LAST_MASK);
    fake_done(&fake);
}

static void test_read_outputs(void) {
    int32_t outputs[3];
    begin();
    CHECK(hrsnn_read_outputs(&device, NULL, 3) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_read_outputs(&device, outputs, 4) == HRSNN_E_ARGUMENT);
    fake_expect(&fake, "04 01 24 01 00007000", "04 00 01");
    // 16 bits: 0xffff is -1 whatever stands above it.
    fake_expect(&fake, "05 02 42 03", "05 80 03 ffff0000 ff7f0000 0080ffff");
    CHECK(hrsnn_read_outputs(&device, outputs, 3) == HRSNN_OK);
    CHECK(outputs[0] == -1 && outputs[1] == 32767 && outputs[2] == -32768);
    fake_done(&fake);
}

static void test_argmax(void) {
    const int32_t outputs[] = {-5, 3, 7, 7};
    size_t index = 9;
    CHECK(hrsnn_argmax(outputs, 0, &index) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_argmax(NULL, 1, &index) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_argmax(outputs, 4, &index) == HRSNN_OK);
    CHECK(index == 2);
}

static void test_counters(void) {
    hrsnn_counters_t counters;
    begin();
    CHECK(hrsnn_read_counters(&device, NULL) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_clear_counters(NULL) == HRSNN_E_ARGUMENT);
    fake_expect(&fake, "04 02 10 0b",
                "04 80 0b 01000000 02000000 03000000 04000000 05000000 06000000 07000000 08000000 "
                "09000000 0a000000 0b000000");
    fake_expect(&fake, "05 01 20 01 02000000", "05 00 01");
    CHECK(hrsnn_read_counters(&device, &counters) == HRSNN_OK);
    CHECK(counters.input_events == 1 && counters.spikes == 2 && counters.sop_in == 3);
    CHECK(counters.sop_rec == 4 && counters.sop_out == 5 && counters.steps == 6);
    CHECK(counters.skipped_rows == 7 && counters.busy_cycles == 8);
    CHECK(counters.stalled_cycles == 9 && counters.idle_cycles == 10);
    CHECK(counters.link_errors == 11);
    CHECK(hrsnn_clear_counters(&device) == HRSNN_OK);
    fake_done(&fake);
}

static void test_numbers_wrap(void) {
    begin();
    for (unsigned k = 4; k < 260; k++) {
        char request[32], answer[16];
        snprintf(request, sizeof request, "%02x 01 23 01 00000000", k & 0xff);
        snprintf(answer, sizeof answer, "%02x 00 01", k & 0xff);
        fake.next = fake.count = 0;
        fake_expect(&fake, request, answer);
        CHECK(hrsnn_write_reg(&device, HRSNN_REG_SCRATCH, 0) == HRSNN_OK);
    }
    fake_done(&fake);
}

int main(void) {
    test_init();
    test_before_identify();
    test_identify();
    test_identify_ends_old_work();
    test_registers();
    test_statuses();
    test_retries();
    test_write_memory();
    test_read_memory();
    test_long_memory();
    test_load();
    test_keep_spikes();
    test_send();
    test_clear();
    test_step();
    test_wait_idle();
    test_read_spikes();
    test_read_outputs();
    test_argmax();
    test_counters();
    test_numbers_wrap();
    puts("firmware: 21 tests passed");
    return 0;
}
