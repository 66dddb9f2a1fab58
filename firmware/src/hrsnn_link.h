// Bursts over frames; inside the library only.
#ifndef HRSNN_LINK_H
#define HRSNN_LINK_H

#include "hrsnn.h"

/// Agree on sequence number 0.
HRSNN_CHECKED hrsnn_status_t hrsnn_link_sync(hrsnn_t *device);

/// Write 1 to HRSNN_MAX_WORDS words from `address` on; `*done` is how many were taken.
HRSNN_CHECKED hrsnn_status_t hrsnn_link_write(hrsnn_t *device, uint8_t address,
                                              const uint32_t *words, size_t count, size_t *done);

/// Read 1 to HRSNN_MAX_WORDS words from `address` on; `*done` is how many there were.
HRSNN_CHECKED hrsnn_status_t hrsnn_link_read(hrsnn_t *device, uint8_t address, uint32_t *words,
                                             size_t count, size_t *done);

#endif
