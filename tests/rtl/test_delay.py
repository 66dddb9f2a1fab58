"""A word comes out so many cycles later, whatever holds it meanwhile."""

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
