from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts, run_spikes
from hrsnn_edge.model.lif import current_step, lif_step
from hrsnn_edge.network import RESETS, FloatNetwork, SparseRows


def network(n_inputs=1, **values):
    """Return one neuron of tau ln 2 (decay 1/2) fed by weight 1, with changes."""
    n = len(values.get("v_threshold", [1.0]))
    defaults = {
        "w_in": SparseRows.from_dense(np.ones((n_inputs, n))),
        "w_rec": SparseRows.from_dense(np.zeros((n, n))),
        "inhibitory": np.zeros(n, bool),
        "tau_mem": np.full(n, 1 / np.log(2)),
        "v_threshold": np.ones(n),
        "v_reset": np.zeros(n),
        "refractory_steps": np.zeros(n, np.int64),
    }
    return FloatNetwork(**{**defaults, **values})


def inputs(*rasters):
    return EventBatch.from_rasters([np.array(r, bool).reshape(len(r), -1) for r in rasters])


def spikes_of(net, raster):
    out = run_spikes(net, inputs(raster))
    return out.raster(0).astype(int)


def test_leak_by_hand():
    """With weight 3/4, decay 1/2, two events in a row reach 9/8 and fire; apart they do not."""
    net = network(w_in=SparseRows.from_dense(np.array([[0.75]])))
    assert spikes_of(net, [1, 1, 0, 1, 0, 1])[:, 0].tolist() == [0, 1, 0, 0, 0, 0]


def test_current_by_hand():
    """A current of decay 1/2 goes on while the neuron is held, and adds to later input.

    Weight 1, membrane decay 1/2: the current is 1, 1/2, 1/4, 9/8; the neuron fires at t = 0, is
    held at t = 1, has 1/4 at t = 2, and 1/8 + 9/8 at t = 3.
    """
    net = network(tau_syn=np.array([1 / np.log(2)]), refractory_steps=np.array([1]))
    assert spikes_of(net, [1, 0, 0, 1])[:, 0].tolist() == [1, 0, 0, 1]
    half = network(
        w_in=SparseRows.from_dense(np.array([[0.75]])), tau_syn=np.array([1 / np.log(2)])
    )
    # Current 3/4, 3/8, 3/16; membrane 3/4, 3/4, 9/16: two events in a row fire, one does not.
    assert spikes_of(half, [1, 0, 0])[:, 0].tolist() == [0, 0, 0]
    assert spikes_of(half, [1, 1, 0])[:, 0].tolist() == [0, 1, 0]


def test_threshold_is_inclusive():
    """A membrane exactly at the threshold fires."""
    assert spikes_of(network(), [1, 0])[:, 0].tolist() == [1, 0]


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_refractory_by_hand(steps):
    """A neuron that fires at t can fire again at t + steps + 1; input in between is lost."""
    net = network(refractory_steps=np.array([steps]))
    assert np.flatnonzero(spikes_of(net, [1] * 9)[:, 0]).tolist() == list(range(0, 9, steps + 1))


def test_subtractive_reset_by_hand():
    """Weight 7/4 over threshold 1 leaves 3/4, of which 3/8 and 5/8 more fire again; then 0 is left.

    A held neuron keeps what is left: at t = 2 it has 3/8 of the 3/4 that the spike left at t = 0.
    """
    w = SparseRows.from_dense(np.array([[1.75], [0.625]]))
    net = network(w_in=w, reset="subtract")
    assert spikes_of(net, [[1, 0], [0, 1], [0, 1]])[:, 0].tolist() == [1, 1, 0]
    held = replace(net, refractory_steps=np.array([1]))
    assert spikes_of(held, [[1, 0], [1, 1], [0, 1]])[:, 0].tolist() == [1, 0, 1]
    lower = replace(net, v_reset=np.array([-0.5]))  # takes 3/2 off and leaves 1/4
    assert spikes_of(lower, [[1, 0], [0, 1], [0, 1]])[:, 0].tolist() == [1, 0, 1]


def test_floor_bounds_the_membrane():
    """After strong inhibition one event reaches the threshold only when there is a floor."""
    w = SparseRows.from_dense(np.array([[-100.0], [1.5]]))
    raster = [[1, 0], [0, 0], [0, 1]]
    assert spikes_of(network(w_in=w, v_floor=np.array([-1.0])), raster)[:, 0].tolist() == [0, 0, 1]
    assert spikes_of(network(w_in=w), raster)[:, 0].tolist() == [0, 0, 0]


def test_leaky_gain_by_hand():
    """In leaky mode one event of weight 2 adds (1 - 1/2) 2 = 1 and fires."""
    w = SparseRows.from_dense(np.array([[2.0]]))
    assert spikes_of(network(w_in=w, gain_mode="leaky"), [1])[:, 0].tolist() == [1]
    w = SparseRows.from_dense(np.array([[1.9]]))
    assert spikes_of(network(w_in=w, gain_mode="leaky"), [1])[:, 0].tolist() == [0]


def test_recurrent_spike_arrives_one_step_later():
    """A spike of step t reaches its targets in step t + 1."""
    net = network(
        w_in=SparseRows.from_dense(np.array([[1.0, 0.0]])),
        w_rec=SparseRows.from_dense(np.array([[0.0, 1.0], [0.0, 0.0]])),
        inhibitory=np.zeros(2, bool),
        tau_mem=np.ones(2),
        v_threshold=np.ones(2),
        v_reset=np.zeros(2),
        refractory_steps=np.zeros(2, np.int64),
    )
    assert spikes_of(net, [1, 0, 0]).tolist() == [[1, 0], [0, 1], [0, 0]]


@st.composite
def cases(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, k = draw(st.integers(1, 12)), draw(st.integers(1, 6))
    inhibitory = rng.random(n) < 0.3
    w_rec = rng.random((n, n)) * (rng.random((n, n)) < 0.4) * np.where(inhibitory, -1, 1)[:, None]
    net = FloatNetwork(
        w_in=SparseRows.from_dense(rng.normal(0.3, 0.5, (k, n)) * (rng.random((k, n)) < 0.6)),
        w_rec=SparseRows.from_dense(w_rec),
        inhibitory=inhibitory,
        tau_mem=rng.uniform(1, 20, n),
        v_threshold=rng.uniform(0.2, 1, n),
        v_reset=rng.uniform(-0.3, 0.1, n),
        refractory_steps=rng.integers(0, 4, n),
        gain_mode=draw(st.sampled_from(["jump", "leaky"])),
        v_floor=draw(st.sampled_from([-np.inf, -0.5])),
        tau_syn=draw(st.sampled_from([None, rng.uniform(0.5, 10, n)])),
        reset=draw(st.sampled_from(RESETS)),
    )
    lengths = draw(st.lists(st.integers(1, 20), min_size=1, max_size=3))
    return net, [rng.random((t, k)) < 0.3 for t in lengths]


@given(case=cases(), n_bins=st.integers(1, 5))
def test_equals_the_readable_step(case, n_bins):
    """The compiled engine fires the spikes of `lif_step`, and counts them in their bins."""
    net, rasters = case
    events = EventBatch.from_rasters(rasters)
    got = run_spikes(net, events)
    counts = run_counts(net, events, n_bins)
    w_in, w_rec = net.w_in.to_dense(), net.w_rec.to_dense()
    for s, raster in enumerate(rasters):
        v, wait = np.zeros(net.n_neurons), np.zeros(net.n_neurons, np.int64)
        spike, i_syn = np.zeros(net.n_neurons, bool), np.zeros(net.n_neurons)
        wanted = np.zeros((len(raster), net.n_neurons), bool)
        for t, row in enumerate(raster):
            i_syn = current_step(i_syn, row @ w_in + spike @ w_rec, net)
            v, wait, spike = lif_step(v, wait, i_syn, net)
            wanted[t] = spike
        np.testing.assert_array_equal(got.raster(s), wanted, f"sample {s}")
        bins = np.arange(len(raster)) * n_bins // len(raster)
        for b in range(n_bins):
            np.testing.assert_array_equal(counts[s, b], wanted[bins == b].sum(axis=0))


def test_wrong_channels_are_refused():
    """Events of another number of channels are refused."""
    with pytest.raises(ValueError, match="Events must have 1 channels like the network, not 2"):
        run_counts(network(), inputs([[1, 0]]))
