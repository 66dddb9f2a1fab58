"""The membrane step of one neuron a cycle: `hrsnn_edge.reference.lif.lif_step` in hardware."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.interfaces import state_layout, threshold_layout


def leak_plus(product, shift: int, addend, width: int):
    """Return ``trunc(product / 2**shift) + addend``, signed, `width` bits of it.

    A negative product that loses bits is rounded up, toward zero: that 1 is the carry of the one
    adder.
    """
    leak = product[shift:].as_signed()
    carry = product[-1] & product[:shift].any()
    total = Cat(carry, leak).as_signed() + Cat(carry, addend).as_signed()
    return (total >> 1)[:width].as_signed()


def saturated(x, width: int):
    """Return a signed value clamped to `width` bits."""
    sign, top = x[-1], x[width - 1 : -1]
    fits = Mux(sign, top.all(), ~top.any())
    return Mux(fits, x[:width], Cat((~sign).replicate(width - 1), sign))


class LifUpdate(wiring.Component):
    """A pipeline that never stalls; each input is wanted in the cycle its stage begins.

    ::

        U1 state, decay   U2 multiply, drive U3 leak + drive U4 saturate, compare   U5 results
           from memory                          threshold from memory

    Parameters
    ----------
    config : CoreConfig
        Widths.

    Members
    -------
    state, decay : In
        Words of a neuron, in cycle ``t`` (U1).
    drive : In
        Its sum or synaptic current, a register, in ``t + 2`` (U3).
    threshold, v_reset : In
        Its words, in ``t + 2`` (U3); of the reset as in `hrsnn_rtl.image.reset_word`.
    enable, clear : In(1)
        In ``t + 3`` (U4): it is a neuron and may fire; its membrane becomes 0.
    state_now : Out
        `state` one cycle later, for the read port.
    state_next, spike : Out
        Result, in ``t + 4`` (U5).
    """

    #: Cycles from `state` and `decay` to the result.
    latency = 4

    def __init__(self, *, config: CoreConfig):
        self._config = config
        super().__init__(
            {
                "state": In(state_layout(config)),
                "decay": In(config.decay_width),
                "drive": In(signed(config.drive_width)),
                "threshold": In(threshold_layout(config)),
                "v_reset": In(signed(config.v_width)),
                "enable": In(1),
                "clear": In(1),
                "state_now": Out(state_layout(config)),
                "state_next": Out(state_layout(config)),
                "spike": Out(1),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        c = self._config
        m = Module()
        # U2: multiply. What a refractory neuron writes back is known here.
        decay = Signal(c.decay_width)
        product = Signal(signed(c.v_width + c.decay_width))
        held_3, held_4 = Signal(), Signal()
        count_3, count_4 = Signal(c.refractory_width), Signal(c.refractory_width)
        held = self.state_now.refractory.any()
        m.d.sync += [
            self.state_now.eq(self.state),
            decay.eq(self.decay),
            product.eq(self.state_now.v * decay),
            held_3.eq(held),
            count_3.eq(Mux(held, self.state_now.refractory - 1, 0)),
        ]
        # U3: leak plus drive.
        x = Signal(signed(max(c.v_width, c.drive_width + c.drive_shift) + 1))
        scaled = Cat(Const(0, c.drive_shift), self.drive)
        m.d.sync += [
            x.eq(leak_plus(product, c.decay_width, scaled, len(x))),
            held_4.eq(held_3),
            count_4.eq(count_3),
        ]
        # U4: saturation and comparison side by side, for no threshold is the most negative value.
        threshold = Signal(threshold_layout(c))
        v_reset = Signal(signed(c.v_width))
        m.d.sync += [threshold.eq(self.threshold), v_reset.eq(self.v_reset)]
        fire = (x >= threshold.threshold) & ~held_4
        m.d.sync += [
            self.spike.eq(fire & self.enable),
            self.state_next.v.eq(saturated(x, c.v_width)),
            self.state_next.refractory.eq(Mux(fire, threshold.refractory, count_4)),
        ]
        if c.subtracts:
            # The membrane of a held neuron, which stays, walks along.
            v_3, v_4 = Signal(signed(c.v_width)), Signal(signed(c.v_width))
            m.d.sync += [v_3.eq(self.state_now.v), v_4.eq(v_3)]
            # Above the threshold the difference fits where x does; elsewhere nobody reads it.
            left = Signal.like(x)
            m.d.comb += left.eq(x - (v_reset.as_unsigned() if c.has_reset else threshold.threshold))
            with m.If(fire):
                m.d.sync += self.state_next.v.eq(saturated(left, c.v_width))
            with m.If(held_4):
                m.d.sync += self.state_next.v.eq(v_4)
        else:
            with m.If(fire | held_4):
                m.d.sync += self.state_next.v.eq(v_reset if c.has_reset else 0)
        with m.If(self.clear):
            m.d.sync += self.state_next.eq(0)
        return m
