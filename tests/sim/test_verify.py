"""The generated core equals the reference in the simulators, and what differs is found exactly."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.interfaces import Select
from hrsnn_rtl.memory_plan import core_memories
from hrsnn_sim import random_runs, verify
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.design import core_design
from hrsnn_sim.record import step_counts
from hrsnn_sim.runner import missing_for
from hrsnn_sim.scoreboard import COUNTERS, CoreTrace, compare
from hrsnn_sim.shapes import SHAPES, network_for, shapes_for, with_currents

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import ToolFailedError
from hrsnn_edge.network import IntFormat, IntNetwork, LinearReadout, SparseRows
from hrsnn_edge.reference.network import run as run_reference
from hrsnn_edge.reference.random import random_network

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def root():
    return Path(__file__).parents[2] / "build/sim"


def hand_network():
    """Two neurons: channel 0 gives neuron 0 a weight of 6, neuron 0 gives neuron 1 a weight of 4.

    Both halve their membrane in a step (decay 128 of 256) and fire at 8 and 3.
    """
    return IntNetwork(
        w_in=SparseRows.from_dense(np.array([[6, 0]], np.int32)),
        w_rec=SparseRows.from_dense(np.array([[0, 4], [0, 0]], np.int32)),
        shift_in=np.zeros(1, np.int32),
        shift_rec=np.zeros(2, np.int32),
        inhibitory=np.zeros(2, bool),
        decay=np.full(2, 128, np.int32),
        v_threshold=np.array([8, 3], np.int32),
        v_reset=np.zeros(2, np.int32),
        refractory_steps=np.zeros(2, np.int32),
        readout=LinearReadout(np.array([[[5], [-7]]], np.int32), np.array([100], np.int32)),
    )


def test_worked_by_hand(root):
    """The compiled core does with two neurons what follows from the contract on paper."""
    net = hand_network()
    config = CoreConfig.for_network(net, lanes=1, n_steps=4)
    model = BulkModel(core_design(config), config, root / "models")
    model.load(memory_images(net, config))
    batch = EventBatch.from_rasters([np.array([[1], [1], [0], [0]])])
    record = model.run(batch, 1)
    # Step 0: 6. Step 1: 3 + 6 = 9 fires neuron 0. Step 2: its weight, 4, fires neuron 1.
    assert record.v.tolist() == [[6, 0], [0, 0], [0, 0], [0, 0]]
    assert record.spikes.tolist() == [[0, 0], [1, 0], [0, 1], [0, 0]]
    assert record.out.tolist() == [[100], [105], [98], [98]]
    (trace,) = record.samples(net, verify.place(net, 1), batch)
    assert dict(zip(COUNTERS, trace.counts.T.tolist(), strict=True)) == {
        "input_events": [1, 2, 2, 2],
        "spikes": [0, 1, 2, 2],
        "sop_in": [1, 2, 2, 2],
        "sop_rec": [0, 1, 1, 1],
        "sop_out": [0, 1, 2, 2],
        "neuron_updates": [2, 4, 6, 8],
        "skipped_rows": [0, 0, 1, 1],
    }
    assert model.read(Select.OUT, 0, 0, 1).tolist() == [98]


def test_random_networks(root):
    """20 random networks on all cores equal the reference in every step."""
    seed = 1000
    print(f"random networks, seeds {seed} .. {seed + 19}")
    verdict = random_runs.verify_random(20, seed=seed, root=root)
    verdict.require_equal()
    assert verdict.networks == 20 and verdict.steps > 300


@pytest.mark.slow
@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
def test_many_random_networks(root, lanes):
    """60 random networks for every number of lanes equal the reference in every step."""
    seed = 20_000 * lanes
    print(f"{lanes} lanes, random networks, seeds {seed} .. {seed + 59}")
    random_runs.verify_random(60, seed=seed, lanes=lanes, root=root).require_equal()


def test_cores_have_every_option():
    """The cores of the random networks cover the generator's options, and each network fits."""
    configs = SHAPES.values()
    assert {config.lanes for config in configs} == {1, 2, 4, 8}
    assert {config.synapse_memory for config in configs} == {"bram", "spram"}
    for option in ("has_reset", "spike_stream", "double_buffer", "syn_width"):
        assert {bool(getattr(config, option)) for config in configs} == {True, False}
    assert any(config.distributed for config in configs)
    assert any(len(spec.depths) > 1 for config in configs for spec in core_memories(config))
    for config in configs:
        for seed in range(20):
            net, _ = network_for(config, seed)
            memory_images(net, config)
    with pytest.raises(ValueError, match="one of 1, 2, 4, 8, not 3"):
        shapes_for(3)


def small_case(lanes=2, **options):
    net, raster = random_network(7, 16, 8, 10, fmt=IntFormat(), n_out=3, n_bins=2, has_reset=False)
    batch = EventBatch.from_rasters([raster, raster[:4]])
    config = CoreConfig.for_network(net, lanes=lanes, n_steps=10, spike_stream=True, **options)
    return verify.Job("case", net, config, batch, Gaps(command=0.2, spike=0.3, seed=5))


def run_on(sim, job, root, **options):
    """Run a job under cocotb, or skip with the name of what is missing."""
    if missing_for(sim):
        pytest.skip(f"needs {missing_for(sim)}")
    return verify.verify_job(job, sim, root=root, **options)


@pytest.mark.parametrize("sim", ["icarus", "cxxrtl"])
@pytest.mark.parametrize("memory", ["bram", "spram"])
def test_cocotb(sim, memory, root):
    """Under cocotb the core equals the reference; with SPRAM, Icarus runs the vendor's cell."""
    lanes = 2 if memory == "bram" else 1
    verdict, record = run_on(sim, small_case(lanes, synapse_memory=memory), root)
    verdict.require_equal()
    assert verdict.steps == 14 and record.spikes.any()


@pytest.mark.parametrize("sim", ["icarus", "cxxrtl"])
def test_cocotb_currents(sim, root):
    """Under cocotb synaptic currents equal the reference in every step, and read back."""
    job = small_case()
    net = with_currents(job.net, 3, 12)
    config = CoreConfig.for_network(net, lanes=2, n_steps=10)
    verdict, record = run_on(sim, replace(job, net=net, config=config), root)
    verdict.require_equal()
    assert record.spikes.any() and len(np.unique(record.i_syn)) > 10


@pytest.mark.parametrize("sim", ["icarus", "cxxrtl"])
def test_cocotb_waits(sim, root):
    """A host that waits for every step sends each command once, and the record is that of bulk."""
    job = small_case()
    job = replace(job, gaps=replace(job.gaps, wait_steps=True))
    verdict, record = run_on(sim, job, root)
    verdict.require_equal()
    _, bulk = verify.verify_job(job, "bulk", root=root)
    for name in ("spikes", "v", "out", "stream"):
        assert (getattr(record, name) == getattr(bulk, name)).all()


def test_stuck_core(root):
    """A core that never takes a command is an error that says how far it came, not a hang."""
    job = small_case()
    design = core_design(job.config)
    ready = r"(assign \\command__ready \[0\]) .*"
    dead = replace(design, rtlil=re.sub(ready, r"\1 1'0", design.rtlil))
    with pytest.raises(ToolFailedError, match=r"not stand still for \d+ cycles\. It did 0 of 14"):
        verify.verify_job(job, "bulk", root=root, design=dead)


def test_pauses_change_nothing_but_time(root):
    """Whatever the host's pauses, every recorded value is the same; only cycles differ."""
    job = small_case()
    model = BulkModel(core_design(job.config), job.config, root / "models")
    model.load(job.loaded)
    quick = model.run(job.batch, 2)
    expected = quick.samples(job.net, job.placement, job.batch)
    for gaps in random_runs.GAPS[1:]:
        slow = model.run(job.batch, 2, gaps)
        assert slow.cycles > quick.cycles
        assert (slow.stream == quick.stream).all()
        got = slow.samples(job.net, job.placement, job.batch)
        for want, have in zip(expected, got, strict=True):
            assert compare(want, have, "pauses").mismatches == 0


def changed_reference(job, **changes):
    """Return the first place where another network's run differs from the job's."""
    other = replace(job.net, **changes)
    for sample in range(len(job.batch)):
        raster = job.batch.raster(sample)
        want, got = (
            CoreTrace.of_reference(run_reference(net, raster), job.config.n_out)
            for net in (job.net, other)
        )
        verdict = compare(want, got, job.name, sample)
        if verdict.first_divergence:
            return verdict.first_divergence
    raise AssertionError("the change must show")


def test_wrong_word_is_named(root):
    """One wrong bit in a loaded weight is found where, by the reference, it must first show."""
    job = small_case()
    weights = job.net.w_rec.weights.copy()
    busy = run_reference(job.net, job.batch.raster(0)).spikes.sum(axis=0)
    synapse = int(np.argmax(busy[job.net.w_rec.pre_idx]))
    weights[synapse] ^= 1
    expected = changed_reference(job, w_rec=job.net.w_rec.with_weights(weights))
    wrong = replace(job.net, w_rec=job.net.w_rec.with_weights(weights))
    images = tuple(memory_images(wrong, job.config, job.placement))
    verdict, record = verify.verify_job(replace(job, images=images), "bulk", root=root)
    first = verdict.first_divergence
    assert verdict.mismatches > 0 and replace(first, waveform=None) == expected

    # The waveform shows the cycles of exactly that step, and the ports by name.
    text = Path(first.waveform).read_text()
    times = [int(time) // 10 for time in re.findall(r"^#(\d+)", text, re.MULTILINE)]
    step = int(job.batch.n_steps[: first.sample].sum()) + first.step
    assert record.begun[step] < record.done[step]
    assert times[-1] - times[0] >= record.done[step] - record.begun[step]
    assert re.search(r" command__payload( \[\d+:0\])? \$end", text)


def test_wrong_gate_is_named(root):
    """With "greater" for "greater or equal" in the design, the first neuron to miss is named."""
    job = small_case(lanes=1)
    design = core_design(job.config)
    wrong = replace(design, rtlil=design.rtlil.replace("cell $ge ", "cell $gt "))
    assert wrong != design
    # Thresholds that are met exactly are what tells the two apart.
    first_spike = np.argwhere(run_reference(job.net, job.batch.raster(0)).spikes)[0]
    step, neuron = map(int, first_spike)
    levels = run_reference(
        replace(job.net, v_threshold=np.full(16, (1 << 15) - 1, np.int32)), job.batch.raster(0)
    ).v[step]
    threshold = job.net.v_threshold.copy()
    threshold[neuron] = levels[neuron]
    job = replace(job, net=replace(job.net, v_threshold=threshold))
    expected = changed_reference(job, v_threshold=np.minimum(threshold + 1, (1 << 15) - 1))
    verdict, _ = verify.verify_job(job, "bulk", root=root, design=wrong)
    assert replace(verdict.first_divergence, waveform=None) == expected
    assert json.loads(json.dumps(verdict.to_json()))["first_divergence"]["quantity"] == "spike"


def test_split_equals_engine(root):
    """More samples than are recorded at once equal the engine, and a wrong engine is noticed."""
    net, raster = random_network(7, 16, 8, 10, fmt=IntFormat(), n_out=3, n_bins=2, has_reset=False)
    rng = np.random.default_rng(3)
    batch = EventBatch.from_rasters([rng.permuted(raster, axis=0) for _ in range(70)])
    verdict, cycles = verify.verify_split(net, batch, lanes=2, root=root, spike_stream=True)
    verdict.require_equal()
    assert verdict.networks == 1 and verdict.steps == 700 and cycles > 700 * 8


def test_step_counts():
    """Counters computed from rasters are those of the reference, step by step."""
    for seed in range(5):
        net, raster = random_network(seed)
        trace = run_reference(net, raster)
        want = CoreTrace.of_reference(trace, net.readout.n_out).counts
        assert (step_counts(net, raster, trace.spikes) == want).all()


@pytest.mark.slow
def test_rate(root):
    """With everything recorded, a core of 256 neurons runs at a million cycles a second or more."""
    from time import process_time

    net, raster = random_network(
        5, 256, 128, 50, fmt=IntFormat(), n_out=10, n_bins=2, density=0.1, has_reset=False
    )
    config = CoreConfig.for_network(net, lanes=1, n_steps=50)
    model = BulkModel(core_design(config), config, root / "models")
    model.load(memory_images(net, config))
    start = process_time()
    record = model.run(EventBatch.from_rasters([raster] * 20), 2)
    rate = record.cycles / (process_time() - start)
    print(f"{rate / 1e6:.2f} million cycles a second of processor time")
    assert rate > 1e6
