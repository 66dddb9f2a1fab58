import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.stats import multivariate_normal
from sklearn.base import clone

from hrsnn_edge.tune.gp import WassersteinGP, negative_log_likelihood
from hrsnn_edge.tune.kernel import matern, scaled_distance, squared_distances
from hrsnn_edge.tune.space import Delta, Marginal, Parameter, SearchSpace, network_space


def _case(n=12, seed=1):
    rng = np.random.default_rng(seed)
    units = rng.random((n, 8))
    features = network_space().features(units)
    return units, squared_distances(features, features), rng.normal(size=n)


def test_likelihood_is_the_density():
    """The marginal likelihood is that of a normal vector with the kernel as covariance."""
    _, squared, z = _case()
    theta = np.log([0.4, 0.5, 0.6, 0.7, 0.8, 1.3, 0.05])
    known = np.linspace(0, 0.1, z.size)
    cov = 1.3 * matern(scaled_distance(squared, np.exp(theta[:5])), 2.5)
    exact = multivariate_normal(np.zeros(z.size), cov + np.diag(known + 0.05)).logpdf(z)
    value, _ = negative_log_likelihood(theta, squared, z, known, 2.5)
    assert -value == pytest.approx(exact)


@pytest.mark.parametrize("nu", [1.5, 2.5])
def test_gradient(nu):
    """The analytic gradient of the likelihood agrees with differences."""
    _, squared, z = _case()
    args = (squared, z, np.full(z.size, 0.01), nu)
    theta = np.log([0.4, 0.5, 0.6, 0.7, 0.8, 1.3, 0.05])
    error = check_grad(
        lambda t: negative_log_likelihood(t, *args)[0],
        lambda t: negative_log_likelihood(t, *args)[1],
        theta,
    )
    assert error < 1e-4


def test_interpolates_and_knows_it():
    """Without noise the mean passes through the observations, where the deviation is small."""
    space = SearchSpace((Marginal(Delta, Parameter("x", 0, 1)),))
    x = np.linspace(0, 1, 9)[:, None]
    y = np.sin(5 * x[:, 0])
    model = WassersteinGP(space).fit(x, y)
    mean, std = model.predict(x, return_std=True)
    assert mean == pytest.approx(y, abs=0.01)
    between = np.linspace(0.06, 0.94, 30)[:, None]
    mean_between, std_between = model.predict(between, return_std=True)
    assert mean_between == pytest.approx(np.sin(5 * between[:, 0]), abs=0.05)
    assert std.max() < 0.02
    far = model.predict(np.array([[3.0]]), return_std=True)[1][0]
    assert far > 10 * std_between.max()


def test_known_noise_is_believed():
    """An observation with a great known variance moves the mean less than an exact one."""
    space = SearchSpace((Marginal(Delta, Parameter("x", 0, 1)),))
    x = np.array([[0.0], [0.25], [0.5], [0.75], [1.0]])
    y = np.array([0.0, 0.0, 1.0, 0.0, 0.0])
    noise = np.array([0, 0, 4.0, 0, 0])
    at = np.array([[0.5]])
    exact = WassersteinGP(space).fit(x, y).predict(at)[0]
    doubted = WassersteinGP(space, noise=noise).fit(x, y).predict(at)[0]
    assert doubted < 0.2 < exact


def test_irrelevant_marginal_gets_a_long_length():
    """A marginal that the score does not depend on is switched off by its length."""
    rng = np.random.default_rng(4)
    space = SearchSpace(
        (Marginal(Delta, Parameter("x", 0, 1)), Marginal(Delta, Parameter("y", 0, 1)))
    )
    units = rng.random((40, 2))
    model = WassersteinGP(space).fit(units, np.sin(6 * units[:, 0]))
    assert model.lengths_[1] > 5 * model.lengths_[0]


def test_estimator_protocol():
    """A clone has the same parameters and the same fit, and equal scores do not break it."""
    units, _, z = _case()
    model = WassersteinGP(network_space(), seed=3)
    assert np.array_equal(model.fit(units, z).lengths_, clone(model).fit(units, z).lengths_)
    mean, std = model.fit(units, np.ones(12)).predict(units[:3], return_std=True)
    assert mean == pytest.approx(1)
    assert np.isfinite(std).all()
