"""A Gaussian process over distributions, as the surrogate of scikit-optimize's `Optimizer`."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, RegressorMixin

from hrsnn_edge.tune.kernel import matern, matern_slope, scaled_distance
from hrsnn_edge.tune.metric import metric_of
from hrsnn_edge.tune.space import SearchSpace

#: Bounds of the lengths (in ranges of a marginal's mean), of the signal variance and of the noise
#: variance (of standardised scores). A length of 30 switches a marginal off.
LENGTH_BOUNDS = (0.03, 30.0)
VARIANCE_BOUNDS = (0.05, 20.0)
NOISE_BOUNDS = (1e-6, 1.0)
#: Shares of the mean diagonal that are added in turn until a matrix can be factored. The default
#: kernel needs none of it; that of the Sinkhorn divergence may.
JITTERS = (0.0, 1e-8, 1e-6, 1e-4, 1e-2)


class WassersteinGP(RegressorMixin, BaseEstimator):
    """Gaussian process with the Wasserstein-Matern kernel; rows of `X` are points of the unit cube.

    Lengths (one a marginal), variance and noise come from the maximum of the marginal likelihood.
    Follows the estimator protocol of scikit-learn; `predict` gives the deviation of the mean.

    Parameters
    ----------
    space : SearchSpace
        Gives the distributions that a row stands for.
    metric : str
        ``'quantile'`` or ``'sinkhorn'``, see `hrsnn_edge.tune.metric`.
    nu : float
        Smoothness, 1.5 or 2.5.
    noise : (n,) float or None
        Known variance of each observation, in squared units of `y`, added to the fitted one.
    n_restarts : int
        Random starts of the fit, besides the fixed one.
    seed : int
        Of the random starts.
    """

    def __init__(
        self,
        space: SearchSpace,
        metric: str = "quantile",
        nu: float = 2.5,
        noise=None,
        n_restarts: int = 2,
        seed: int = 0,
    ):
        self.space = space
        self.metric = metric
        self.nu = nu
        self.noise = noise
        self.n_restarts = n_restarts
        self.seed = seed

    def fit(self, X, y):
        """Fit lengths, variance and noise to `X`, (n, d), and `y`, (n,); return self."""
        y = np.asarray(y, float)
        self.metric_ = metric_of(self.metric, self.space)
        self.features_ = self.metric_.features(np.asarray(X, float))
        self.y_mean_, self.y_scale_ = y.mean(), y.std() or 1.0
        z = (y - self.y_mean_) / self.y_scale_
        known = np.zeros(y.size) if self.noise is None else np.asarray(self.noise, float)
        known = known / self.y_scale_**2
        squared = self.metric_.squared(self.features_, self.features_)

        bounds = np.log([LENGTH_BOUNDS] * len(squared) + [VARIANCE_BOUNDS, NOISE_BOUNDS])
        start = np.log([0.5] * len(squared) + [1.0, 1e-2])
        rng = np.random.default_rng(self.seed)
        starts = [start, *rng.uniform(*bounds.T, (self.n_restarts, start.size))]
        fits = [
            minimize(
                negative_log_likelihood, s, (squared, z, known, self.nu), jac=True, bounds=bounds
            )
            for s in starts
        ]
        best = min(fits, key=lambda f: f.fun)
        self.log_likelihood_ = -best.fun
        *lengths, variance, noise = np.exp(best.x)
        self.lengths_, self.variance_, self.noise_ = np.array(lengths), variance, noise

        gram = variance * matern(scaled_distance(squared, self.lengths_), self.nu)
        self.cholesky_ = factor(gram + np.diag(known + noise))
        self.weights_ = cho_solve((self.cholesky_, True), z)
        return self

    def predict(self, X, return_std: bool = False):
        """Return the posterior mean at `X`, (m, d), and with `return_std` its deviation."""
        squared = self.metric_.squared(self.metric_.features(np.asarray(X, float)), self.features_)
        cross = self.variance_ * matern(scaled_distance(squared, self.lengths_), self.nu)
        mean = self.y_mean_ + self.y_scale_ * (cross @ self.weights_)
        if not return_std:
            return mean
        part = solve_triangular(self.cholesky_, cross.T, lower=True)
        spread = np.maximum(self.variance_ - (part**2).sum(0), 0)
        return mean, self.y_scale_ * np.sqrt(spread)


def factor(matrix: np.ndarray) -> np.ndarray:
    """Return the lower Cholesky factor, with the least of `JITTERS` on the diagonal that it takes.

    Raises
    ------
    numpy.linalg.LinAlgError
        When the greatest of them is not enough.
    """
    scale = np.trace(matrix) / len(matrix)
    for jitter in JITTERS[:-1]:
        try:
            return cholesky(matrix + jitter * scale * np.eye(len(matrix)), lower=True)
        except np.linalg.LinAlgError:
            continue
    return cholesky(matrix + JITTERS[-1] * scale * np.eye(len(matrix)), lower=True)


def negative_log_likelihood(
    log_theta: np.ndarray, squared: np.ndarray, z: np.ndarray, known: np.ndarray, nu: float
) -> tuple[float, np.ndarray]:
    """Return the negative log marginal likelihood and its gradient.

    Parameters
    ----------
    log_theta : (P + 2,) float64
        Logarithms of the lengths, the variance and the noise variance.
    squared : (P, n, n) float64
        Squared distances of each marginal.
    z, known : (n,) float64
        Observations, and their known noise variances.

    Notes
    -----
    With ``K = s2 k(d) + diag(noise)`` and ``a = K^-1 z`` the gradient by a parameter is
    ``-1/2 tr((a a^T - K^-1) dK)``; ``d k / d ln(l_p) = matern_slope(d) * squared_p / l_p**2``.
    """
    lengths, variance, noise = np.exp(log_theta[:-2]), *np.exp(log_theta[-2:])
    distance = scaled_distance(squared, lengths)
    correlation = matern(distance, nu)
    lower = factor(variance * correlation + np.diag(known + noise))
    a = cho_solve((lower, True), z)
    value = 0.5 * z @ a + np.log(np.diag(lower)).sum() + 0.5 * z.size * np.log(2 * np.pi)

    pull = np.outer(a, a) - cho_solve((lower, True), np.eye(z.size))
    slope = variance * pull * matern_slope(distance, nu)
    by_length = np.tensordot(squared, slope, ((1, 2), (0, 1))) / lengths**2
    by_variance = variance * (pull * correlation).sum()
    by_noise = noise * np.trace(pull)
    return value, -0.5 * np.array([*by_length, by_variance, by_noise])
