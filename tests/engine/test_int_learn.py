"""The integer learning pass equals the reference, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_learn import learn, rescale_incoming
from hrsnn_edge.network import IntFormat, SparseRows
from hrsnn_edge.plastic import Magnitudes, initial_magnitudes
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.random import random_network, random_stdp
from hrsnn_edge.reference.random_features import random_features
from tests.strategies import learning_cases, seeds


def assert_equal(net, stdp, rasters):
    """Learning over the rasters equals reference runs one after the other, in everything."""
    result = learn(net, stdp, EventBatch.from_rasters(rasters), record=range(len(rasters)))
    magnitudes = None
    for s, raster in enumerate(rasters):
        trace = run(net, raster, stdp, magnitudes)
        magnitudes = trace.magnitudes
        got = result.recordings[s]
        assert np.array_equal(got.spikes, trace.spikes)
        assert np.array_equal(got.v, trace.v)
        assert np.array_equal(got.out, trace.out)
        assert result.counts[s] == trace.total
    assert np.array_equal(result.magnitudes.w_in, magnitudes.w_in)
    assert np.array_equal(result.magnitudes.w_rec, magnitudes.w_rec)
    assert np.array_equal(result.x, trace.x)
    assert np.array_equal(result.y, trace.y)
    return result


@given(learning_cases())
def test_equals_reference(case):
    """Spikes, membranes, outputs, counts, magnitudes and traces equal the reference."""
    net, raster, stdp = case
    assert_equal(net, stdp, [raster, ~raster[: len(raster) // 2 + 1]])


@given(learning_cases(max_steps=20), seeds)
def test_features_equal_reference(case, seed):
    """The same with exponential synapses and other readouts."""
    net, raster, stdp = case
    assert_equal(random_features(seed, net), stdp, [raster, ~raster[: len(raster) // 2 + 1]])


@pytest.mark.parametrize("seed", range(12))
def test_equals_reference_on_longer_runs(seed):
    """The same over runs long enough for the list of spikes to grow and for traces to die."""
    fmt = [IntFormat(weight_width=8), IntFormat(v_width=24, decay_width=12)][seed % 2]
    net, raster = random_network(seed, 40, 12, 150, fmt=fmt)
    net, stdp = random_stdp(seed, net)
    assert_equal(net, stdp, [raster, raster[::-1]])


def test_changes_and_is_counted():
    """Among random cases most learn, and learning is what the counts say."""
    learned = 0
    for seed in range(20):
        net, raster = random_network(seed, 30, 10, 40, fmt=IntFormat())
        net, stdp = random_stdp(seed, net)
        result = learn(net, stdp, EventBatch.from_rasters([raster]))
        before = initial_magnitudes(net, stdp)
        changed = any(
            not np.array_equal(getattr(before, name), getattr(result.magnitudes, name))
            for name in ("w_in", "w_rec")
        )
        assert result.total.weight_updates or not changed
        learned += changed
    assert learned > 10


def test_rescale_by_hand():
    """Sums of 30 come back to 10: 20 -> 6.67 -> 7 and 10 -> 3.33 -> 3; at most the greatest."""
    net, _ = random_network(0, 1, 2, 3, fmt=IntFormat(weight_width=8))
    net = replace(net, w_in=SparseRows.from_dense(np.array([[1], [1]])))
    net, stdp = random_stdp(0, net)
    stdp = replace(stdp, plastic_in=True)
    one = Magnitudes(np.array([20, 10]), np.zeros(net.w_rec.nnz, np.int64))
    ten = Magnitudes(np.array([4, 6]), one.w_rec)
    assert rescale_incoming(net, stdp, one, ten).w_in.tolist() == [7, 3]
    limit = int(stdp.magnitude_max[0])
    much = Magnitudes(np.array([10 * limit, 0]), one.w_rec)
    assert rescale_incoming(net, stdp, one, much).w_in[0] == limit


def test_sums_are_kept():
    """With keep_sums every neuron's incoming sums stay within rounding of the wanted ones."""
    net, raster = random_network(4, 40, 20, 60, fmt=IntFormat(weight_width=8), density=0.5)
    net, stdp = random_stdp(5, net)
    start = initial_magnitudes(net, stdp)
    result = learn(net, stdp, EventBatch.from_rasters([raster] * 3), keep_sums=start)
    assert result.total.weight_updates > 0
    rows = net.w_in
    sums = [np.bincount(rows.col_idx, m, 40) for m in (start.w_in, result.magnitudes.w_in)]
    free = result.magnitudes.w_in < stdp.magnitude_max[rows.pre_idx]
    unclipped = np.bincount(rows.col_idx, ~free, 40) == 0
    room = rows.fan_in / 2 + 1
    assert np.all(np.abs(sums[0] - sums[1])[unclipped] <= room[unclipped])
