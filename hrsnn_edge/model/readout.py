"""Readouts of spike counts: multinomial logistic regression, ridge, and a perceptron.

The chip works on *raw* counts: columns are centred and scaled for the fit, and the scaling is
folded into the weights afterwards.
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from hrsnn_edge.errors import DataError
from hrsnn_edge.model.centrality import most_central
from hrsnn_edge.model.config import ReadoutConfig
from hrsnn_edge.model.mlp import fit_mlp, fit_mlp_value, mlp_scores
from hrsnn_edge.network import DenseLayer, LinearReadout, MlpReadout, SparseRows

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
    mean, scale = _standardisation(features)
    keep = scale > 0
    z = ((features - mean) * scale)[:, keep]
    solve = _logistic if config.kind == "logistic" else _ridge
    with threadpool_limits(limits=1):
        coefficients, intercept = solve(z, labels, n_classes, config.strength)
    weights = np.zeros((features.shape[1], n_classes))
    weights[keep] = coefficients
    weights *= scale[:, None]
    return weights, intercept - mean @ weights


def _standardisation(features) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and scale of each column, (F,); the scale is 0 where nothing varies."""
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    keep = deviation >= _LEAST_DEVIATION
    scale = np.zeros(features.shape[1])
    scale[keep] = _FEATURE_NORM / np.sqrt(max(1, keep.sum())) / deviation[keep]
    return mean, scale


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


def fit_readout(
    counts, labels, n_classes: int, config: ReadoutConfig, neurons=None
) -> LinearReadout | MlpReadout:
    """Fit a readout to spike counts (S, n_bins, N).

    A perceptron reads only `neurons`, (H,) int rising, see `read_neurons`; all where it is None.
    """
    if config.kind == "mlp":
        return _perceptron(
            counts, config, neurons, lambda z, n: fit_mlp(z, n, labels, n_classes, config)
        )
    n_samples, n_bins, n = counts.shape
    weights, bias = fit_linear(counts.reshape(n_samples, -1), labels, n_classes, config)
    return LinearReadout(weights.reshape(n_bins, n, n_classes), bias)


def fit_value(counts, values, config: ReadoutConfig, neurons=None) -> MlpReadout:
    """Fit a perceptron whose one output is a value, (S,) float, to spike counts (S, n_bins, N).

    It reads only `neurons`, (H,) int rising, see `read_neurons`; all where it is None.

    Raises
    ------
    ValueError
        For another kind of readout. A stream of values is a `TraceReadout`.
    DataError
        For a value that is not finite.
    """
    if config.kind != "mlp":
        raise ValueError(f"Readout of a predicted value must be 'mlp', not {config.kind!r}")
    values = np.asarray(values, np.float64)
    if values.shape != (len(counts),):
        raise DataError(f"Values must be {len(counts)}, one a sample, not of shape {values.shape}")
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise DataError(f"Value of sample {bad[0]} must be a finite number, not {values[bad[0]]}")
    return _perceptron(counts, config, neurons, lambda z, n: fit_mlp_value(z, n, values, config))


def _perceptron(counts, config: ReadoutConfig, neurons, fit) -> MlpReadout:
    """Return a perceptron with a hidden layer of as many units as neurons, then one of `units`.

    `fit` maps standardised features and the sizes of the hidden layers to the layers.
    """
    neurons = np.arange(counts.shape[2]) if neurons is None else np.asarray(neurons)
    features = counts[:, :, neurons].reshape(len(counts), -1).astype(np.float64)
    mean, scale = _standardisation(features)
    first, *rest = fit((features - mean) * scale, (neurons.size, config.units))
    weights = first.weights * scale[:, None]
    first = DenseLayer(weights, first.bias - mean @ weights)
    return MlpReadout(neurons.astype(np.int32), counts.shape[1], (first, *rest))


def read_neurons(rows: SparseRows, config: ReadoutConfig) -> np.ndarray | None:
    """Return the neurons that a readout reads, (H,) int32; None for all.

    A perceptron reads the `read_share` of greatest betweenness in the recurrent rows.
    """
    return most_central(rows, config.read_share) if config.kind == "mlp" else None


def scores(readout: LinearReadout | MlpReadout, counts) -> np.ndarray:
    """Return the outputs (S, n_out) for spike counts (S, n_bins, N)."""
    if isinstance(readout, MlpReadout):
        return mlp_scores(readout, counts)
    return np.tensordot(counts, readout.w_out, axes=([1, 2], [0, 1])) + readout.bias


def accuracy(readout: LinearReadout | MlpReadout, counts, labels) -> float:
    """Return the share of samples whose greatest output, the lowest on a tie, is their label."""
    return float((scores(readout, counts).argmax(axis=1) == labels).mean())
