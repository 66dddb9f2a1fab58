"""The integer engine equals the reference, bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_run import run_batch, run_stream, word_of
from hrsnn_edge.network import Counts, IntFormat
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.random_features import random_features, random_synapses, random_traces
from tests.strategies import feature_cases, network_cases, seeds


def assert_equal(net, rasters, result):
    """Every recorded sample of `result` equals the reference in every step."""
    for s, raster in enumerate(rasters):
        trace, got = run(net, raster), result.recordings[s]
        assert np.array_equal(got.spikes, trace.spikes)
        assert np.array_equal(got.v, trace.v)
        assert np.array_equal(got.out, trace.out)
        assert result.outputs[s].tolist() == trace.out[-1].tolist()
        assert result.counts[s] == trace.total
        assert result.predictions[s] == trace.prediction


@given(network_cases(), st.data())
def test_equals_reference(case, data):
    """Spikes, membranes, outputs and counts equal the reference, samples of uneven length too."""
    net, raster = case
    cut = data.draw(st.integers(1, len(raster)))
    rasters = [raster, raster[:cut], ~raster]
    result = run_batch(net, EventBatch.from_rasters(rasters), record=[0, 1, 2])
    assert_equal(net, rasters, result)


@pytest.mark.parametrize("seed", range(20))
def test_equals_reference_on_larger_networks(seed):
    """The same on networks of a hundred neurons and more, in both words."""
    fmt = [IntFormat(), IntFormat(v_width=24, decay_width=12, v_shift=8)][seed % 2]
    net, raster = random_network(seed, 130, 40, 60, fmt=fmt)
    assert word_of(net) is [np.int32, np.int64][seed % 2]
    rasters = [raster, raster[::-1]]
    assert_equal(net, rasters, run_batch(net, EventBatch.from_rasters(rasters), record=[0, 1]))


@given(feature_cases(), st.data())
def test_features_equal_reference(case, data):
    """The same with exponential synapses, perceptrons and streams."""
    net, raster = case
    cut = data.draw(st.integers(1, len(raster)))
    rasters = [raster, raster[:cut], ~raster]
    result = run_batch(net, EventBatch.from_rasters(rasters), record=[0, 1, 2])
    assert_equal(net, rasters, result)
    for raster, stream in zip(rasters, result.streams, strict=False):
        hold = net.readout.hold
        assert np.array_equal(stream, run(net, raster).out[hold - 1 :: hold])


@pytest.mark.parametrize("seed", range(12))
def test_features_equal_reference_on_larger_networks(seed):
    """The same on networks of a hundred neurons and more, in both words."""
    fmt = [IntFormat(), IntFormat(v_width=24, decay_width=12, v_shift=8)][seed % 2]
    net, raster = random_network(seed, 130, 40, 60, fmt=fmt)
    net = random_features(seed, net)
    rasters = [raster, raster[::-1]]
    assert_equal(net, rasters, run_batch(net, EventBatch.from_rasters(rasters), record=[0, 1]))


@given(network_cases(), seeds, st.booleans(), st.data())
def test_stream_goes_on_like_the_reference(case, seed, has_currents, data):
    """A stream that is cut anywhere and continued equals the reference in one run."""
    net, raster = case
    net = random_traces(seed, random_synapses(seed, net) if has_currents else net)
    cut = data.draw(st.integers(1, len(raster)))
    whole, state, outputs, spikes = run(net, raster), None, [], []
    for part in (raster[:cut], raster[cut:]):
        got = run_stream(net, EventBatch.from_rasters([part]), state, record=True)
        state = got.state
        outputs.append(got.outputs)
        spikes.append(got.spikes)
    assert np.array_equal(np.concatenate(spikes), whole.spikes)
    hold = net.readout.hold
    assert np.array_equal(np.concatenate(outputs), whole.out[hold - 1 :: hold])
    assert np.array_equal(state.filters, whole.state.readout.memory)


def test_stream_needs_a_trace_readout():
    """A linear readout gives no stream."""
    net, raster = random_network(3, 7, 5, 5)
    with pytest.raises(ValueError, match="Readout of a stream must be 'traces', not 'linear'"):
        run_stream(net, EventBatch.from_rasters([raster]))


@given(network_cases(max_steps=12))
def test_spike_counts(case):
    """Spike counts are the sums of the raster over each part of the run."""
    net, raster = case
    result = run_batch(net, EventBatch.from_rasters([raster]))
    spikes = run(net, raster).spikes
    n_bins = net.readout.n_bins
    for b in range(n_bins):
        inside = [t for t in range(len(raster)) if t * n_bins // len(raster) == b]
        assert np.array_equal(result.spike_counts[0, b], spikes[inside].sum(axis=0))


def test_threads_and_parts_do_not_matter():
    """One thread or three, the whole batch or its samples alone: the same result."""
    net, raster = random_network(3, 70, 20, 50, fmt=IntFormat())
    rng = np.random.default_rng(0)
    batch = EventBatch.from_rasters([rng.random(raster.shape) < 0.2 for _ in range(11)])
    one, three = (run_batch(net, batch, n_threads=n) for n in (1, 3))
    assert np.array_equal(one.spike_counts, three.spike_counts)
    alone = [run_batch(net, batch.select([s])) for s in range(11)]
    assert np.array_equal(one.outputs, np.concatenate([r.outputs for r in alone]))
    assert one.total == sum((r.total for r in alone), Counts())


def test_no_samples():
    """A batch without samples gives no results and no error."""
    net, raster = random_network(3, 7, 5, 5)
    batch = EventBatch.from_rasters([raster]).select([])
    result = run_batch(net, batch)
    assert result.outputs.shape == (0, net.readout.n_out)
    assert result.total == Counts()


def test_wrong_channels():
    """Events of other channels than the network's are refused."""
    net, raster = random_network(3, 7, 5, 5)
    with pytest.raises(ValueError, match="Events must have 5 channels like the network, not 4"):
        run_batch(net, EventBatch.from_rasters([raster[:, :4]]))
