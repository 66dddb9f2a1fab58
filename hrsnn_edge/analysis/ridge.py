"""Ridge regression of many targets on one set of features, penalties chosen on later data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from hrsnn_edge.errors import DataError

#: Penalties that are tried, per training sample, for features of unit variance.
PENALTIES = tuple(10.0**k for k in range(-7, 3))


@dataclass(frozen=True, eq=False)
class Ridge:
    """A linear map of standardised features.

    Attributes
    ----------
    mean, scale : (F,) float64
        Features are ``(x - mean) / scale``.
    weights : (F, K) float64
        Of the standardised features.
    intercept : (K,) float64
        Mean target.
    penalty : (K,) float64
        Chosen for each target, per training sample.
    """

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    intercept: np.ndarray
    penalty: np.ndarray

    def predict(self, features) -> np.ndarray:
        """Return the outputs, (T, K), for features (T, F)."""
        return ((features - self.mean) / self.scale) @ self.weights + self.intercept


def feature_scale(features) -> np.ndarray:
    """Return the divisor of each feature, (F,): its deviation, at least the median deviation.

    The median is over the features that vary. A neuron that fired once in training has a tiny
    deviation, and its next spike would count hundreds of deviations without the floor.
    """
    deviation = np.std(features, axis=0)
    varies = deviation > 0
    if not varies.any():
        return np.ones_like(deviation)
    return np.maximum(deviation, np.median(deviation[varies]))


# One BLAS thread: the same seed must give the same bits on any machine's number of cores.
@threadpool_limits.wrap(limits=1, user_api="blas")
def fit_ridge(features, targets, *, penalties=PENALTIES, held_out: float = 0.25) -> Ridge:
    """Fit every target with the penalty that is best on the last part of the samples, then on all.

    Features are factorised once for all targets and penalties, and once more for the final fit.
    Each target has its own penalty: one for all would be chosen by the targets that nothing can
    predict, which want a great one.

    Parameters
    ----------
    features : (T, F) float
        In the order of time.
    targets : (T, K) float
        One column each.
    penalties : sequence of float
        Candidates, times the number of samples. The first wins a tie.
    held_out : float
        Share at the end that judges the penalty: a later, contiguous part, since random rows of a
        series are neighbours of fitted ones.

    Raises
    ------
    DataError
        When a feature or target is not finite.
    """
    features, targets = np.asarray(features, float), np.asarray(targets, float)
    for name, values in (("Features", features), ("Targets", targets)):
        bad = np.argwhere(~np.isfinite(values))
        if bad.size:
            raise DataError(
                f"{name}, sample {bad[0][0]}: must be finite, not {values[tuple(bad[0])]}"
            )
    n_fit = len(features) - round(held_out * len(features))
    if not 2 <= n_fit < len(features):
        raise ValueError(
            f"Samples must be at least 4, with a share held out between 0 and 1, not "
            f"{len(features)} with {held_out}"
        )
    penalties = np.asarray(penalties, float)
    later = features[n_fit:], targets[n_fit:]
    solve = _factorise(features[:n_fit], targets[:n_fit])
    errors = [
        np.mean((solve(np.full(targets.shape[1], p)).predict(later[0]) - later[1]) ** 2, axis=0)
        for p in penalties
    ]
    return _factorise(features, targets)(penalties[np.argmin(errors, axis=0)])


def _factorise(features, targets) -> Callable[[np.ndarray], Ridge]:
    """Return the fit as a function of the penalties, from one decomposition of a Gram matrix.

    Of the features, or of the samples when they are fewer: ``(Z'Z + k)^-1 Z' = Z' (ZZ' + k)^-1``.
    """
    mean, scale = features.mean(axis=0), feature_scale(features)
    z = (features - mean) / scale
    intercept = targets.mean(axis=0)
    tall = z.shape[0] >= z.shape[1]
    values, vectors = np.linalg.eigh(z.T @ z if tall else z @ z.T)
    # Rounding leaves the zero eigenvalues of silent neurons slightly negative.
    values = np.maximum(values, 0)[:, None]
    projected = vectors.T @ (z.T @ (targets - intercept) if tall else targets - intercept)
    back = vectors if tall else z.T @ vectors

    def solve(penalty):
        weights = back @ (projected / (values + penalty * len(z)))
        return Ridge(mean, scale, weights, intercept, penalty)

    return solve
