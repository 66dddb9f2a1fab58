"""The counters: their small registers alone, and with the memory they are carried into."""

from random import Random

import pytest
from hrsnn_rtl.bank import RegisterMemory
from hrsnn_rtl.counters import VISIT_CYCLES, Counters
from hrsnn_rtl.registers import BY_NAME, COUNTERS

from tests.link.vectors import configuration
from tests.rtl.harness import simulate


@pytest.mark.parametrize("most", [1, 8])
def test_nothing_is_lost(most):
    """The addends of the visits sum up to all that was added, at the greatest rate too."""
    greatest = {"a": 1, "b": most, "c": 3}
    dut = Counters(greatest=greatest)
    rng = Random(7)
    given, taken = dict.fromkeys(greatest, 0), dict.fromkeys(greatest, 0)
    names, cycles = list(greatest), 600

    async def bench(ctx):
        for cycle in range(cycles + 2 * VISIT_CYCLES * len(names)):
            for name, limit in greatest.items():
                amount = rng.choice([0, limit, limit, rng.randint(0, limit)])
                amount = limit if 100 < cycle < 300 else amount if cycle < cycles else 0
                ctx.set(dut.add[name], amount)
                given[name] += amount
            visit = cycle % VISIT_CYCLES == 0
            ctx.set(dut.visit, visit)
            slot = ctx.get(dut.slot)
            await ctx.tick()
            if visit:
                taken[names[slot]] += ctx.get(dut.addend)

    simulate(dut, bench)
    assert taken == given


def test_memory_adds_up_and_clears():
    """Counters read from the memory are exact, and 0 after a clear; other words stay."""
    dut = RegisterMemory(configuration(), poison=True)
    rng = Random(3)
    total = dict.fromkeys((register.name for register in COUNTERS), 0)
    scratch = BY_NAME["SCRATCH"].address

    async def access(ctx, address, word=None):
        ctx.set(dut.address, address)
        ctx.set(dut.read if word is None else dut.write, 1)
        if word is not None:
            ctx.set(dut.w_data, word)
        (value,) = await ctx.tick().sample(dut.r_data).until(dut.done)
        ctx.set(dut.read, 0)
        ctx.set(dut.write, 0)
        return value

    async def counters(ctx):
        return {register.name: await access(ctx, register.address) for register in COUNTERS}

    async def bench(ctx):
        # The first rounds after power-up clear the counters, as the bank does.
        ctx.set(dut.clear, 1)
        await ctx.tick().repeat(3 * VISIT_CYCLES * len(COUNTERS))
        ctx.set(dut.clear, 0)
        await access(ctx, scratch, 0xDEADBEEF)
        for _ in range(300):
            for name, width in dut.add.shape():
                amount = rng.randint(0, 1 if width.width == 1 else 2)
                ctx.set(dut.add[name], amount)
                total[name] += amount
            await ctx.tick()
        for name, _ in dut.add.shape():
            ctx.set(dut.add[name], 0)
        await ctx.tick().repeat(40)
        assert await counters(ctx) == total
        assert await access(ctx, scratch) == 0xDEADBEEF

        ctx.set(dut.clear, 1)
        await ctx.tick().until(dut.round)
        await ctx.tick().until(dut.round)
        ctx.set(dut.clear, 0)
        assert set((await counters(ctx)).values()) == {0}
        assert await access(ctx, scratch) == 0xDEADBEEF

    simulate(dut, bench)
