"""Sweeps come when they must, and every command comes through once and in order."""

from dataclasses import replace
from random import Random

import pytest
from hrsnn_rtl.flush import UPDATE_ROWS, FlushGate
from hrsnn_rtl.interfaces import CommandKind, CommandLayout

from tests.rtl.harness import command_word, simulate
from tests.rtl.test_stdp import PLASTICITY

STEP, CLEAR = command_word(CommandKind.STEP), command_word(CommandKind.CLEAR)
UPDATE = command_word(CommandKind.CLEAR, UPDATE_ROWS)
EVENT = command_word(CommandKind.EVENT, 3)


#: Half of a history of 8 for lanes that sweep between the steps, a quarter for those that need not.
SWEEPS = {overlap: replace(PLASTICITY, overlap=overlap) for overlap in (True, False)}


def run_gate(words, plasticity=SWEEPS[False], seed: int = 1) -> list:
    """Send commands through a gate whose lanes sweep only in a rush, or with overlap by themselves.

    Returns the commands, each beginning of a sweep and each rush, with what it asks for.
    """
    dut, seen, rng = FlushGate(plasticity=plasticity), [], Random(seed)

    async def bench(ctx):
        sent, busy, swept, rushed = 0, 0, False, False
        for _ in range(60 * (len(words) + 1)):
            ctx.set(dut.i.valid, sent < len(words))
            ctx.set(dut.i.payload, CommandLayout.from_bits(words[min(sent, len(words) - 1)]))
            ctx.set(dut.idle, busy == 0)
            ctx.set(dut.swept, swept)
            ctx.set(dut.o.ready, busy == 0 and rng.random() < 0.7)
            taken, rush = ctx.get(dut.o.valid) and ctx.get(dut.o.ready), ctx.get(dut.rush)
            if rush and not rushed:
                assert busy == 0, "a rush begins while nothing is in work"
                asks = "all" if ctx.get(dut.sweep_all) else "old", ctx.get(dut.forget)
                seen.append(asks)
                busy = rng.randrange(2, 9)
            elif rush:
                assert asks == ("all" if ctx.get(dut.sweep_all) else "old", ctx.get(dut.forget))
                swept = swept or busy <= 1
            else:
                assert not ctx.get(dut.sweep_all) and not ctx.get(dut.forget)
            rushed = rush
            if taken:
                seen.append(ctx.get(dut.o.payload).as_bits())
                # As the scheduler, which takes nothing else while it works.
                busy = rng.randrange(2, 9)
                swept = swept or plasticity.overlap
            elif not rush or busy > 1:
                busy = max(0, busy - 1)
            else:
                busy = 0
            swept = swept and not ctx.get(dut.sweep)
            sent += ctx.get(dut.i.ready) and ctx.get(dut.i.valid)
            await ctx.tick()
        assert sent == len(words)

    simulate(dut, bench)
    return seen


FIRST = ("all", 1)


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        # A reset may have cut anything short: everything is swept before the first CLEAR, and
        # before the second, but nothing before a third.
        (
            [CLEAR, EVENT, STEP, CLEAR, CLEAR],
            [FIRST, CLEAR, EVENT, STEP, ("all", 1), CLEAR, CLEAR],
        ),
        # An event without a step leaves a trace too.
        ([CLEAR, EVENT, CLEAR, CLEAR], [FIRST, CLEAR, EVENT, ("all", 1), CLEAR, CLEAR]),
        # Updating rows is not passed on and forgets nothing.
        (
            [CLEAR, UPDATE, STEP, UPDATE, STEP, CLEAR],
            [FIRST, CLEAR, STEP, ("all", 0), STEP, ("all", 1), CLEAR],
        ),
        # Half of a history of 8: the fifth step waits for the old rows, the ninth again.
        ([STEP] * 9, [STEP] * 4 + [("old", 0)] + [STEP] * 4 + [("old", 0)] + [STEP]),
        # A whole sweep does for the old rows too.
        (
            [STEP] * 3 + [UPDATE] + [STEP] * 5,
            [STEP] * 3 + [("all", 0)] + [STEP] * 4 + [("old", 0), STEP],
        ),
    ],
)
def test_sweeps(words, seen):
    """The sweeps of a hand-made list of commands, of lanes that sweep between the steps."""
    for seed in range(3):
        assert run_gate(words, seed=seed) == seen


def test_no_step_waits():
    """Where the lanes are through with a sweep before the next one is due, no step waits."""
    words = [CLEAR] + [STEP] * 9 + [CLEAR]
    assert run_gate(words, SWEEPS[True]) == [FIRST, CLEAR] + [STEP] * 9 + [("all", 1), CLEAR]


def test_sweeps_begin():
    """A sweep begins with a CLEAR, and then with the step after every ``sweep_steps`` others."""
    dut, begun = FlushGate(plasticity=SWEEPS[True]), []

    async def bench(ctx):
        ctx.set(dut.idle, 1)
        ctx.set(dut.o.ready, 1)
        ctx.set(dut.swept, 1)
        words = [CLEAR] + [STEP] * 8
        ctx.set(dut.i.valid, 1)
        while words:
            ctx.set(dut.i.payload, CommandLayout.from_bits(words[0]))
            if ctx.get(dut.i.ready):
                begun.append(ctx.get(dut.sweep))
                del words[0]
            await ctx.tick()

    simulate(dut, bench)
    assert begun == [1, 0, 0, 1, 0, 1, 0, 1, 0]
