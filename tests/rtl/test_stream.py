"""Tests of the queues."""

from random import Random

import pytest
from amaranth.lib import data
from hrsnn_rtl.config import QUEUE_MARGIN
from hrsnn_rtl.stream import EventQueue, SmallQueue
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rtl.harness import simulate

LAYOUT = data.StructLayout({"word": 12})
chances = st.sampled_from([0.0, 0.2, 0.5, 0.9])


def transfer(dut, n: int, write_pause: float, read_pause: float, seed: int, late: int = 0):
    """Send 0 .. n-1 through a queue; return what came, the cycles, and the most ever held."""
    rng = Random(seed)
    got, held_most = [], 0
    total = 0

    async def bench(ctx):
        nonlocal held_most, total
        sent, room = 0, [1] * (late + 1)
        offered = False
        while len(got) < n:
            total += 1
            assert total < 100 * n + 1000, f"stuck after {len(got)} of {n} words"
            always_ready = dut.i.signature.always_ready
            if always_ready:
                # The slowest writer that the contract allows: it sees `room` some cycles late.
                room = [*room[1:], ctx.get(dut.room)]
                offered = sent < n and rng.random() >= write_pause and room[0]
            else:
                offered = sent < n and (offered or rng.random() >= write_pause)
            ctx.set(dut.i.valid, offered)
            ctx.set(dut.i.payload.word, sent)
            ctx.set(dut.o.ready, rng.random() >= read_pause)
            i_ready = ctx.get(dut.i.ready) if not always_ready else 1
            sampled = ctx.tick().sample(dut.o.valid, dut.o.ready, dut.o.payload.word)
            _, _, valid, ready, word = await sampled
            if offered and i_ready:
                sent, offered = sent + 1, False
            if valid and ready:
                got.append(word)
            held_most = max(held_most, sent - len(got))

    simulate(dut, bench)
    return got, total, held_most


@settings(max_examples=12)
@given(chances, chances, st.integers(0, 2**16), st.integers(0, QUEUE_MARGIN - 3), st.booleans())
def test_event_queue_keeps_order_and_loses_nothing(write_pause, read_pause, seed, late, early):
    """Words come out in order, once each, even when the writer stops late after `room` falls."""
    dut = EventQueue(layout=LAYOUT, depth=32, early=early, poison=True)
    got, _, held = transfer(dut, 200, write_pause, read_pause, seed, late)
    assert got == list(range(200))
    assert held <= 34  # the stored words, the memory's output and the register


def test_event_queue_gives_a_word_every_cycle():
    """Without pauses 200 words take 200 cycles and a few."""
    dut = EventQueue(layout=LAYOUT, depth=32, poison=True)
    _, total, _ = transfer(dut, 200, 0, 0, 1)
    assert total <= 200 + 4


@settings(max_examples=12)
@given(chances, chances, st.integers(0, 2**16), st.sampled_from([2, 4]))
def test_small_queue_keeps_order_and_loses_nothing(write_pause, read_pause, seed, depth):
    """Words come out in order, once each, under any pauses; no more are held than the depth."""
    got, _, held = transfer(
        SmallQueue(layout=LAYOUT, depth=depth), 200, write_pause, read_pause, seed
    )
    assert got == list(range(200))
    assert held <= depth


@pytest.mark.parametrize("depth", [2, 4])
def test_small_queue_gives_a_word_every_cycle(depth):
    """Without pauses 200 words take 200 cycles and a few."""
    _, total, _ = transfer(SmallQueue(layout=LAYOUT, depth=depth), 200, 0, 0, 1)
    assert total <= 200 + 2
