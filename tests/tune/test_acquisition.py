import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from hrsnn_edge.tune.acquisition import climb, expected_improvement


def test_worked_values():
    """Hand-worked: at mean = best EI is std / sqrt(2 pi); at z = 1 it is 1.083 std."""
    assert expected_improvement(2.0, 3.0, 2.0) == pytest.approx(3 / np.sqrt(2 * np.pi))
    assert expected_improvement(1.0, 1.0, 0.0) == pytest.approx(0.8413447 + 0.2419707)


def test_no_deviation():
    """Where the deviation is 0, EI is the certain improvement, never negative, never NaN."""
    assert expected_improvement([1.0, 3.0], 0.0, 2.0).tolist() == [0.0, 1.0]


@given(mean=st.floats(-3, 3), std=st.floats(0.05, 3), best=st.floats(-3, 3))
def test_is_the_integral(mean, std, best):
    """EI is the integral of max(score - best, 0) over the normal density of the score."""
    exact, _ = quad(lambda s: (s - best) * norm.pdf(s, mean, std), best, max(best, mean) + 12 * std)
    assert expected_improvement(mean, std, best) == pytest.approx(exact, abs=1e-7)


@given(seed=st.integers(0, 50))
def test_climb_never_descends(seed):
    """Local moves end in the cube, at a value no worse than the start, near a smooth top."""
    rng = np.random.default_rng(seed)
    start, top = rng.random(4), rng.uniform(0.3, 0.7, 4)

    def value(points):
        return -((points - top) ** 2).sum(1)

    end = climb(value, start, rng)
    assert ((end >= 0) & (end <= 1)).all()
    assert value(end[None]) >= value(start[None])
    assert np.abs(end - top).sum() < np.abs(start - top).sum()


def test_climb_stays_on_the_top():
    """From the greatest point no move is taken."""
    start = np.full(3, 0.5)
    end = climb(lambda points: -((points - 0.5) ** 2).sum(1), start, np.random.default_rng(0))
    assert np.array_equal(end, start)
