// The port of the library over an SPI controller, mode 0, high bit first; docs/link.md says how
// frames go over SPI. What is left to write for a processor is the exchange of bytes.
#ifndef HRSNN_SPI_H
#define HRSNN_SPI_H

#include "hrsnn.h"

#ifdef __cplusplus
extern "C" {
#endif

/// An SPI controller whose chip select is the accelerator's.
typedef struct {
    /// Select the device, clock `size` bytes out of `out` and as many into `in`, and let it go; it
    /// may stay selected between two calls. Without `out` zeros are sent, without `in` what comes
    /// is dropped. Return 0, or a negative number when the controller is broken.
    int32_t (*exchange)(void *context, const uint8_t *out, uint8_t *in, size_t size);
    /// Handed to `exchange`.
    void *context;
    /// Bytes without an answer after which the device counts as silent: more than a request has,
    /// and more than pass while the core does what a request asks for.
    uint32_t patience;
} hrsnn_spi_t;

/// Make `port` one that goes over `spi`, which must live as long.
HRSNN_CHECKED hrsnn_status_t hrsnn_spi_port(hrsnn_port_t *port, const hrsnn_spi_t *spi);

#ifdef __cplusplus
}
#endif

#endif
