"""The integer readout."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.network import DenseLayer, LinearReadout, MlpReadout, TraceReadout
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.random_features import random_mlp, random_traces
from hrsnn_edge.reference.readout import (
    bin_of,
    classify,
    filter_outputs,
    filter_step,
    mlp_outputs,
    readout_step,
)
from tests.strategies import network_cases, seeds


def test_hand_worked():
    """Neurons 0 and 2 fire in bin 1: (5, -1) + (10, 20) + (3, 4) = (18, 23)."""
    w_out = np.zeros((2, 3, 2), np.int32)
    w_out[1] = [[10, 20], [100, 100], [3, 4]]
    readout = LinearReadout(w_out, np.zeros(2, np.int32))
    acc = readout_step(np.array([5, -1]), np.array([True, False, True]), 1, readout)
    assert acc.tolist() == [18, 23]


def test_tie_goes_to_the_lowest_class():
    """Among equal outputs the lowest index is the class."""
    assert classify(np.array([-4, 9, 2, 9])) == 1


@given(st.integers(1, 200), st.integers(1, 8))
def test_bins_rise_and_are_equal(n_steps, n_bins):
    """Bins rise from 0, stay below n_bins and differ in length by at most one step."""
    bins = [bin_of(t, n_steps, n_bins) for t in range(n_steps)]
    assert bins == sorted(bins) and bins[0] == 0 and bins[-1] <= n_bins - 1
    sizes = np.bincount(bins, minlength=n_bins)
    assert sizes.max() - sizes.min() <= 1


def small_mlp():
    """Neurons 0 and 2 in one bin -> two hidden units, shift 1 -> two outputs; 4-bit activations."""
    first = DenseLayer(np.array([[3, -2], [1, 1]]), np.array([2, 0]), shift=1)
    last = DenseLayer(np.array([[5, -1], [2, 2]]), np.array([-10, 7]))
    return MlpReadout(np.array([0, 2]), 1, (first, last), act_width=4)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # 2 + 9 + 4 = 15, 15 >> 1 = 7; -6 + 4 = -2, cut to 0: 5 * 7 - 10 = 25, 7 - 7 = 0.
        ([3, 99, 4], [25, 0]),
        # 20 saturates to 15: 2 + 0 + 15 = 17 -> 8; 15 -> 7: 40 + 14 - 10 = 44, -8 + 14 + 7 = 13.
        ([0, 99, 20], [44, 13]),
        # 2 + 33 = 35 -> 17, saturates to 15; -22 -> 0: 75 - 10 = 65, -15 + 7 = -8.
        ([11, 99, 0], [65, -8]),
    ],
)
def test_mlp_hand_worked(counts, expected):
    """Counts saturate, sums shift down, ReLU cuts, activations saturate, the last layer is raw."""
    assert mlp_outputs(np.array([counts]), small_mlp()).tolist() == expected


def test_mlp_inputs_go_bin_by_bin():
    """Input b * H + q is the count of chosen neuron q in bin b."""
    weights = np.array([[1], [10], [100], [1000]])
    readout = MlpReadout(np.array([1, 2]), 2, (DenseLayer(weights, np.array([0])),), act_width=8)
    assert mlp_outputs(np.array([[9, 1, 2], [9, 3, 4]]), readout).tolist() == [4321]


def small_stream(**changed):
    """One neuron, filters of decay 1/2 and 3/4, steps 100 and 16, 8 bits, with squares."""
    values = {
        "decay": np.array([[8], [12]]),
        "w_out": np.array([[[1]], [[-2]], [[3]], [[4]]]),
        "bias": np.array([-100]),
        "hold": 2,
        "trace_step": np.array([100, 16]),
        "trace_width": 8,
        "decay_width": 4,
        "out_shift": 2,
    }
    return TraceReadout(**values | changed)


def test_filters_hand_worked():
    """A filter decays rounded down, then a spike is added, and it saturates at 8 bits."""
    readout = small_stream()
    r = filter_step(np.array([[255], [15]]), np.array([False]), readout)
    assert r.tolist() == [[127], [11]]  # 127.5 and 11.25
    r = filter_step(r, np.array([True]), readout)
    assert r.tolist() == [[163], [24]]  # 63 + 100, 8 + 16
    assert filter_step(np.array([[250], [255]]), np.array([True]), readout).tolist() == [
        [225],
        [207],
    ]
    assert filter_step(
        np.array([[255], [255]]), np.array([True]), small_stream(trace_step=np.array([200, 64]))
    ).tolist() == [[255], [255]]


def test_stream_hand_worked():
    """163 - 2 * 24 + 3 * (163**2 >> 8) + 4 * (24**2 >> 8) - 100 = 15 + 309 + 8 = 332, / 4 = 83."""
    assert filter_outputs(np.array([[163], [24]]), small_stream()).tolist() == [83]
    # Without squares 163 - 48 - 118 = -3, shifted down to -1.
    plain = small_stream(w_out=np.array([[[1]], [[-2]]]), bias=np.array([-118]))
    assert filter_outputs(np.array([[163], [24]]), plain).tolist() == [-1]


@given(network_cases(max_steps=12), seeds)
def test_mlp_of_a_run(case, seed):
    """Outputs after each step are those of the counts so far; weights count once, at the end."""
    net = random_mlp(seed, case[0])
    trace, n_bins = run(net, case[1]), net.readout.n_bins
    counts = np.zeros((n_bins, net.n_neurons), np.int64)
    for t, spikes in enumerate(trace.spikes):
        counts[bin_of(t, len(case[1]), n_bins)] += spikes
        assert trace.out[t].tolist() == mlp_outputs(counts, net.readout).tolist()
    assert trace.total.sop_out == net.readout.macs
    assert len(trace.counts) == 1 or trace.counts[-2].sop_out == 0


@given(network_cases(max_steps=20), seeds, st.data())
def test_stream_can_be_continued(case, seed, data):
    """A run of T1 steps and one of T2 from its end equal one of T1 + T2, counts included."""
    net, raster = random_traces(seed, case[0]), case[1]
    cut = data.draw(st.integers(0, len(raster) - 1))
    whole = run(net, raster)
    second = run(net, raster[cut:], state=run(net, raster[:cut]).state if cut else None)
    for name in ("spikes", "v", "refractory", "i_syn", "syn_sum", "out"):
        assert np.array_equal(getattr(whole, name)[cut:], getattr(second, name)), name
    samples = len(raster) // net.readout.hold
    assert whole.total.sop_out == samples * net.readout.macs


def test_only_streams_can_be_continued():
    """A readout with bins depends on the length of the run, so its run cannot go on."""
    net, raster = random_network(1, n_steps=3)
    with pytest.raises(ValueError, match="must have a trace readout and no learning"):
        run(net, raster, state=run(net, raster).state)
