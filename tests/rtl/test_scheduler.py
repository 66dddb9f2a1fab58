"""The Expander lists the sources of every word; the Scheduler keeps commands in order."""

from random import Random

import pytest
from amaranth.hdl import Module, Signal
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.interfaces import CommandKind, CommandLayout
from hrsnn_rtl.scheduler import Expander, Scheduler
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rtl.harness import command_word, simulate


def config_of(lanes: int, **options) -> CoreConfig:
    """Return a small core."""
    values = {
        "n_slots": 5, "n_inputs": 7, "synapse_depth": 4, "v_width": 8, "decay_width": 8,
        "weight_width": 4, "refractory_width": 0, "sum_width": 8, "n_out": 0,
    }  # fmt: skip
    return CoreConfig(lanes=lanes, **{**values, **options})


def expand(lanes: int, words, pause: float, seed: int):
    """Return the sources that an Expander lists for (slot, mask) words, and the cycles."""
    dut, rng = Expander(config=config_of(lanes)), Random(seed)
    got, cycles = [], 0

    async def bench(ctx):
        nonlocal cycles
        sent = 0
        while sent < len(words) or (lanes > 1 and ctx.get(dut.o.valid)):
            offered = sent < len(words)
            ctx.set(dut.i.valid, offered)
            if offered:
                ctx.set(dut.i.payload.slot, words[sent][0])
                ctx.set(dut.i.payload.is_input, words[sent][0] % 2)
                if lanes > 1:
                    ctx.set(dut.i.payload.mask, words[sent][1])
            ctx.set(dut.o.ready, rng.random() >= pause)
            if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
                got.append((ctx.get(dut.o.payload.source), ctx.get(dut.o.payload.is_input)))
            sent += offered and ctx.get(dut.i.ready)
            await ctx.tick()
            cycles += 1

    m = Module()
    m.submodules.dut = dut
    m.d.sync += Signal().eq(0)  # one lane has no register, and the simulator wants a clock
    simulate(m, bench)
    return got, cycles


@settings(max_examples=20)
@given(st.sampled_from([1, 2, 4, 8]), st.sampled_from([0.0, 0.5]), st.data())
def test_expander_lists_every_source(lanes, pause, data):
    """Each set bit of each mask comes once, by rising lane; without pauses one a cycle."""
    word = st.tuples(st.integers(0, 2), st.integers(1, (1 << lanes) - 1))
    words = data.draw(st.lists(word, min_size=1, max_size=30))
    got, cycles = expand(lanes, words, pause, seed=1)
    want = [
        (slot * lanes + lane, slot % 2)
        for slot, mask in words
        for lane in range(lanes)
        if mask >> lane & 1
    ]
    assert got == want
    if not pause:
        assert cycles == len(want) + (lanes > 1)


@pytest.mark.parametrize("lanes", [1, 4])
def test_scheduler_by_hand(lanes):
    """After a reset both banks are cleared; then events go to the queue as sources, and a step
    waits for the delivery and scans every slot."""
    config = config_of(lanes, n_bins=4)
    dut = Scheduler(config=config)
    queue, scanned, bins, cleared, early = [], [], [], [], []

    async def bench(ctx):
        words = [
            command_word(kind, arg)
            for kind, arg in (
                (CommandKind.NOP, 0),
                (CommandKind.EVENT, 6),
                (CommandKind.STEP, 3),
                (CommandKind.EVENT, 0),
                (CommandKind.CLEAR, 0),
            )
        ]
        ctx.set(dut.room, 1)
        ctx.set(dut.delivered, 1)
        ctx.set(dut.command.payload, CommandLayout.from_bits(words[1]))
        ctx.set(dut.command.valid, 1)
        while len(cleared) < 10:
            scan = ctx.get(dut.scan)
            if scan.valid >> 5 & 1:
                cleared.append((scan.slot[5], scan.clear, scan.bank))
            early.append(len(cleared) < 5 and ctx.get(dut.command.ready))
            assert not ctx.get(dut.idle)
            ctx.set(dut.command.valid, len(cleared) < 5)
            await ctx.tick()
        for cycle in range(60):
            ctx.set(dut.delivered, cycle > 12)
            ctx.set(dut.command.valid, bool(words))
            ctx.set(dut.command.payload, CommandLayout.from_bits(words[0] if words else 0))
            if ctx.get(dut.queue.valid):
                word = ctx.get(dut.queue.payload)
                mask = word.mask if lanes > 1 else 1
                queue.append(word.slot * lanes + mask.bit_length() - 1)
            if ctx.get(dut.step):
                assert cycle > 12, "a step must wait for the delivery"
            scan = ctx.get(dut.scan)
            if scan.valid >> 5 & 1:
                scanned.append((scan.slot[5], scan.clear, scan.bank))
            if ctx.get(dut.command.valid) and ctx.get(dut.command.ready):
                words.pop(0)
            await ctx.tick()
        bins.append(ctx.get(dut.bin))
        assert not words and ctx.get(dut.idle)

    simulate(dut, bench)
    assert cleared == [(k, 1, bank) for bank in (1, 0) for k in range(5)] and not any(early)
    assert queue == [config.n_hw + 6, config.n_hw]
    assert scanned == [(k, 0, 1) for k in range(5)] + [(k, 1, 0) for k in range(5)]
    assert bins == [3]


def test_scan_waits_for_room():
    """No neuron is issued while the queue has no room, and none is skipped."""
    dut = Scheduler(config=config_of(1))
    issued = []

    async def bench(ctx):
        rng = Random(3)
        ctx.set(dut.delivered, 1)
        ctx.set(dut.room, 1)
        ctx.set(dut.command.payload, CommandLayout.from_bits(command_word(CommandKind.STEP)))
        ctx.set(dut.command.valid, 1)
        while not ctx.get(dut.command.ready):
            await ctx.tick()
        ctx.set(dut.room, 0)
        await ctx.tick()
        ctx.set(dut.command.valid, 0)
        for _ in range(40):
            ctx.set(dut.room, rng.random() < 0.3)
            scan = ctx.get(dut.scan)
            if scan.valid & 1:
                assert ctx.get(dut.room)
                issued.append(scan.slot[0])
            await ctx.tick()

    simulate(dut, bench)
    assert issued == list(range(5))
