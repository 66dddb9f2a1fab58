"""Delivery of rows: `hrsnn_edge.reference.synapse.deliver` in hardware, one synapse a cycle.

::

    row word -> next row -> | A0 address  | A1 memory | A2 synapse  | A3 sum | A4 add | A5 write
    one cycle     one row   | one a cycle |           | sum address | memory |        |
"""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import CoreConfig, bits_for
from hrsnn_rtl.interfaces import event_layout, row_layout
from hrsnn_rtl.memory import Ram


class RowStream(wiring.Component):
    """Sources in, the addresses of their synapses out, without a bubble between rows.

    While one row streams the next one waits in the register of the row memory and the one after it
    in that memory's output; where words travel for a cycle, the next one in a register here, and
    two behind it. An empty row costs the one cycle in which it waits.

    Parameters
    ----------
    config : CoreConfig
        Widths.

    Members
    -------
    i : In(stream.Signature(event_layout(config)))
        Sources.
    row_en, row_addr, row_take, row
        Read port of the row memory and its register.
    valid, addr : Out
        Stage A0: address of a synapse word.
    shift : Out
        Shift of its row.
    first : Out(1)
        Whether it is the first of its row; of use where words hold distances.
    is_input : Out(1)
        Whether its row is that of an input channel.
    skipped : Out(1)
        One cycle a source without a synapse in any lane.
    busy : Out(1)
        A source or row is held, or `valid`.
    """

    def __init__(self, *, config: CoreConfig):
        self._config = config
        super().__init__(
            {
                "i": In(stream.Signature(event_layout(config))),
                "row_en": Out(1),
                "row_addr": Out(config.source_width),
                "row_take": Out(1),
                "row": In(row_layout(config)),
                "valid": Out(1),
                "addr": Out(config.pointer_width),
                "shift": Out(config.shift_width),
                "first": Out(1),
                "is_input": Out(1),
                "skipped": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        c = self._config
        m = Module()
        # By name, for the proofs.
        fetched, fetched_input = Signal(name="fetched"), Signal()
        waiting, waiting_input = Signal(name="waiting"), Signal()
        left = Signal(signed(c.left_width))

        # The sign of `left` marks the last word of the row; without a row it does not matter.
        take = ~self.valid | left[-1]
        row = Signal(row_layout(c))
        row_moves = ~waiting | row.empty | take
        held_moves, held, held_input = row_moves, fetched, fetched_input
        if c.late_words:
            # The register of the memory is far away, too: another one here.
            held, held_input = Signal(name="held"), Signal()
            held_moves = ~held | row_moves
            with m.If(held_moves):
                m.d.sync += [held.eq(fetched), held_input.eq(fetched_input)]
            with m.If(row_moves):
                m.d.sync += row.eq(self.row)
        else:
            m.d.comb += row.eq(self.row)
        fetch_moves = ~fetched | held_moves
        m.d.comb += [
            self.i.ready.eq(fetch_moves),
            self.row_en.eq(fetch_moves),
            self.row_addr.eq(self.i.payload.source),
            self.row_take.eq(held_moves),
            self.skipped.eq(waiting & (row.silent if c.lanes > 1 else row.empty)),
            self.busy.eq(fetched | held | waiting | self.valid),
        ]
        with m.If(fetch_moves):
            m.d.sync += [fetched.eq(self.i.valid), fetched_input.eq(self.i.payload.is_input)]
        with m.If(row_moves):
            m.d.sync += [waiting.eq(held), waiting_input.eq(held_input)]
        m.d.sync += [self.addr.eq(self.addr + 1), left.eq(left - 1), self.first.eq(take)]
        with m.If(take):
            m.d.sync += [
                self.valid.eq(waiting & ~row.empty),
                self.addr.eq(row.start),
                left.eq(row.left),
                self.is_input.eq(waiting_input),
            ]
            if c.shift_width:
                m.d.sync += self.shift.eq(row.shift)
        return m


class Accumulate(wiring.Component):
    """Read, add, write on a sum memory, one addend a cycle, repeated targets included.

    A sum is read in A2 and written in A5, so it is stale for the three addends in front, and their
    results take its place. All three cases are known in A2, before the memory answers.

    Parameters
    ----------
    depth, width, addend_width : int
        Sums, their bits, bits of an addend.

    Members
    -------
    valid, target, addend : In
        Stage A2.
    first : In(1)
        Stage A2: the sum begins with this addend, whatever is stored.
    stored : In
        Stage A4: the word read.
    w_en, w_addr, w_data : Out
        Stage A5: the new sum.
    busy : Out(1)
        An addend is in A2 .. A5.
    """

    def __init__(self, *, depth: int, width: int, addend_width: int):
        self._width = width
        super().__init__(
            {
                "valid": In(1),
                "target": In(bits_for(depth)),
                "addend": In(signed(addend_width)),
                "first": In(1),
                "stored": In(signed(width)),
                "w_en": Out(1),
                "w_addr": Out(bits_for(depth)),
                "w_data": Out(signed(width)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        valid_3, valid_4 = Signal(name="valid_3"), Signal(name="valid_4")
        target_3, addend_3 = Signal.like(self.target), Signal.like(self.addend)
        target_4, addend_4 = Signal.like(self.target), Signal.like(self.addend)
        same = [
            valid & (target == self.target)
            for valid, target in (
                (valid_3, target_3),
                (valid_4, target_4),
                (self.w_en, self.w_addr),
            )
        ]
        # Of several addends in front with this target the nearest counts. In A3 the first is in
        # the adder, the second in `w_data`, the third in `last`.
        # By name, for the coverage of simulations; so are the valid bits.
        near_3, second_3, third_3 = (
            Signal(name=f"{name}_3") for name in ("near", "second", "third")
        )
        near_4, unread_3, unread_4 = Signal(name="near_4"), Signal(), Signal()
        last, older = Signal(signed(self._width)), Signal(signed(self._width))
        m.d.sync += [
            valid_3.eq(self.valid),
            target_3.eq(self.target),
            addend_3.eq(self.addend),
            near_3.eq(same[0] & ~self.first),
            second_3.eq(same[1] & ~same[0] & ~self.first),
            third_3.eq(same[2] & ~same[1] & ~same[0] & ~self.first),
            unread_3.eq(same[0] | same[1] | same[2] | self.first),
            valid_4.eq(valid_3),
            target_4.eq(target_3),
            addend_4.eq(addend_3),
            near_4.eq(near_3),
            unread_4.eq(unread_3),
            older.eq(Mux(second_3, self.w_data, 0) | Mux(third_3, last, 0)),
            self.w_en.eq(valid_4),
            self.w_addr.eq(target_4),
            # At most one of the three is not 0; that is two levels of logic before the adder.
            self.w_data.eq(
                (Mux(unread_4, 0, self.stored) | older | Mux(near_4, self.w_data, 0)).as_signed()
                + addend_4
            ),
            last.eq(self.w_data),
        ]
        m.d.comb += self.busy.eq(self.valid | valid_3 | valid_4 | self.w_en)
        return m


class SumBank(wiring.Component):
    """One memory of sums, used by an `Accumulate` or, while `scanned`, by the scan.

    Parameters
    ----------
    depth, width : int
        Sums and their bits.
    poison, block, distributed
        See `Ram`.

    Members
    -------
    scanned : In(1)
        Who reads the bank; a cycle later, who writes it. The last sum of the accumulation may be
        written in the cycle of the scan's first read, of another sum.
    add_r_addr, add_w_en, add_w_addr, add_w_data : In
        Ports of the accumulation.
    scan_r_addr, scan_w_en, scan_w_addr : In
        Ports of the scan, which writes zeros.
    word : Out
        The word two cycles after its address.
    """

    def __init__(self, *, depth: int, width: int, **options):
        self._depth, self._width, self._options = depth, width, options
        addr_width = bits_for(depth)
        super().__init__(
            {
                "scanned": In(1),
                "add_r_addr": In(addr_width),
                "add_w_en": In(1),
                "add_w_addr": In(addr_width),
                "add_w_data": In(signed(width)),
                "scan_r_addr": In(addr_width),
                "scan_w_en": In(1),
                "scan_w_addr": In(addr_width),
                "word": Out(signed(width)),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        m.submodules.ram_sum = ram = Ram(
            width=self._width, depth=self._depth, registered=True, **self._options
        )
        cleared = Signal()
        m.d.sync += cleared.eq(self.scanned)
        m.d.comb += [
            ram.r_addr.eq(Mux(self.scanned, self.scan_r_addr, self.add_r_addr)),
            ram.w_en.eq(Mux(cleared, self.scan_w_en, self.add_w_en)),
            ram.w_addr.eq(Mux(cleared, self.scan_w_addr, self.add_w_addr)),
            ram.w_data.eq(Mux(cleared, 0, self.add_w_data)),
            self.word.eq(ram.r_data),
        ]
        return m
