"""Queues between the blocks of the core."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import QUEUE_MARGIN, bits_for
from hrsnn_rtl.memory import Ram


class EventQueue(wiring.Component):
    """A queue in block RAM whose writer asks for room beforehand.

    Parameters
    ----------
    layout : StructLayout
        A word.
    depth : int
        Words, a power of two.
    early : bool
        Offer a word that finds the queue empty in the cycle that brings it, not in the next: for a
        reader that takes words into a register.
    direct : bool
        A word that finds the queue empty goes around the memory.
    poison : bool
        See `Ram`.

    Members
    -------
    i : In(stream.Signature(layout, always_ready=True))
        Words; fewer than `QUEUE_MARGIN` follow after `room` has gone low.
    room : Out(1)
        Whether more than `QUEUE_MARGIN` places were free one cycle ago.
    o : Out(stream.Signature(layout))
        The same words, one each cycle; a word that goes around the memory comes in the next cycle,
        or `early`, the others three cycles later at the earliest.
    empty : Out(1)
        Nothing is held.
    """

    def __init__(
        self,
        *,
        layout: data.StructLayout,
        depth: int,
        early: bool = False,
        direct: bool = True,
        poison: bool = False,
    ):
        self._layout, self._depth, self._poison = layout, depth, poison
        self._early, self._direct = early and direct, direct
        super().__init__(
            {
                "i": In(stream.Signature(layout, always_ready=True)),
                "o": Out(stream.Signature(layout)),
                "room": Out(1, init=1),
                "empty": Out(1),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        addr_width = bits_for(self._depth)
        m.submodules.ram_words = ram = Ram(
            width=self._layout.size, depth=self._depth, poison=self._poison
        )
        # One bit more than an address: their difference is the number of stored words.
        write_ptr, read_ptr = Signal(addr_width + 1), Signal(addr_width + 1)
        level = Signal(addr_width + 1)
        # The memory's output holds a word until the register behind it is free.
        stored, fetched = Signal(), Signal()
        word = Signal(self._layout)
        valid = Signal()
        moves = ~valid | self.o.ready
        fetch = stored & (~fetched | moves)
        # All that follows a step waits for its first spike: that one goes around the memory.
        passes = Signal()
        m.d.comb += [
            passes.eq(self.i.valid & self.empty if self._direct else 0),
            level.eq(write_ptr - read_ptr),
            stored.eq(write_ptr != read_ptr),
            ram.w_en.eq(self.i.valid & ~passes),
            ram.w_addr.eq(write_ptr),
            ram.w_data.eq(self.i.payload),
            ram.r_en.eq(fetch),
            ram.r_addr.eq(read_ptr),
            self.empty.eq(~stored & ~fetched & ~valid),
            self.o.valid.eq(valid | (passes if self._early else 0)),
            self.o.payload.eq(
                Mux(valid, word.as_value(), self.i.payload.as_value()) if self._early else word
            ),
        ]
        m.d.sync += self.room.eq(level < self._depth - QUEUE_MARGIN)
        with m.If(ram.w_en):
            m.d.sync += write_ptr.eq(write_ptr + 1)
        with m.If(fetch):
            m.d.sync += [read_ptr.eq(read_ptr + 1), fetched.eq(1)]
        with m.Elif(moves):
            m.d.sync += fetched.eq(0)
        with m.If(moves):
            m.d.sync += [
                valid.eq(fetched | (passes & ~(self.o.ready if self._early else 0))),
                word.eq(
                    Mux(fetched, ram.r_data, self.i.payload.as_value())
                    if self._direct
                    else ram.r_data
                ),
            ]
        return m


class SmallQueue(wiring.Component):
    """A queue of a few words in distributed RAM.

    A word that finds it empty is offered at once; `ready` does not pass through.
    From 4 words on `ready` is a register, so that many queues can be asked together; it then falls
    while one place is still free.

    Parameters
    ----------
    layout : StructLayout
        A word.
    depth : int
        Words, a power of two from 2.

    Members
    -------
    i : In(stream.Signature(layout))
    o : Out(stream.Signature(layout))
    """

    def __init__(self, *, layout: data.StructLayout, depth: int):
        self._layout, self._depth = layout, depth
        super().__init__({"i": In(stream.Signature(layout)), "o": Out(stream.Signature(layout))})

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        addr_width = bits_for(self._depth)
        m.submodules.words = words = memory.Memory(
            shape=self._layout.size, depth=self._depth, init=()
        )
        write, read = words.write_port(), words.read_port(domain="comb")
        write_ptr, read_ptr = Signal(addr_width + 1), Signal(addr_width + 1)
        stored = Signal()
        m.d.comb += [
            stored.eq(write_ptr != read_ptr),
            self.o.valid.eq(stored | (self.i.valid & self.i.ready)),
            write.en.eq(self.i.valid & self.i.ready),
            write.addr.eq(write_ptr),
            write.data.eq(self.i.payload),
            read.addr.eq(read_ptr),
            self.o.payload.eq(Mux(stored, read.data, self.i.payload.as_value())),
        ]
        level = Signal(addr_width + 1)
        m.d.comb += level.eq(write_ptr - read_ptr)
        if self._depth < 4:
            m.d.comb += self.i.ready.eq(level != self._depth)
        else:
            # One word may come in this cycle, and one in the next.
            m.d.sync += self.i.ready.eq(level <= self._depth - 2)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += write_ptr.eq(write_ptr + 1)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += read_ptr.eq(read_ptr + 1)
        return m
