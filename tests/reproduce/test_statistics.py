import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.reproduce.statistics import paired, spread

VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=8)


def test_spread_by_hand():
    """1, 2, 3 and a value that does not exist have mean 2, deviation 1 and n 3."""
    found = spread([1.0, 2.0, np.nan, 3.0])
    assert (found.mean, found.sd, found.n) == (2.0, 1.0, 3)


def test_paired_by_hand():
    """Differences 1, 2, 3: mean 2, t = 2 sqrt(3), p = 0.0742; all wins; ratios 2, 2, 2."""
    found = paired([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert (found.difference, found.sd, found.ratio, found.wins, found.n) == (2, 1, 2, 3, 3)
    assert found.t_p == pytest.approx(0.0742, abs=1e-4)
    assert np.isnan(found.wilcoxon_p)


def test_signed_rank_of_six_wins():
    """Six wins of six have the least two-sided p of the signed-rank test, 2 / 2**6."""
    found = paired(np.arange(6) + 1.0 + np.arange(1, 7), np.arange(6) + 1.0)
    assert found.wilcoxon_p == pytest.approx(2 / 2**6)


@given(VALUES)
def test_less_is_better_turns_the_wins(values):
    """What wins as less loses as more, and equal pairs win neither way."""
    a, b = np.array(values), np.zeros(len(values))
    more, less = paired(a, b).wins, paired(a, b, "less").wins
    assert more + less == np.count_nonzero(a)
    assert paired(a, a).wins == 0 and np.isnan(paired(a, a).t_p)
