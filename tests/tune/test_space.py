import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.tune.space import (
    QUANTILE_WEIGHTS,
    QUANTILES,
    Delta,
    Gamma,
    Marginal,
    Normal,
    Parameter,
    SearchSpace,
    Uniform,
    network_space,
    wasserstein_squared,
)

means = st.floats(0.1, 100)
unit = st.floats(0, 1)


@pytest.mark.parametrize("family", [Gamma, Normal, Uniform])
@pytest.mark.parametrize("cv", [0.05, 0.3, 0.55])
def test_moments(family, cv):
    """The quantile functions have the mean and the coefficient of variation they are named by."""
    q = family(20.0, cv).quantile(QUANTILES)
    mean = QUANTILE_WEIGHTS @ q
    assert mean == pytest.approx(20, rel=1e-3)
    assert np.sqrt(QUANTILE_WEIGHTS @ (q - mean) ** 2) / mean == pytest.approx(cv, rel=2e-3)


def test_worked_quantiles():
    """Hand-worked: U(1, 3) has mean 2 and CV 1/(2 sqrt 3); Gamma with CV 1 is exponential."""
    uniform = Uniform(2.0, 1 / (2 * 3**0.5))
    assert uniform.quantile([0.25, 0.5, 1]) == pytest.approx([1.5, 2, 3])
    assert Gamma(5.0, 1.0).quantile([0.5]) == pytest.approx([5 * np.log(2)])
    assert Delta(3.0).quantile([0.1, 0.9]) == pytest.approx([3, 3])


@given(m1=means, m2=means, c1=st.floats(0, 0.9), c2=st.floats(0, 0.9))
def test_gaussian_oracle(m1, m2, c1, c2):
    """W2^2 of two normal distributions is (m1 - m2)^2 + (s1 - s2)^2."""
    exact = (m1 - m2) ** 2 + (m1 * c1 - m2 * c2) ** 2
    got = wasserstein_squared(Normal(m1, c1), Normal(m2, c2))
    assert got == pytest.approx(exact, rel=1e-3, abs=1e-9)


def test_delta_distance():
    """The distance of two point masses is the distance of the points."""
    assert wasserstein_squared(Delta(3.0), Delta(5.5)) == pytest.approx(6.25)


@given(values=st.lists(unit, min_size=8, max_size=8))
def test_encode_inverts_decode(values):
    """encode(decode(u)) is u for every point of the cube."""
    space = network_space()
    assert space.encode(space.decode(values)) == pytest.approx(values, abs=1e-12)


@given(first=st.tuples(unit, unit), second=st.tuples(unit, unit))
def test_features_carry_the_distance(first, second):
    """Feature distances are Wasserstein distances in units of the range of the mean."""
    mean, cv = Parameter("m", 5, 80), Parameter("c", 0, 1)
    features = Marginal(Gamma, mean, cv).features(np.array([first, second]))
    exact = wasserstein_squared(
        *(Gamma(float(mean.decode(m)), float(cv.decode(c))) for m, c in (first, second))
    )
    got = ((features[0] - features[1]) ** 2).sum() * 75**2
    assert np.sqrt(got) == pytest.approx(np.sqrt(exact), abs=2e-3)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Gamma(-1.0, 0.5), "Mean must be above 0, not -1.0"),
        (lambda: Uniform(1.0, 0.6), "Coefficient of variation of Uniform must be between 0 and"),
        (lambda: Delta(1.0, 0.1), "must be between 0 and 0, not 0.1"),
        (lambda: Parameter("a", 2, 1), "Range of a must rise, not be 2 .. 1"),
        (lambda: Parameter("a", 0, 1, log=True), "Log range of a must be above 0"),
        (lambda: Marginal(Gamma, Parameter("a", 1, 2)), "a must have a spread"),
        (
            lambda: Marginal(Uniform, Parameter("a", 1, 2), Parameter("b", 0, 0.9)),
            "b must be between 0 and 0.57735, not 0 .. 0.9",
        ),
        (
            lambda: Marginal(Gamma, Parameter("a", 1, 2, log=True), Parameter("b", 0, 1)),
            "a must be on a linear axis",
        ),
        (lambda: SearchSpace(()), "Parameter names must be present and unique"),
    ],
)
def test_wrong_values(make, text):
    """A distribution or a box that cannot be is refused by name."""
    with pytest.raises(ValueError, match=text):
        make()
