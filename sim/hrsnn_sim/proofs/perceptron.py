"""Proof of a hidden unit's activation: cut at 0 and saturated, for every sum."""

from __future__ import annotations

from amaranth.hdl import Assert, Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hrsnn_sim.formal import Goal
from hrsnn_sim.proofs.lif import clamp

#: Bits of a sum and of an activation: the usual, the least activation, and one wider than the sum.
WIDTHS = ((24, 8), (14, 4), (9, 12))


class RectifiedGoal(wiring.Component):
    """The function `rectified` beside the contract's formula on the same sum."""

    def __init__(self, perceptron, total_width: int, act_width: int):
        self._perceptron, self._act_width = perceptron, act_width
        super().__init__({"total": In(signed(total_width))})

    def elaborate(self, platform):
        """Build the circuit."""
        m, width = Module(), self._act_width
        got = self._perceptron.rectified(self.total, width)
        m.d.comb += Assert(got == clamp(self.total, 0, (1 << width) - 1))
        return m


BUGS = (("total[width:].any()", "total[width]"), ("Mux(total < 0, 0,", "Mux(0, 0,"))
GOALS = tuple(
    Goal(
        f"rectified-{total}-{act}",
        f"a hidden sum of {total} bits becomes an activation of {act} bits: 0 if it is negative, "
        "the greatest if it is too large",
        "perceptron",
        lambda perceptron, total=total, act=act: RectifiedGoal(perceptron, total, act),
        1,
        BUGS if k == 0 else (),
    )
    for k, (total, act) in enumerate(WIDTHS)
)
