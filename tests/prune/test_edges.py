import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.network import SparseRows
from hrsnn_edge.prune.edges import (
    EDGE_RULES,
    AddRule,
    candidates,
    choose_edges,
    degree_variance,
    degrees,
    draw_weights,
)
from hrsnn_edge.prune.graph import insert
from tests.prune.networks import make_network, rows_of


def choose(rows, count, add, seed=0, pairs=None):
    """The chosen pairs for the candidates of a graph that was never pruned."""
    pairs = candidates(rows, rows, count) if pairs is None else pairs
    rng = np.random.default_rng(seed)
    return choose_edges(pairs, degrees(rows), rows.fan_out, count, add, rng)


def with_edges(rows, new):
    """The rows with more synapses."""
    return insert(rows, new[:, 0], new[:, 1], np.ones(len(new)))


def naive_choice(pairs, rank, count, rule):
    """The rules, read word by word, with all pairs looked at for each choice."""
    orders = {
        "degree_variance": lambda p: rank[p[0]] + rank[p[1]],
        "low_degree": lambda p: -rank[p[0]] - rank[p[1]],
        "low_to_high": lambda p: (-rank[p[0]], rank[p[1]]),
    }
    pairs, chosen = pairs.copy(), []
    for _ in range(min(count, int(pairs.sum()))):
        best = max(map(tuple, np.argwhere(pairs).tolist()), key=orders[rule])
        chosen.append(list(best))
        pairs[best] = False
        rank[list(best)] += 1
    return chosen


@settings(max_examples=60)
@given(
    n=st.integers(3, 14),
    density=st.floats(0.05, 0.5),
    count=st.integers(1, 12),
    rule=st.sampled_from(EDGE_RULES),
    seed=st.integers(0, 1000),
)
def test_choice_is_the_naive_one(n, density, count, rule, seed):
    """The repaired best targets choose what looking at all pairs chooses."""
    rows = make_network(n=n, density=density, seed=seed).w_rec
    pairs = candidates(rows, rows, count)
    rank = degrees(rows) + np.random.default_rng(seed).random(n) * 0.499
    expected = naive_choice(pairs, rank, count, rule)
    assert choose(rows, count, AddRule(rule), seed).tolist() == expected


@settings(max_examples=30)
@given(n=st.integers(4, 12), density=st.floats(0.05, 0.4), seed=st.integers(0, 1000))
def test_greedy_is_exact_for_one_edge(n, density, seed):
    """No candidate raises the variance of the degrees more than the literal rule's."""
    rows = make_network(n=n, density=density, seed=seed).w_rec
    pairs = candidates(rows, rows, 1)
    every = [degree_variance(with_edges(rows, np.array([p]))) for p in np.argwhere(pairs)]
    new = choose(rows, 1, AddRule("degree_variance"), seed)
    if every:
        assert degree_variance(with_edges(rows, new)) == pytest.approx(max(every))
    else:
        assert len(new) == 0


def test_candidates_worked():
    """Hand-worked: 0 -> 1 -> 2 -> 0 and 1 -> 0: two apart are 0-2, 1-0, 2-1; 1-0 is there."""
    rows = rows_of(3, [(0, 1), (1, 2), (2, 0), (1, 0)])
    assert np.argwhere(candidates(rows, rows, 1)).tolist() == [[0, 2], [2, 1]]


def test_candidates_leave_out_the_original_unless_too_few_are_left():
    """A pruned synapse comes back only when no new pair is left."""
    original = rows_of(3, [(0, 1), (1, 2), (0, 2), (2, 0)])
    rows = rows_of(3, [(0, 1), (1, 2), (2, 0)])
    assert np.argwhere(candidates(rows, original, 2)).tolist() == [[1, 0], [2, 1]]
    assert np.argwhere(candidates(rows, original, 3)).tolist() == [[0, 2], [1, 0], [2, 1]]


@settings(max_examples=60)
@given(
    limit=st.integers(1, 8),
    count=st.integers(1, 60),
    rule=st.sampled_from(EDGE_RULES),
    seed=st.integers(0, 1000),
)
def test_fan_out_limit_is_hard(limit, count, rule, seed):
    """No row gets a synapse that makes it longer than the limit, and no pair is chosen twice."""
    rows = make_network(n=20, density=0.15, seed=seed).w_rec
    new = choose(rows, count, AddRule(rule, 0.01, limit), seed)
    after = with_edges(rows, new)
    assert (after.fan_out <= np.maximum(rows.fan_out, limit)).all()
    assert len({tuple(p) for p in new.tolist()}) == len(new) <= count
    if len(new) < count:
        left = candidates(rows, rows, count)
        left[new[:, 0], new[:, 1]] = False
        assert not left[after.fan_out < limit].any()


def test_rules_move_the_variance_their_way():
    """The literal rule raises the variance of the degrees most, `low_degree` lowers it."""
    rows = make_network(n=60, density=0.05, seed=1).w_rec
    after = {r: degree_variance(with_edges(rows, choose(rows, 20, AddRule(r)))) for r in EDGE_RULES}
    assert after["degree_variance"] > after["low_to_high"] > after["low_degree"]
    assert after["degree_variance"] > degree_variance(rows) > after["low_degree"]


def test_ties_are_drawn():
    """On a ring, where all degrees are equal, the seed decides."""
    rows = rows_of(12, [(k, (k + 1) % 12) for k in range(12)])
    firsts = {tuple(choose(rows, 1, AddRule(r), seed)[0]) for seed in range(20) for r in EDGE_RULES}
    assert len(firsts) > 5


def test_weights_have_the_sign_and_the_size_of_the_type():
    """Magnitudes come from sources of the type; from all if it had none."""
    initial = SparseRows.from_dense(np.array([[0, 1.0, 2.0], [0, 0, 0.0], [-5.0, 0, 0]]))
    kinds = np.array([False, False, True])
    rng = np.random.default_rng(0)
    pre = np.array([0, 1, 2] * 20)
    weights = draw_weights(pre, kinds, initial, kinds, rng).reshape(20, 3)
    assert set(weights[:, :2].ravel()) == {1.0, 2.0}
    assert set(weights[:, 2]) == {-5.0}
    only = initial.keep([False, False, True])
    assert draw_weights(np.array([0]), kinds, only, kinds, rng).tolist() == [5.0]


def test_degree_variance_worked():
    """Hand-worked: degrees of 0 -> 1 -> 2 are 1, 2, 1, with mean 4/3 and variance 2/9."""
    assert degree_variance(rows_of(3, [(0, 1), (1, 2)])) == pytest.approx(2 / 9)


@pytest.mark.parametrize("change", [{"rule": "random"}, {"share": 1.5}, {"max_fan_out": 0}])
def test_wrong_rules_are_refused(change):
    """A rule that does not exist or is out of range is a wrong call."""
    with pytest.raises(ValueError, match="must be"):
        AddRule(**change)
