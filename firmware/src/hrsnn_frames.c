// Frames: made, sent, answered, and sent again when the answer does not come.
#include "hrsnn_crc.h"
#include "hrsnn_link.h"

#define ATTEMPTS 5u
#define HEAD_SIZE 4u
#define CRC_SIZE 2u

static uint16_t crc16(const uint8_t *data, size_t size) {
    uint16_t crc = HRSNN_CRC_START;
    for (size_t i = 0; i < size; i++) {
        crc = hrsnn_crc16(crc, data[i]);
    }
    return crc;
}

static void put_word(uint8_t *bytes, uint32_t word) {
    for (unsigned k = 0; k < 4; k++) {
        bytes[k] = (uint8_t)(word >> (8 * k));
    }
}

static uint32_t get_word(const uint8_t *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

// Make the request in the device's buffer and return its size.
static size_t make_request(hrsnn_frames_t *frames, uint8_t seq, uint8_t op, uint8_t address,
                           size_t count, const uint32_t *words) {
    uint8_t *frame = frames->request;
    frame[0] = HRSNN_REQUEST_START;
    frame[1] = seq;
    frame[2] = op;
    frame[3] = address;
    frame[4] = (uint8_t)count;
    size_t size = 5;
    if (words != NULL) {
        for (size_t k = 0; k < count; k++) {
            put_word(frame + size, words[k]);
            size += 4;
        }
    }
    uint16_t crc = crc16(frame + 1, size - 1);
    frame[size] = (uint8_t)(crc >> 8);
    frame[size + 1] = (uint8_t)crc;
    return size + CRC_SIZE;
}

// Send the request once. HRSNN_E_SILENT stands for every answer that is none.
static hrsnn_status_t try_request(hrsnn_frames_t *frames, size_t request_size) {
    const hrsnn_port_t *port = frames->port;
    uint8_t *answer = frames->answer;
    int32_t got =
        port->transfer(port->context, frames->request, request_size, answer, HEAD_SIZE);
    if (got < 0) {
        return HRSNN_E_PORT;
    }
    if (got < (int32_t)HEAD_SIZE || answer[0] != HRSNN_ANSWER_START) {
        return HRSNN_E_SILENT;
    }
    size_t rest = CRC_SIZE;
    if ((answer[2] & HRSNN_STATUS_HAS_DATA) != 0) {
        if (answer[3] > HRSNN_MAX_WORDS) {
            return HRSNN_E_SILENT;
        }
        rest += 4u * answer[3];
    }
    got = port->transfer(port->context, NULL, 0, answer + HEAD_SIZE, rest);
    if (got < 0) {
        return HRSNN_E_PORT;
    }
    if ((size_t)got < rest || crc16(answer + 1, HEAD_SIZE - 1 + rest) != 0) {
        return HRSNN_E_SILENT;
    }
    uint8_t status = answer[2] & (uint8_t)~(HRSNN_STATUS_HAS_DATA | HRSNN_STATUS_REPEATED);
    if (status == HRSNN_STATUS_BAD_CRC || status == HRSNN_STATUS_TIMEOUT) {
        return HRSNN_E_SILENT;
    }
    if (answer[1] != frames->request[1]) {
        return HRSNN_E_SILENT;
    }
    switch (status) {
    case HRSNN_STATUS_OK:
        return HRSNN_OK;
    case HRSNN_STATUS_OUT_OF_ORDER:
        return HRSNN_E_ORDER;
    case HRSNN_STATUS_BUSY:
        return HRSNN_E_BUSY;
    default:
        return HRSNN_E_REFUSED;
    }
}

// Send the request until it is answered; the device executes it once.
static hrsnn_status_t exchange(hrsnn_frames_t *frames, size_t request_size) {
    hrsnn_status_t status = HRSNN_E_SILENT;
    for (unsigned k = 0; k < ATTEMPTS && status == HRSNN_E_SILENT; k++) {
        status = try_request(frames, request_size);
        if (status == HRSNN_E_SILENT) {
            frames->port->wait(frames->port->context);
        }
    }
    return status;
}

static hrsnn_status_t burst(hrsnn_frames_t *frames, uint8_t op, uint8_t address, size_t count,
                            const uint32_t *words, size_t *done) {
    uint8_t seq = (uint8_t)(frames->seq + 1u);
    hrsnn_status_t status =
        exchange(frames, make_request(frames, seq, op, address, count, words));
    if (status != HRSNN_OK) {
        return status;
    }
    frames->seq = seq;
    *done = frames->answer[3];
    bool has_data = (frames->answer[2] & HRSNN_STATUS_HAS_DATA) != 0;
    if (*done > count || has_data != (op == HRSNN_OP_READ)) {
        return HRSNN_E_DEVICE;
    }
    return HRSNN_OK;
}

hrsnn_status_t hrsnn_init(hrsnn_t *device, hrsnn_frames_t *frames, const hrsnn_port_t *port) {
    if (device == NULL || frames == NULL || port == NULL || port->transfer == NULL ||
        port->wait == NULL) {
        return HRSNN_E_ARGUMENT;
    }
    frames->port = port;
    frames->seq = 0;
    device->link.frames = frames;
    device->identified = false;
    return HRSNN_OK;
}

bool hrsnn_link_is_there(const hrsnn_t *device) { return device->link.frames != NULL; }

hrsnn_status_t hrsnn_link_sync(hrsnn_t *device) {
    hrsnn_frames_t *frames = device->link.frames;
    frames->port->wait(frames->port->context);
    frames->seq = 0;
    return exchange(frames, make_request(frames, 0, HRSNN_OP_SYNC, 0, 0, NULL));
}

hrsnn_status_t hrsnn_link_write(hrsnn_t *device, uint8_t address, const uint32_t *words,
                                size_t count, size_t *done) {
    return burst(device->link.frames, HRSNN_OP_WRITE, address, count, words, done);
}

hrsnn_status_t hrsnn_link_read(hrsnn_t *device, uint8_t address, uint32_t *words, size_t count,
                               size_t *done) {
    hrsnn_frames_t *frames = device->link.frames;
    hrsnn_status_t status = burst(frames, HRSNN_OP_READ, address, count, NULL, done);
    if (status == HRSNN_OK) {
        for (size_t k = 0; k < *done; k++) {
            words[k] = get_word(frames->answer + HEAD_SIZE + 4 * k);
        }
    }
    return status;
}
