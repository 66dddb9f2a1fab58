import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.prune.baselines import keep_largest, keep_random


@given(values=st.lists(st.floats(0, 10), min_size=1, max_size=40), data=st.data())
def test_largest(values, data):
    """The kept ones are just so many, and none that was dropped is greater than one kept."""
    count = data.draw(st.integers(0, len(values)))
    values = np.array(values)
    mask = keep_largest(values, count, np.random.default_rng(0))
    assert mask.sum() == count
    assert values[~mask].max(initial=-1) <= values[mask].min(initial=np.inf)


def test_equals_are_drawn():
    """Among equal magnitudes each is as likely to stay; an index order would keep the first."""
    rng = np.random.default_rng(3)
    seen = np.mean([keep_largest(np.ones(5), 2, rng) for _ in range(4000)], axis=0)
    assert np.abs(seen - 0.4).max() < 0.04


def test_random():
    """Random pruning keeps each edge equally often, and just so many."""
    rng = np.random.default_rng(3)
    draws = np.array([keep_random(6, 3, rng) for _ in range(4000)])
    assert (draws.sum(1) == 3).all()
    assert np.abs(draws.mean(0) - 0.5).max() < 0.04
