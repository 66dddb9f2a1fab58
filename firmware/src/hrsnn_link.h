// Bursts of register words, the one way to a device; inside the library only. A program is linked
// with hrsnn_frames.c, which sends them as frames through a port, or with hrsnn_bus.c, for registers
// in the processor's own memory.
#ifndef HRSNN_LINK_H
#define HRSNN_LINK_H

#include "hrsnn.h"

/// Tell whether a device has been given its way.
bool hrsnn_link_is_there(const hrsnn_t *device);

/// Begin a session: with frames, agree on sequence number 0.
HRSNN_CHECKED hrsnn_status_t hrsnn_link_sync(hrsnn_t *device);

/// Write 1 to HRSNN_MAX_WORDS words from `address` on; `*done` is how many were taken.
HRSNN_CHECKED hrsnn_status_t hrsnn_link_write(hrsnn_t *device, uint8_t address,
                                              const uint32_t *words, size_t count, size_t *done);

/// Read 1 to HRSNN_MAX_WORDS words from `address` on; `*done` is how many there were.
HRSNN_CHECKED hrsnn_status_t hrsnn_link_read(hrsnn_t *device, uint8_t address, uint32_t *words,
                                             size_t count, size_t *done);

#endif
