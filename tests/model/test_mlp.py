"""The perceptron readout in floats."""

import numpy as np
import pytest

from hrsnn_edge.errors import DataError
from hrsnn_edge.model.config import ReadoutConfig
from hrsnn_edge.model.readout import accuracy, fit_readout, fit_value, read_neurons, scores
from hrsnn_edge.network import DenseLayer, MlpReadout, SparseRows

MLP = ReadoutConfig(kind="mlp", n_bins=1, strength=10.0, units=8)


def rings(n=300, seed=0):
    """Counts of two neurons and a silent one; the class is whether exactly one of two is high."""
    rng = np.random.default_rng(seed)
    high = rng.random((n, 2)) < 0.5
    counts = np.where(high, 8, 1)[:, None, :] + rng.integers(0, 3, (n, 1, 2))
    return np.concatenate([counts, np.zeros((n, 1, 1), int)], axis=2), (high.sum(axis=1) == 1) * 1


def test_scores_by_hand():
    """Counts (3, 1): hidden 3 - 1 + 1 = 3 and 1 - 3 = -2 -> 0; outputs 3 * 2 - 1 = 5 and 3."""
    layers = (
        DenseLayer(np.array([[1.0, -1], [-1, 1]]), np.array([1.0, 0])),
        DenseLayer(np.array([[2.0, 1], [9, 9]]), np.array([-1.0, 0])),
    )
    readout = MlpReadout(np.array([0, 2]), 1, layers)
    assert scores(readout, np.array([[[3, 7, 1]]])).tolist() == [[5, 3]]


def test_learns_what_no_linear_readout_can():
    """Exclusive or of two counts is learned by the perceptron and not by the logistic readout."""
    counts, labels = rings()
    new_counts, new_labels = rings(seed=1)
    mlp = fit_readout(counts, labels, 2, MLP, np.array([0, 1, 2]))
    assert accuracy(mlp, new_counts, new_labels) > 0.95
    assert [layer.weights.shape for layer in mlp.layers] == [(3, 3), (3, 8), (8, 2)]
    linear = fit_readout(counts, labels, 2, ReadoutConfig(n_bins=1))
    assert accuracy(linear, new_counts, new_labels) < 0.85
    # A column that never varies has no weight.
    assert not mlp.layers[0].weights[2].any()


def test_same_data_same_weights():
    """The fit is repeatable to the byte."""
    counts, labels = rings(80)
    one, two = (fit_readout(counts, labels, 2, MLP) for _ in range(2))
    for a, b in zip(one.layers, two.layers, strict=True):
        assert a.weights.tobytes() == b.weights.tobytes()


def test_only_a_perceptron_chooses_neurons():
    """The perceptron reads a tenth of the neurons by default, a linear readout all."""
    rows = SparseRows.from_dense(np.ones((30, 30)) - np.eye(30))
    assert read_neurons(rows, ReadoutConfig(kind="mlp")).size == 3
    assert read_neurons(rows, ReadoutConfig()) is None


def differences(n=400, seed=0):
    """Counts of four pairs of neurons, and the size of a pair's difference: no line fits it."""
    counts = np.random.default_rng(seed).integers(0, 12, (n, 1, 2))
    return np.tile(counts, 4), 100.0 * np.abs(counts[:, 0, 0] - counts[:, 0, 1])


def test_predicts_a_value():
    """One output says a value in its own unit, where the best line explains nothing of it."""
    counts, values = differences()
    new_counts, new_values = differences(seed=1)
    mlp = fit_value(counts, values, MLP)
    assert [layer.weights.shape for layer in mlp.layers] == [(8, 8), (8, 8), (8, 1)]
    error = scores(mlp, new_counts)[:, 0] - new_values
    assert error.std() < 0.2 * new_values.std()
    line = np.linalg.lstsq(np.c_[counts[:, 0], np.ones(len(counts))], values, rcond=None)[0]
    missed = new_values - np.c_[new_counts[:, 0], np.ones(len(counts))] @ line
    assert missed.std() > 0.9 * new_values.std()


def test_a_constant_value_is_said():
    """Values that do not vary are predicted as they are."""
    counts, values = differences(60)
    found = scores(fit_value(counts, np.full_like(values, 7.0), MLP), counts)
    np.testing.assert_allclose(found, 7.0, atol=1e-6)


def test_values_must_be_numbers():
    """A value that is not finite, another number of values and another readout are refused."""
    counts, values = differences(30)
    values[4] = np.nan
    with pytest.raises(DataError, match="Value of sample 4 must be a finite number, not nan"):
        fit_value(counts, values, MLP)
    with pytest.raises(DataError, match=r"must be 30, one a sample, not of shape \(29,\)"):
        fit_value(counts, values[:29], MLP)
    with pytest.raises(ValueError, match="predicted value must be 'mlp', not 'ridge'"):
        fit_value(counts, values, ReadoutConfig(kind="ridge"))
