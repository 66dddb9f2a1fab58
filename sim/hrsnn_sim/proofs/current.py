"""Proof of the synaptic current: the pipeline is the contract's formula, for every input."""

from __future__ import annotations

from amaranth.hdl import Assert, Mux, Signal, signed
from hrsnn_rtl.config import CoreConfig

from hrsnn_edge.fixed import signed_range
from hrsnn_sim.formal import Goal
from hrsnn_sim.proofs.lif import UpdateGoal, clamp, delayed, lif_config, toward_zero


class CurrentGoal(UpdateGoal):
    """A `CurrentUpdate` beside the formula of the contract on the same inputs."""

    def __init__(self, current, config: CoreConfig):
        super().__init__(current.CurrentUpdate(config=config), config)

    def elaborate(self, platform):
        """Build the circuit."""
        c, dut, m = self._config, self._dut, self.connected()
        # Everything as it stands in C4, one cycle before the result; the product as in `LifGoal`.
        current, decay = delayed(m, self.current, 1), delayed(m, self.decay, 1)
        product = Signal(signed(c.syn_width + c.decay_width))
        m.d.sync += product.eq(current * decay)
        product, syn_sum = delayed(m, product, 1), delayed(m, self.syn_sum, 1)
        x = Signal(signed(max(c.syn_width, c.sum_width + c.v_shift) + 2))
        want, age = Signal(signed(c.syn_width)), Signal(range(6))
        m.d.comb += x.eq(toward_zero(product, c.decay_width) + (syn_sum << c.v_shift))
        m.d.sync += [
            want.eq(Mux(self.clear, 0, clamp(x, *signed_range(c.syn_width)))),
            age.eq(Mux(age == 5, age, age + 1)),
        ]
        with m.If(age >= 4):
            m.d.comb += Assert(dut.current_next == want)
        return m


#: Current, decay and sum width, shift of the sum: both ends and the usual.
WIDTHS = ((8, 4, 9, 0), (14, 8, 12, 2), (24, 12, 20, 5))
BUGS = (
    ("product.eq(self.current_now * decay)", "product.eq(self.current * decay)"),
    ("Cat(Const(0, c.v_shift), self.syn_sum)", "self.syn_sum"),
    ("leak_plus(product, c.decay_width, scaled", "leak_plus(product, c.decay_width - 1, scaled"),
    ("saturated(x, c.syn_width)", "x"),
    ("with m.If(self.clear):", "with m.If(0):"),
)
GOALS = tuple(
    Goal(
        "current-{}-{}-{}-{}".format(*widths),
        "decay rounded toward zero, plus sum, and saturation of a synaptic current of "
        f"{widths[0]} bits are the contract's, for every input",
        "current",
        lambda current, widths=widths: CurrentGoal(
            current, lif_config(8, *widths[1:], syn_width=widths[0])
        ),
        6,
        BUGS if k == 1 else (),
    )
    for k, widths in enumerate(WIDTHS)
)
