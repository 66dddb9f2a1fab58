"""Counters: what happens in each cycle, summed in small registers and carried into a memory.

Eleven 32-bit counters in flip-flops would be half of the host front. Here each has only a few bits
of its own, enough for what can happen between two visits; the register bank visits one after the
other, adds the few bits to the counter's word in its memory, and they start again at 0.
"""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

#: Clock cycles from one visit to the next counter's.
VISIT_CYCLES = 2


def increments_layout(greatest: Mapping[str, int]) -> data.StructLayout:
    """Return one unsigned number a counter, wide enough for the most that a cycle adds."""
    return data.StructLayout({name: bits_for(most) for name, most in greatest.items()})


class Counters(wiring.Component):
    """The small registers of all counters, in visiting order.

    Parameters
    ----------
    greatest : mapping of str to int
        Name of each counter, in order -> the most that one cycle adds to it.

    Members
    -------
    add : In(StructLayout)
        What this cycle adds to each counter.
    visit : In(1)
        Take the small register of counter `slot` and go on to the next; high in every second cycle.
    slot : Out
        The counter that is visited next.
    addend : Out
        One cycle after `visit`: the sum of all that the visited counter was given since its last
        visit, that cycle included. It stays until the next visit.
    """

    def __init__(self, *, greatest: Mapping[str, int]):
        self._greatest = dict(greatest)
        between = VISIT_CYCLES * len(self._greatest)
        self._widths = {name: bits_for(most * between) for name, most in self._greatest.items()}
        super().__init__(
            {
                "add": In(increments_layout(self._greatest)),
                "visit": In(1),
                "slot": Out(range(len(self._greatest))),
                "addend": Out(max(self._widths.values())),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        sums = []
        for k, (name, width) in enumerate(self._widths.items()):
            small = Signal(width, name=name)
            total = Signal(width, name=f"{name}_sum")
            m.d.comb += total.eq(small + self.add[name])
            m.d.sync += small.eq(total)
            with m.If(self.visit & (self.slot == k)):
                m.d.sync += small.eq(0)
            sums.append(total)

        last = len(sums) - 1
        with m.If(self.visit):
            m.d.sync += self.slot.eq(Mux(self.slot == last, 0, self.slot + 1))
            with m.Switch(self.slot):
                for k, total in enumerate(sums):
                    with m.Case(k):
                        m.d.sync += self.addend.eq(total)
        return m
