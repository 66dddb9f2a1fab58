"""Memories of the core: one write port, one synchronous read port, contents of the bitstream."""

from __future__ import annotations

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.blocks import segments
from hrsnn_rtl.config import SPRAM_DEPTH, SPRAM_WIDTH, bits_for

#: Deepest memory that is better in the distributed RAM of an ECP5 than in a block.
DISTRIBUTED_DEPTH = 16


class Ram(wiring.Component):
    """A memory whose word is undefined when it is read in the cycle that writes it.

    Block RAMs of the open tools give no promise about that word, and promising one costs a
    comparator and a multiplexer. Whoever uses a `Ram` therefore never uses such a word; `poison`
    makes the claim testable, by returning the inverted word in that case.

    Parameters
    ----------
    width, depth : int
        Bits of a word, words.
    init : sequence of int
        First words; the rest is 0.
    poison : bool
        Return a wrong word where it is undefined; for simulation.
    block : str
        Block RAM of the part, to cut the memory into the segments that suit it; "" leaves that
        to synthesis.
    distributed : bool
        Ask for the LUTs' RAM whatever the depth.
    style : str
        ``"block"`` asks for a block RAM whatever the depth.
    late : bool
        For a memory far from its users: write a cycle later, from registers of its own. With
        `registered`, choose the segment behind the registers.
    registered : bool
        Hold the word in a register, of which each segment has its own: what is read ends there
        before anything else. It is 0 while the word is another segment's, and one OR follows; a
        memory that is far has no such reset, which would tie flip-flops together that belong
        beside different blocks.

    Members
    -------
    r_en, r_addr, r_data
        With `r_en` the word at `r_addr` appears in the next cycle and stays until the next read.
    take : In(1)
        With `registered`: the register takes the word that appeared; `r_data` is that register.
    w_en, w_addr, w_data
        With `w_en` the word is written.
    """

    def __init__(
        self,
        *,
        width: int,
        depth: int,
        init=(),
        poison: bool = False,
        block: str = "",
        distributed: bool = False,
        style: str = "",
        late: bool = False,
        registered: bool = False,
    ):
        self._width, self._depth, self._poison = width, depth, poison
        self._late, self._registered = late, registered
        self._init = [int(word) for word in init]
        in_blocks = depth > DISTRIBUTED_DEPTH and not distributed
        self._style = style or ("block" if in_blocks else "distributed")
        self._depths = segments(depth, width, block) if block and in_blocks else (depth,)
        super().__init__(
            {
                "r_en": In(1, init=1),
                "r_addr": In(bits_for(depth)),
                "r_data": Out(width),
                **({"take": In(1, init=1)} if registered else {}),
                "w_en": In(1),
                "w_addr": In(bits_for(depth)),
                "w_data": In(width),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        undefined = self._undefined(m)
        parts, first = [], 0
        for k, depth in enumerate(self._depths):
            m.submodules[f"cells{k or ''}"] = cells = memory.Memory(
                shape=self._width,
                depth=depth,
                init=self._init[first : first + depth],
                attrs={"ram_style": self._style},
            )
            read, write = cells.read_port(), cells.write_port()
            # A segment begins at a multiple of its depth, rounded up to a power of two.
            low = bits_for(depth)
            whole = len(self._depths) == 1
            reads = 1 if whole else self.r_addr[low:] == first >> low
            writes = 1 if whole else self.w_addr[low:] == first >> low
            m.d.comb += [read.en.eq(self.r_en), read.addr.eq(self.r_addr)]
            m.d["sync" if self._late else "comb"] += [
                write.en.eq(self.w_en & writes),
                write.addr.eq(self.w_addr),
                write.data.eq(self.w_data),
            ]
            word = Mux(undefined, ~read.data, read.data) if self._poison else read.data
            if not whole:
                chosen = Signal(name=f"chosen{k}")
                with m.If(self.r_en):
                    m.d.sync += chosen.eq(reads)
                if self._registered and self._late:
                    word, chosen = self._hold(m, k, word), self._hold(m, f"_chosen{k}", chosen)
                # At most one is not 0: that is less logic than a priority between them.
                word = Mux(chosen, word, 0)
            if self._registered and (whole or not self._late):
                word = self._hold(m, k, word)
            parts.append(word)
            first += depth
        m.d.comb += self.r_data.eq(reduce(or_, parts))
        return m

    def _hold(self, m, name, value):
        """Return a register that takes a value when it is told to."""
        held = Signal.like(value, name=f"held{name}")
        with m.If(self.take):
            m.d.sync += held.eq(value)
        return held

    def _undefined(self, m):
        """Return whether the word that was read is undefined; only built to be poisoned."""
        undefined = Signal()
        if self._poison:
            w_en, w_addr = Signal(), Signal.like(self.w_addr)
            m.d["sync" if self._late else "comb"] += [w_en.eq(self.w_en), w_addr.eq(self.w_addr)]
            with m.If(self.r_en):
                m.d.sync += undefined.eq(w_en & (w_addr == self.r_addr))
        return undefined


class SinglePortRam(wiring.Component):
    """The single-port RAMs of the UP5K side by side, with the ports of a `Ram`.

    There is one address for both ports, and `w_open` says whose it is: the other port must rest.
    The contents at start are undefined; the host loads them.

    Parameters
    ----------
    depth : int
        Words, in blocks of 16,384.
    vendor_cells : bool
        Instantiate ``SB_SPRAM256KA``; otherwise a model of it that every simulator can run.
    registered : bool
        Hold the word in a register, which takes one in every cycle.

    Members
    -------
    As `Ram`, with words of 16 bits and without `take`, and

    w_open : In(1)
        Whose the address is. It comes from a register long before `w_en`, so that the way to the
        address stays short.
    w_mask : In(4)
        Which four bits of the word are written, all by default.
    """

    def __init__(self, *, depth: int, vendor_cells: bool, registered: bool = False):
        self._registered = registered
        self._blocks = -(-depth // SPRAM_DEPTH)
        self._vendor_cells = vendor_cells
        super().__init__(
            {
                "r_en": In(1, init=1),
                "r_addr": In(bits_for(depth)),
                "r_data": Out(SPRAM_WIDTH),
                "w_open": In(1),
                "w_en": In(1),
                "w_mask": In(4, init=0b1111),
                "w_addr": In(bits_for(depth)),
                "w_data": In(SPRAM_WIDTH),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        addr = Signal.like(self.r_addr)
        m.d.comb += addr.eq(Mux(self.w_open, self.w_addr, self.r_addr))
        low_width = bits_for(SPRAM_DEPTH)
        low, high = addr[:low_width], addr[low_width:]
        block = Signal(len(high))
        m.d.sync += block.eq(high)
        for k in range(self._blocks):
            chosen, word = Signal(name=f"chosen{k}"), Signal(SPRAM_WIDTH, name=f"word{k}")
            m.d.comb += chosen.eq((self.r_en | self.w_open) & (high == k))
            m.submodules[f"spram{k}"] = self._block(low, chosen, word)
            with m.If(block == k):
                m.d["sync" if self._registered else "comb"] += self.r_data.eq(word)
        return m

    def _block(self, addr, chosen, word):
        """Return one block with its ports connected."""
        if self._vendor_cells:
            return Instance(
                "SB_SPRAM256KA",
                i_CLOCK=ClockSignal(),
                i_ADDRESS=Cat(addr, Const(0, 14 - len(addr))),
                i_DATAIN=self.w_data,
                i_MASKWREN=self.w_mask,
                i_WREN=self.w_en,
                i_CHIPSELECT=chosen,
                i_STANDBY=Const(0, 1),
                i_SLEEP=Const(0, 1),
                i_POWEROFF=Const(1, 1),
                o_DATAOUT=word,
            )
        m = Module()
        m.submodules.cells = cells = memory.Memory(shape=SPRAM_WIDTH, depth=SPRAM_DEPTH, init=())
        read, write = cells.read_port(), cells.write_port(granularity=4)
        undefined = Signal()
        with m.If(chosen):
            m.d.sync += undefined.eq(self.w_en | (self.w_open & self.r_en))
        m.d.comb += [
            read.en.eq(chosen & ~self.w_en),
            read.addr.eq(addr),
            write.en.eq(Mux(chosen & self.w_en, self.w_mask, 0)),
            write.addr.eq(addr),
            write.data.eq(self.w_data),
            word.eq(Mux(undefined, ~read.data, read.data)),
        ]
        return m
