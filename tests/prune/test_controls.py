from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.errors import PruneError
from hrsnn_edge.prune.controls import (
    activity_pruned,
    activity_rounds,
    erdos_renyi,
    most_active,
    random_rounds,
    same_neurons,
)
from hrsnn_edge.prune.graph import keep_neurons
from tests.prune.networks import make_network


def test_most_active_worked():
    """Hand-worked: the two greatest rates stay; of equals each stays sometimes."""
    rng = np.random.default_rng(0)
    assert most_active([3, 1, 0, 2], 2, rng).tolist() == [True, False, False, True]
    masks = {tuple(most_active([1, 1, 0], 1, rng).tolist()) for _ in range(30)}
    assert masks == {(True, False, False), (False, True, False)}


def test_activity_pruned():
    """The network is that of the most active neurons."""
    net = make_network()
    rates = np.random.default_rng(1).random(40)
    pruned, kept = activity_pruned(net, rates, 10, seed=0)
    assert set(np.flatnonzero(kept)) == set(np.argsort(rates)[-10:])
    assert np.array_equal(pruned.tau_mem, net.tau_mem[kept])


@pytest.mark.parametrize(
    ("rates", "count", "text"),
    [
        (np.ones(39), 5, "must have 40 values"),
        (np.ones(40), 0, "between 1 and 40, not 0"),
        (np.full(40, np.nan), 5, "at least 0"),
    ],
)
def test_activity_pruned_refuses(rates, count, text):
    """Wrong rates and counts are wrong calls."""
    with pytest.raises(ValueError, match=text):
        activity_pruned(make_network(), rates, count, seed=0)


@settings(max_examples=30)
@given(
    method=st.sampled_from(["magnitude", "uniform"]),
    n_kept=st.integers(5, 40),
    share=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_same_neurons_has_the_counts(method, n_kept, share, seed):
    """Exactly the wanted synapses are left, all of them old ones among the kept neurons."""
    net = make_network(seed=seed)
    kept = np.arange(40) < n_kept
    among = keep_neurons(net, kept)
    count = int(share * among.w_rec.nnz)
    pruned = same_neurons(net, kept, count, method, seed)
    assert (pruned.n_neurons, pruned.w_rec.nnz) == (n_kept, count)
    old = among.w_rec.to_dense()
    new = pruned.w_rec.to_dense()
    assert ((new == 0) | (new == old)).all()


def test_same_neurons_refuses_too_many():
    """More synapses than the kept neurons have are refused with both numbers."""
    net = make_network()
    with pytest.raises(PruneError, match=f"between 0 and the {net.w_rec.nnz} among"):
        same_neurons(net, np.ones(40, bool), net.w_rec.nnz + 1, "uniform", 0)


@settings(max_examples=40)
@given(n=st.integers(2, 40), share=st.floats(0, 1), seed=st.integers(0, 1000))
def test_erdos_renyi_has_the_counts(n, share, seed):
    """Counts are exact, no neuron reaches itself, signs are Dale's, neurons are old ones."""
    net = make_network()
    count = int(share * n * (n - 1))
    graph = erdos_renyi(net, n, count, seed)
    rows = graph.w_rec
    assert (graph.n_neurons, rows.nnz) == (n, count)
    assert (rows.pre_idx != rows.col_idx).all()
    assert np.array_equal(rows.weights < 0, graph.inhibitory[rows.pre_idx])
    assert set(graph.tau_mem) <= set(net.tau_mem)
    assert set(rows.weights) <= set(net.w_rec.weights)


def test_erdos_renyi_is_uniform():
    """Each pair is drawn equally often: 3 of 12, 2,000 times, within four deviations."""
    net = make_network(n=10)
    times = sum((erdos_renyi(net, 4, 3, s).w_rec.to_dense() != 0).astype(int) for s in range(2000))
    pairs = times[~np.eye(4, dtype=bool)]
    assert times.sum() == pairs.sum() == 6000
    assert np.abs(pairs - 500).max() < 4 * np.sqrt(2000 * 0.25 * 0.75)


@pytest.mark.parametrize(("n", "count"), [(0, 0), (41, 5), (5, 21), (5, -1)])
def test_erdos_renyi_refuses(n, count):
    """Counts that fit neither the network nor each other are refused."""
    with pytest.raises(PruneError, match="must be between"):
        erdos_renyi(make_network(), n, count, 0)


def test_activity_rounds_retrain():
    """Each round drops the least active of the retrained network; silence is named."""
    net = make_network()
    seen = []

    def rates(pruned, kept):
        seen.append((pruned, kept.copy()))
        # After the first retraining the order of the neurons is turned round.
        number = np.flatnonzero(kept)
        return number + 1.0 if len(seen) == 1 else 100.0 - number

    def retrain(pruned, kept):
        assert pruned.n_neurons == kept.sum()
        return replace(pruned, v_threshold=pruned.v_threshold + 1)

    rounds = activity_rounds(net, (30, 20), rates, retrain, seed=0)
    assert np.flatnonzero(rounds[0][1]).tolist() == list(range(10, 40))
    assert np.flatnonzero(rounds[1][1]).tolist() == list(range(10, 30))
    assert seen[1][0] is rounds[0][0]
    assert rounds[1][0].v_threshold == pytest.approx(net.v_threshold[10:30] + 2)
    with pytest.raises(PruneError, match="not 0 spikes of 40 neurons before round 1"):
        activity_rounds(net, (30,), lambda pruned, kept: np.zeros(40), retrain, seed=0)


def test_random_rounds_have_the_counts_of_each_round():
    """A new graph for each round, with its counts; the same seed draws the same."""
    net = make_network()
    counts = [(40, 100), (30, 60), (30, 60)]
    graphs = random_rounds(net, counts, 3)
    assert [(g.n_neurons, g.w_rec.nnz) for g in graphs] == counts
    again = random_rounds(net, counts, 3)
    assert np.array_equal(graphs[1].w_rec.col_idx, again[1].w_rec.col_idx)
    assert not np.array_equal(graphs[1].w_rec.col_idx, graphs[2].w_rec.col_idx)
