#include "fake_device.h"

#include <string.h>

#include "check.h"

// Bit by bit from the definition, unlike the library's.
static unsigned crc16(const uint8_t *data, size_t size) {
    unsigned crc = 0xffff;
    for (size_t k = 0; k < size; k++) {
        for (int bit = 7; bit >= 0; bit--) {
            unsigned feedback = (crc >> 15 ^ data[k] >> bit) & 1;
            crc = (crc << 1 & 0xffff) ^ (feedback != 0 ? 0x1021 : 0);
        }
    }
    return crc;
}

static size_t from_hex(const char *text, uint8_t *bytes, size_t room) {
    size_t size = 0;
    for (; *text != '\0'; text++) {
        if (*text == ' ') {
            continue;
        }
        unsigned byte = 0;
        CHECK(size < room && sscanf(text, "%2x", &byte) == 1);
        bytes[size++] = (uint8_t)byte;
        text++;
    }
    return size;
}

// Turn `size` bytes behind the start byte into a frame and return its size.
static size_t complete(uint8_t *frame, uint8_t start, size_t size) {
    if (size == 0) {
        return 0;
    }
    frame[0] = start;
    unsigned crc = crc16(frame + 1, size);
    frame[size + 1] = (uint8_t)(crc >> 8);
    frame[size + 2] = (uint8_t)crc;
    return size + 3;
}

static int32_t transfer(void *context, const uint8_t *request, size_t request_size,
                        uint8_t *answer, size_t answer_size) {
    fake_t *fake = context;
    if (fake->broken) {
        return -1;
    }
    if (request_size != 0) {
        CHECK(fake->next < fake->count);
        const fake_exchange_t *expected = &fake->exchanges[fake->next];
        for (size_t k = 0; k < request_size && k < expected->request_size; k++) {
            if (request[k] != expected->request[k]) {
                fprintf(stderr, "exchange %zu, byte %zu: must be %02x, not %02x\n", fake->next, k,
                        expected->request[k], request[k]);
                exit(1);
            }
        }
        CHECK(request_size == expected->request_size);
        fake->next++;
        fake->position = 0;
    }
    CHECK(fake->next > 0);
    const fake_exchange_t *now = &fake->exchanges[fake->next - 1];
    size_t left = now->answer_size - fake->position;
    size_t got = left < answer_size ? left : answer_size;
    memcpy(answer, now->answer + fake->position, got);
    fake->position += got;
    return (int32_t)got;
}

static void wait(void *context) {
    fake_t *fake = context;
    fake->waits++;
    if (fake->next > 0) {
        fake->position = fake->exchanges[fake->next - 1].answer_size;
    }
}

void fake_init(fake_t *fake) {
    memset(fake, 0, sizeof *fake);
    fake->port = (hrsnn_port_t){.transfer = transfer, .wait = wait, .context = fake};
}

static fake_exchange_t *add(fake_t *fake) {
    CHECK(fake->count < FAKE_EXCHANGES);
    return &fake->exchanges[fake->count++];
}

void fake_frames(fake_t *fake, const char *request, const char *answer) {
    fake_exchange_t *now = add(fake);
    now->request_size = from_hex(request, now->request, sizeof now->request);
    now->answer_size = from_hex(answer, now->answer, sizeof now->answer);
}

void fake_expect(fake_t *fake, const char *request, const char *answer) {
    fake_exchange_t *now = add(fake);
    size_t size = from_hex(request, now->request + 1, sizeof now->request - 3);
    now->request_size = complete(now->request, 0xa5, size);
    size = from_hex(answer, now->answer + 1, sizeof now->answer - 3);
    now->answer_size = complete(now->answer, 0x5a, size);
}

void fake_done(const fake_t *fake) {
    CHECK(fake->next == fake->count);
    CHECK(fake->next == 0 || fake->position == fake->exchanges[fake->next - 1].answer_size);
}
