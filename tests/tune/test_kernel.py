import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.tune.kernel import matern, matern_slope, scaled_distance, squared_distances
from hrsnn_edge.tune.space import network_space


def test_worked_values():
    """Hand-worked at d = 1: e^-1, (1 + sqrt 3) e^-sqrt 3, (1 + sqrt 5 + 5/3) e^-sqrt 5."""
    assert matern(1.0, 0.5) == pytest.approx(0.36787944)
    assert matern(1.0, 1.5) == pytest.approx(0.48335772)
    assert matern(1.0, 2.5) == pytest.approx(0.52399411)


@given(distance=st.floats(1e-3, 20), nu=st.sampled_from([0.5, 1.5, 2.5]))
def test_closed_forms_are_the_bessel_form(distance, nu):
    """The closed forms agree with the general form just beside the half-integer."""
    assert matern(distance, nu) == pytest.approx(matern(distance, nu + 1e-9), rel=1e-6)


@pytest.mark.parametrize("nu", [0.5, 0.8, 1.5, 2.5, 3.3])
def test_one_at_zero(nu):
    """A distribution has correlation 1 with itself."""
    assert matern(np.array([0.0, 1.0]), nu)[0] == 1


@given(distance=st.floats(1e-2, 10), nu=st.sampled_from([1.5, 2.5]))
def test_slope(distance, nu):
    """The slope is -k'(d) / d, by a central difference."""
    h = 1e-5
    numeric = -(matern(distance + h, nu) - matern(distance - h, nu)) / (2 * h) / distance
    assert matern_slope(distance, nu) == pytest.approx(numeric, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("nu", [0.5, 0.8, 1.5, 2.5])
def test_gram_is_positive_definite(nu):
    """The Gram matrix of 50 random products of distributions has no eigenvalue below -1e-8."""
    space = network_space()
    features = space.features(np.random.default_rng(3).random((50, 8)))
    gram = matern(scaled_distance(squared_distances(features, features), [0.3, 0.5, 1, 2, 0.7]), nu)
    assert np.linalg.eigvalsh(gram).min() > -1e-8


def test_lengths_scale_their_marginal():
    """Doubling one length halves the distance along that marginal and leaves the others."""
    squared = np.array([[[4.0]], [[9.0]]])
    assert scaled_distance(squared, [1, 1]) == pytest.approx(np.sqrt(13))
    assert scaled_distance(squared, [2, 1]) == pytest.approx(np.sqrt(10))


def test_wrong_smoothness():
    """A smoothness that has no kernel, or no gradient, is refused."""
    with pytest.raises(ValueError, match="Smoothness must be above 0, not 0"):
        matern(1.0, 0)
    with pytest.raises(ValueError, match=r"Smoothness of a fit must be 1.5 or 2.5, not 0.5"):
        matern_slope(1.0, 0.5)
