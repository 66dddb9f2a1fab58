// A compiled SpiTop, its clock, and an SPI controller on its pins.
#include "model.cc"
#include <cstddef>
#include <cstdint>

namespace {

struct Pins {
    cxxrtl_design::p_top top;

    Pins() {
        top.p_cs__n.set<bool>(true);
        run(8);
    }

    void run(unsigned cycles) {
        while (cycles--) {
            top.p_clk.set<bool>(false);
            top.step();
            top.p_clk.set<bool>(true);
            top.step();
        }
    }
};

}  // namespace

extern "C" {

Pins *pins_new() { return new Pins; }

void pins_free(Pins *pins) { delete pins; }

void pins_advance(Pins *pins, size_t cycles) { pins->run(unsigned(cycles)); }

// One transfer: chip select falls, `count` bytes both ways with `half` cycles a level, it rises.
void pins_exchange(Pins *pins, const uint8_t *out, uint8_t *in, size_t count, unsigned half) {
    pins->top.p_cs__n.set<bool>(false);
    pins->run(half);
    for (size_t k = 0; k < count; k++) {
        unsigned got = 0;
        for (int bit = 7; bit >= 0; bit--) {
            pins->top.p_copi.set<bool>(out[k] >> bit & 1);
            pins->run(half);
            got = got << 1 | unsigned(pins->top.p_cipo.get<bool>());
            pins->top.p_sck.set<bool>(true);
            pins->run(half);
            pins->top.p_sck.set<bool>(false);
        }
        in[k] = uint8_t(got);
    }
    pins->run(half);
    pins->top.p_cs__n.set<bool>(true);
    pins->run(half);
}

}  // extern "C"
