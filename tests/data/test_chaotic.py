import numpy as np
import pytest

from hrsnn_edge.data.chaotic import (
    encode_series,
    lorenz63,
    lorenz63_rate,
    runge_kutta,
    scale_to_unit,
)


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
