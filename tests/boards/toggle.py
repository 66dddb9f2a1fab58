"""The least design that a board can be built for."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out


class Toggle(wiring.Component):
    """The least design: a register between the pins; with `words`, RAM beside it."""

    def __init__(self, words: int = 0):
        self._words = words
        super().__init__({"rx": In(1), "tx": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.tx.eq(self.rx)
        if self._words:
            m.submodules.ram = ram = memory.Memory(shape=16, depth=self._words, init=())
            read, write, count = ram.read_port(), ram.write_port(), Signal(range(self._words))
            m.d.sync += [count.eq(count + 1), self.tx.eq(read.data.xor())]
            m.d.comb += [read.addr.eq(count), write.addr.eq(count), write.en.eq(self.rx)]
            m.d.comb += write.data.eq(count)
        return m
