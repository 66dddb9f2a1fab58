"""Layers of weighted sums with one multiplier, a product a cycle.

`hrsnn_edge.reference.readout.mlp_outputs` and `filter_outputs` in hardware, all but where their
inputs come from.
"""

from __future__ import annotations

from amaranth.hdl import Array, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import CoreConfig, bits_for
from hrsnn_rtl.image import memory_words
from hrsnn_rtl.interfaces import Select, load_layout, unit_layout
from hrsnn_rtl.memory import Ram


class DenseLayers(wiring.Component):
    """Evaluates `CoreConfig.layers`, unit after unit, from operands in a memory of its user.

    ::

        D0 addresses | D1 memories | D2 operand, weight | D3 product | D4 sum   then shift, result

    A unit's sum begins with its bias; when it is complete it is shifted right, one bit a cycle.
    The inputs of the first layer stand at operand 0 and up. The user stores the result of a hidden
    unit behind them, in the order of the units, where the next layer reads it. The results of the
    last layer are the outputs, which stand in a memory here.

    Parameters
    ----------
    config : CoreConfig
        Capacities and widths, with a readout that is not linear.
    images, poison
        As of `hrsnn_rtl.core.Core`.

    Members
    -------
    start : In(1)
        While not `busy`: begin.
    clear : In(1)
        From now on outputs read as 0, until the next evaluation.
    operand_addr, operand : Out, In
        Stage D0; its word, in D1.
    unit_addr, unit : In, Out
        While not `busy`: a word of the biases to read, and one cycle later that word.
    load : In(load_layout())
        Words for its memories.
    read_addr, stored : In, Out
        Output to read while not `busy`, and two cycles later its value.
    done, last, index : Out
        A unit's sum is complete; it is one of the last layer; its number in its layer.
    number : Out
        Number of the unit among all.
    total : Out
        The sum, shifted, while `done`.
    product : Out(1)
        A weight is multiplied in this cycle.
    busy : Out(1)
        An evaluation runs.
    """

    def __init__(self, *, config: CoreConfig, images=(), poison: bool):
        self._config, self._images, self._poison = config, images, poison
        super().__init__(
            {
                "start": In(1),
                "clear": In(1),
                "operand_addr": Out(bits_for(config.operand_depth)),
                "operand": In(config.readout.operand_width),
                "unit_addr": In(bits_for(config.unit_depth)),
                "unit": Out(unit_layout(config)),
                "load": In(load_layout()),
                "read_addr": In(bits_for(config.n_out)),
                "stored": Out(data.ArrayLayout(signed(config.out_width), 1)),
                "done": Out(1),
                "last": Out(1),
                "index": Out(bits_for(max(units for _, units in config.layers))),
                "number": Out(bits_for(config.unit_depth)),
                "total": Out(signed(config.readout.acc_width)),
                "product": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        running, first, ends = Signal(), Signal(), Signal()
        pointer = Signal(bits_for(self._config.out_depth))
        self._walk(m, running, first, ends, pointer)
        self._sum(m, running, first, ends, pointer)
        self._outputs(m)
        return m

    def _walk(self, m, running, first, ends, pointer):
        """Go through the layers, their units, and the inputs of each."""
        c = self._config
        layers = c.layers
        layer = Signal(range(len(layers)))
        base = Signal.like(self.operand_addr)
        left = Signal(bits_for(max(inputs for inputs, _ in layers)))
        inputs, units = (Array([Const(size[k]) for size in layers])[layer] for k in (0, 1))
        unit_ends = Signal()
        m.d.comb += [
            ends.eq(left == 0),
            unit_ends.eq(self.index == units - 1),
            self.last.eq(layer == len(layers) - 1),
            self.product.eq(running),
        ]
        with m.If(running):
            m.d.sync += [
                first.eq(0),
                running.eq(~ends),
                left.eq(left - 1),
                pointer.eq(pointer + 1),
                self.operand_addr.eq(self.operand_addr + 1),
            ]
        with m.If(self.done):
            m.d.sync += [
                self.number.eq(self.number + 1),
                self.index.eq(self.index + 1),
                self.operand_addr.eq(base),
                left.eq(inputs - 1),
                first.eq(1),
                running.eq(1),
            ]
            with m.If(unit_ends):
                m.d.sync += self.index.eq(0)
                with m.If(self.last):
                    m.d.sync += [running.eq(0), self.busy.eq(0)]
                for k, (size, _) in enumerate(layers[:-1]):
                    with m.If(layer == k):
                        m.d.sync += [
                            layer.eq(k + 1),
                            base.eq(base + size),
                            self.operand_addr.eq(base + size),
                            left.eq(layers[k + 1][0] - 1),
                        ]
        with m.If(self.start):
            m.d.sync += [
                self.busy.eq(1),
                running.eq(1),
                first.eq(1),
                layer.eq(0),
                base.eq(0),
                left.eq(layers[0][0] - 1),
                pointer.eq(0),
                self.operand_addr.eq(0),
                self.index.eq(0),
                self.number.eq(0),
            ]

    def _sum(self, m, running, first, ends, pointer):
        """Multiply, add, and shift what is complete."""
        c = self._config
        weights = self._ram(m, Select.OUT_WEIGHT, c.out_weight_width, c.out_depth, "weights")
        units = self._ram(m, Select.OUT_BIAS, self.unit.shape().size, c.unit_depth, "biases")
        valid, firsts, lasts = running, first, running & ends
        for k in range(1, 4):
            stage = [Signal(name=f"{name}_{k}") for name in ("valid", "first", "last")]
            m.d.sync += [s.eq(v) for s, v in zip(stage, (valid, firsts, lasts), strict=True)]
            valid, firsts, lasts = stage
        operand = Signal.like(self.operand)
        weight = Signal(signed(c.out_weight_width))
        product = Signal(signed(c.out_weight_width + len(operand)))
        complete = Signal()
        shift = Signal(unit_layout(c)["shift"].width)
        # A plain register: nothing may stand between it and the slow output of the memory.
        unit = Signal(unit_layout(c))
        m.d.comb += [
            weights.r_addr.eq(pointer),
            units.r_addr.eq(Mux(self.busy, self.number, self.unit_addr)),
            self.unit.eq(units.r_data),
            self.done.eq(complete & (shift == 0)),
        ]
        m.d.sync += [
            operand.eq(self.operand),
            weight.eq(weights.r_data),
            unit.eq(units.r_data),
            product.eq(operand * weight),
        ]
        with m.If(valid):
            m.d.sync += [
                self.total.eq(Mux(firsts, unit.bias, self.total) + product),
                complete.eq(lasts),
                shift.eq(unit.shift),
            ]
        with m.Elif(complete):
            m.d.sync += [self.total.eq(self.total >> 1), shift.eq(shift - 1)]
            with m.If(self.done):
                m.d.sync += complete.eq(0)

    def _outputs(self, m):
        """Keep the results of the last layer for the host."""
        c = self._config
        m.submodules.ram_outputs = outputs = Ram(
            width=c.out_width, depth=c.n_out, poison=self._poison
        )
        unknown = Signal(init=1)
        m.d.comb += [
            outputs.w_en.eq(self.done & self.last),
            outputs.w_addr.eq(self.index),
            outputs.w_data.eq(self.total),
            outputs.r_addr.eq(self.read_addr),
        ]
        m.d.sync += self.stored[0].eq(outputs.r_data.as_signed())
        with m.If(unknown):
            m.d.sync += self.stored[0].eq(0)
        with m.If(self.clear):
            m.d.sync += unknown.eq(1)
        with m.If(self.start):
            m.d.sync += unknown.eq(0)

    def _ram(self, m, select: Select, width: int, depth: int, name: str) -> Ram:
        """Return a memory with its load port connected."""
        ram = Ram(
            width=width,
            depth=depth,
            init=memory_words(self._images, select, 0, depth),
            poison=self._poison,
            **self._config.ram_options(f"readout {name}"),
        )
        m.submodules[f"ram_{select.name.lower()}"] = ram
        m.d.comb += [
            ram.w_en.eq(self.load.valid & (self.load.select == select)),
            ram.w_addr.eq(self.load.addr),
            ram.w_data.eq(self.load.data),
        ]
        return ram
