// The SPI port before a target that is a few lines of C: what is clocked, and when it gives up.
#include <string.h>

#include "check.h"
#include "hrsnn_spi.h"

#define ROOM 2048

// A target: what it sends, byte for byte, and what it received.
typedef struct {
    uint8_t sent[ROOM], received[ROOM];
    size_t position;
    size_t breaks_at; // The controller breaks before this byte.
} target_t;

static target_t target;

static int32_t exchange(void *context, const uint8_t *out, uint8_t *in, size_t size) {
    target_t *t = context;
    for (size_t k = 0; k < size; k++) {
        if (t->position == t->breaks_at) {
            return -5;
        }
        CHECK(t->position < ROOM);
        t->received[t->position] = out == NULL ? 0 : out[k];
        if (in != NULL) {
            in[k] = t->sent[t->position];
        }
        t->position++;
    }
    return 0;
}

static const hrsnn_spi_t spi = {exchange, &target, HRSNN_REQUEST_MAX};
static hrsnn_port_t port;

static void begin(void) {
    memset(&target, 0, sizeof target);
    target.breaks_at = ROOM;
    CHECK(hrsnn_spi_port(&port, &spi) == HRSNN_OK);
}

static void test_arguments(void) {
    hrsnn_spi_t wrong = spi;
    CHECK(hrsnn_spi_port(NULL, &spi) == HRSNN_E_ARGUMENT);
    CHECK(hrsnn_spi_port(&port, NULL) == HRSNN_E_ARGUMENT);
    wrong.exchange = NULL;
    CHECK(hrsnn_spi_port(&port, &wrong) == HRSNN_E_ARGUMENT);
    wrong = spi;
    wrong.patience = HRSNN_REQUEST_MAX - 1;
    CHECK(hrsnn_spi_port(&port, &wrong) == HRSNN_E_ARGUMENT);
}

static void test_transfer(void) {
    const uint8_t request[] = {0xA5, 1, 2};
    uint8_t answer[6] = {0};
    begin();
    // What comes while the request goes out is no answer to it.
    memcpy(target.sent, "\x5A\x77\x77\0\0\0\x5A\x01\x80\x02\0\x5A\xEE", 13);
    CHECK(port.transfer(port.context, request, sizeof request, answer, 4) == 4);
    CHECK(memcmp(answer, "\x5A\x01\x80\x02", 4) == 0);
    CHECK(memcmp(target.received, "\xA5\x01\x02\0\0\0\0\0\0\0", 10) == 0);
    CHECK(target.position == 10);
    CHECK(port.transfer(port.context, NULL, 0, answer, 3) == 3);
    CHECK(memcmp(answer, "\0\x5A\xEE", 3) == 0 && target.position == 13);
}

static void test_silence(void) {
    const uint8_t request[] = {0xA5};
    uint8_t answer[4];
    begin();
    CHECK(port.transfer(port.context, request, 1, answer, 4) == 0);
    CHECK(target.position == 1 + spi.patience);
}

static void test_wait(void) {
    begin();
    target.sent[200] = 0x5A;
    target.sent[401] = 1;
    port.wait(port.context);
    CHECK(target.position == 402 + spi.patience);
}

static void test_broken(void) {
    const uint8_t request[] = {0xA5, 1};
    uint8_t answer[4];
    for (size_t at = 0; at < 7; at++) {
        begin();
        target.sent[4] = HRSNN_ANSWER_START;
        target.breaks_at = at;
        CHECK(port.transfer(port.context, request, 2, answer, 4) < 0);
    }
    begin();
    target.breaks_at = 3;
    port.wait(port.context);
    CHECK(target.position == 3);
}

int main(void) {
    test_arguments();
    test_transfer();
    test_silence();
    test_wait();
    test_broken();
    printf("firmware: SPI port passed\n");
    return 0;
}
