"""Proof of the membrane step: the pipeline is the contract's formula, for every input."""

from __future__ import annotations

from amaranth.hdl import Assert, Assume, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from hrsnn_rtl.config import CoreConfig

from hrsnn_edge.fixed import signed_range
from hrsnn_sim.formal import Goal


def toward_zero(product, shift: int):
    """Return ``product / 2**shift`` rounded toward zero, as the contract words it."""
    return Mux(product < 0, -((-product) >> shift), product >> shift)


def clamp(value, low: int, high: int):
    """Return `value`, or the nearer end of ``low .. high``."""
    return Mux(value > high, high, Mux(value < low, low, value))


def delayed(m: Module, value, cycles: int):
    """Return a value as it was some cycles ago."""
    for _ in range(cycles):
        later = Signal.like(value)
        m.d.sync += later.eq(value)
        value = later
    return value


class UpdateGoal(wiring.Component):
    """A block of the neurons' pipeline whose inputs are those of the goal."""

    def __init__(self, dut: wiring.Component, config: CoreConfig):
        self._dut, self._config = dut, config
        inputs = dut.signature.members
        super().__init__({name: In(m.shape) for name, m in inputs.items() if m.flow == wiring.In})

    def connected(self) -> Module:
        """Return a module with the block in it."""
        m = Module()
        m.submodules.dut = self._dut
        for name in self.signature.members:
            m.d.comb += getattr(self._dut, name).eq(getattr(self, name))
        return m


class LifGoal(UpdateGoal):
    """A `LifUpdate` beside the formula of the contract on the same inputs, delayed to match."""

    def __init__(self, lif, config: CoreConfig):
        super().__init__(lif.LifUpdate(config=config), config)

    def elaborate(self, platform):
        """Build the circuit."""
        c, dut, m = self._config, self._dut, self.connected()
        low, high = signed_range(c.v_width)

        # Everything as it stands in U4, one cycle before the result. The product is written like
        # the block's own, so that yosys makes one of both and the solver need not compare them.
        v, decay = delayed(m, Value.cast(self.state), 1)[: c.v_width], delayed(m, self.decay, 1)
        product = Signal(signed(c.v_width + c.decay_width))
        m.d.sync += product.eq(v.as_signed() * decay)
        product = delayed(m, product, 1)
        refractory = delayed(m, self.state.refractory, 3)
        drive, threshold = delayed(m, self.drive, 1), delayed(m, self.threshold, 1)
        v_reset = delayed(m, self.v_reset, 1) if c.has_reset else Const(0)
        before = delayed(m, Value.cast(self.state), 3)[: c.v_width].as_signed()
        m.d.comb += Assume(self.threshold.threshold != low)
        if c.subtracts and not c.has_reset:
            # The threshold is what a spike takes off, and above the reset of 0.
            m.d.comb += Assume(self.threshold.threshold > 0)

        x = Signal(signed(max(c.v_width, c.drive_width + c.drive_shift) + 2))
        held, fires = Signal(), Signal()
        m.d.comb += [
            x.eq(toward_zero(product, c.decay_width) + (drive << c.drive_shift)),
            held.eq(refractory != 0),
            fires.eq((x >= threshold.threshold) & ~held),
        ]
        after = Mux(held | fires, v_reset, clamp(x, low, high))
        if c.subtracts:
            drop = v_reset.as_unsigned() if c.has_reset else threshold.threshold
            after = Mux(held, before, clamp(Mux(fires, x - drop, x), low, high))
        want_v, want_count = Signal(signed(c.v_width)), Signal(c.refractory_width)
        want_spike, age = Signal(), Signal(range(6))
        m.d.sync += [
            want_v.eq(after),
            want_count.eq(Mux(held, refractory - 1, Mux(fires, threshold.refractory, 0))),
            want_spike.eq(fires & self.enable),
            age.eq(Mux(age == 5, age, age + 1)),
        ]
        with m.If(self.clear):
            m.d.sync += [want_v.eq(0), want_count.eq(0)]
        with m.If(age >= 4):
            m.d.comb += [
                Assert(dut.state_next.v == want_v),
                Assert(dut.state_next.refractory == want_count),
                Assert(dut.spike == want_spike),
            ]
        return m


def lif_config(
    v: int,
    decay: int,
    sum_width: int,
    shift: int,
    has_reset: bool = False,
    subtracts: bool = False,
    syn_width: int = 0,
) -> CoreConfig:
    """Return a core whose membrane step has these widths."""
    return CoreConfig(
        lanes=1, n_slots=4, n_inputs=1, synapse_depth=1, v_width=v, weight_width=2,
        decay_width=decay, v_shift=shift, sum_width=sum_width, refractory_width=3,
        has_reset=has_reset, subtracts=subtracts, syn_width=syn_width, n_out=0,
    )  # fmt: skip


#: Membrane, decay and sum width, shift of the sum, stored and subtractive reset: both ends and the
#: usual.
WIDTHS = (
    (8, 4, 9, 0, True, False),
    (12, 6, 16, 2, False, False),
    (16, 8, 14, 0, False, False),
    (24, 12, 20, 5, True, False),
    (8, 4, 9, 0, True, True),
    (16, 8, 14, 2, False, True),
)
BUGS = (
    ("carry = product[-1] & product[:shift].any()", "carry = Const(0, 1)"),
    ("fire = (x >= threshold.threshold)", "fire = (x > threshold.threshold)"),
    ("fits = Mux(sign, top.all(), ~top.any())", "fits = ~top.any()"),
    ("Cat((~sign).replicate(width - 1), sign)", "Cat(sign.replicate(width - 1), sign)"),
    ("count_3.eq(Mux(held, self.state_now.refractory - 1, 0))",
     "count_3.eq(self.state_now.refractory)"),
    ("& ~held_4", ""),
)  # fmt: skip
SUBTRACT_BUGS = (
    ("v_4.eq(v_3)", "v_4.eq(self.state_now.v)"),
    ("v_reset.as_unsigned() if", "v_reset if"),
    ("self.state_next.v.eq(saturated(left, c.v_width))", "self.state_next.v.eq(left)"),
    ("x - (v_reset", "saturated(x, c.v_width) - (v_reset"),
)
GOALS = (
    *(
        Goal(
            "lif-{}-{}-{}-{}".format(*widths[:4]) + "-reset" * widths[4] + "-subtract" * widths[5],
            "leak rounded toward zero, plus sum, threshold, reset, refractory count and saturation "
            f"of a {widths[0]}-bit membrane are the contract's, for every input",
            "lif",
            lambda lif, widths=widths: LifGoal(lif, lif_config(*widths)),
            6,
            {0: BUGS, 4: SUBTRACT_BUGS}.get(k, ()),
        )
        for k, widths in enumerate(WIDTHS)
    ),
    Goal(
        "lif-currents",
        "the same with a synaptic current, which has its shift already, in place of the sum",
        "lif",
        lambda lif: LifGoal(lif, lif_config(12, 6, 9, 3, syn_width=14)),
        6,
        (("Cat(Const(0, c.drive_shift), self.drive)", "Cat(Const(0, c.v_shift), self.drive)"),),
    ),
)
