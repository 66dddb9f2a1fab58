"""Proofs of the delivery: a row becomes its addresses, sums are exact, collisions are not used."""

from __future__ import annotations

from dataclasses import replace
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


def is_row(word, config: CoreConfig):
    """Return whether a word may stand in the row memory."""
    return word.empty | ((word.left >= -1) & (word.left <= config.n_slots - 2))


def row_stages(config: CoreConfig) -> tuple[str, ...]:
    """Return the registers of a `RowStream` that say where it has rows."""
    stages = ("fetched", *(("held",) if config.late_words else ()), "waiting")
    return tuple(name for stage in stages for name in (stage, f"{stage}_input"))


class RowGoal(wiring.Component):
    """A `RowStream` on any row memory, beside the rows that it owes in plain words."""

    def __init__(self, synapse, config: CoreConfig):
        self._dut, self._config = synapse.RowStream(config=config), config
        super().__init__(
            {
                "i": In(stream.Signature(event_layout(config))),
                "row_data": In(row_layout(config)),
                "peek_row": In(row_layout(config)),
                "peek_left": In(signed(config.left_width)),
                **{f"peek_{name}": In(1) for name in row_stages(config)},
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
            Assume(is_row(self.row_data, c)),
        ]
        # Three rows at most: one in the memory's output, one in its register, one that streams; or
        # one more, in a register of the stream's own.
        fetched, fetched_input = Signal(), Signal()
        waiting, waiting_input = Signal(), Signal()
        row, row_length = Signal(row_layout(c)), Signal.like(length)
        rest, addr, is_input = Signal.like(length), Signal(c.pointer_width), Signal()
        shift = Signal(c.shift_width)
        ends, row_goes, held_goes, fetch_goes = Signal(), Signal(), Signal(), Signal()
        before, before_input = fetched, fetched_input
        before_row, before_length = self.row_data, length
        if c.late_words:
            before, before_input = Signal(), Signal()
            before_row, before_length = held, Signal.like(length)
            with m.If(held_goes):
                m.d.sync += [before.eq(fetched), before_input.eq(fetched_input)]
                m.d.sync += before_length.eq(length)
            with m.If(before):
                m.d.comb += Assert(before_length == Mux(held.empty, 0, held.left + 2))
                m.d.comb += Assert(is_row(held, c))
            m.d.comb += [
                Assert(self.peek_held == before),
                Assert(self.peek_held_input == before_input),
            ]
        m.d.comb += [
            ends.eq(rest <= 1),
            row_goes.eq(~waiting | (row_length == 0) | ends),
            held_goes.eq(row_goes | ~before if c.late_words else row_goes),
            fetch_goes.eq(~fetched | held_goes),
        ]
        with m.If(fetch_goes):
            m.d.sync += [fetched.eq(self.i.valid), fetched_input.eq(self.i.payload.is_input)]
        with m.If(row_goes):
            m.d.sync += [waiting.eq(before), waiting_input.eq(before_input)]
            m.d.sync += [row.eq(before_row), row_length.eq(before_length)]
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
            Assert(dut.row_take == held_goes),
            Assert(dut.valid == (rest != 0)),
            Assert(dut.busy == (fetched | before | waiting | (rest != 0))),
            Assert(dut.skipped == (waiting & (row.silent if c.lanes > 1 else row_length == 0))),
            Assert(self.peek_fetched == fetched),
            Assert(self.peek_fetched_input == fetched_input),
            Assert(self.peek_waiting == waiting),
            Assert(self.peek_waiting_input == waiting_input),
        ]
        with m.If(dut.valid):
            m.d.comb += [Assert(dut.addr == addr), Assert(dut.is_input == is_input)]
            m.d.comb += [Assert(dut.shift == shift), Assert(self.peek_left == rest - 2)]
        with m.If(waiting):
            m.d.comb += Assert(self.peek_row == row)
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
    ("fetch_moves = ~fetched | held_moves", "fetch_moves = ~fetched | held_moves | ~waiting_input"),
    ("self.addr.eq(self.addr + 1), left.eq(left - 1)", "self.addr.eq(self.addr + 1)"),
    ("self.valid.eq(waiting & ~row.empty)", "self.valid.eq(waiting)"),
)
LATE_ROW_BUGS = (
    ("held_moves = ~held | row_moves", "held_moves = row_moves"),
    ("held_moves = ~held | row_moves", "held_moves = ~held | ~waiting | row.empty"),
    ("fetched | held | waiting", "fetched | waiting"),
)
#: Rows and synapses of several segments.
LATE = replace(core_config(2, shift_width=2), synapse_depth=2100, block_ram="ICESTORM_RAM")
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
    *(
        Goal(
            name,
            "a source's row becomes exactly its addresses, in order and without a pause; no source "
            "is lost or doubled and empty rows are counted",
            "synapse",
            lambda module, config=config: RowGoal(module, config),
            depth,
            bugs,
            {f"peek_{name}": f"\\dut.{name}" for name in ("row", "left", *row_stages(config))},
        )
        for name, config, depth, bugs in (
            ("row-stream", core_config(1, shift_width=2), 4, ROW_BUGS),
            ("row-stream-late", LATE, 5, LATE_ROW_BUGS),
        )
    ),
)
