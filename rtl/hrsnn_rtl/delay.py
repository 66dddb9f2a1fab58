"""A word some cycles later."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out


class Delay(wiring.Component):
    """What goes in comes out a fixed number of cycles later.

    Flip-flops are what a wide pipeline runs out of first, so the words stand in the LUTs' RAM, in
    turn. The turn is that of a shift register with feedback, which needs no carry chain.

    Parameters
    ----------
    width : int
        Bits of a word.
    cycles : int
        By how much it is late, 2 to 15.
    registers : bool
        Use flip-flops all the same, for parts without RAM in LUTs.

    Members
    -------
    i : In
        A word in every cycle with `en`.
    en : In(1)
        The others do not count. By default there are none.
    o : Out
        The word of `cycles` ago; 0 before.
    """

    def __init__(self, *, width: int, cycles: int, registers: bool = False):
        self._width, self._cycles, self._registers = width, cycles, registers
        super().__init__({"i": In(width), "en": In(1, init=1), "o": Out(width)})

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        if self._registers:
            word = self.i
            for k in range(self._cycles):
                late = Signal(self._width, name=f"late_{k}")
                with m.If(self.en):
                    m.d.sync += late.eq(word)
                word = late
            m.d.comb += self.o.eq(word)
            return m
        width = self._cycles.bit_length()
        m.submodules.cells = cells = memory.Memory(
            shape=self._width, depth=1 << width, init=(), attrs={"ram_style": "distributed"}
        )
        write, read = cells.write_port(), cells.read_port(domain="comb")
        # What was written some turns ago is what is written again in the rest of the round. A turn
        # of its own, for the word is late enough as it is.
        at, first = Signal(width, init=1), 1
        for _ in range((1 << width) - 1 - self._cycles):
            first = _next_int(first, width)
        then = Signal(width, init=first)
        with m.If(self.en):
            m.d.sync += [at.eq(_next(at, width)), then.eq(_next(then, width))]
        m.d.comb += [
            write.en.eq(self.en),
            write.addr.eq(at),
            write.data.eq(self.i),
            read.addr.eq(then),
            self.o.eq(read.data),
        ]
        return m


def _next(state, width: int):
    """Return the state that follows in a round of ``2**width - 1`` states, none of them 0."""
    return Cat(state[width - 1] ^ state[width - 2], state[: width - 1])


def _next_int(state: int, width: int) -> int:
    """Return what `_next` gives for a number."""
    top, below = state >> (width - 1), state >> (width - 2)
    return (state << 1 | (top ^ below) & 1) & ((1 << width) - 1)
