"""The learning rule's blocks equal the functions of the reference."""

from dataclasses import replace

import numpy as np
import pytest
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.interfaces import Select
from hrsnn_rtl.plasticity import Plasticity
from hrsnn_rtl.stdp import PostHistory, StdpUpdate
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.network import IntFormat, IntStdp, SparseRows
from hrsnn_edge.reference.stdp import bump_traces, decay_traces, plasticity_step
from tests.rtl.harness import simulate

PLASTICITY = Plasticity(
    plastic_in=True, plastic_rec=True, learn_shift=4, trace_width=6, trace_step=20, decay_width=5,
    eta_shift=3, eta_width=4, gain_width=7, loss_width=7, history=8,
)  # fmt: skip
CONFIG = CoreConfig(
    lanes=1, n_slots=4, n_inputs=4, synapse_depth=16, v_width=8, decay_width=8, weight_width=5,
    refractory_width=2, sum_width=10, n_out=0, double_buffer=False, queue_depth=32,
    plasticity=PLASTICITY,
)  # fmt: skip
TOP = (1 << CONFIG.magnitude_width) - 1


def constants(n: int, **changes) -> IntStdp:
    """Return constants in the widths of `PLASTICITY` for an input and a neuron each."""
    fields = {name: getattr(PLASTICITY, name) for name in IntStdp.__dataclass_fields__
              if hasattr(PLASTICITY, name)}  # fmt: skip
    arrays = {
        "decay_plus": np.full(2 * n, 25, np.int32), "eta_plus": np.full(2 * n, 8, np.int32),
        "magnitude_max": np.full(2 * n, TOP, np.int32), "decay_minus": np.full(n, 25, np.int32),
        "eta_minus": np.full(n, 8, np.int32),
    }  # fmt: skip
    return IntStdp(**fields | arrays | changes)


def step_by_step(magnitude: int, limit: int, changes) -> int:
    """Return a magnitude after steps of (gain, loss), each as one step of the reference."""
    rows = SparseRows.from_dense(np.ones((1, 1), np.int32))
    value = np.array([magnitude])
    for gain, loss in changes:
        # An eta of 1 << eta_shift makes the changes the traces.
        one = np.full(1, 1 << PLASTICITY.eta_shift, np.int32)
        stdp = constants(1, eta_plus=np.repeat(one, 2), eta_minus=one,
                         magnitude_max=np.full(2, limit, np.int32))  # fmt: skip
        fired = np.ones(1, bool)
        x, y = np.array([gain, 0]), np.array([loss])
        value, _ = plasticity_step(rows, value, 0, fired, fired, x, y, stdp)
    return int(value[0])


@settings(max_examples=20)
@given(st.data())
def test_update(data):
    """Three clipped sums equal the steps one by one: gains, a loss, gains again."""
    edges = st.one_of(st.sampled_from([0, 1, TOP - 1, TOP]), st.integers(0, TOP))
    gains = st.lists(st.integers(0, 63), max_size=7)
    cases = []
    for _ in range(12):
        limit = data.draw(edges)
        magnitude = data.draw(st.one_of(st.just(limit), st.integers(0, limit)))
        loss = data.draw(st.integers(0, 63))
        cases.append((magnitude, limit, data.draw(gains), loss, data.draw(gains)))
    dut, seen = StdpUpdate(config=CONFIG), []

    async def bench(ctx):
        for k in range(len(cases) + dut.latency):
            magnitude, limit, before, loss, after = cases[min(k, len(cases) - 1)]
            ctx.set(dut.magnitude, magnitude)
            ctx.set(dut.limit, limit)
            ctx.set(dut.owed.before, sum(before))
            ctx.set(dut.owed.loss, loss)
            ctx.set(dut.owed.after, sum(after))
            seen.append(ctx.get(dut.result))
            await ctx.tick()

    simulate(dut, bench)
    for (magnitude, limit, before, loss, after), got in zip(
        cases, seen[dut.latency :], strict=True
    ):
        steps = [(g, 0) for g in before] + [(0, loss)] + [(g, 0) for g in after]
        assert got == step_by_step(magnitude, limit, steps), (magnitude, limit, steps)


def test_update_by_hand():
    """min(500 + 20, 511) - 30 = 481, + 40 is clipped again; 5 - 30 is 0, + 40 is 40."""
    assert step_by_step(500, 511, [(20, 0), (0, 30), (40, 0)]) == 511
    assert step_by_step(5, 511, [(0, 30), (40, 0)]) == 40
    assert step_by_step(500, 511, [(20, 30)]) == 481


@pytest.mark.parametrize("overlap", [True, False])
def test_post_history(overlap):
    """After every scan a neuron's history and both depressions are those of the reference.

    With overlap the history before the scan can be read while it runs, and afterwards.
    """
    n, rng = CONFIG.n_slots, np.random.default_rng(1)
    stdp = constants(
        n, decay_minus=np.array([0, 31, 25, 12], np.int32),
        eta_minus=np.array([15, 3, 8, 0], np.int32),
    )  # fmt: skip
    config = replace(CONFIG, plasticity=replace(PLASTICITY, overlap=overlap))
    dut = PostHistory(config=config, index=0, poison=True)
    raster = rng.random((20, n)) < 0.5

    async def scan(ctx, spikes, clear, before=None):
        ctx.set(dut.step, not clear)
        await ctx.tick()
        ctx.set(dut.step, 0)
        for cycle in range(n + 12):
            stages = [cycle - k for k in range(6)]
            ctx.set(dut.scan.clear, clear)
            ctx.set(dut.scan.valid, sum((0 <= s < n) << k for k, s in enumerate(stages)))
            for k, s in enumerate(stages):
                ctx.set(dut.scan.slot[k], s % n)
            ctx.set(dut.spike, int(0 <= stages[5] < n and spikes[stages[5]] and not clear))
            if overlap and before is not None:
                assert (await look(ctx, cycle % n, past=1))[0] == before[cycle % n]
            else:
                await ctx.tick()

    async def look(ctx, slot, past=0):
        ctx.set(dut.history_en, 1)
        ctx.set(dut.past, past)
        ctx.set(dut.history_slot, slot)
        ctx.set(dut.loss_slot, slot)
        await ctx.tick()
        return ctx.get(dut.history), ctx.get(dut.loss.last), ctx.get(dut.loss.next)

    async def bench(ctx):
        for slot in range(n):
            ctx.set(dut.load.valid, 1)
            ctx.set(dut.load.select, Select.POST_RULE)
            ctx.set(dut.load.addr, slot)
            word = int(stdp.decay_minus[slot]) | int(stdp.eta_minus[slot]) << 5
            ctx.set(dut.load.data, word)
            await ctx.tick()
        ctx.set(dut.load.valid, 0)
        await scan(ctx, raster[0], clear=False)
        await scan(ctx, raster[0], clear=True)
        # A CLEAR forgets the traces; the history goes on, for nobody asks for its older part.
        y, history = np.zeros(n, np.int64), raster[0].astype(np.int64)
        for spikes in raster:
            await scan(ctx, spikes, clear=False, before=history)
            y = decay_traces(y, stdp.decay_minus, stdp.decay_width)
            last = (stdp.eta_minus * y) >> stdp.eta_shift
            y = bump_traces(y, spikes, stdp)
            coming = decay_traces(y, stdp.decay_minus, stdp.decay_width)
            history = (2 * history + spikes) % (1 << PLASTICITY.history)
            for slot in range(n):
                want = history[slot], last[slot], (stdp.eta_minus * coming)[slot] >> stdp.eta_shift
                assert await look(ctx, slot) == want

    simulate(dut, bench)


def test_formats():
    """The widths of a core follow from the greatest constants, and others are refused."""
    stdp = constants(2)
    assert Plasticity.of(stdp, 8).gain_width == (8 * 63 >> 3).bit_length() == 6
    assert IntFormat.LIMITS["weight_width"][1] + 12 == 20, "a magnitude has at most 20 bits"
    with pytest.raises(ValueError, match="history must be 8, 16, 32 or 64, not 12"):
        Plasticity.of(stdp, 12)
    with pytest.raises(ValueError, match="At least one projection must learn"):
        Plasticity.of(constants(2, plastic_in=False, plastic_rec=False), 8)
