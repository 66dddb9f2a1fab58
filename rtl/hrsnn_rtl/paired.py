"""A memory whose words are read and written in runs, in single-port RAMs: two words an access."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import SPRAM_WIDTH, bits_for
from hrsnn_rtl.memory import SinglePortRam

#: Bits that a single-port RAM writes together at least.
NIBBLE = 4


def half_width(width: int) -> int:
    """Return the bits of half an access, for words of `width` bits.

    >>> half_width(18), half_width(24)
    (20, 24)
    """
    return -(-width // NIBBLE) * NIBBLE


def rams_for(width: int) -> int:
    """Return how many single-port RAMs stand side by side, for words of `width` bits.

    >>> rams_for(16), rams_for(24)
    (2, 3)
    """
    return -(-2 * half_width(width) // SPRAM_WIDTH)


def reads_ram(addr, first):
    """Return whether the read of an address takes the RAM's port."""
    return first | ~addr[0]


def writes_ram(addr, last):
    """Return whether the write of an address takes the RAM's port."""
    return last | addr[0]


class PairedRam(wiring.Component):
    """Words of rising addresses, read in runs, and written in runs that follow them.

    An even address and the odd one behind it stand side by side. A read takes the port for the
    first word of a run and for even addresses, a write for the last word of a run and for odd ones;
    the words in between wait in a register. So runs that are read and written at the same time take
    a cycle a word. Reads and writes must not take the port together.

    Parameters
    ----------
    width, depth : int
        Bits of a word, words.
    vendor_cells : bool
        As of `SinglePortRam`.

    Members
    -------
    r_en, r_first, r_addr, r_data
        With `r_en` the word at `r_addr` appears in the next cycle, and only then. `r_first` says
        that it does not follow the word that was read before.
    w_en, w_last, w_addr, w_data
        With `w_en` the word is written, at the latest with the next one. `w_last` says that the
        next does not follow.
    w_open : In(1)
        As of `SinglePortRam`.
    """

    def __init__(self, *, width: int, depth: int, vendor_cells: bool):
        self._width, self._depth, self._vendor_cells = width, depth, vendor_cells
        super().__init__(
            {
                "r_en": In(1),
                "r_first": In(1),
                "r_addr": In(bits_for(depth)),
                "r_data": Out(width),
                "w_open": In(1),
                "w_en": In(1),
                "w_last": In(1),
                "w_addr": In(bits_for(depth)),
                "w_data": In(width),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        half, count = half_width(self._width), rams_for(self._width)
        waiting, waits = Signal(self._width), Signal()
        with m.If(self.w_en):
            m.d.sync += [waiting.eq(self.w_data), waits.eq(~writes_ram(self.w_addr, self.w_last))]
        odd = self.w_addr[0]
        pad = Const(0, half - self._width)
        data = Cat(Mux(odd, waiting, self.w_data), pad, self.w_data, pad)
        mask = Cat((~odd | waits).replicate(half // NIBBLE), odd.replicate(half // NIBBLE))

        reads, was_read, was_odd = Signal(), Signal(), Signal()
        m.d.comb += reads.eq(self.r_en & reads_ram(self.r_addr, self.r_first))
        m.d.sync += [was_read.eq(reads), was_odd.eq(self.r_addr[0])]
        pair, behind = Signal(2 * half), Signal(self._width)
        upper = pair[half:][: self._width]
        with m.If(was_read):
            m.d.sync += behind.eq(upper)
        word = Mux(was_odd, upper, pair[: self._width])
        m.d.comb += self.r_data.eq(Mux(was_read, word, behind))

        rams = [
            SinglePortRam(depth=-(-self._depth // 2), vendor_cells=self._vendor_cells)
            for _ in range(count)
        ]
        for k, ram in enumerate(rams):
            m.submodules[f"ram{k}"] = ram
            m.d.comb += [
                ram.r_en.eq(reads),
                ram.r_addr.eq(self.r_addr[1:]),
                ram.w_open.eq(self.w_open),
                ram.w_en.eq(self.w_en & writes_ram(self.w_addr, self.w_last)),
                ram.w_addr.eq(self.w_addr[1:]),
                ram.w_data.eq(data[k * SPRAM_WIDTH :]),
                ram.w_mask.eq(mask[k * SPRAM_WIDTH // NIBBLE :]),
            ]
        m.d.comb += pair.eq(Cat(ram.r_data for ram in rams))
        return m
