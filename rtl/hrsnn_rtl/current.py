"""The synaptic current of one neuron a cycle: `hrsnn_edge.reference.synapse.current_step`."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.lif import leak_plus, saturated


class CurrentUpdate(wiring.Component):
    """A pipeline in front of `hrsnn_rtl.lif.LifUpdate`; each input is wanted in its own cycle.

    ::

        C1 current, decay   C2 multiply, sum   C3 leak + sum   C4 saturate   C5 = U3 result
           from memory

    Parameters
    ----------
    config : CoreConfig
        Widths.

    Members
    -------
    current, decay : In
        Words of a neuron, in cycle ``t`` (C1).
    syn_sum : In
        Its sum, a register, in ``t + 2`` (C3).
    clear : In(1)
        In ``t + 3`` (C4): the current becomes 0.
    current_now : Out
        `current` one cycle later, for the read port.
    current_next : Out
        Result, in ``t + 4`` (C5).
    """

    #: Cycles from `current` and `decay` to the result.
    latency = 4

    def __init__(self, *, config: CoreConfig):
        self._config = config
        super().__init__(
            {
                "current": In(signed(config.syn_width)),
                "decay": In(config.decay_width),
                "syn_sum": In(signed(config.sum_width)),
                "clear": In(1),
                "current_now": Out(signed(config.syn_width)),
                "current_next": Out(signed(config.syn_width)),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        c = self._config
        m = Module()
        decay = Signal(c.decay_width)
        product = Signal(signed(c.syn_width + c.decay_width))
        x = Signal(signed(max(c.syn_width, c.sum_width + c.v_shift) + 1))
        scaled = Cat(Const(0, c.v_shift), self.syn_sum)
        m.d.sync += [
            self.current_now.eq(self.current),
            decay.eq(self.decay),
            product.eq(self.current_now * decay),
            x.eq(leak_plus(product, c.decay_width, scaled, len(x))),
            self.current_next.eq(saturated(x, c.syn_width)),
        ]
        with m.If(self.clear):
            m.d.sync += self.current_next.eq(0)
        return m
