#include "console.h"

#include "soc_map.h"

static volatile uint32_t *at(uintptr_t address) { return (volatile uint32_t *)address; }

uint32_t console_cycles(void) { return *at(SOC_TIMER_CYCLES); }

bool console_get(uint32_t patience, uint8_t *byte) {
    uint32_t start = console_cycles();
    do {
        uint32_t word = *at(SOC_UART_DATA);
        if ((word & SOC_UART_DATA_NONE_MASK) == 0) {
            *byte = (uint8_t)word;
            return true;
        }
    } while (patience == 0 || console_cycles() - start < patience);
    return false;
}

static void put(char byte) {
    while ((*at(SOC_UART_STATUS) & SOC_UART_STATUS_ROOM_MASK) == 0) {
    }
    *at(SOC_UART_DATA) = (uint8_t)byte;
}

void console_text(const char *text) {
    while (*text != '\0') {
        put(*text++);
    }
}

// The processor has no division: each digit is how often its power of ten can be taken away.
static void put_unsigned(uint32_t value) {
    static const uint32_t powers[] = {1000000000u, 100000000u, 10000000u, 1000000u, 100000u,
                                      10000u,      1000u,      100u,      10u,      1u};
    bool begun = false;
    for (unsigned k = 0; k < sizeof powers / sizeof powers[0]; k++) {
        char digit = '0';
        while (value >= powers[k]) {
            value -= powers[k];
            digit++;
        }
        begun = begun || digit != '0' || powers[k] == 1;
        if (begun) {
            put(digit);
        }
    }
}

void console_number(int32_t value) {
    if (value < 0) {
        put('-');
    }
    put_unsigned(value < 0 ? 0u - (uint32_t)value : (uint32_t)value);
}

void console_value(const char *name, uint32_t value) {
    put(' ');
    console_text(name);
    put('=');
    put_unsigned(value);
}
