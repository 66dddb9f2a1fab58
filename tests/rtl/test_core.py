"""The whole core equals the reference, step by step, under random pauses of its host."""

import numpy as np
import pytest
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.interfaces import CommandKind, CommandLayout, Select
from hrsnn_sim.shapes import with_codebook, with_currents
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.network import RESETS, IntFormat, IntNetwork, LinearReadout, SparseRows
from hrsnn_edge.reference.network import run as run_reference
from hrsnn_edge.reference.random import random_network
from tests.rtl.harness import Bench, Pauses, check_sample, command_word
from tests.strategies import network_cases

PAUSES = [Pauses(), Pauses(command=0.8), Pauses(spike=0.9), Pauses(0.4, 0.6)]


def network(seed: int, **options):
    """Return a network of 20 neurons with every feature, and a raster of 8 steps."""
    values = {"n_neurons": 20, "n_inputs": 10, "n_steps": 6, "n_out": 3, "n_bins": 2}
    fmt = IntFormat(v_width=14, shift_width=2, v_shift=1)
    return random_network(seed, fmt=fmt, **{**values, "has_reset": True, **options})


@pytest.mark.parametrize("double_buffer", [True, False])
@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
def test_back_to_back_samples(lanes, double_buffer):
    """Two samples after each other equal the reference for every number of lanes."""
    net, raster = network(lanes)
    assert run_reference(net, raster).spikes.any(), "the case must spike"
    config = CoreConfig.for_network(
        net, lanes=lanes, n_steps=6, spike_stream=True, double_buffer=double_buffer
    )

    async def script(bench):
        await bench.load(net)
        for k, rows in enumerate((raster, raster[:2][::-1])):
            check_sample(await bench.sample(net, rows, PAUSES[-1 - k]), net, rows)

    Bench(config).run(script)


@settings(max_examples=8)
@given(
    network_cases(max_neurons=16, max_inputs=6, max_steps=5),
    st.sampled_from([1, 2, 4, 8]),
    st.sampled_from(PAUSES),
    st.booleans(),
)
def test_any_network(case, lanes, pauses, stream):
    """Any network on the core built for it equals the reference under any pauses."""
    net, raster = case
    config = CoreConfig.for_network(
        net, lanes=lanes, n_steps=len(raster), spike_stream=stream, queue_depth=32
    )

    async def script(bench):
        check_sample(await bench.sample(net, raster, pauses), net, raster)

    Bench(config, preloaded=net).run(script)


@pytest.mark.parametrize("lanes", [1, 4])
def test_halt(lanes):
    """A core whose lanes stand still without work equals the reference, and reads and loads."""
    net, raster = network(lanes + 20)
    net = with_currents(net, 3, 11)
    config = CoreConfig.for_network(net, lanes=lanes, n_steps=6, halt=True)

    async def script(bench):
        for pauses in PAUSES[:2]:
            await bench.load(net)
            check_sample(await bench.sample(net, raster, pauses), net, raster)
            for _ in range(10):
                await bench.tick()
            want = run_reference(net, raster)
            v, refractory, out = await bench.read_state(net)
            assert (v == want.v[-1]).all() and (refractory == want.refractory[-1]).all()
            assert (out == want.out[-1]).all()
            assert (await bench.read_currents() == want.i_syn[-1]).all()

    Bench(config).run(script)


@pytest.mark.parametrize("has_currents", [False, True])
@pytest.mark.parametrize("double_buffer", [True, False])
def test_codebook(double_buffer, has_currents):
    """Neurons that share parameters equal the reference; a second network replaces the first."""
    first, raster = network(7)
    second, _ = network(8, n_neurons=17, reset=first.reset)
    if has_currents:
        first, second = with_currents(first, 3, 11), with_currents(second, 4, 11)
    # A full codebook and one with a free row for the unused slots.
    nets = with_codebook(first, 1, 9), with_codebook(second, 2, 6)
    config = CoreConfig.for_network(
        nets[0], lanes=2, n_steps=6, codebook_rows=9, double_buffer=double_buffer, sum_width=24
    )

    async def script(bench):
        for net, pauses in zip(nets, PAUSES[1:], strict=False):
            await bench.load(net)
            check_sample(await bench.sample(net, raster, pauses), net, raster)
            v, refractory, _ = await bench.read_state(net)
            want = run_reference(net, raster)
            assert (v == want.v[-1]).all() and (refractory == want.refractory[-1]).all()

    Bench(config).run(script)


@pytest.mark.parametrize("double_buffer", [True, False])
@pytest.mark.parametrize("lanes", [1, 4])
def test_exponential_synapses(lanes, double_buffer):
    """Currents, membranes and spikes of samples back to back equal the reference; both read back.

    A CLEAR leaves no current.
    """
    net, raster = network(lanes + 10)
    net = with_currents(net, 3, 11)
    config = CoreConfig.for_network(
        net, lanes=lanes, n_steps=6, spike_stream=True, double_buffer=double_buffer
    )

    async def script(bench):
        await bench.load(net)
        for k, rows in enumerate((raster, raster[:3][::-1])):
            check_sample(await bench.sample(net, rows, PAUSES[-1 - k]), net, rows)
        want = run_reference(net, raster[:3][::-1])
        assert want.i_syn[-1].any(), "the case must leave currents"
        assert (await bench.read_currents() == want.i_syn[-1]).all()
        v, refractory, _ = await bench.read_state(net)
        assert (v == want.v[-1]).all() and (refractory == want.refractory[-1]).all()
        await bench.command(CommandKind.CLEAR)
        assert not (await bench.read_currents()).any()

    Bench(config).run(script)


def rows_of(lengths, n: int, weight: int = 1) -> SparseRows:
    """Return rows of the given lengths, each onto the first neurons."""
    mask = np.arange(n) < np.array(lengths)[:, None]
    return SparseRows.from_dense(np.where(mask, weight, 0).astype(np.int32))


def plain_network(w_in: SparseRows, w_rec: SparseRows, **changes) -> IntNetwork:
    """Return a network without leak whose neurons fire at 1 and have two outputs."""
    n = w_rec.n_pre
    values = {
        "w_in": w_in,
        "w_rec": w_rec,
        "shift_in": np.zeros(w_in.n_pre, np.int32),
        "shift_rec": np.zeros(n, np.int32),
        "inhibitory": np.zeros(n, bool),
        "decay": np.full(n, 255, np.int32),
        "v_threshold": np.ones(n, np.int32),
        "v_reset": np.zeros(n, np.int32),
        "refractory_steps": np.zeros(n, np.int32),
        "readout": LinearReadout(np.ones((1, n, 2), np.int32), np.array([5, -5], np.int32)),
        "fmt": IntFormat(v_width=8, weight_width=8),
    }
    return IntNetwork(**{**values, **changes})


@pytest.mark.parametrize("lanes", [1, 4])
def test_rows_of_every_length(lanes):
    """Rows of 0, 1, 2 and all words in any order, all sources at once, are delivered exactly."""
    n, lengths = 12, [0, 1, 12, 0, 0, 2, 1, 1, 12, 2, 0, 1]
    net = plain_network(rows_of(lengths, n, 3), rows_of(lengths[::-1], n, 1))
    raster = np.array([[True] * n, [False] * n, [k % 2 == 0 for k in range(n)]] * 2)
    config = CoreConfig.for_network(net, lanes=lanes, n_steps=6)

    async def script(bench):
        sample = await bench.sample(net, raster)
        check_sample(sample, net, raster)
        assert sample.counts.skipped_rows > 4

    Bench(config, preloaded=net).run(script)


def test_repeated_targets():
    """Sources that all drive the same three neurons, at distances 1, 2 and 3, lose no addend."""
    n = 6
    lengths = [1, 1, 1, 2, 2, 2, 3, 3, 3, 1, 2, 3, 1]
    net = plain_network(
        rows_of(lengths, n, 7), rows_of([1, 1, 2, 2, 3, 3], n, 5),
        v_threshold=np.array([100, 90, 80, 70, 60, 50], np.int32),
    )  # fmt: skip
    raster = np.ones((5, len(lengths)), bool)

    async def script(bench):
        check_sample(await bench.sample(net, raster), net, raster)

    Bench(CoreConfig.for_network(net, lanes=1, n_steps=5), preloaded=net).run(script)


@pytest.mark.parametrize("weight", [127, -128])
def test_saturation_and_thresholds(weight):
    """A membrane saturates at both ends; a neuron fires at its threshold, not one below."""
    n = 8
    w_in = rows_of([n] * 5, n, weight)
    reached = 127 if weight > 0 else -128
    thresholds = np.clip(reached + np.arange(-4, 4), -127, 127).astype(np.int32)
    net = plain_network(
        w_in, rows_of([0] * n, n), v_threshold=thresholds,
        v_reset=np.full(n, -128, np.int32), decay=np.full(n, 200, np.int32),
    )  # fmt: skip
    raster = np.array([[k < t for k in range(5)] for t in (1, 5, 0, 2, 5, 1)])

    async def script(bench):
        check_sample(await bench.sample(net, raster), net, raster)

    Bench(CoreConfig.for_network(net, lanes=1, n_steps=6), preloaded=net).run(script)


@pytest.mark.parametrize("lanes", [1, 2])
def test_full_queue_and_lost_events(lanes):
    """With a queue of 32 and every neuron firing every step nothing is lost and nothing stops."""
    n = 40 * lanes
    net = plain_network(rows_of([n, 3] * 20, n, 1), rows_of([n // 4, 3] * (n // 2), n, 1))
    raster = np.ones((2, 40), bool)
    config = CoreConfig.for_network(net, lanes=lanes, n_steps=2, queue_depth=32, spike_stream=True)

    async def script(bench):
        sample = await bench.sample(net, raster, Pauses(spike=0.5))
        check_sample(sample, net, raster)
        assert sample.spikes.all()

    bench = Bench(config, preloaded=net)
    bench.run(script)
    last = 1 << config.index_width
    assert bench.stream == [*range(n), last] * 2


def test_clear_midway():
    """CLEAR with work still in the queues starts a sample that knows nothing of the last one."""
    net, raster = network(5)
    config = CoreConfig.for_network(net, lanes=2, n_steps=6)

    async def script(bench):
        port, ctx = bench.core.command, bench.ctx
        for kind, arg in [(CommandKind.EVENT, k) for k in range(5)] + [(CommandKind.STEP, 0)]:
            ctx.set(port.valid, 1)
            ctx.set(port.payload, CommandLayout.from_bits(command_word(kind, arg)))
            while not (await bench.tick())[2]:
                pass
        # The sample's own CLEAR follows at once.
        check_sample(await bench.sample(net, raster), net, raster)

    Bench(config, preloaded=net).run(script)


@pytest.mark.parametrize("reset", RESETS)
def test_load_replaces_a_network(reset):
    """A smaller network loaded at run time replaces the first without a trace of it."""
    alike = {"has_reset": False, "reset": reset}
    first, raster = network(11, **alike)
    second, other = network(12, n_neurons=13, n_inputs=4, n_out=2, n_bins=1, **alike)
    wide = {"sum_width": 20, "synapse_depth": 700, "out_width": 20}
    config = CoreConfig.for_network(first, lanes=2, n_steps=6, **wide)

    async def script(bench):
        check_sample(await bench.sample(first, raster), first, raster)
        await bench.load(second)
        check_sample(await bench.sample(second, other), second, other, n_out=3)
        await bench.load(first)
        check_sample(await bench.sample(first, raster), first, raster)

    Bench(config, preloaded=first).run(script)


@pytest.mark.parametrize("lanes", [1, 4])
def test_read_back(lanes):
    """The read port gives the membranes, refractory counters and accumulators of the last step."""
    net, raster = network(3)
    config = CoreConfig.for_network(net, lanes=lanes, n_steps=6)
    want = run_reference(net, raster)

    async def script(bench):
        await bench.sample(net, raster)
        v, refractory, out = await bench.read_state(net)
        assert (v == want.v[-1]).all()
        assert (refractory == want.refractory[-1]).all()
        assert (out == want.out[-1]).all()
        assert await bench.read(Select.V, int(bench.placement.lane[1]), 0) >= 0

    Bench(config, preloaded=net).run(script)


@pytest.mark.parametrize("n_slots", [1, 2, 30])
def test_silent_step_takes_slots_plus_six(n_slots):
    """A step without a spike or event takes N / P + 6 cycles."""
    n = 2 * n_slots
    net = plain_network(rows_of([1], n), rows_of([1] * n, n))
    config = CoreConfig.for_network(net, lanes=2, n_steps=4)

    async def script(bench):
        sample = await bench.sample(net, np.zeros((4, 1), bool))
        assert (sample.cycles == n_slots + 6).all()

    Bench(config, preloaded=net).run(script)


def test_spram_form():
    """The core with its synapses in single-port RAM equals the reference too."""
    net, raster = network(21)
    config = CoreConfig.for_network(net, lanes=1, n_steps=6, synapse_memory="spram")

    async def script(bench):
        await bench.load(net)
        check_sample(await bench.sample(net, raster, PAUSES[3]), net, raster)

    Bench(config).run(script)


def test_no_readout():
    """A core without a readout computes the same spikes and membranes."""
    net, raster = network(22)
    config = CoreConfig.for_network(net, lanes=2, n_steps=6, n_out=0, out_width=1)
    silent = IntNetwork(
        **{
            **vars(net),
            "readout": LinearReadout(np.zeros((1, 20, 0), np.int32), np.zeros(0, np.int32)),
        }
    )

    async def script(bench):
        check_sample(await bench.sample(silent, raster), silent, raster)

    Bench(config, preloaded=silent).run(script)
