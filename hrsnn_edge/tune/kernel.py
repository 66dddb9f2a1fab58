"""The Matern kernel on distributions, eq. (6), over sums of 1-D Wasserstein distances."""

from __future__ import annotations

import numpy as np
from scipy.special import gamma, kv


def squared_distances(first: list[np.ndarray], second: list[np.ndarray]) -> np.ndarray:
    """Return the squared Wasserstein distances of each marginal, (P, n, m).

    Parameters
    ----------
    first, second : lists of P arrays (n, width_p) and (m, width_p)
        Features of `tune.space.SearchSpace.features`.
    """
    return np.stack([_squared_euclidean(a, b) for a, b in zip(first, second, strict=True)])


def _squared_euclidean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the squared distances of the rows of `a` and `b`, clipped at 0 against rounding."""
    square = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return np.maximum(square, 0)


def scaled_distance(squared: np.ndarray, lengths) -> np.ndarray:
    """Return ``d = sqrt(sum_p squared_p / length_p**2)``, (n, m), of (P, n, m) and (P,).

    The quantile functions of independent marginals lie in a product of Hilbert spaces, so every
    Matern kernel of this distance is positive definite. That holds for no Wasserstein distance
    in more than one dimension, which is why marginals are compared one by one.
    """
    return np.sqrt(np.tensordot(1 / np.asarray(lengths, float) ** 2, squared, 1))


def matern(distance, nu: float):
    """Return the Matern correlation of smoothness `nu` at a distance in units of the length.

    ``2**(1 - nu) / gamma(nu) * u**nu * K_nu(u)`` with ``u = sqrt(2 nu) d``; 1 at ``d = 0``. The
    half-integers 1/2, 3/2 and 5/2 are computed in closed form.
    """
    if not nu > 0:
        raise ValueError(f"Smoothness must be above 0, not {nu}")
    u = np.sqrt(2 * nu) * np.asarray(distance, float)
    if nu == 0.5:
        return np.exp(-u)
    if nu == 1.5:
        return (1 + u) * np.exp(-u)
    if nu == 2.5:
        return (1 + u + u**2 / 3) * np.exp(-u)
    return _matern_bessel(u, nu)


def _matern_bessel(u: np.ndarray, nu: float) -> np.ndarray:
    """Return the general form of `matern`; the Bessel function is infinite at 0, the limit is 1."""
    safe = np.where(u > 0, u, 1.0)
    value = 2 ** (1 - nu) / gamma(nu) * safe**nu * kv(nu, safe)
    return np.where(u > 0, value, 1.0)


def matern_slope(distance, nu: float):
    """Return ``-(d k / d d) / d``, finite at 0, for the closed forms 3/2 and 5/2.

    Divided by the distance because the derivative by a squared distance is what a fit needs:
    ``d k / d (d**2) = -matern_slope(d) / 2``.
    """
    u = np.sqrt(2 * nu) * np.asarray(distance, float)
    if nu == 1.5:
        return 3 * np.exp(-u)
    if nu == 2.5:
        return 5 / 3 * (1 + u) * np.exp(-u)
    raise ValueError(f"Smoothness of a fit must be 1.5 or 2.5, not {nu}")
