"""RowStream walks rows without a bubble; Accumulate adds like `deliver`."""

from random import Random

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import pack
from hrsnn_rtl.interfaces import row_layout
from hrsnn_rtl.synapse import Accumulate, RowStream, SumBank
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.network import SparseRows
from hrsnn_edge.reference.synapse import deliver
from tests.rtl.harness import simulate

CONFIG = CoreConfig(
    lanes=1, n_slots=16, n_inputs=16, synapse_depth=512, v_width=16, decay_width=8, weight_width=6,
    shift_width=2, refractory_width=3, sum_width=14, n_out=0,
)  # fmt: skip


def walk(lengths, events, pause: float, seed: int):
    """Send source numbers through a RowStream; return addresses, shifts, skips and cycles."""
    dut = RowStream(config=CONFIG)
    starts = np.cumsum(lengths) - lengths
    layout = row_layout(CONFIG)
    words = pack(
        layout,
        start=starts,
        left=lengths - 2,
        empty=lengths == 0,
        shift=np.arange(len(lengths)) % 4,
    )
    rng = Random(seed)
    walked, skipped, cycles = [], 0, 0

    async def bench(ctx):
        nonlocal skipped, cycles
        sent, offered, fetched, held = 0, False, 0, 0
        while sent < len(events) or ctx.get(dut.busy):
            offered = sent < len(events) and (offered or rng.random() >= pause)
            ctx.set(dut.i.valid, offered)
            source = events[sent] if offered else 0
            ctx.set(dut.i.payload.source, source)
            ctx.set(dut.i.payload.is_input, source % 2)
            # The row memory: a synchronous read that holds its word, and a register behind it.
            ctx.set(dut.row, layout.from_bits(int(words[held])))
            ready, en, take = ctx.get(dut.i.ready), ctx.get(dut.row_en), ctx.get(dut.row_take)
            addr = ctx.get(dut.row_addr)
            if ctx.get(dut.valid):
                walked.append((ctx.get(dut.addr), ctx.get(dut.shift), ctx.get(dut.is_input)))
            skipped += ctx.get(dut.skipped)
            await ctx.tick()
            cycles += 1
            assert cycles < 20000
            fetched, held = addr if en else fetched, fetched if take else held
            if offered and ready:
                sent, offered = sent + 1, False

    simulate(dut, bench)
    return walked, skipped, cycles


def expected_walk(lengths, events):
    """Return addresses and shifts of all rows in order, and the empty rows."""
    starts = np.cumsum(lengths) - lengths
    return [(int(starts[s]) + k, s % 4, s % 2) for s in events for k in range(lengths[s])], sum(
        lengths[s] == 0 for s in events
    )


@settings(max_examples=20)
@given(
    st.lists(st.sampled_from([0, 0, 1, 1, 2, 3, 16]), min_size=32, max_size=32),
    st.lists(st.integers(0, 31), min_size=1, max_size=60),
    st.sampled_from([0.0, 0.3, 0.9]),
    st.integers(0, 2**16),
)
def test_row_stream_walks_every_row(lengths, events, pause, seed):
    """Every word of every row comes once, in order, whatever the lengths and pauses."""
    lengths = np.array(lengths)
    walked, skipped, _ = walk(lengths, events, pause, seed)
    want, empty = expected_walk(lengths, events)
    assert walked == want
    assert skipped == empty


@pytest.mark.parametrize("length", [1, 2, 3, 16])
def test_row_stream_has_no_bubble(length):
    """Rows without a pause in front take one cycle a word and four to fill and drain."""
    lengths = np.full(32, length)
    walked, _, cycles = walk(lengths, list(range(32)) * 3, 0, 1)
    assert len(walked) == 96 * length
    assert cycles <= 96 * length + 4


def test_empty_row_costs_one_cycle():
    """Ten empty rows between two others cost ten cycles at most."""
    lengths = np.array([5] + [0] * 30 + [5])
    *_, cycles = walk(lengths, [0, *range(1, 11), 31], 0, 1)
    assert cycles <= 10 + 10 + 4


class Summed(wiring.Component):
    """An Accumulate on a poisoned SumBank, with a scan port to read it."""

    def __init__(self):
        super().__init__(
            {
                "valid": In(1), "target": In(4), "addend": In(8), "scanned": In(1),
                "addr": In(4), "zero": In(1), "word": Out(12), "busy": Out(1),
            }
        )  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        m.submodules.add = add = Accumulate(depth=16, width=12, addend_width=8)
        m.submodules.bank = bank = SumBank(depth=16, width=12, poison=True)
        m.d.comb += [
            add.valid.eq(self.valid), add.target.eq(self.target),
            add.addend.eq(self.addend), add.stored.eq(bank.word), bank.scanned.eq(self.scanned),
            bank.add_r_addr.eq(add.target), bank.add_w_en.eq(add.w_en),
            bank.add_w_addr.eq(add.w_addr), bank.add_w_data.eq(add.w_data),
            bank.scan_r_addr.eq(self.addr), bank.scan_w_en.eq(self.zero),
            bank.scan_w_addr.eq(self.addr), self.word.eq(bank.word), self.busy.eq(add.busy),
        ]  # fmt: skip
        return m


def accumulate(targets, addends) -> np.ndarray:
    """Return the 16 sums after addends, None being a cycle without one; zero them after."""
    dut, sums = Summed(), []

    async def bench(ctx):
        for target, addend in zip(targets, addends, strict=True):
            ctx.set(dut.valid, target is not None)
            ctx.set(dut.target, target or 0)
            ctx.set(dut.addend, addend)
            await ctx.tick()
        ctx.set(dut.valid, 0)
        while ctx.get(dut.busy):
            await ctx.tick()
        ctx.set(dut.scanned, 1)
        for zero in (0, 1, 0):
            for addr in range(16):
                ctx.set(dut.addr, addr)
                ctx.set(dut.zero, zero)
                await ctx.tick().repeat(2)
                if not zero:
                    sums.append(ctx.get(dut.word))

    simulate(dut, bench)
    assert not any(sums[16:]), "the scan must leave zeros"
    return (np.array(sums[:16]) ^ 2048) - 2048


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(0, 15), st.sampled_from([3, 4])),
            st.integers(-128, 127),
        ),
        max_size=100,
    )
)
def test_accumulate_equals_deliver(pairs):
    """Sums are those of `deliver`, each addend a row of one synapse, targets repeated or not."""
    targets, addends = [t for t, _ in pairs], [a for _, a in pairs]
    real = [(t, a) for t, a in pairs if t is not None]
    total = np.zeros(16, np.int64)
    for t, a in real:
        row = SparseRows(np.array([0, 1]), np.array([t], np.int32), np.array([a], np.int32), 16)
        total += deliver(row, np.zeros(1, np.int64), np.array([True]))
    wrapped = ((total + 2048) % 4096) - 2048
    assert (accumulate(targets, addends) == wrapped).all()


@pytest.mark.parametrize("distance", [1, 2, 3, 4])
def test_repeated_target_at_every_distance(distance):
    """1 + 2 on one target is 3 whether the second addend follows 1, 2, 3 or 4 cycles later."""
    gap = [None] * (distance - 1)
    sums = accumulate(
        [7, *gap, 7, *gap, 7], [1, *[0] * (distance - 1), 2] + [0] * (distance - 1) + [4]
    )
    assert sums[7] == 7 and np.count_nonzero(sums) == 1
    # The same with other targets between, and three in a row in front.
    others = list(range(distance - 1))
    sums = accumulate([9, 9, 9, *others, 9], [1, 2, 4, *[0] * len(others), 8])
    assert sums[9] == 15 and np.count_nonzero(sums) == 1
