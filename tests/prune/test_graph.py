from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.prune.graph import (
    insert,
    inverse_participation,
    keep_neurons,
    laplacian_ipr,
    weak_components,
)
from tests.prune.networks import make_events, make_network, rows_of


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), n_silent=st.integers(1, 20))
def test_removed_neurons_are_silenced_neurons(seed, n_silent):
    """A network without some neurons spikes like one in which they cannot fire."""
    net, events = make_network(seed=seed), make_events(seed=seed)
    rng = np.random.default_rng(seed)
    keep = np.ones(net.n_neurons, bool)
    keep[rng.permutation(net.n_neurons)[:n_silent]] = False
    muted = replace(net, v_threshold=np.where(keep, net.v_threshold, 1e9))
    counts = run_counts(keep_neurons(net, keep), events)
    assert counts.sum() > 0
    assert np.array_equal(counts, run_counts(muted, events)[:, :, keep])


def test_keep_neurons_keeps_all_parameters():
    """Hand-worked: neurons 0 and 2 of a chain 0 -> 1 -> 2 -> 0 keep the synapse 2 -> 0 only."""
    net = make_network(n=5)
    net = replace(net, w_rec=rows_of(5, [(0, 1), (1, 2), (2, 0)]), v_floor=np.arange(5) - 9.0)
    net = replace(net, tau_syn=np.arange(5) + 1.0)
    some = keep_neurons(net, np.array([True, False, True, False, False]))
    assert (some.w_rec.pre_idx.tolist(), some.w_rec.col_idx.tolist()) == ([1], [0])
    assert some.v_floor.tolist() == [-9, -7]
    assert some.cluster.tolist() == [0, 2]
    assert some.tau_syn.tolist() == [1, 3]
    assert keep_neurons(replace(net, tau_syn=None), np.arange(5) < 2).tau_syn is None
    assert some.tau_mem.tolist() == net.tau_mem[[0, 2]].tolist()
    assert np.array_equal(some.w_in.to_dense(), net.w_in.to_dense()[:, [0, 2]])
    assert some.readout is None
    assert net.n_neurons == 5


def test_keep_neurons_refuses_another_size():
    """A mask of the wrong length is a wrong call."""
    with pytest.raises(ValueError, match="must have 40 values"):
        keep_neurons(make_network(), np.ones(3, bool))


def test_insert_worked():
    """Hand-worked: synapses are put in their places, in front, between and behind."""
    rows = rows_of(3, [(0, 1), (2, 0)])
    more = insert(rows, np.array([2, 0, 1]), np.array([1, 2, 0]), np.array([5.0, 6.0, 7.0]))
    assert more.to_dense().tolist() == [[0, 1, 6], [7, 0, 0], [1, 5, 0]]


def test_inverse_participation_limits():
    """1 for a vector on one node, 1/N for one spread over all, whatever their length."""
    vectors = np.stack([[0, 3, 0, 0], [2, 2, -2, 2]], axis=1).astype(float)
    assert inverse_participation(vectors) == pytest.approx([1, 0.25])


def test_ipr_of_two_nodes():
    """Hand-worked: the Laplacian of one edge has the vectors (1, 1) and (1, -1), each 1/2."""
    ipr = laplacian_ipr(rows_of(2, [(0, 1)]))
    assert (ipr.slow, ipr.top, ipr.mean) == pytest.approx((0.5, 0.5, 0.5))


def test_ipr_of_a_star():
    """The top mode of a star of n leaves is (n, -1 ...), nearly on its centre."""
    n = 30
    ipr = laplacian_ipr(rows_of(n + 1, [(0, k) for k in range(1, n + 1)]))
    top = (n**4 + n) / (n**2 + n) ** 2
    others = 10 * ipr.top - top
    assert 0 < others / 9 < 1
    assert ipr.top > top / 10


def test_ipr_is_that_of_the_largest_component():
    """Small components beside the largest do not count, nor does the direction of an edge."""
    path = [(0, 1), (1, 2), (2, 3)]
    alone = laplacian_ipr(rows_of(4, path))
    beside = laplacian_ipr(rows_of(7, [*path, (2, 1), (5, 6)]))
    assert (beside.slow, beside.top, beside.mean) == pytest.approx(
        (alone.slow, alone.top, alone.mean)
    )
    with pytest.raises(ValueError, match="edge between two nodes"):
        laplacian_ipr(rows_of(3, []))


def test_weak_components():
    """0 -> 1 <- 2 is one weak component, 3 another."""
    count, label = weak_components(rows_of(4, [(0, 1), (2, 1)]))
    assert count == 2
    assert label[0] == label[1] == label[2] != label[3]
