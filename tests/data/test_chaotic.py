import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.data.chaotic import (
    Lorenz96,
    encode_series,
    lorenz63,
    lorenz63_rate,
    lorenz96,
    rossler,
    rossler_rate,
    runge_kutta,
    scale_to_unit,
    trajectory,
)
from hrsnn_edge.errors import DataError


def test_fixed_point():
    """At its fixed point (b, b, 27), b = sqrt(72), the system stands still."""
    b = np.sqrt(72)
    np.testing.assert_allclose(lorenz63_rate([b, b, 27.0]), 0, atol=1e-12)


def test_runge_kutta_has_order_four():
    """Halving the step of x' = x divides the error by about 16."""

    def error(n):
        x = np.array([1.0])
        for _ in range(n):
            x = runge_kutta(lambda s: s, x, 1 / n)
        return abs(x[0] - np.e)

    assert 14 < error(10) / error(20) < 18


def test_attractor_statistics():
    """The mean of z is 23.5 and both wings are visited, as on the Lorenz attractor."""
    x = lorenz63(4000, seed=5)
    assert abs(x[:, 2].mean() - 23.55) < 0.6
    assert x[:, 0].min() < -15 and x[:, 0].max() > 15


def test_seed_sets_the_trajectory():
    """The same seed gives the same samples, another one others."""
    np.testing.assert_array_equal(lorenz63(20, seed=1), lorenz63(20, seed=1))
    assert not np.allclose(lorenz63(20, seed=1), lorenz63(20, seed=2))


def test_no_samples_is_refused():
    """A trajectory has at least one sample."""
    with pytest.raises(ValueError, match="at least 1, not 0"):
        lorenz63(0)


def test_scaling_uses_the_train_part_only():
    """The train part spans 0..1; later samples may lie outside."""
    scaled, low, span = scale_to_unit(np.array([[2.0], [4.0], [6.0]]), 2)
    assert scaled.ravel().tolist() == [0.0, 1.0, 2.0]
    assert (low[0], span[0]) == (2.0, 2.0)
    with pytest.raises(ValueError, match="column 0: must vary"):
        scale_to_unit(np.ones((3, 1)), 2)


def test_encoding_has_its_shape():
    """A series of M samples and D coordinates gives one run of M * steps over D * curves."""
    events = encode_series(np.full((5, 3), 0.5), n_curves=4, steps_per_sample=10)
    assert (len(events), events.n_steps[0], events.n_inputs) == (1, 50, 12)
    assert events.t.size


def test_rossler_fixed_point():
    """The system stands still where x = a z, y = -z and a z^2 - c z + b = 0."""
    z = (5.7 - np.sqrt(5.7**2 - 4 * 0.2 * 0.2)) / 0.4
    np.testing.assert_allclose(rossler_rate([0.2 * z, -z, z]), 0, atol=1e-12)


def test_rossler_attractor():
    """The orbit turns once in about 5.9 and z bursts above 10 from near 0, as on the attractor."""
    x = rossler(3000, seed=1)
    turns = np.sum((x[:-1, 0] < 0) & (x[1:, 0] >= 0))
    assert 300 / turns == pytest.approx(5.87, rel=0.03)
    assert x[:, 2].max() > 10 and np.median(x[:, 2]) < 0.3


@settings(max_examples=30)
@given(
    sizes=st.tuples(st.integers(4, 9), st.integers(1, 8), st.integers(1, 8)),
    seed=st.integers(0, 999),
)
def test_lorenz96_energy(sizes, seed):
    """Advection and couplings keep the sum of squares: only damping and forcing change it."""
    system = Lorenz96(*sizes, forcing=7.0, coupling=0.8, b=9.0, c=3.0, d=4.0, e=2.0)
    n = sizes[0] * (1 + sizes[1] * (1 + sizes[2]))
    state = np.random.default_rng(seed).normal(size=n)
    x, y, z = system.split(state)
    change = state @ system.rate(state)
    expected = -(x @ x) - 3 * (y @ y) - 2 * (z @ z) + 7 * x.sum()
    assert change == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_lorenz96_worked():
    """Hand-worked: with all at 0 but x0 = 2 and x1 = 3, of four X, one Y and one Z each."""
    system = Lorenz96(4, 1, 1, forcing=8.0, coupling=1.0, b=10.0, c=10.0, d=5.0, e=2.0)
    rate = system.rate(np.array([2.0, 3, 0, 0] + [0.0] * 8))
    # dX0 = X3 (X1 - X2) - 2 + 8; dX1 = X0 (X2 - X3) - 3 + 8; dX2 = X1 (X3 - X0) + 8; dX3 = 8.
    np.testing.assert_allclose(rate[:4], [6, 5, 2, 8])
    np.testing.assert_allclose(rate[4:], [2, 3, 0, 0, 0, 0, 0, 0])


def test_lorenz96_is_chaotic_in_x():
    """The X of two close starts part, and stay in their range; uncoupled X = F stands still."""
    x = lorenz96(60, burn_in=20, substeps=15, seed=1)
    assert x.shape == (60, 8) and np.abs(x).max() < 40 and x.std(axis=0).min() > 1
    assert not np.allclose(x[-1], lorenz96(60, burn_in=20, substeps=15, seed=2)[-1], atol=1)
    alone = Lorenz96(coupling=0.0)
    still = np.concatenate([np.full(8, 20.0), np.zeros(576)])
    np.testing.assert_allclose(alone.rate(still), 0)


def test_wrong_trajectories():
    """A ring that is too small and a step that is too long are named."""
    with pytest.raises(ValueError, match="at least 4 X, 1 Y and 1 Z, not 3, 8, 8"):
        Lorenz96(3)
    with pytest.raises(DataError, match="must be finite. Take a shorter step than 1"):
        trajectory(lorenz63_rate, np.array([1.0, 1, 20]), 50, 1.0, 1, 0)
