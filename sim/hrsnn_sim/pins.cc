// A compiled design, its clock, and a serial port on its pins; TOP and DIVISOR are defined in front.
#include "model.cc"
#include <cstddef>
#include <cstdint>
#include <deque>

namespace {

struct Pins {
    cxxrtl_design::TOP top;
    std::deque<bool> levels;
    std::deque<uint8_t> received;
    unsigned shift = 0, bits = 0, wait = 0;
    bool receiving = false;
    bool single;  // whether one evaluation settles the design: it has no combinational feedback

    Pins() {
        single = top.eval();
        top.commit();
        top.p_clk.set<bool>(single);
        cycle();
    }

    void sample(bool tx) {
        if (!receiving) {
            if (!tx) {
                receiving = true;
                bits = shift = 0;
                wait = DIVISOR + DIVISOR / 2;
            }
        } else if (--wait == 0) {
            wait = DIVISOR;
            if (bits == 8) {
                receiving = false;
                received.push_back(uint8_t(shift));
            } else {
                shift |= unsigned(tx) << bits++;
            }
        }
    }

    void cycle() {
        bool level = true;
        if (!levels.empty()) {
            level = levels.front();
            levels.pop_front();
        }
        top.p_rx.set<bool>(level);
        if (single) {
            // The edge is part of the one evaluation.
            top.prev_p_clk.set<bool>(false);
            top.eval();
            top.commit();
        } else {
            top.p_clk.set<bool>(false);
            top.step();
            top.p_clk.set<bool>(true);
            top.step();
        }
        sample(top.p_tx.get<bool>());
    }
};

}  // namespace

extern "C" {

Pins *pins_new() { return new Pins; }

void pins_free(Pins *pins) { delete pins; }

void pins_advance(Pins *pins, size_t cycles) {
    while (cycles--) {
        pins->cycle();
    }
}

void pins_put(Pins *pins, const uint8_t *levels, size_t count) {
    pins->levels.insert(pins->levels.end(), levels, levels + count);
}

void pins_write(Pins *pins, const uint8_t *data, size_t count) {
    for (; count; count--, data++) {
        unsigned frame = 0x200u | unsigned(*data) << 1;
        for (unsigned bit = 0; bit < 10; bit++) {
            pins->levels.insert(pins->levels.end(), DIVISOR, frame >> bit & 1);
        }
    }
}

// Receive up to `count` bytes; fewer when nothing has been sent or received for `silence` cycles.
size_t pins_read(Pins *pins, uint8_t *data, size_t count, size_t silence) {
    size_t had = pins->received.size(), quiet = 0;
    while (pins->received.size() < count && quiet < silence) {
        pins->cycle();
        bool active = !pins->levels.empty() || pins->received.size() != had;
        had = pins->received.size();
        quiet = active ? 0 : quiet + 1;
    }
    size_t taken = 0;
    for (; taken < count && !pins->received.empty(); taken++) {
        data[taken] = pins->received.front();
        pins->received.pop_front();
    }
    return taken;
}

}  // extern "C"
