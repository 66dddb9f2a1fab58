// Frames over SPI: the controller goes on clocking zeros until the first byte of an answer comes.
#include "hrsnn_spi.h"

// Clock zeros until the device answers. 1 when `*first` is the first byte of an answer, 0 when the
// device is silent, negative when the controller is broken.
static int32_t find_answer(const hrsnn_spi_t *spi, uint8_t *first) {
    for (uint32_t k = 0; k < spi->patience; k++) {
        int32_t status = spi->exchange(spi->context, NULL, first, 1);
        if (status < 0) {
            return status;
        }
        if (*first == HRSNN_ANSWER_START) {
            return 1;
        }
    }
    return 0;
}

static int32_t transfer(void *context, const uint8_t *request, size_t request_size,
                        uint8_t *answer, size_t answer_size) {
    const hrsnn_spi_t *spi = context;
    size_t got = 0;
    if (request_size != 0) {
        int32_t status = spi->exchange(spi->context, request, NULL, request_size);
        if (status < 0 || answer_size == 0) {
            return status;
        }
        status = find_answer(spi, answer);
        if (status <= 0) {
            return status;
        }
        got = 1;
    }
    // The target has each byte of an answer before it is clocked: no zeros come between them.
    int32_t status = spi->exchange(spi->context, NULL, answer + got, answer_size - got);
    return status < 0 ? status : (int32_t)answer_size;
}

static void wait(void *context) {
    const hrsnn_spi_t *spi = context;
    uint8_t byte = 0;
    uint32_t silent = 0;
    while (silent < spi->patience && spi->exchange(spi->context, NULL, &byte, 1) >= 0) {
        silent = byte == 0 ? silent + 1 : 0;
    }
}

hrsnn_status_t hrsnn_spi_port(hrsnn_port_t *port, const hrsnn_spi_t *spi) {
    if (port == NULL || spi == NULL || spi->exchange == NULL ||
        spi->patience < HRSNN_REQUEST_MAX) {
        return HRSNN_E_ARGUMENT;
    }
    // The port hands its context on as it is; nothing here writes to it.
    *port = (hrsnn_port_t){.transfer = transfer, .wait = wait, .context = (void *)(uintptr_t)spi};
    return HRSNN_OK;
}
