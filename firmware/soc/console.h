// Bytes and text on the UART of the system on chip.
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

/// Clock cycles since power-up; they wrap.
uint32_t console_cycles(void);

/// Wait for a byte, `patience` cycles at most, or for ever if that is 0; false if none came.
bool console_get(uint32_t patience, uint8_t *byte);

/// Send a text.
void console_text(const char *text);

/// Send a number in decimal digits.
void console_number(int32_t value);

/// Send " name=value", the value without a sign.
void console_value(const char *name, uint32_t value);

#endif
