"""Forecasters: last value, autoregression, echo state network, spiking network.

All but the first are ridge fits that predict the *increment* to the next sample; the functions
`fit_...` train them on a series, (T, D), scaled to about 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from hrsnn_edge.analysis.reservoir import Reservoir
from hrsnn_edge.analysis.ridge import Ridge, fit_ridge
from hrsnn_edge.engine.float_current import CurrentState
from hrsnn_edge.errors import DataError


@dataclass(frozen=True)
class LastValue:
    """Expects the last sample again: the least a forecast must beat."""

    def start(self) -> None:
        """Return the state: there is none."""

    def step(self, state: None, sample) -> tuple[None, np.ndarray]:
        """Return no state and the sample."""
        return None, np.asarray(sample, float)


def monomials(values, degree: int) -> np.ndarray:
    """Return all products of 1 to `degree` columns, (M, P), of values (M, D), the columns first.

    >>> monomials([[2.0, 3.0]], 2)
    array([[2., 3., 4., 6., 9.]])
    """
    values = np.asarray(values, float)
    chosen = [
        list(columns)
        for d in range(1, degree + 1)
        for columns in combinations_with_replacement(range(values.shape[1]), d)
    ]
    return np.stack([values[:, columns].prod(axis=1) for columns in chosen], axis=1)


@dataclass(frozen=True, eq=False)
class Autoregression:
    """The increment as a polynomial of the last samples.

    Of degree 2 or more it is nonlinear vector autoregression, also called next-generation
    reservoir computing: a reservoir without a network.

    Attributes
    ----------
    ridge : Ridge
        From the `monomials` of ``2 x - 1`` of the last `n_delays` samples, the newest first, to the
        increment.
    n_delays, n_dims : int
        Samples that are remembered, coordinates of one.
    degree : int
        Greatest degree of a monomial; 1 is linear.
    """

    ridge: Ridge
    n_delays: int
    n_dims: int
    degree: int = 1

    def start(self) -> np.ndarray:
        """Return an empty memory, (0, D)."""
        return np.zeros((0, self.n_dims))

    def step(self, state, sample) -> tuple[np.ndarray, np.ndarray]:
        """Return the memory and the forecast; at first the oldest sample fills the memory."""
        state = np.vstack([[sample], state])[: self.n_delays]
        filled = np.vstack([state, np.repeat(state[-1:], self.n_delays - len(state), axis=0)])
        features = monomials(2 * filled.reshape(1, -1) - 1, self.degree)
        return state, sample + self.ridge.predict(features)[0]


def fit_autoregression(series, n_delays: int, degree: int = 1) -> Autoregression:
    """Train an autoregression of `n_delays` samples by products of up to `degree` values."""
    series = _checked(series, n_delays)
    shifts = range(n_delays)
    lagged = np.hstack([series[n_delays - 1 - k : len(series) - 1 - k] for k in shifts])
    increments = np.diff(series, axis=0)[n_delays - 1 :]
    fit = fit_ridge(monomials(2 * lagged - 1, degree), increments)
    return Autoregression(fit, n_delays, series.shape[1], degree)


@dataclass(frozen=True, eq=False)
class EchoState:
    """A tanh reservoir, ``r[t+1] = tanh(W r[t] + u x[t] + b)``, and a linear readout.

    Attributes
    ----------
    w : (N, N) float64
        Recurrent weights, ``[pre, post]``.
    u : (D, N) float64
        Input weights.
    bias : (N,) float64
        Of each unit.
    ridge : Ridge
        From state and sample to the increment.
    """

    w: np.ndarray
    u: np.ndarray
    bias: np.ndarray
    ridge: Ridge

    def start(self) -> np.ndarray:
        """Return the state 0."""
        return np.zeros(len(self.bias))

    def step(self, state, sample) -> tuple[np.ndarray, np.ndarray]:
        """Return the next state and the forecast."""
        state = np.tanh(state @ self.w + sample @ self.u + self.bias)
        features = np.concatenate([state, sample])[None]
        return state, sample + self.ridge.predict(features)[0]


def fit_echo_state(
    series,
    *,
    n_units: int = 400,
    radii=(0.1, 0.3, 0.6, 0.9, 1.1),
    input_scale: float = 1.0,
    density: float = 0.05,
    washout: int = 100,
    held_out: float = 0.25,
    seed: int = 0,
) -> EchoState:
    """Train an echo state network; the spectral radius is chosen on the last part of the series.

    Parameters
    ----------
    series : (T, D) float
        Scaled to about 0..1.
    n_units : int
        Units, N.
    radii : sequence of float
        Spectral radii that are tried.
    input_scale, density : float
        Range of the uniform input weights, for inputs of -1..1; share of recurrent weights.
    washout : int
        Samples at the start that are not trained on.
    held_out : float
        Share at the end on which the one-step error chooses the radius.
    seed : int
        Of all weights.
    """
    series = _checked(series, washout)
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(n_units, n_units)) * (rng.random((n_units, n_units)) < density)
    w /= np.abs(np.linalg.eigvals(w)).max()
    u = 2 * input_scale * rng.uniform(-1, 1, (series.shape[1], n_units))
    bias = -0.5 * u.sum(axis=0) + 0.2 * rng.uniform(-1, 1, n_units)
    increments = np.diff(series, axis=0)[washout:]
    n_fit = len(increments) - round(held_out * len(increments))

    def features(radius):
        state, rows = np.zeros(n_units), []
        for sample in series[:-1]:
            state = np.tanh(radius * (state @ w) + sample @ u + bias)
            rows.append(np.concatenate([state, sample]))
        return np.array(rows)[washout:]

    def error(radius):
        z = features(radius)
        fit = fit_ridge(z[:n_fit], increments[:n_fit])
        return np.mean((fit.predict(z[n_fit:]) - increments[n_fit:]) ** 2)

    best = min(radii, key=error)
    return EchoState(best * w, u, bias, fit_ridge(features(best), increments))


@dataclass(frozen=True, eq=False)
class SpikingForecaster:
    """A driven spiking network and a linear readout of its traces, their squares and the sample.

    Attributes
    ----------
    reservoir : Reservoir
        Driven by ``2 x - 1``.
    ridge : Ridge
        From the features to the increment.
    squares : bool
        Whether squared traces are features too.
    """

    reservoir: Reservoir
    ridge: Ridge
    squares: bool

    def start(self) -> CurrentState | None:
        """Return the state before the first sample: rest."""

    def step(self, state, sample) -> tuple[CurrentState, np.ndarray]:
        """Return the state after the steps of a sample, and the forecast."""
        sample = np.asarray(sample, float)[None]
        run = self.reservoir.run(2 * sample - 1, state)
        features = spiking_features(run.traces, sample, squares=self.squares)
        return run.state, (sample + self.ridge.predict(features))[0]


def spiking_features(traces, series, *, squares: bool) -> np.ndarray:
    """Return traces (M, F, N), their squares and the samples (M, D) as one row a sample."""
    flat = traces.reshape(len(traces), -1)
    return np.hstack([flat, flat**2, series] if squares else [flat, series])


def fit_spiking(
    reservoir: Reservoir, series, *, washout: int = 100, squares: bool = False
) -> SpikingForecaster:
    """Train the readout of a driven network on a series, (T, D), after `washout` samples."""
    series = _checked(series, washout)
    run = reservoir.run(2 * series[:-1] - 1)
    features = spiking_features(run.traces, series[:-1], squares=squares)
    ridge = fit_ridge(features[washout:], np.diff(series, axis=0)[washout:])
    return SpikingForecaster(reservoir, ridge, squares)


def _checked(series, dropped: int) -> np.ndarray:
    """Return the series as float64 after checking that enough of it is left to train on."""
    series = np.asarray(series, float)
    if series.ndim != 2 or len(series) < dropped + 5:
        raise DataError(
            f"Series must be (samples, coordinates) with at least {dropped + 5} samples, "
            f"not {series.shape}"
        )
    return series
