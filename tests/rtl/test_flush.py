"""Sweeps come when they must, and every command comes through once and in order."""

from random import Random

import pytest
from hrsnn_rtl.flush import UPDATE_ROWS, FlushGate
from hrsnn_rtl.interfaces import CommandKind, CommandLayout

from tests.rtl.harness import command_word, simulate
from tests.rtl.test_stdp import PLASTICITY

STEP, CLEAR = command_word(CommandKind.STEP), command_word(CommandKind.CLEAR)
UPDATE = command_word(CommandKind.CLEAR, UPDATE_ROWS)
EVENT = command_word(CommandKind.EVENT, 3)


def run_gate(words, seed: int = 1) -> list:
    """Send commands through a gate; return them and the sweeps, ('all' or 'old', forget)."""
    dut, seen, rng = FlushGate(plasticity=PLASTICITY), [], Random(seed)

    async def bench(ctx):
        sent, busy = 0, 0
        for _ in range(60 * (len(words) + 1)):
            ctx.set(dut.i.valid, sent < len(words))
            ctx.set(dut.i.payload, CommandLayout.from_bits(words[min(sent, len(words) - 1)]))
            ctx.set(dut.idle, busy == 0)
            ctx.set(dut.o.ready, busy == 0 and rng.random() < 0.7)
            swept, taken = ctx.get(dut.sweep), ctx.get(dut.o.valid) and ctx.get(dut.o.ready)
            if swept:
                assert busy == 0, "a sweep begins while nothing is in work"
                seen.append(("all" if ctx.get(dut.sweep_all) else "old", ctx.get(dut.forget)))
            if taken:
                seen.append(ctx.get(dut.o.payload).as_bits())
            sent += ctx.get(dut.i.ready) and ctx.get(dut.i.valid)
            busy = rng.randrange(1, 9) if swept else max(0, busy - 1)
            await ctx.tick()
        assert sent == len(words)

    simulate(dut, bench)
    return seen


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        # Nothing to sweep before the first CLEAR, everything before the second.
        ([CLEAR, EVENT, STEP, CLEAR, CLEAR], [CLEAR, EVENT, STEP, ("all", 1), CLEAR, CLEAR]),
        # Updating rows is not passed on and forgets nothing.
        ([UPDATE, CLEAR, STEP, UPDATE, STEP], [CLEAR, STEP, ("all", 0), STEP]),
        # Half of a history of 8: the fifth step waits for the old rows, the ninth again.
        ([STEP] * 9, [STEP] * 4 + [("old", 0)] + [STEP] * 4 + [("old", 0)] + [STEP]),
        # A whole sweep does for the old rows too.
        ([STEP] * 3 + [UPDATE] + [STEP] * 4, [STEP] * 3 + [("all", 0)] + [STEP] * 4),
    ],
)
def test_sweeps(words, seen):
    """The sweeps of a hand-made list of commands."""
    for seed in range(3):
        assert run_gate(words, seed) == seen
