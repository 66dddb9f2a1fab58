// A core that learns: a wrong call of each function, and a right one with the exact bytes.
#include <string.h>

#include "check.h"
#include "fake_device.h"
#include "hrsnn_learn.h"

static fake_t fake;
static hrsnn_frames_t frames;
static hrsnn_t device;

// An identified device whose next sequence number is 4: 2 lanes, 64 synapses each.
static void begin(void) {
    hrsnn_info_t info;
    fake_init(&fake);
    CHECK(hrsnn_init(&device, &frames, &fake.port) == HRSNN_OK);
    fake_expect(&fake, "00 00 00 00", "00 00 00");
    fake_expect(&fake, "01 02 00 0d",
                "01 80 0d 4852534e 01000000 02000000 04000000 05000000 40000000 03000000 02000000 "
                "00000000 06000000 00100000 12000000 00010000");
    fake_expect(&fake, "02 01 20 01 00000000", "02 00 01");
    fake_expect(&fake, "03 02 1f 01", "03 80 01 01000000");
    CHECK(hrsnn_identify(&device, &info) == HRSNN_OK);
}

// What hrsnn_learning reads, of a core whose inputs and neurons learn: learn_shift 10, history 32,
// weights of 6 bits. `numbers` are the three sequence numbers.
static void expect_learning(const char *const numbers[3]) {
    char request[32], answer[32];
    const char *const reads[3] = {"0b", "0d", "09"};
    const char *const words[3] = {"12000000", "2b000020", "06000000"};
    for (int k = 0; k < 3; k++) {
        snprintf(request, sizeof request, "%s 02 %s 01", numbers[k], reads[k]);
        snprintf(answer, sizeof answer, "%s 80 01 %s", numbers[k], words[k]);
        fake_expect(&fake, request, answer);
    }
}

static void test_learning(void) {
    hrsnn_learning_t learning;
    begin();
    CHECK(hrsnn_learning(&device, NULL) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_learning(NULL, &learning) == HRSNN_E_ARGUMENT);
    expect_learning((const char *const[]){"04", "05", "06"});
    CHECK(hrsnn_learning(&device, &learning) == HRSNN_OK);
    CHECK(learning.inputs && learning.recurrent);
    CHECK(learning.learn_shift == 10 && learning.magnitude_width == 16 && learning.history == 32);
    // A core without plasticity.
    fake_expect(&fake, "07 02 0b 01", "07 80 01 02000000");
    CHECK(hrsnn_learning(&device, &learning) == HRSNN_E_REFUSED);
    fake_done(&fake);
}

static void test_update_and_forget(void) {
    begin();
    CHECK(hrsnn_update_weights(NULL, 3) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_forget(NULL, 3) == HRSNN_E_ARGUMENT);
    fake_expect(&fake, "04 01 40 01 01c00000", "04 00 01");
    fake_expect(&fake, "05 02 1f 01", "05 80 01 02000000");
    fake_expect(&fake, "06 02 1f 01", "06 80 01 01000000");
    CHECK(hrsnn_update_weights(&device, 3) == HRSNN_OK);
    fake_expect(&fake, "07 01 40 01 00c00000", "07 00 01");
    fake_expect(&fake, "08 02 1f 01", "08 80 01 02000000");
    CHECK(hrsnn_forget(&device, 1) == HRSNN_E_BUSY);
    fake_done(&fake);
}

static void test_magnitudes(void) {
    uint32_t words[2];
    const uint32_t given[] = {0x8000, 0x1234}, wide[] = {0x10000};
    begin();
    CHECK(hrsnn_read_magnitudes(NULL, 0, 0, words, 2) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_write_magnitudes(NULL, 0, 0, given, 2) == HRSNN_E_ARGUMENT);
    // Lane 1, from synapse 2 on; bits above the 16 of a magnitude are what is owed.
    expect_learning((const char *const[]){"04", "05", "06"});
    fake_expect(&fake, "07 01 24 01 02009100", "07 00 01");
    fake_expect(&fake, "08 02 42 02", "08 80 02 00800300 ffff0000");
    CHECK(hrsnn_read_magnitudes(&device, 1, 2, words, 2) == HRSNN_OK);
    CHECK(words[0] == 0x8000 && words[1] == 0xffff);
    expect_learning((const char *const[]){"09", "0a", "0b"});
    fake_expect(&fake, "0c 01 24 01 00009000", "0c 00 01");
    fake_expect(&fake, "0d 01 25 01 00000000", "0d 00 01");
    fake_expect(&fake, "0e 01 42 02 00800000 34120000", "0e 00 02");
    CHECK(hrsnn_write_magnitudes(&device, 0, 0, given, 2) == HRSNN_OK);
    expect_learning((const char *const[]){"0f", "10", "11"});
    CHECK(hrsnn_write_magnitudes(&device, 0, 0, wide, 1) == HRSNN_E_ARGUMENT);
    fake_done(&fake);
}

static void test_weight_updates(void) {
    uint32_t count = 0;
    begin();
    CHECK(hrsnn_read_weight_updates(&device, NULL) == HRSNN_E_ARGUMENT);
    fake_expect(&fake, "04 02 1b 01", "04 80 01 2a000000");
    CHECK(hrsnn_read_weight_updates(&device, &count) == HRSNN_OK && count == 42);
    fake_done(&fake);
}

int main(void) {
    test_learning();
    test_update_and_forget();
    test_magnitudes();
    test_weight_updates();
    puts("firmware: 4 tests of learning passed");
    return 0;
}
