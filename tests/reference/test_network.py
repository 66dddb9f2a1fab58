"""Whole runs of the reference."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import Counts, IntFormat, IntNetwork, LinearReadout, SparseRows
from hrsnn_edge.reference.lif import LifParams, lif_step
from hrsnn_edge.reference.network import run
from tests.strategies import network_cases


def chain():
    """Input 0 drives neuron 0, which drives neuron 1, which inhibits neuron 0; input 1 is idle."""
    return IntNetwork(
        w_in=SparseRows.from_dense(np.array([[8, 0], [0, 0]], np.int32)),
        w_rec=SparseRows.from_dense(np.array([[0, 5], [-6, 0]], np.int32)),
        shift_in=np.array([0, 0]),
        shift_rec=np.array([1, 0]),
        inhibitory=np.array([False, True]),
        decay=np.array([128, 0]),
        v_threshold=np.array([8, 10]),
        v_reset=np.array([0, -1]),
        refractory_steps=np.array([0, 1]),
        readout=LinearReadout(np.array([[[1, -2], [3, 0]], [[5, 7], [9, 1]]]), np.array([100, 0])),
        fmt=IntFormat(shift_width=1),
    )


def test_hand_worked():
    """The chain fires, is inhibited and counts as worked out by hand.

    t=0: input 0 gives 8, neuron 0 fires (threshold 8).
    t=1: neuron 1 gets 5 << 1 = 10 and fires; neuron 0 gets 8 and fires.
    t=2: neuron 0 gets 8 - 6 = 2; neuron 1 is refractory and loses 10.
    t=3: no input: neuron 0 leaks to 1; neuron 1 starts from its reset of -1 with decay 0.
    """
    raster = np.array([[1, 0], [1, 0], [1, 1], [0, 0]], bool)
    trace = run(chain(), raster)
    assert trace.spikes.tolist() == [[1, 0], [1, 1], [0, 0], [0, 0]]
    assert trace.syn_sum.tolist() == [[8, 0], [8, 10], [2, 10], [0, 0]]
    assert trace.v.tolist() == [[0, 0], [0, -1], [2, -1], [1, 0]]
    assert trace.refractory.tolist() == [[0, 0], [0, 1], [0, 0], [0, 0]]
    # Both bins are two steps long; all spikes fall in bin 0.
    assert trace.out.tolist() == [[101, -2], [105, -4], [105, -4], [105, -4]]
    assert trace.prediction == 0
    assert trace.counts[1] == Counts(
        input_events=2, spikes=3, sop_in=2, sop_rec=3, sop_out=6, neuron_updates=4
    )
    assert trace.total == Counts(
        input_events=4,
        spikes=3,
        sop_in=3,
        sop_rec=3,
        sop_out=6,
        neuron_updates=8,
        skipped_rows=1,
    )


@given(network_cases())
def test_counts(case):
    """Counts equal the sums of fan-outs over events and spikes, and never fall."""
    net, raster = case
    trace = run(net, raster)
    fan_in, fan_rec = net.w_in.fan_out, net.w_rec.fan_out
    assert trace.total == Counts(
        input_events=int(raster.sum()),
        spikes=int(trace.spikes.sum()),
        sop_in=int((raster * fan_in).sum()),
        sop_rec=int((trace.spikes * fan_rec).sum()),
        sop_out=int(trace.spikes.sum()) * net.readout.n_out,
        neuron_updates=trace.spikes.size,
        skipped_rows=int(raster[:, fan_in == 0].sum() + trace.spikes[:, fan_rec == 0].sum()),
    )
    for before, after in zip(trace.counts, trace.counts[1:], strict=False):
        for f in fields(Counts):
            assert getattr(before, f.name) <= getattr(after, f.name)


@given(network_cases())
def test_membranes_stay_in_their_width(case):
    """Every membrane is a v_width number, below the threshold unless a spike left it there."""
    net, raster = case
    trace = run(net, raster)
    low, high = signed_range(net.fmt.v_width)
    assert low <= trace.v.min() and trace.v.max() <= high
    if net.reset == "hard":
        assert np.all((trace.v < net.v_threshold) | (trace.v == net.v_reset))
    else:
        fired = trace.spikes.copy()
        fired[1:] |= trace.refractory[:-1] > 0
        assert np.all((trace.v < net.v_threshold) | fired)
        assert np.all((trace.v >= net.v_reset) | ~trace.spikes)


@given(network_cases(), st.integers(0, 30))
def test_a_prefix_runs_alike(case, cut):
    """The first steps of a run do not depend on the later ones."""
    net, raster = case
    cut = min(max(cut, 1), len(raster))
    whole, part = run(net, raster), run(net, raster[:cut])
    assert np.array_equal(whole.spikes[:cut], part.spikes)
    assert np.array_equal(whole.v[:cut], part.v)


@given(network_cases())
def test_steps_follow_from_their_state(case):
    """Every step is lif_step on the state before it: a run can be cut in two anywhere."""
    net, raster = case
    trace, params = run(net, raster), LifParams.of(net)
    for t in range(1, len(raster)):
        v, counter, spikes = lif_step(
            trace.v[t - 1], trace.refractory[t - 1], trace.syn_sum[t], params
        )
        assert np.array_equal(v, trace.v[t])
        assert np.array_equal(counter, trace.refractory[t])
        assert np.array_equal(spikes, trace.spikes[t])


def test_wrong_raster():
    """A raster of another width or without a step is refused."""
    with pytest.raises(ValueError, match=r"Raster must be \(1 or more, 2\), not \(3, 5\)"):
        run(chain(), np.zeros((3, 5), bool))
    with pytest.raises(ValueError, match=r"not \(0, 2\)"):
        run(chain(), np.zeros((0, 2), bool))
