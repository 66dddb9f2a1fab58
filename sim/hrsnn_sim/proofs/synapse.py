"""Proofs of the delivery: a row becomes its addresses, sums are exact, collisions are not used."""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Array, Assert, Assume, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.interfaces import event_layout, row_layout

from hrsnn_sim.formal import Goal
from hrsnn_sim.proofs.scheduler import core_config

#: Sums, their bits and those of an addend: the adder wraps alike at any width.
DEPTH, WIDTH, ADDEND_WIDTH = 4, 6, 4


def constant(m: Module, port):
    """Return a value that the solver chooses once: that of a free port in the first cycle."""
    began, kept = Signal(), Signal.like(port)
    value = Signal.like(port)
    m.d.comb += value.eq(Mux(began, kept, port))
    m.d.sync += [began.eq(1), kept.eq(value)]
    return value


class AccumulateGoal(wiring.Component):
    """`Accumulate` on a `SumBank` that spoils colliding reads, beside one sum in plain words."""

    def __init__(self, synapse):
        self._add = synapse.Accumulate(depth=DEPTH, width=WIDTH, addend_width=ADDEND_WIDTH)
        self._bank = synapse.SumBank(depth=DEPTH, width=WIDTH, poison=True)
        super().__init__(
            {
                "valid": In(1),
                "first": In(1),
                "target": In(2),
                "addend": In(signed(ADDEND_WIDTH)),
                "address": In(2),
                **{f"peek_{k}": In(WIDTH) for k in range(DEPTH)},
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        m.submodules.add, m.submodules.bank = add, bank = self._add, self._bank
        m.d.comb += [
            *(getattr(add, n).eq(getattr(self, n)) for n in ("valid", "first", "target", "addend")),
            # As in a lane.
            add.stored.eq(bank.word),
            bank.add_r_addr.eq(self.target),
            bank.add_w_en.eq(add.w_en),
            bank.add_w_addr.eq(add.w_addr),
            bank.add_w_data.eq(add.w_data),
        ]
        address = constant(m, self.address)
        sums = [Signal(signed(WIDTH), name=f"sum_{k}") for k in range(5)]
        with m.If(self.valid & (self.target == address)):
            m.d.sync += sums[0].eq(Mux(self.first, 0, sums[0]) + self.addend)
        m.d.sync += [later.eq(sum_) for sum_, later in pairwise(sums)]
        with m.If(add.w_en & (add.w_addr == address)):
            m.d.comb += Assert(add.w_data == sums[2])
        memory = Array(getattr(self, f"peek_{k}").as_signed() for k in range(DEPTH))
        m.d.comb += Assert(memory[address] == sums[3])
        return m


class RowGoal(wiring.Component):
    """A `RowStream` on any row memory, beside the rows that it owes in plain words."""

    def __init__(self, synapse, config: CoreConfig):
        self._dut, self._config = synapse.RowStream(config=config), config
        super().__init__(
            {
                "i": In(stream.Signature(event_layout(config))),
                "row_data": In(row_layout(config)),
                "peek_left": In(signed(config.left_width)),
                "peek_fetched": In(1),
                "peek_fetched_input": In(1),
                "peek_waiting": In(1),
                "peek_waiting_input": In(1),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        c = self._config
        m = Module()
        m.submodules.dut = dut = self._dut
        m.d.comb += [
            dut.i.valid.eq(self.i.valid),
            dut.i.payload.eq(self.i.payload),
        ]
        # The register of the memory.
        held = Signal(row_layout(c))
        with m.If(dut.row_take):
            m.d.sync += held.eq(self.row_data)
        m.d.comb += dut.row.eq(held)
        # The memory keeps its word until the next read; a row has 1 to `n_slots` words.
        read, word = Signal(init=1), Signal(row_layout(c))
        m.d.sync += [read.eq(dut.row_en), word.eq(self.row_data)]
        m.d.comb += Assume(read | (self.row_data == word))
        length = Signal(range(c.n_slots + 1))
        m.d.comb += [
            length.eq(Mux(self.row_data.empty, 0, self.row_data.left + 2)),
            Assume(
                self.row_data.empty
                | ((self.row_data.left >= -1) & (self.row_data.left <= c.n_slots - 2))
            ),
        ]
        # Three rows at most: one in the memory's output, one in its register, one that streams.
        fetched, fetched_input = Signal(), Signal()
        waiting, waiting_input = Signal(), Signal()
        row, row_length = Signal(row_layout(c)), Signal.like(length)
        rest, addr, is_input = Signal.like(length), Signal(c.pointer_width), Signal()
        shift = Signal(c.shift_width)
        ends, row_goes, fetch_goes = Signal(), Signal(), Signal()
        m.d.comb += [
            ends.eq(rest <= 1),
            row_goes.eq(~waiting | (row_length == 0) | ends),
            fetch_goes.eq(~fetched | row_goes),
        ]
        with m.If(fetch_goes):
            m.d.sync += [fetched.eq(self.i.valid), fetched_input.eq(self.i.payload.is_input)]
        with m.If(row_goes):
            m.d.sync += [waiting.eq(fetched), waiting_input.eq(fetched_input)]
            m.d.sync += [row.eq(self.row_data), row_length.eq(length)]
        with m.If(~ends):
            m.d.sync += [rest.eq(rest - 1), addr.eq(addr + 1)]
        with m.Elif(waiting & (row_length != 0)):
            m.d.sync += [rest.eq(row_length), addr.eq(row.start), is_input.eq(waiting_input)]
            m.d.sync += shift.eq(row.shift)
        with m.Else():
            m.d.sync += rest.eq(0)
        m.d.comb += [
            Assert(dut.i.ready == fetch_goes),
            Assert(dut.row_en == fetch_goes),
            Assert(dut.row_take == row_goes),
            Assert(dut.valid == (rest != 0)),
            Assert(dut.busy == (fetched | waiting | (rest != 0))),
            Assert(dut.skipped == (waiting & (row_length == 0))),
            Assert(self.peek_fetched == fetched),
            Assert(self.peek_fetched_input == fetched_input),
            Assert(self.peek_waiting == waiting),
            Assert(self.peek_waiting_input == waiting_input),
        ]
        with m.If(dut.valid):
            m.d.comb += [Assert(dut.addr == addr), Assert(dut.is_input == is_input)]
            m.d.comb += [Assert(dut.shift == shift), Assert(self.peek_left == rest - 2)]
        with m.If(waiting):
            m.d.comb += Assert(held == row)
            m.d.comb += Assert(row_length == Mux(row.empty, 0, row.left + 2))
        with m.If(fetched & ~read):
            m.d.comb += Assert(self.row_data == word)
        return m


ACCUMULATE_BUGS = (
    ("near_3.eq(same[0] & ~self.first)", "near_3.eq(0)"),
    ("second_3.eq(same[1] & ~same[0] & ~self.first)", "second_3.eq(same[1] & ~self.first)"),
    ("third_3.eq(same[2] & ~same[1] & ~same[0] & ~self.first)", "third_3.eq(0)"),
    ("unread_3.eq(same[0] | same[1] | same[2] | self.first)",
     "unread_3.eq(same[0] | same[1] | self.first)"),
    ("Mux(unread_4, 0, self.stored)", "self.stored"),
)  # fmt: skip
ROW_BUGS = (
    ("take = ~self.valid | left[-1]", "take = ~self.valid | (left == 0)"),
    ("row_moves = ~waiting | row.empty | take", "row_moves = ~waiting | take | fetched"),
    ("fetch_moves = ~fetched | row_moves", "fetch_moves = ~fetched | row_moves | ~waiting_input"),
    ("self.addr.eq(self.addr + 1), left.eq(left - 1)", "self.addr.eq(self.addr + 1)"),
    ("self.valid.eq(waiting & ~row.empty)", "self.valid.eq(waiting)"),
)
GOALS = (
    Goal(
        "accumulate",
        "every sum is the exact sum of its addends whatever targets follow each other, and no sum "
        "read in the cycle that writes it is used",
        "synapse",
        AccumulateGoal,
        8,
        ACCUMULATE_BUGS,
        {f"peek_{k}": f"\\bank.ram_sum.cells[{k}]" for k in range(DEPTH)},
    ),
    Goal(
        "row-stream",
        "a source's row becomes exactly its addresses, in order and without a pause; no source is "
        "lost or doubled and empty rows are counted",
        "synapse",
        lambda module: RowGoal(module, core_config(1, shift_width=2)),
        4,
        ROW_BUGS,
        {
            "peek_left": "\\dut.left",
            "peek_fetched": "\\dut.$signal",
            "peek_fetched_input": "\\dut.fetched_input",
            "peek_waiting": "\\dut.$signal$2",
            "peek_waiting_input": "\\dut.waiting_input",
        },
    ),
)
