"""The perceptron of spike counts on chip: `hrsnn_edge.reference.readout.mlp_outputs`."""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import CoreConfig, bits_for
from hrsnn_rtl.dense import DenseLayers
from hrsnn_rtl.image import memory_words
from hrsnn_rtl.interfaces import Select, event_layout, load_layout, pick_layout
from hrsnn_rtl.memory import Ram
from hrsnn_rtl.readout import times


def asked_members(config: CoreConfig) -> dict:
    """Return the ports of a readout that is evaluated when a step asks for it.

    `ask` is high, with a step's beginning, when its outputs are wanted; `settled` when all spikes
    of the step have been given to the readout. The others are those of `Readout`.
    """
    return {
        "event": In(stream.Signature(event_layout(config))),
        "bin": In(bits_for(config.n_bins)),
        "clear": In(1),
        "step": In(1),
        "ask": In(1),
        "settled": In(1),
        "load": In(load_layout()),
        "read_addr": In(bits_for(config.n_out_padded)),
        "stored": Out(data.ArrayLayout(signed(config.out_width), 1)),
        "sop": Out(1),
        "written": Out(1),
        "word": Out(bits_for(config.n_out)),
        "value": Out(data.ArrayLayout(signed(config.out_width), 1)),
        "busy": Out(1),
    }


def connect_dense(m, readout, dense) -> None:
    """Connect what the layers give and take without their user."""
    m.d.comb += [
        dense.clear.eq(readout.clear),
        dense.load.eq(readout.load),
        dense.read_addr.eq(readout.read_addr),
        readout.stored.eq(dense.stored),
        readout.sop.eq(dense.product),
        readout.written.eq(dense.done & dense.last),
        readout.word.eq(dense.index),
        readout.value[0].eq(dense.total),
    ]


class Perceptron(wiring.Component):
    """Counts the spikes of chosen neurons; when a step asks, evaluates the layers.

    ::

        R0 neuron | R1 memory | R2 its number | R3 place of its count | R4 memory | R5 count
        | R6 plus 1, written

    A neuron fires once in a step, and steps do not overlap here, so no count is stale.

    Parameters
    ----------
    config : CoreConfig
        With a `PerceptronShape`.
    images, poison
        As of `hrsnn_rtl.core.Core`.

    Members
    -------
    As `asked_members`.
    """

    def __init__(self, *, config: CoreConfig, images=(), poison: bool):
        self._config, self._images, self._poison = config, images, poison
        super().__init__(asked_members(config))

    def elaborate(self, platform):
        """Build the circuit."""
        c = self._config
        m = Module()
        m.submodules.dense = dense = DenseLayers(config=c, images=self._images, poison=self._poison)
        m.submodules.ram_activations = ram = Ram(
            width=c.readout.act_width,
            depth=c.operand_depth,
            poison=self._poison,
            **c.ram_options("readout operands"),
        )
        connect_dense(m, self, dense)
        asked, clearing, counting = Signal(), Signal(), Signal()
        m.d.comb += [
            dense.operand.eq(ram.r_data),
            dense.start.eq(asked & self.settled & ~counting & ~clearing),
            self.busy.eq(asked | counting | clearing | dense.busy),
        ]
        with m.If(dense.start):
            m.d.sync += asked.eq(0)
        with m.If(self.ask):
            m.d.sync += asked.eq(1)
        count_addr, count_place, count, counted = self._count(m, ram, counting)

        # Counts, zeros and activations are written at different times.
        n_counts = c.layers[0][0]
        place = Signal(bits_for(n_counts))
        with m.If(clearing):
            m.d.sync += [place.eq(place + 1), clearing.eq(place != n_counts - 1)]
        with m.If(self.clear):
            m.d.sync += [place.eq(0), clearing.eq(1)]
        m.d.comb += [
            ram.r_addr.eq(Mux(dense.busy, dense.operand_addr, count_addr)),
            ram.w_en.eq(counted | clearing | (dense.done & ~dense.last)),
            ram.w_addr.eq(count_place),
            ram.w_data.eq(count),
        ]
        with m.If(clearing):
            m.d.comb += [ram.w_addr.eq(place), ram.w_data.eq(0)]
        with m.If(dense.busy):
            m.d.comb += [
                ram.w_addr.eq(dense.number + n_counts),
                ram.w_data.eq(rectified(dense.total, c.readout.act_width)),
            ]
        return m

    def _count(self, m, ram, counting):
        """Return where to read a count, and a count to write: its place, value and validity."""
        c = self._config
        picks = Ram(
            width=pick_layout(c).size,
            depth=c.n_hw,
            init=memory_words(self._images, Select.OUT_NEURON, 0, c.n_hw),
            poison=self._poison,
            **c.ram_options("readout neurons"),
        )
        m.submodules.ram_out_neuron = picks
        # One plain register behind each memory, one behind each sum.
        pick, count, raised = (
            Signal(pick_layout(c)),
            Signal.like(ram.r_data),
            Signal.like(ram.r_data),
        )
        base = Signal(bits_for(c.layers[0][0]))
        places = [Signal.like(base, name=f"place_{k}") for k in range(3, 7)]
        valid = [Signal(name=f"valid_{k}") for k in range(1, 7)]
        m.d.comb += [
            self.event.ready.eq(1),
            picks.w_en.eq(self.load.valid & (self.load.select == Select.OUT_NEURON)),
            picks.w_addr.eq(self.load.addr),
            picks.w_data.eq(self.load.data),
            picks.r_addr.eq(self.event.payload.source),
            counting.eq(Cat(valid).any()),
        ]
        m.d.sync += [
            base.eq(times(self.bin, c.readout.n_read, len(base))),
            pick.eq(picks.r_data),
            places[0].eq(base + pick.index),
            *(later.eq(place) for place, later in pairwise(places)),
            count.eq(ram.r_data),
            raised.eq(count + ~count.all()),
            valid[0].eq(self.event.valid),
            valid[1].eq(valid[0]),
            valid[2].eq(valid[1] & pick.read),
            *(later.eq(now) for now, later in pairwise(valid[2:])),
        ]
        return places[0], places[-1], raised, valid[-1]


def rectified(total, width: int):
    """Return a sum cut at 0 and saturated at `width` bits, unsigned."""
    return Mux(total < 0, 0, Mux(total[width:].any(), (1 << width) - 1, total[:width]))
