#include "message.h"

#include "console.h"
#include "hrsnn_crc.h"

// Clock cycles after which the next byte of a message does not come any more.
#define PATIENCE 1000000u

static uint16_t crc;

static bool next(uint8_t *byte) {
    if (!console_get(PATIENCE, byte)) {
        return false;
    }
    crc = hrsnn_crc16(crc, *byte);
    return true;
}

bool message_get(message_t *message) {
    uint8_t byte = 0;
    (void)console_get(0, &message->kind);
    crc = hrsnn_crc16(HRSNN_CRC_START, message->kind);
    if (!next(&byte) || byte > MESSAGE_WORDS) {
        return false;
    }
    message->count = byte;
    for (size_t k = 0; k < message->count; k++) {
        uint32_t word = 0;
        for (unsigned shift = 0; shift < 32; shift += 8) {
            if (!next(&byte)) {
                return false;
            }
            word |= (uint32_t)byte << shift;
        }
        message->words[k] = word;
    }
    // The check over a message and its check is 0.
    return next(&byte) && next(&byte) && crc == 0;
}
