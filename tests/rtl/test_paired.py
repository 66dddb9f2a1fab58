"""Runs of words in single-port RAMs, two words an access."""

from random import Random

import pytest
from hrsnn_rtl.paired import PairedRam, reads_ram, writes_ram
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rtl.harness import simulate

#: Cycles between the read of a word and its write.
BEHIND = 5


def runs_of(rng: Random, depth: int, count: int) -> list[tuple[int, bool, bool]]:
    """Return the addresses of random runs, each with whether it begins and ends its run."""
    out = []
    for _ in range(count):
        length = rng.randrange(1, 9)
        first = rng.randrange(depth - length)
        out += [(first + k, k == 0, k == length - 1) for k in range(length)]
    return out


def run_through(width: int, depth: int, seed: int, pauses: float):
    """Read every word of random runs and write another one `BEHIND` cycles later.

    A run waits until the words of the run before are written. Returns the cycles and the words.
    """
    rng = Random(seed)
    dut = PairedRam(width=width, depth=depth, vendor_cells=False)
    words, spent = {}, []

    async def access(ctx, reads, writes):
        for name, item in (("r", reads), ("w", writes)):
            ctx.set(getattr(dut, f"{name}_en"), item is not None)
        if reads:
            ctx.set(dut.r_addr, reads[0])
            ctx.set(dut.r_first, reads[1])
        if writes:
            ctx.set(dut.w_addr, writes[0])
            ctx.set(dut.w_last, writes[2])
            ctx.set(dut.w_data, writes[3])
        await ctx.tick()
        return ctx.get(dut.r_data)

    async def bench(ctx):
        for address in range(depth):
            words[address] = rng.randrange(1 << width)
            ctx.set(dut.w_open, 1)
            await access(ctx, None, (address, True, True, words[address]))
        waiting, todo, cycle = [], runs_of(rng, depth, 12), 0
        while todo or waiting:
            writes = waiting.pop(0)[1] if waiting and waiting[0][0] <= cycle else None
            takes = writes is not None and writes_ram([writes[0] & 1], writes[2])
            ctx.set(dut.w_open, bool(takes))
            reads = None
            if todo and rng.random() >= pauses and not (todo[0][1] and waiting):
                address, first, last = todo[0]
                if not (takes and (first or not address & 1)):
                    reads = todo.pop(0)
                    new = rng.randrange(1 << width)
                    waiting.append((cycle + BEHIND, (address, first, last, new)))
            got = await access(ctx, reads, writes)
            if reads:
                assert got == words[reads[0]], (cycle, reads)
                words[reads[0]] = waiting[-1][1][3]
            cycle += 1
        spent.append(cycle)
        ctx.set(dut.w_open, 0)
        for address in range(depth):
            assert await access(ctx, (address, True), None) == words[address], address

    simulate(dut, bench)
    return spent[0]


@settings(max_examples=4)
@given(st.sampled_from([8, 16, 18, 24]), st.integers(0, 2**16), st.sampled_from([0.0, 0.4]))
def test_runs(width, seed, pauses):
    """Runs that are read and written again leave every word as it was written last."""
    run_through(width, 40, seed, pauses)


@pytest.mark.parametrize(("address", "alone", "reads"), [(4, 0, 1), (5, 0, 0), (5, 1, 1)])
def test_port(address, alone, reads):
    """The port is taken for an even word or the first one, and for an odd word or the last one."""
    bits = [address & 1]
    assert bool(reads_ram(bits, alone) & 1) == bool(reads)
    assert bool(writes_ram(bits, alone) & 1) == (bool(address & 1) or bool(alone))
