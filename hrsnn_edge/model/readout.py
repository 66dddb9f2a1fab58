"""Linear readouts of spike counts: multinomial logistic regression and ridge.

The chip adds one integer weight a spike, so a readout must be linear in *raw* counts: columns
are centred and scaled for the fit, and the scaling is folded into the weights afterwards.
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from hrsnn_edge.model.config import ReadoutConfig
from hrsnn_edge.network import LinearReadout

#: Columns with a smaller standard deviation are dropped (weight 0).
_LEAST_DEVIATION = 1e-3
#: Norm that scaled features have on average; the meaning of ``strength`` rests on it.
_FEATURE_NORM = 10.0


def fit_linear(
    features, labels, n_classes: int, config: ReadoutConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a linear classifier; return weights (F, n_classes) and bias (n_classes,) on raw features.

    Parameters
    ----------
    features : (S, F) float
        Raw features; standardised inside with the mean and deviation of these samples, then
        times ``10 / sqrt(columns)``.
    labels : (S,) int
        Class of each sample; every class must occur.

    Notes
    -----
    One thread, so that the result does not depend on the number of threads.
    """
    features = np.asarray(features, np.float64)
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    keep = deviation >= _LEAST_DEVIATION
    scale = np.zeros(features.shape[1])
    scale[keep] = _FEATURE_NORM / np.sqrt(max(1, keep.sum())) / deviation[keep]
    z = ((features - mean) * scale)[:, keep]
    solve = _logistic if config.kind == "logistic" else _ridge
    with threadpool_limits(limits=1):
        coefficients, intercept = solve(z, labels, n_classes, config.strength)
    weights = np.zeros((features.shape[1], n_classes))
    weights[keep] = coefficients
    weights *= scale[:, None]
    return weights, intercept - mean @ weights


def _logistic(z, labels, n_classes, strength):
    """Return coefficients (F, C) and intercept of a multinomial logistic regression."""
    model = LogisticRegression(C=strength, tol=1e-4, max_iter=1000)
    with warnings.catch_warnings():
        # The penalty, not the last digit of the optimum, decides the class.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(z, labels)
    if n_classes == 2:
        # scikit-learn keeps one column for two classes.
        both = np.hstack([-model.coef_.T, model.coef_.T]) / 2
        return both, np.array([-1, 1]) * model.intercept_ / 2
    return model.coef_.T, model.intercept_


def _ridge(z, labels, n_classes, strength):
    """Return coefficients (F, C) and intercept of ridge regression on one-hot targets."""
    target = np.eye(n_classes)[labels]
    centre = target.mean(axis=0)
    penalty = len(z) / max(strength, 1e-12) / 1000
    if z.shape[1] <= z.shape[0]:
        gram = z.T @ z + penalty * np.eye(z.shape[1])
        return np.linalg.solve(gram, z.T @ (target - centre)), centre
    gram = z @ z.T + penalty * np.eye(len(z))
    return z.T @ np.linalg.solve(gram, target - centre), centre


def fit_readout(counts, labels, n_classes: int, config: ReadoutConfig) -> LinearReadout:
    """Fit a readout to spike counts (S, n_bins, N)."""
    n_samples, n_bins, n = counts.shape
    weights, bias = fit_linear(counts.reshape(n_samples, -1), labels, n_classes, config)
    return LinearReadout(weights.reshape(n_bins, n, n_classes), bias)


def scores(readout: LinearReadout, counts) -> np.ndarray:
    """Return the outputs (S, n_out) for spike counts (S, n_bins, N)."""
    return np.tensordot(counts, readout.w_out, axes=([1, 2], [0, 1])) + readout.bias


def accuracy(readout: LinearReadout, counts, labels) -> float:
    """Return the share of samples whose greatest output, the lowest on a tie, is their label."""
    return float((scores(readout, counts).argmax(axis=1) == labels).mean())
