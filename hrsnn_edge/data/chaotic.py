"""Chaotic series made here: Lorenz63, scaled and turned into events by Gaussian tuning curves."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.data.encode import hold, series_poisson, tuning_curves
from hrsnn_edge.data.events import EventBatch


def lorenz63_rate(state, sigma: float = 10.0, rho: float = 28.0, beta: float = 8 / 3):
    """Return the time derivative of the Lorenz (1963) system at `state`, (3,)."""
    x, y, z = state
    return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])


def lorenz63(
    n_samples: int,
    *,
    dt: float = 0.02,
    substeps: int = 4,
    burn_in: int = 1000,
    seed: int = 0,
) -> np.ndarray:
    """Return a trajectory on the Lorenz63 attractor, (n_samples, 3) float64.

    Parameters
    ----------
    n_samples : int
        Samples after the burn-in.
    dt : float
        Time between samples.
    substeps : int
        Runge-Kutta steps (fourth order) a sample.
    burn_in : int
        Samples thrown away at the start.
    seed : int
        Of the starting point, near (1, 1, 20).
    """
    if n_samples < 1:
        raise ValueError(f"Number of samples must be at least 1, not {n_samples}")
    h = dt / substeps
    state = np.array([1.0, 1.0, 20.0]) + 0.1 * np.random.default_rng(seed).standard_normal(3)
    out = np.empty((n_samples, 3))
    for k in range(burn_in + n_samples):
        if k >= burn_in:
            out[k - burn_in] = state
        for _ in range(substeps):
            state = runge_kutta(lorenz63_rate, state, h)
    return out


def runge_kutta(rate, state, h: float):
    """Return `state` after one classical fourth-order Runge-Kutta step of length `h`."""
    k1 = rate(state)
    k2 = rate(state + h / 2 * k1)
    k3 = rate(state + h / 2 * k2)
    k4 = rate(state + h * k3)
    return state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def scale_to_unit(series, n_train: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the series scaled so that its first `n_train` samples span 0..1, and low and span.

    Later samples may lie outside.
    """
    low = series[:n_train].min(axis=0)
    span = np.ptp(series[:n_train], axis=0)
    if np.any(span == 0):
        raise ValueError(f"Series, column {np.argmin(span)}: must vary in its training part")
    return (series - low) / span, low, span


def encode_series(
    series, *, n_curves: int = 16, steps_per_sample: int = 20, p_max: float = 0.2, seed: int = 0
) -> EventBatch:
    """Return a scaled series, (M, D), as one sample of ``M * steps_per_sample`` steps.

    Each coordinate drives `n_curves` Gaussian tuning curves; a channel fires with probability
    ``p_max`` times its response in each step.
    """
    rate = hold(tuning_curves(series, n_curves), steps_per_sample)
    return series_poisson(rate, p_max, seed)
