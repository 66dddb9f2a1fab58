import numpy as np
import pytest

from hrsnn_edge.analysis.dynamics import (
    Activation,
    mean_activation,
    mean_squared_correlation,
    participation_ratio,
)


def test_worked_participation():
    """Hand-worked: covariance eigenvalues 3 and 1 give 16/10; equal neurons 1; silence 0."""
    x = np.array([[3**0.5, 1], [3**0.5, -1], [-(3**0.5), 1], [-(3**0.5), -1]])
    assert participation_ratio(x) == pytest.approx(1.6)
    assert participation_ratio(np.outer([1, 2, 5], np.ones(4))) == pytest.approx(1)
    assert participation_ratio(np.ones((3, 4))) == 0


def test_participation_by_eigenvalues():
    """It equals ``(sum lambda)^2 / sum lambda^2`` of the covariance, few samples or many."""
    for shape in ((50, 6), (6, 50)):
        x = np.random.default_rng(1).normal(size=shape)
        values = np.linalg.eigvalsh(np.cov(x, rowvar=False))
        assert participation_ratio(x) == pytest.approx(values.sum() ** 2 / (values**2).sum())
    white = np.random.default_rng(2).normal(size=(20_000, 10))
    assert participation_ratio(white) == pytest.approx(10, rel=0.01)


def test_worked_correlation():
    """Hand-worked: of three neurons one pair is opposed and two are unrelated: 1/3."""
    a, b = np.array([1, 1, -1, -1]), np.array([1, -1, 1, -1])
    assert mean_squared_correlation(np.stack([a, -a, b], axis=1)) == pytest.approx(1 / 3)
    silent = np.stack([a, -a, b, np.zeros(4)], axis=1)
    assert mean_squared_correlation(silent) == pytest.approx(1 / 3)
    assert mean_squared_correlation(np.ones((4, 3))) == 0


def test_worked_activation():
    """Hand-worked: 6 spikes of 2 neurons in 2 presentations of 10 steps, one neuron active."""
    assert mean_activation([[4, 0], [2, 0]], 10) == Activation(1.5, 0.15, 0.5)
