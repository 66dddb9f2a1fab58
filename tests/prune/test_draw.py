import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.prune.draw import draw_exact, keep_count, keep_probabilities

score_lists = st.lists(st.floats(0, 1e3), min_size=1, max_size=60)


def test_worked_probabilities():
    """Hand-worked: scores 8, 1, 1 and 2 kept: the first is certain, the others share one half."""
    assert keep_probabilities(np.array([8.0, 1, 1]), 2) == pytest.approx([1, 0.5, 0.5])
    assert keep_probabilities(np.array([2.0, 1, 1]), 2) == pytest.approx([1, 0.5, 0.5])
    assert keep_probabilities(np.array([3.0, 3, 2]), 2) == pytest.approx([0.75, 0.75, 0.5])


@given(scores=score_lists, data=st.data())
def test_probabilities_sum_to_the_count(scores, data):
    """All probabilities are in 0 .. 1, rise with the score, and sum to the wanted number."""
    count = data.draw(st.integers(0, len(scores)))
    p = keep_probabilities(np.array(scores), count)
    assert p.min() >= 0
    assert p.max() <= 1
    assert p.sum() == pytest.approx(count, abs=1e-9 * len(scores))
    assert (np.diff(p[np.argsort(scores)]) >= -1e-12).all()


@given(seed=st.integers(0, 1000), count=st.integers(1, 49))
def test_closed_form_is_the_bisection(seed, count):
    """The probabilities are those that bisection on rho finds."""
    scores = np.random.default_rng(seed).lognormal(0, 2, 50)
    low, high = 0.0, count / scores.min()
    for _ in range(200):
        rho = (low + high) / 2
        low, high = (rho, high) if np.minimum(1, rho * scores).sum() < count else (low, rho)
    p = keep_probabilities(scores, count)
    assert p == pytest.approx(np.minimum(1, high * scores), abs=1e-9)


@given(scores=score_lists, seed=st.integers(0, 1000), data=st.data())
def test_exact_number(scores, seed, data):
    """Just the wanted number of edges is kept, and the certain ones among them."""
    count = data.draw(st.integers(0, len(scores)))
    p = keep_probabilities(np.array(scores), count)
    mask = draw_exact(p, np.random.default_rng(seed))
    assert mask.sum() == count
    assert mask[p >= 1].all()


def test_draw_is_unbiased():
    """Over 20,000 draws every edge is kept as often as its probability says."""
    p = keep_probabilities(np.array([5.0, 3, 2, 1, 1, 0.5, 0.5, 0.1]), 3)
    rng = np.random.default_rng(1)
    seen = np.mean([draw_exact(p, rng) for _ in range(20_000)], axis=0)
    assert seen == pytest.approx(p, abs=0.015)


def test_any_pair_may_be_drawn():
    """The order of the edges does not decide who is kept together with whom."""
    rng = np.random.default_rng(2)
    pairs = {tuple(np.flatnonzero(draw_exact(np.full(4, 0.5), rng))) for _ in range(200)}
    assert len(pairs) == 6


def test_zero_scores_come_last():
    """Edges of score 0 are kept only when no others are left."""
    p = keep_probabilities(np.array([0.0, 1.0, 2.0, 0.0]), 2)
    assert p == pytest.approx([0, 1, 1, 0], abs=1e-8)
    assert keep_probabilities(np.array([0.0, 1.0, 2.0, 0.0]), 3) == pytest.approx([0.5, 1, 1, 0.5])
    assert keep_probabilities(np.zeros(4), 1) == pytest.approx([0.25] * 4)


def test_wrong_calls():
    """A sparsity outside 0 .. 1, a bad count and bad scores are refused."""
    assert [keep_count(7, s) for s in (0, 0.5, 0.8, 1)] == [7, 4, 1, 0]
    for sparsity in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="Sparsity must be between 0 and 1, not"):
            keep_count(7, sparsity)
    with pytest.raises(ValueError, match="Kept edges must be between 0 and 3, not 4"):
        keep_probabilities(np.ones(3), 4)
    with pytest.raises(ValueError, match="Scores must be finite and not negative"):
        keep_probabilities(np.array([1.0, -1.0]), 1)
