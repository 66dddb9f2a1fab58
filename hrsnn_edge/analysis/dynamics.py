"""Diagnostics of states: participation ratio, correlation, activation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Activation:
    """Mean spikes of a neuron.

    Attributes
    ----------
    per_presentation : float
        In one presentation, ``nu`` of the density study.
    per_step : float
        The same divided by the steps of a presentation.
    active_share : float
        Share of the neurons with at least one spike in all presentations.
    """

    per_presentation: float
    per_step: float
    active_share: float


def participation_ratio(states) -> float:
    """Return ``1 / J = (sum lambda)^2 / sum lambda^2`` of the covariance of states, (T, N).

    Between 1, all neurons say the same, and N, all vary alike and apart; 0 when nothing varies.
    """
    x = np.asarray(states, float)
    x = x - x.mean(axis=0)
    # The smaller Gram matrix has the same eigenvalues; neither needs a decomposition.
    gram = x.T @ x if x.shape[0] > x.shape[1] else x @ x.T
    total = np.trace(gram)
    return float(total**2 / (gram**2).sum()) if total > 0 else 0.0


def mean_squared_correlation(states) -> float:
    """Return the mean squared correlation of two different neurons, 0..1.

    Neurons that do not vary have none and are left out; 0 when fewer than two vary.
    """
    x = np.asarray(states, float)
    x = x[:, np.ptp(x, axis=0) > 0]
    n = x.shape[1]
    if n < 2:
        return 0.0
    squared = np.corrcoef(x, rowvar=False) ** 2
    return float((squared.sum() - np.trace(squared)) / (n * (n - 1)))


def mean_activation(counts, n_steps: int) -> Activation:
    """Return the activation of a layer.

    Parameters
    ----------
    counts : (S, N) int
        Spikes of each neuron in each presentation.
    n_steps : int
        Steps of a presentation.
    """
    counts = np.asarray(counts)
    mean = float(counts.mean())
    return Activation(mean, mean / n_steps, float(counts.any(axis=0).mean()))
