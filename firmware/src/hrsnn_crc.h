// The check of everything that travels as bytes; inside the project's own programs only.
#ifndef HRSNN_CRC_H
#define HRSNN_CRC_H

#include <stddef.h>
#include <stdint.h>

/// Start value of hrsnn_crc16.
#define HRSNN_CRC_START 0xffffu

/// Carry CRC-16/CCITT-FALSE on over one more byte.
static inline uint16_t hrsnn_crc16(uint16_t crc, uint8_t byte) {
    uint32_t x = ((uint32_t)crc >> 8) ^ byte;
    x ^= x >> 4;
    return (uint16_t)(((uint32_t)crc << 8) ^ (x << 12) ^ (x << 5) ^ x);
}

#endif
