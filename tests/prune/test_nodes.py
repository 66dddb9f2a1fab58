from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.model import centrality
from hrsnn_edge.model.centrality import sampled_betweenness
from hrsnn_edge.network import SparseRows
from hrsnn_edge.prune.graph import keep_neurons
from hrsnn_edge.prune.nodes import (
    NodeRule,
    alive,
    betweenness,
    prune_nodes,
    removable,
)
from tests.prune.networks import make_network, rows_of

BOTH_WAYS_STAR = [(0, k) for k in range(1, 6)] + [(k, 0) for k in range(1, 6)]


def test_betweenness_of_a_star():
    """All 5 * 4 ordered pairs of leaves pass the centre, none a leaf."""
    assert betweenness(rows_of(6, BOTH_WAYS_STAR)).tolist() == [20, 0, 0, 0, 0, 0]


def test_betweenness_of_a_path():
    """Node k of a directed path of n lies between k before and n - 1 - k behind it."""
    rows = rows_of(6, [(k, k + 1) for k in range(5)])
    expected = [k * (5 - k) for k in range(6)]
    assert betweenness(rows).tolist() == expected
    assert sampled_betweenness(rows, np.arange(6)).tolist() == expected


@settings(max_examples=30)
@given(n=st.integers(2, 25), density=st.floats(0.02, 0.8), seed=st.integers(0, 1000))
def test_betweenness_is_that_of_others(n, density, seed):
    """Both forms equal an independent implementation on any directed graph."""
    mask = np.random.default_rng(seed).random((n, n)) < density
    np.fill_diagonal(mask, False)
    rows = SparseRows.from_dense(mask.astype(float))
    graph = nx.from_numpy_array(mask.astype(int), create_using=nx.DiGraph)
    expected = [v for _, v in sorted(nx.betweenness_centrality(graph, normalized=False).items())]
    assert betweenness(rows) == pytest.approx(expected)
    assert sampled_betweenness(rows, np.arange(n)) == pytest.approx(expected)


def test_sampling_is_unbiased_and_used_for_large_graphs(monkeypatch):
    """The mean over single sources is exact; above the limit `betweenness` samples."""
    rows = make_network().w_rec
    singles = [sampled_betweenness(rows, np.array([s])) for s in range(40)]
    assert np.mean(singles, axis=0) == pytest.approx(betweenness(rows))
    monkeypatch.setattr(centrality, "EXACT_NEURONS", 39)
    monkeypatch.setattr(centrality, "N_SOURCES", 10)
    few = betweenness(rows, seed=3)
    sources = np.random.default_rng(3).permutation(40)[:10]
    assert np.array_equal(few, sampled_betweenness(rows, sources))


def test_alive_worked():
    """Hand-worked: 0 -> 1 <-> 2 -> 3 with input to 0: 3 has no target; 4 and 5 fall one by one."""
    net = make_network(n=6)
    w_in = np.zeros((6, 6))
    w_in[0, 0] = 1
    pairs = [(0, 1), (1, 2), (2, 1), (2, 3), (4, 5), (5, 1)]
    net = replace(net, w_rec=rows_of(6, pairs), w_in=SparseRows.from_dense(w_in))
    assert alive(net).tolist() == [True, True, True, False, False, False]
    assert alive(net, readout_counts=True).tolist() == [True, True, True, True, False, False]


@settings(max_examples=60)
@given(
    n=st.integers(12, 50),
    density=st.floats(0, 0.15),
    quantile=st.floats(0, 0.9),
    n_min=st.integers(1, 40),
    share=st.sampled_from([(0.75, 0.85), (0.79, 0.81), (0.0, 1.0), (0.9, 0.95)]),
    seed=st.integers(0, 1000),
)
def test_protections_hold(n, density, quantile, n_min, share, seed):
    """Survivors keep in- and out-edges, their number, and the E:I share or a better one."""
    net = make_network(n=n, density=density, seed=seed, input_share=0.3)
    rule = NodeRule(quantile, n_min, *share)
    rng = np.random.default_rng(seed)
    removed = removable(net, betweenness(net.w_rec), rule, rng)
    left = keep_neurons(net, ~removed)
    assert removed.sum() <= round(quantile * n)
    assert left.n_neurons >= min(n, n_min)
    assert alive(left).all()

    def gap(network):
        excitatory = (~network.inhibitory).mean()
        return max(share[0] - excitatory, excitatory - share[1], 0)

    assert gap(left) <= gap(net)


def test_removes_the_least_central():
    """Without protections exactly the neurons of least score go."""
    net = make_network(density=0.6)
    score = np.random.default_rng(0).random(40)
    rule = NodeRule(0.1, 1, 0, 1)
    removed = removable(net, score, rule, np.random.default_rng(0))
    assert set(np.flatnonzero(removed)) == set(np.argsort(score)[:4])


def test_a_held_neuron_goes_after_one_of_the_other_type():
    """With a share that must stay 80 %, E cannot go alone, but E and I may together."""
    net = make_network(n=50, density=0.8)
    score = np.arange(50.0)
    rule = NodeRule(0.1, 1, 0.795, 0.82)
    removed = removable(net, score, rule, np.random.default_rng(0))
    assert removed[4]
    assert removed.sum() > 1


def test_input_neurons_can_be_protected():
    """With `protect_input` the least central neuron goes only if no input reaches it."""
    net = make_network(density=0.6)
    score = np.arange(40.0)
    driven = np.arange(40) < 2
    rule = NodeRule(0.1, 1, 0, 1)
    for protect, expected in ((False, {0, 1, 2, 3}), (True, {2, 3})):
        removed = removable(
            net,
            score,
            replace(rule, protect_input=protect),
            np.random.default_rng(0),
            driven,
        )
        assert set(np.flatnonzero(removed)) == expected


def test_a_driven_neuron_needs_no_other_source():
    """Hand-worked: 0 -> 1 -> 0 and 2 -> 0: neuron 2 lives only if a current reaches it."""
    net = replace(make_network(n=3), w_rec=rows_of(3, [(0, 1), (1, 0), (2, 0)]))
    assert alive(net, driven=np.array([True, False, False])).tolist() == [True, True, False]
    assert alive(net, driven=np.array([False, False, True])).tolist() == [True, True, True]


def test_prune_nodes_returns_what_it_kept():
    """The mask names the neurons of the result, dead ones and protected ones included."""
    net = make_network(n=40, density=0.1, seed=2)
    dead = net.w_rec.pre_idx != 7
    net = replace(net, w_rec=net.w_rec.keep(dead))
    left, kept = prune_nodes(net, NodeRule(0.1, 5), np.random.default_rng(1))
    assert not kept[7]
    assert left.n_neurons == kept.sum() < 39
    assert np.array_equal(left.tau_mem, net.tau_mem[kept])


@pytest.mark.parametrize(
    "change", [{"quantile": 1.0}, {"quantile": -0.1}, {"n_min": 0}, {"excitatory_low": 0.9}]
)
def test_wrong_rules_are_refused(change):
    """A rule outside of its range is a wrong call."""
    with pytest.raises(ValueError, match="must be"):
        NodeRule(**change)
