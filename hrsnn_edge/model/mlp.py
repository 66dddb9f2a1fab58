"""The perceptron readout of P3: central neurons, as many hidden units, 20 more, classes or 1."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from hrsnn_edge.model.config import ReadoutConfig
from hrsnn_edge.network import DenseLayer, MlpReadout

#: Passes over the samples, at most.
EPOCHS = 400
#: Seed of the first weights and of the order of the samples.
SEED = 0


def fit_mlp(
    features, shape: tuple[int, int], labels, n_classes: int, config: ReadoutConfig
) -> tuple[DenseLayer, ...]:
    """Fit a perceptron; return its layers on raw features.

    Parameters
    ----------
    features : (S, F) float
        Standardised.
    shape : (int, int)
        Units of the two hidden layers.
    labels : (S,) int
        Class of each sample; every class must occur.

    Notes
    -----
    ReLU and Adam (scikit-learn); the penalty on the weights is that of the logistic readout of the
    same strength. One thread and one seed, so that the same data give the same weights.
    """
    weights, biases = _fitted(MLPClassifier, features, shape, labels, config)
    if n_classes == 2:
        # scikit-learn keeps one column for two classes.
        weights[-1] = np.hstack([-weights[-1], weights[-1]]) / 2
        biases[-1] = np.array([-1, 1]) * biases[-1] / 2
    return tuple(DenseLayer(w, b) for w, b in zip(weights, biases, strict=True))


def fit_mlp_value(
    features, shape: tuple[int, int], values, config: ReadoutConfig
) -> tuple[DenseLayer, ...]:
    """Fit a perceptron with one output to values, (S,) float; return its layers.

    Parameters are those of `fit_mlp`. Squared error; the values are standardised for the fit.
    """
    mean, deviation = values.mean(), values.std()
    targets = (values - mean) / (deviation or 1.0)
    weights, biases = _fitted(MLPRegressor, features, shape, targets, config)
    weights[-1], biases[-1] = weights[-1] * deviation, biases[-1] * deviation + mean
    return tuple(DenseLayer(w, b) for w, b in zip(weights, biases, strict=True))


def _fitted(kind, features, shape, targets, config: ReadoutConfig):
    """Return weights and biases of a fitted perceptron of scikit-learn, lists by layer."""
    model = kind(
        hidden_layer_sizes=shape,
        alpha=1 / max(config.strength, 1e-12),
        max_iter=EPOCHS,
        random_state=SEED,
    )
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        # As many passes as were asked for, converged or not.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, targets)
    return list(model.coefs_), list(model.intercepts_)


def mlp_scores(readout: MlpReadout, counts) -> np.ndarray:
    """Return the outputs (S, n_out) of a float perceptron for spike counts (S, n_bins, N)."""
    a = np.asarray(counts)[:, :, readout.neurons].reshape(len(counts), -1).astype(float)
    for layer in readout.layers[:-1]:
        a = np.maximum(a @ layer.weights + layer.bias, 0)
    return a @ readout.layers[-1].weights + readout.layers[-1].bias
