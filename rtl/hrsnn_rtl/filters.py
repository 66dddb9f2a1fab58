"""Filtered spikes and their linear map on chip: `filter_step` and `filter_outputs`.

Both are functions of `hrsnn_edge.reference.readout`.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring

from hrsnn_rtl.config import CoreConfig, bits_for
from hrsnn_rtl.dense import DenseLayers
from hrsnn_rtl.image import memory_words
from hrsnn_rtl.interfaces import Select
from hrsnn_rtl.memory import Ram
from hrsnn_rtl.perceptron import asked_members, connect_dense
from hrsnn_rtl.readout import times


class Filters(wiring.Component):
    """Lets all filters decay when a step begins, raises those of every spike; maps them when asked.

    ::

        P0 address | P1 memories | P2 filter, factor | P3 product | P4 shifted, added, written

    A token of the pipeline is one filter. The factor is its decay; for a spike ``2**decay_width``,
    which leaves the filter as it is until the step is added; for a square the filter itself.

    Parameters
    ----------
    config : CoreConfig
        With a `FilterShape`.
    images, poison
        As of `hrsnn_rtl.core.Core`.

    Members
    -------
    As `asked_members`.
    """

    def __init__(self, *, config: CoreConfig, images=(), poison: bool):
        self._config, self._images, self._poison = config, images, poison
        #: Filters of all neurons.
        self._n_filters, _ = config.neuron_words
        super().__init__(asked_members(config))

    def elaborate(self, platform):
        """Build the circuit."""
        c, shape, n_filters = self._config, self._config.readout, self._n_filters
        m = Module()
        m.submodules.dense = dense = DenseLayers(config=c, images=self._images, poison=self._poison)
        m.submodules.ram_filters = ram = Ram(
            width=shape.trace_width,
            depth=c.operand_depth,
            poison=self._poison,
            **c.ram_options("readout operands"),
        )
        m.submodules.ram_out_neuron = decays = Ram(
            width=shape.decay_width,
            depth=n_filters,
            init=memory_words(self._images, Select.OUT_NEURON, 0, n_filters),
            poison=self._poison,
            **c.ram_options("readout neurons"),
        )
        connect_dense(m, self, dense)
        place = Signal(bits_for(n_filters))
        walking, kind = Signal(), {name: Signal(name=name) for name in ("adds", "clears")}
        if shape.squares:
            kind["squares"] = Signal(name="squares")
        drained = self._pipeline(m, ram, decays, dense, place, walking, kind)
        self._walk(m, dense, place, walking, kind, drained)
        m.d.comb += [
            dense.operand.eq(ram.r_data),
            ram.r_addr.eq(Mux(dense.busy, dense.operand_addr, place)),
            decays.r_addr.eq(place),
            decays.w_en.eq(self.load.valid & (self.load.select == Select.OUT_NEURON)),
            decays.w_addr.eq(self.load.addr),
            decays.w_data.eq(self.load.data),
        ]
        return m

    def _walk(self, m, dense, place, walking, kind, drained):
        """Visit all filters, or those of a spike; begin the map when its turn has come."""
        c, shape = self._config, self._config.readout
        number = Signal(range(shape.n_filters))
        whole, asked = Signal(), Signal()
        ends = Mux(kind["adds"], number == shape.n_filters - 1, place == self._n_filters - 1)
        m.d.comb += [
            dense.unit_addr.eq(number + c.n_out),
            # Spikes wait until every filter has decayed.
            self.event.ready.eq(~whole & (~walking | ends)),
            self.busy.eq(walking | whole | asked | dense.busy | ~drained),
        ]
        with m.If(walking):
            m.d.sync += [place.eq(place + 1), number.eq(number + 1), walking.eq(~ends)]
        with m.If(whole & ~walking & drained):
            m.d.sync += whole.eq(0)
        index = self.event.payload.source[: c.index_width]
        with m.If(self.event.valid & self.event.ready):
            m.d.sync += [
                walking.eq(1),
                kind["adds"].eq(1),
                number.eq(0),
                place.eq(times(index, shape.n_filters, len(place))),
            ]

        def visit_all(**chosen):
            values = [kind[name].eq(chosen.get(name, 0)) for name in kind]
            return [walking.eq(1), whole.eq(1), place.eq(0), *values]

        with m.If(self.step | self.clear):
            m.d.sync += visit_all(clears=self.clear)
        with m.If(self.ask):
            m.d.sync += asked.eq(1)
        turn = asked & self.settled & ~whole & ~walking & drained
        if not shape.squares:
            m.d.comb += dense.start.eq(turn)
        else:
            squared = Signal()
            m.d.comb += dense.start.eq(turn & squared)
            with m.If(turn):
                m.d.sync += squared.eq(~squared)
            with m.If(turn & ~squared):
                m.d.sync += visit_all(squares=1)
        with m.If(dense.start):
            m.d.sync += asked.eq(0)

    def _pipeline(self, m, ram, decays, dense, place, walking, kind):
        """Build stages P0 to P4; return whether they are empty."""
        shape = self._config.readout
        stages = [{"valid": walking, "place": place, **kind}]
        for k in range(1, 5):
            stage = {name: Signal.like(v, name=f"{name}_{k}") for name, v in stages[-1].items()}
            m.d.sync += [stage[name].eq(value) for name, value in stages[-1].items()]
            stages.append(stage)
        # P1 -> P2
        value = Signal(shape.trace_width)
        factor = Signal(max(shape.decay_width + 1, shape.trace_width if shape.squares else 0))
        step_2, step_3 = Signal(shape.trace_width), Signal(shape.trace_width)
        factors = Mux(stages[1]["adds"], 1 << shape.decay_width, decays.r_data)
        if shape.squares:
            factors = Mux(stages[1]["squares"], ram.r_data, factors)
        m.d.sync += [
            value.eq(ram.r_data),
            factor.eq(factors),
            step_2.eq(Mux(stages[1]["adds"], dense.unit.bias[: shape.trace_width], 0)),
        ]
        # P2 -> P3
        product = Signal(len(value) + len(factor))
        m.d.sync += [product.eq(value * factor), step_3.eq(step_2)]
        # P3 -> P4
        kept, result = Signal(shape.trace_width + 1), Signal(shape.trace_width)
        scaled = product[shape.decay_width :]
        if shape.squares:
            scaled = Mux(stages[3]["squares"], product[shape.trace_width :], scaled)
        m.d.comb += kept.eq(scaled + step_3)
        m.d.sync += result.eq(kept[: shape.trace_width] | kept[-1].replicate(shape.trace_width))
        with m.If(stages[3]["clears"]):
            m.d.sync += result.eq(0)
        written = stages[4]
        m.d.comb += [
            ram.w_en.eq(written["valid"]),
            ram.w_addr.eq(written["place"]),
            ram.w_data.eq(result),
        ]
        if shape.squares:
            # Squares stand behind the filters.
            with m.If(written["squares"]):
                m.d.comb += ram.w_addr.eq(written["place"] + self._n_filters)
        return ~Cat(stage["valid"] for stage in stages[1:]).any()
