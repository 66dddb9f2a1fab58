import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.data.encode import (
    delta_on_off,
    hold,
    latency,
    rate_poisson,
    rate_regular,
    series_modulated,
    series_poisson,
    tuning_curves,
)
from hrsnn_edge.errors import DataError

intensities = st.lists(st.floats(0, 1), min_size=1, max_size=4)


@given(values=intensities, n_steps=st.integers(1, 40), p_max=st.floats(0, 1))
def test_regular_count_is_the_rounded_rate(values, n_steps, p_max):
    """A channel of the regular code emits floor(T a + 1/2) events, whatever the rate."""
    events = rate_regular([values], n_steps, p_max)
    wanted = np.floor(n_steps * (np.array(values) * p_max) + 0.5)
    np.testing.assert_array_equal(events.raster(0).sum(axis=0), wanted)


def test_regular_by_hand():
    """A rate of 1/4 in 8 steps fires at steps 1 and 5: the phase passes 1/2 and 3/2 there."""
    assert np.flatnonzero(rate_regular([[0.5]], 8, 0.5).raster(0)).tolist() == [1, 5]


def test_poisson_is_seeded_and_has_its_rate():
    """The same seed gives the same events, another one others, and the mean is p times x."""
    x = np.tile([[0.0, 0.5, 1.0]], (40, 1))
    a, b, c = (rate_poisson(x, 100, 0.4, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(a.t, b.t)
    assert a.t.size != c.t.size or (a.t != c.t).any()
    rate = sum(a.raster(k).mean(axis=0) for k in range(40)) / 40
    # Four standard deviations of 4,000 Bernoulli draws are 0.031 at most.
    np.testing.assert_allclose(rate, [0.0, 0.2, 0.4], atol=0.031)


def test_latency_by_hand():
    """The strongest channel fires first, the weakest last, a silent one never."""
    raster = latency([[1.0, 0.5, 0.25, 0.0]], 5).raster(0)
    assert [np.flatnonzero(c).tolist() for c in raster.T] == [[0], [2], [3], []]


@pytest.mark.parametrize("bad", [-0.1, 1.5, np.nan])
def test_intensity_outside_is_named(bad):
    """An intensity outside 0..1, or not a number, is refused with its place."""
    with pytest.raises(DataError, match=r"Intensity, element \(0, 1\): must be between 0 and 1"):
        rate_regular([[0.5, bad]], 4, 1.0)


def test_tuning_curves_by_hand():
    """At a centre the response is 1, one centre away exp(-1/2) at an overlap of 1."""
    out = tuning_curves([[0.0, 0.5]], 3)
    e = np.exp(-0.5)
    np.testing.assert_allclose(out, [[1, e, e**4, e, 1, e]])


def test_one_curve_is_refused():
    """A single tuning curve cannot tile a range."""
    with pytest.raises(ValueError, match="at least 2, not 1"):
        tuning_curves([[0.0]], 1)


def test_series_holds_each_sample():
    """A held series drives each channel for its steps only."""
    raster = series_poisson(hold([[1.0, 0.0], [0.0, 1.0]], 3), 1.0, 0).raster(0)
    np.testing.assert_array_equal(raster[:, 0], [1, 1, 1, 0, 0, 0])
    np.testing.assert_array_equal(raster[:, 1], [0, 0, 0, 1, 1, 1])


def test_delta_by_hand():
    """A jump by 2.5 thresholds sends two ON events in two steps; the way back two OFF events."""
    raster = delta_on_off([np.array([[0.0], [2.5], [2.5], [2.5], [0.0], [0.0]])], 1.0).raster(0)
    assert raster[:, 0].astype(int).tolist() == [0, 1, 1, 0, 0, 0]
    assert raster[:, 1].astype(int).tolist() == [0, 0, 0, 0, 1, 1]


@given(
    values=st.lists(st.integers(-40, 40), min_size=1, max_size=30),
    tail=st.integers(0, 3),
)
def test_delta_follows_the_signal(values, tail):
    """When the signal rests, ON minus OFF events times the threshold come within one of it."""
    signal = np.array(values + [values[-1]] * 90, float)[:, None] / 4
    raster = delta_on_off([signal], 1.0).raster(0)
    level = signal[0, 0] + raster[:, 0].sum() - raster[:, 1].sum()
    assert abs(level - signal[-1, 0]) < 1.0


def test_delta_threshold_must_be_positive():
    """A threshold of 0 would send an event in every step."""
    with pytest.raises(ValueError, match="above 0, not 0"):
        delta_on_off([np.zeros((3, 1))], 0)


def test_series_modulates_the_rates():
    """Rates stay in the mean, move with the series by each channel's sign, and end at 1."""
    x = np.tile([1.0, -1.0], 2000)
    rate = np.array([0.0, 0.1, 0.2, 1.0])
    events = series_modulated(rate, x, 5, seed=3)
    assert events.n_steps.tolist() == [20_000] and events.n_inputs == 4
    raster = events.raster(0).reshape(2000, 2, 5, 4)
    np.testing.assert_allclose(raster.mean(axis=(0, 1, 2))[:3], rate[:3], atol=0.01)
    up, down = raster.mean(axis=(0, 2))
    u = np.random.default_rng(3).uniform(-1, 1, 4)
    np.testing.assert_allclose((up - down)[:3], 2 * u[:3] * rate[:3], atol=0.02)
    # A channel that fires in every step can only lose events.
    assert max(up[3], down[3]) == 1 and min(up[3], down[3]) == pytest.approx(
        1 - abs(u[3]), abs=0.02
    )
    with pytest.raises(DataError, match="Rate, element"):
        series_modulated(np.array([1.5]), x, 5, seed=3)
