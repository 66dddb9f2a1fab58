// A device that expects exactly the frames it is told, in order, and answers as it is told.
#ifndef FAKE_DEVICE_H
#define FAKE_DEVICE_H

#include <stdbool.h>

#include "hrsnn.h"

#define FAKE_EXCHANGES 128

typedef struct {
    uint8_t request[HRSNN_REQUEST_MAX];
    size_t request_size;
    uint8_t answer[HRSNN_ANSWER_MAX];
    size_t answer_size;
} fake_exchange_t;

typedef struct {
    fake_exchange_t exchanges[FAKE_EXCHANGES];
    size_t count;    // exchanges expected
    size_t next;     // the first that has not come
    size_t position; // bytes read of the answer before it
    unsigned waits;  // calls of the wait callback
    bool broken;     // the port fails
    hrsnn_port_t port;
} fake_t;

// Expect nothing, and prepare the port.
void fake_init(fake_t *fake);

// Expect a request and answer it, both as whole frames in hexadecimal; an empty answer is silence.
void fake_frames(fake_t *fake, const char *request, const char *answer);

// The same for frames without start byte and CRC, which are added.
void fake_expect(fake_t *fake, const char *request, const char *answer);

// Check that everything expected has come and been read.
void fake_done(const fake_t *fake);

#endif
