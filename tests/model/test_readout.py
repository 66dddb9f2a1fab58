import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge

from hrsnn_edge.model.config import ReadoutConfig
from hrsnn_edge.model.readout import accuracy, fit_linear, fit_readout, scores
from hrsnn_edge.network import LinearReadout


def blobs(seed=0, n_classes=3, size=60, features=5):
    rng = np.random.default_rng(seed)
    labels = np.arange(size) % n_classes
    centres = rng.uniform(2, 12, (n_classes, features))
    return rng.poisson(centres[labels]), labels


def test_logistic_equals_scikit_on_scaled_features():
    """On raw counts the folded weights give the decision values of the scaled fit."""
    x, y = blobs()
    z = (x - x.mean(axis=0)) / x.std(axis=0) * 10 / np.sqrt(5)
    model = LogisticRegression(C=0.3, max_iter=1000).fit(z, y)
    weights, bias = fit_linear(x, y, 3, ReadoutConfig(strength=0.3))
    np.testing.assert_allclose(x @ weights + bias, model.decision_function(z), atol=1e-6)


@pytest.mark.parametrize("features", [5, 80])
def test_ridge_equals_scikit_on_scaled_features(features):
    """Ridge equals scikit-learn's on one-hot targets, for few and for many columns."""
    x, y = blobs(features=features)
    z = (x - x.mean(axis=0)) / x.std(axis=0) * 10 / np.sqrt(features)
    model = Ridge(alpha=len(x) / 2.0 / 1000).fit(z, np.eye(3)[y])
    weights, bias = fit_linear(x, y, 3, ReadoutConfig(kind="ridge", strength=2.0))
    np.testing.assert_allclose(x @ weights + bias, model.predict(z), atol=1e-8)


@settings(max_examples=20)
@given(seed=st.integers(0, 999), shift=st.integers(0, 50))
def test_fit_ignores_offset_of_counts(seed, shift):
    """Adding the same count to a column changes no decision."""
    x, y = blobs(seed)
    moved = x.copy()
    moved[:, 2] += shift
    config = ReadoutConfig(kind="ridge")
    (w1, b1), (w2, b2) = fit_linear(x, y, 3, config), fit_linear(moved, y, 3, config)
    np.testing.assert_allclose(x @ w1 + b1, moved @ w2 + b2, atol=1e-8)


@pytest.mark.parametrize("kind", ["logistic", "ridge"])
def test_constant_columns_get_no_weight(kind):
    """A neuron with the same count in every sample has weight 0."""
    x, y = blobs()
    x[:, 1] = 4
    weights, _ = fit_linear(x, y, 3, ReadoutConfig(kind=kind))
    assert (weights[1] == 0).all() and (weights[0] != 0).any()


def test_two_classes():
    """Two classes give two opposite outputs."""
    x, y = blobs(n_classes=2)
    weights, bias = fit_linear(x, y, 2, ReadoutConfig())
    out = x @ weights + bias
    assert (out.argmax(axis=1) == y).mean() > 0.95
    np.testing.assert_allclose(out[:, 0], -out[:, 1])


def test_bins_keep_their_weights():
    """The weights of bin b and neuron j act on the count of bin b and neuron j."""
    x, y = blobs(features=6)
    counts = x.reshape(60, 2, 3)
    readout = fit_readout(counts, y, 3, ReadoutConfig(n_bins=2))
    weights, bias = fit_linear(x, y, 3, ReadoutConfig())
    assert readout.w_out.shape == (2, 3, 3)
    np.testing.assert_allclose(scores(readout, counts), x @ weights + bias)


def test_a_tie_goes_to_the_lowest_class():
    """Among equal outputs the class with the lowest index wins."""
    readout = LinearReadout(np.zeros((1, 2, 3)), np.array([0.0, 1.0, 1.0]))
    assert accuracy(readout, np.ones((2, 1, 2)), np.array([1, 2])) == 0.5
