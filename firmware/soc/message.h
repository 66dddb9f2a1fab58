// Messages of the host; docs/soc.md describes them.
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Greatest words of a message; the receiver's queue holds one message whole.
#define MESSAGE_WORDS 64u

typedef struct {
    uint8_t kind;
    size_t count;
    uint32_t words[MESSAGE_WORDS];
} message_t;

/// Wait for a message; false if what came was none.
bool message_get(message_t *message);

#endif
