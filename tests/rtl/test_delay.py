"""A word comes out so many cycles later, whatever holds it meanwhile."""

import random

import pytest
from hrsnn_rtl.delay import Delay

from tests.rtl.harness import simulate


@pytest.mark.parametrize("registers", [False, True])
@pytest.mark.parametrize("cycles", [2, 3, 5, 8])
def test_delay(cycles, registers):
    """Of 40 words in a row each comes out exactly `cycles` later."""
    dut = Delay(width=7, cycles=cycles, registers=registers)
    words, seen = [(k * 37 + 11) % 128 for k in range(40)], []

    async def bench(ctx):
        for word in words:
            ctx.set(dut.i, word)
            seen.append(ctx.get(dut.o))
            await ctx.tick()

    simulate(dut, bench)
    assert seen == [0] * cycles + words[: len(words) - cycles]


@pytest.mark.parametrize("registers", [False, True])
def test_cycles_that_do_not_count(registers):
    """Only words that come with `en` count, and between them the output stays."""
    cycles, rng = 3, random.Random(2)
    dut, kept, seen, wanted = Delay(width=7, cycles=cycles, registers=registers), [0] * 3, [], []

    async def bench(ctx):
        for k in range(60):
            counts, word = rng.random() < 0.5, (k * 37 + 11) % 128
            ctx.set(dut.en, counts)
            ctx.set(dut.i, word)
            seen.append(ctx.get(dut.o))
            wanted.append(kept[-cycles])
            if counts:
                kept.append(word)
            await ctx.tick()

    simulate(dut, bench)
    assert seen == wanted
