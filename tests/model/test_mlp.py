"""The perceptron readout in floats."""

import numpy as np

from hrsnn_edge.model.config import ReadoutConfig
from hrsnn_edge.model.readout import accuracy, fit_readout, read_neurons, scores
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
