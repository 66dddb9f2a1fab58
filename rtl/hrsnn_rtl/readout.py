"""The linear readout on chip: `hrsnn_edge.reference.readout.readout_step`, spike by spike."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import CoreConfig, bits_for
from hrsnn_rtl.image import memory_words
from hrsnn_rtl.interfaces import Select, event_layout, load_layout
from hrsnn_rtl.memory import Ram
from hrsnn_rtl.synapse import Accumulate, SumBank


def times(value, factor: int, width: int):
    """Return ``value * factor`` in `width` bits, as shifts and additions.

    A product with a constant written as such would take a multiplier of the FPGA.
    """
    terms = [value << k for k in range(factor.bit_length()) if factor >> k & 1]
    return sum(terms[1:], terms[0])[:width]


class Readout(wiring.Component):
    """Adds the weights of every spike to the accumulators, `out_lanes` outputs a cycle.

    Parameters
    ----------
    config : CoreConfig
        Capacities and widths, with at least one output.
    images, poison
        As of `hrsnn_rtl.core.Core`.

    Members
    -------
    event : In(stream.Signature(event_layout(config)))
        Neurons that fired.
    bin : In
        Readout bin of the step; stable from a step's first spike to its last.
    clear : In(1)
        While not `busy`: set the accumulators to the biases.
    load : In(load_layout())
        Words for its memories, one output a word.
    read_addr : In
        Output to read while not `busy`.
    stored : Out
        Two cycles later: its accumulator, and those of the same word.
    sop : Out
        Outputs added in this cycle.
    written, word, value : Out
        An accumulator write-back: outputs ``word * out_lanes + r`` become ``value[r]``.
    busy : Out(1)
        A spike is held or being added.
    """

    def __init__(self, *, config: CoreConfig, images=(), poison: bool):
        self._config, self._images, self._poison = config, images, poison
        self._word_width = bits_for(config.out_words)
        super().__init__(
            {
                "event": In(stream.Signature(event_layout(config))),
                "bin": In(bits_for(config.n_bins)),
                "clear": In(1),
                "load": In(load_layout()),
                "read_addr": In(bits_for(config.n_out_padded)),
                "stored": Out(data.ArrayLayout(signed(config.out_width), config.out_lanes)),
                "sop": Out(config.out_lanes.bit_length()),
                "written": Out(1),
                "word": Out(self._word_width),
                "value": Out(data.ArrayLayout(signed(config.out_width), config.out_lanes)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        c = self._config
        m = Module()
        depth = c.out_depth // c.out_lanes
        waiting = Signal()
        ptr, word, active, clearing = self._walk(m, waiting, bits_for(depth))

        valid_1, valid_2 = Signal(), Signal()
        word_1, word_2 = Signal.like(word), Signal.like(word)
        clear_1, clear_2 = Signal(), Signal()
        m.d.sync += [
            valid_1.eq(active),
            valid_2.eq(valid_1),
            word_1.eq(word),
            word_2.eq(word_1),
            clear_1.eq(active & clearing),
            clear_2.eq(clear_1),
        ]
        read_word = self.read_addr >> (c.out_lanes.bit_length() - 1)
        target = Signal.like(word)
        m.d.comb += target.eq(Mux(valid_2, word_2, read_word))
        adders = []
        for r in range(c.out_lanes):
            weights = self._ram(m, Select.OUT_WEIGHT, c.out_weight_width, depth, r)
            biases = self._ram(m, Select.OUT_BIAS, c.out_width, c.out_words, r)
            m.submodules[f"accumulate{r}"] = add = Accumulate(
                depth=c.out_words, width=c.out_width, addend_width=c.out_width
            )
            m.submodules[f"bank{r}"] = bank = SumBank(
                depth=c.out_words, width=c.out_width, poison=self._poison
            )
            weight, bias = weights.r_data.as_signed(), biases.r_data.as_signed()
            m.d.comb += [
                weights.r_addr.eq(ptr),
                biases.r_addr.eq(word),
                add.valid.eq(valid_2),
                add.target.eq(target),
                # To set an accumulator to its bias, begin a sum with it.
                add.addend.eq(Mux(clear_2, bias, weight)),
                add.first.eq(clear_2),
                add.stored.eq(bank.word),
                bank.add_r_addr.eq(target),
                bank.add_w_en.eq(add.w_en),
                bank.add_w_addr.eq(add.w_addr),
                bank.add_w_data.eq(add.w_data),
                self.value[r].eq(add.w_data),
            ]
            adders.append((add, bank))
        first, _ = adders[0]
        m.d.comb += [
            self.written.eq(first.w_en),
            self.word.eq(first.w_addr),
            self.busy.eq(waiting | active | valid_1 | first.busy),
        ]
        m.d.comb += [self.stored[r].eq(bank.word) for r, (_, bank) in enumerate(adders)]
        return m

    def _ram(self, m, select: Select, width: int, depth: int, r: int) -> Ram:
        """Return the memory of outputs ``r``, ``r + out_lanes``, ...: every `out_lanes`-th word."""
        c = self._config
        words = memory_words(self._images, select, 0, depth * c.out_lanes)[r :: c.out_lanes]
        ram = Ram(
            width=width,
            depth=depth,
            init=words,
            poison=self._poison,
            late=c.late_load,
            registered=True,
            **c.ram_options("readout"),
        )
        m.submodules[f"ram_{select.name.lower()}{r}"] = ram
        lane_width = c.out_lanes.bit_length() - 1
        m.d.comb += [
            ram.w_en.eq(
                self.load.valid & (self.load.select == select) & (self.load.addr[:lane_width] == r)
            ),
            ram.w_addr.eq(self.load.addr[lane_width:]),
            ram.w_data.eq(self.load.data),
        ]
        return ram

    def _walk(self, m, waiting, ptr_width: int):
        """Return weight address, word, whether they are valid, and whether it is a clear.

        A spike's first weight stands at ``(bin * n_hw + index) * out_words``.
        """
        c = self._config
        ptr, word = Signal(ptr_width), Signal(self._word_width)
        active, clearing = Signal(), Signal()
        base, start = Signal(ptr_width), Signal(ptr_width)
        take = ~active | (word == c.out_words - 1)
        spikes = self.event.valid & ~self.event.payload.is_input
        m.d.comb += self.event.ready.eq(~waiting | take)
        m.d.sync += base.eq(times(self.bin, c.n_hw * c.out_words, ptr_width))
        with m.If(self.event.ready):
            index = self.event.payload.source[: c.index_width]
            m.d.sync += [waiting.eq(spikes), start.eq(times(index, c.out_words, ptr_width))]
        m.d.sync += [ptr.eq(ptr + 1), word.eq(word + 1)]
        with m.If(take):
            m.d.sync += [
                active.eq(waiting | self.clear),
                clearing.eq(self.clear),
                ptr.eq(base + start),
                word.eq(0),
            ]
        in_last = c.n_out - (c.out_words - 1) * c.out_lanes
        counted = Mux(word == c.out_words - 1, in_last, c.out_lanes)
        m.d.comb += self.sop.eq(Mux(active & ~clearing, counted, 0))
        return ptr, word, active, clearing
