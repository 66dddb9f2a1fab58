"""Proofs of the learning core's lists and signs: the next spike, and the side of zero."""

from __future__ import annotations

from amaranth.hdl import Assert, Assume, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hrsnn_sim.formal import Goal


class LowestGoal(wiring.Component):
    """`lowest` and `several` beside what arithmetic says of the same bits."""

    def __init__(self, walk, width: int):
        self._walk = walk
        super().__init__({"bits": In(width)})

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        bits = self.bits
        number, without = self._walk.lowest(bits)
        found, later = Signal(range(len(bits))), Signal(len(bits))
        several = Signal()
        m.d.comb += [found.eq(number), later.eq(without), several.eq(self._walk.several(m, bits))]
        fewer = (bits & (bits - 1))[: len(bits)]
        m.d.comb += [Assert(later == fewer), Assert(several == (fewer != 0))]
        with m.If(bits != 0):
            m.d.comb += Assert((1 << found) == (bits & ~fewer))
        return m


class SignGoal(wiring.Component):
    """The weight that is delivered, of a magnitude that its source's limit allows."""

    def __init__(self, count, width: int):
        self._count = count
        super().__init__({"weight": In(width), "negative": In(1)})

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        top = 1 << (len(self.weight) - 1)
        value = Signal(len(self.weight))
        m.d.comb += value.eq(self._count.negated_if(self.weight, self.negative))
        signed = value.as_signed()
        with m.If(self.negative):
            # As `check_stdp` demands of the greatest magnitude.
            m.d.comb += [Assume(self.weight <= top), Assert(signed <= 0)]
            m.d.comb += Assert(signed == -self.weight)
        with m.Else():
            m.d.comb += [Assume(self.weight < top), Assert(signed >= 0)]
            m.d.comb += Assert(signed == self.weight)
        return m


class CountGoal(wiring.Component):
    """Counting without a carry chain."""

    def __init__(self, count, width: int):
        self._count = count
        super().__init__({"value": In(width)})

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        value, more, less = self.value, Signal.like(self.value), Signal.like(self.value)
        m.d.comb += [more.eq(self._count.one_more(value)), less.eq(self._count.one_less(value))]
        m.d.comb += [
            Assert(more == (value + 1)[: len(value)]),
            Assert(less == (value - 1)[: len(value)]),
        ]
        return m


GOALS = (
    Goal(
        "walk-lowest",
        "the lowest spike of 16 is named, taken from the list, and whether more are left is known",
        "walk",
        lambda walk: LowestGoal(walk, 16),
        1,
        (
            ("group[b] & ~(free[k] & ~group[:b].any())", "group[b] & ~(free[k] & group[:b].any())"),
            ("free = [~hit[:k].any()", "free = [~hit[: k + 1].any()"),
            ("for k in range(1, len(bits))", "for k in range(2, len(bits))"),
        ),
    ),
    Goal(
        "weight-sign",
        "a delivered weight stays on its source's side of zero, for every magnitude it may have",
        "count",
        lambda count: SignGoal(count, 8),
        1,
        (("wanted & value[:k].any()", "wanted"),),
    ),
    Goal(
        "count",
        "one more and one less are what adding 1 and subtracting 1 give",
        "count",
        lambda count: CountGoal(count, 6),
        1,
        (("value[k] ^ value[:k].all()", "value[k] ^ value[:k].any()"),),
    ),
)
