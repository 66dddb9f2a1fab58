"""Readout equals readout_step; constants are multiplied by additions."""

from random import Random

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import MemoryImage
from hrsnn_rtl.interfaces import Select
from hrsnn_rtl.readout import Readout, times
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.network import LinearReadout
from hrsnn_edge.reference.readout import readout_step
from tests.rtl.harness import simulate

N = 12


@settings(max_examples=20)
@given(st.integers(1, 300), st.lists(st.integers(0, 255), min_size=1, max_size=10))
def test_times(factor, values):
    """`times` is the product, for every constant."""
    m = Module()
    value, product = Signal(8), Signal(17)
    m.d.comb += product.eq(times(value, factor, 17))
    m.d.sync += Signal().eq(0)

    async def bench(ctx):
        for k in values:
            ctx.set(value, k)
            await ctx.delay(1e-9)
            assert ctx.get(product) == k * factor

    simulate(m, bench)


def run_readout(weights, bias, out_lanes: int, steps, pause: float, seed: int):
    """Send the spikes of steps, interleaved with input events; return the outputs after each."""
    n_bins, _, n_out = weights.shape
    config = CoreConfig(
        lanes=1, n_slots=N, n_inputs=4, synapse_depth=4, v_width=8, decay_width=8, weight_width=4,
        refractory_width=0, sum_width=8, n_out=n_out, n_bins=n_bins, out_width=20,
        out_lanes=out_lanes,
    )  # fmt: skip
    padded = np.zeros((n_bins, N, config.n_out_padded), np.int64)
    padded[..., :n_out] = weights
    biases = np.zeros(config.n_out_padded, np.int64)
    biases[:n_out] = bias
    images = (
        MemoryImage(Select.OUT_WEIGHT, 0, 0, padded.ravel() & 255),
        MemoryImage(Select.OUT_BIAS, 0, 0, biases & (2**20 - 1)),
    )
    dut = Readout(config=config, images=images, poison=True)
    rng = Random(seed)
    acc, results, sops = np.zeros(config.n_out_padded, np.int64), [], 0

    async def bench(ctx):
        nonlocal sops

        async def tick():
            nonlocal sops
            _, _, sop, written, word, value = await ctx.tick().sample(
                dut.sop, dut.written, dut.word, dut.value
            )
            sops += sop
            if written:
                for r in range(out_lanes):
                    acc[word * out_lanes + r] = value[r]

        ctx.set(dut.clear, 1)
        await tick()
        ctx.set(dut.clear, 0)
        for bin_idx, spikes in steps:
            while ctx.get(dut.busy):
                await tick()
            ctx.set(dut.bin, bin_idx)
            await tick()
            for neuron in np.flatnonzero(spikes):
                while rng.random() < pause:
                    await tick()
                ctx.set(dut.event.valid, 1)
                ctx.set(dut.event.payload.source, int(neuron))
                while not ctx.get(dut.event.ready):
                    await tick()
                await tick()
                ctx.set(dut.event.valid, 0)
            while ctx.get(dut.busy):
                await tick()
            results.append(acc[:n_out].copy())
        for c in range(n_out):
            ctx.set(dut.read_addr, c)
            await tick()
            await tick()
            assert ctx.get(dut.stored[c % out_lanes]) == acc[c]

    simulate(dut, bench)
    return results, sops


@settings(max_examples=15)
@given(
    st.integers(1, 5),
    st.sampled_from([1, 2, 4]),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.5]),
    st.integers(0, 2**16),
)
def test_matches_reference(n_out, out_lanes, n_bins, pause, seed):
    """Outputs after every step are those of readout_step, biases and bins included."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-128, 128, (n_bins, N, n_out))
    bias = rng.integers(-5000, 5000, n_out)
    steps = [(int(rng.integers(n_bins)), rng.random(N) < 0.5) for _ in range(4)]
    results, sops = run_readout(weights, bias, out_lanes, steps, pause, seed)
    acc, readout = bias.astype(np.int64), LinearReadout(weights, bias)
    for (bin_idx, spikes), got in zip(steps, results, strict=True):
        acc = readout_step(acc, spikes, bin_idx, readout)
        assert got.tolist() == acc.tolist()
    assert sops == n_out * sum(spikes.sum() for _, spikes in steps)


@pytest.mark.parametrize("n_out, out_lanes", [(1, 1), (3, 1), (3, 2)])
def test_by_hand(n_out, out_lanes):
    """Three spikes of weight c + 1 onto a bias of 10 c give 10 c + 3 (c + 1)."""
    weights = np.tile(np.arange(1, n_out + 1), (1, N, 1))
    bias = 10 * np.arange(n_out)
    steps = [(0, np.arange(N) < 3)]
    results, sops = run_readout(weights, bias, out_lanes, steps, 0, 1)
    assert results[0].tolist() == [10 * c + 3 * (c + 1) for c in range(n_out)]
    assert sops == 3 * n_out
