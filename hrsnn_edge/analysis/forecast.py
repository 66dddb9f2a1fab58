"""Errors of forecasts, and the closed-loop runner that makes them.

A forecaster takes one sample after the other and says what it expects next. *Teacher forcing*
feeds it the true samples; in *closed loop* it is fed its own forecasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from hrsnn_edge.errors import DataError

#: Error at which a forecast stops being valid, in long-term deviations.
VALID_ERROR = 0.1


class Forecaster(Protocol):
    """A trained one-step predictor with a state that is a value."""

    def start(self) -> Any:
        """Return the state before the first sample."""

    def step(self, state, sample) -> tuple[Any, np.ndarray]:
        """Return the state after a sample, (D,), and the sample expected next, (D,)."""


@dataclass(frozen=True, eq=False)
class ForecastScore:
    """Closed-loop forecasts from several starts.

    Attributes
    ----------
    rmse : (starts, horizon) float64
        ``RMSE(t)`` of each start, in long-term deviations.
    error : float
        Valid until the RMSE reaches this.
    """

    rmse: np.ndarray
    error: float = VALID_ERROR

    @property
    def valid_times(self) -> np.ndarray:
        """Valid prediction time of each start, (starts,) [samples]."""
        return np.array([valid_time(row, self.error) for row in self.rmse])

    @property
    def mean_valid_time(self) -> float:
        """Mean valid prediction time [samples]."""
        return float(self.valid_times.mean())

    @property
    def mean_rmse(self) -> float:
        """Mean of ``RMSE(t)`` over horizon and starts."""
        return float(self.rmse.mean())


def rmse_over_time(truth, forecast, deviation) -> np.ndarray:
    """Return ``RMSE(t) = sqrt(1/D sum_d ((y_d - yhat_d) / sigma_d)^2)``, (T,).

    Parameters
    ----------
    truth, forecast : (T, D) float
        The series and what was said of it.
    deviation : (D,) float
        Long-term standard deviation of each coordinate, so that the error is normalised.
    """
    deviation = _positive(deviation)
    return np.sqrt(np.mean(((np.asarray(truth) - forecast) / deviation) ** 2, axis=1))


def valid_time(rmse, error: float = VALID_ERROR) -> int:
    """Return how many samples from the start on have an RMSE below `error`.

    An RMSE that is not a number is not below.
    """
    late = np.flatnonzero(~(np.asarray(rmse) < error))
    return int(late[0]) if late.size else len(rmse)


def nrmse(truth, forecast) -> float:
    """Return ``sqrt(mean (y - yhat)^2 / var y)`` over all coordinates, each by its own variance."""
    truth = np.asarray(truth, float)
    squared = ((truth - forecast) / _positive(truth.std(axis=0))) ** 2
    return float(np.sqrt(squared.mean()))


def teacher_forced(model: Forecaster, series) -> np.ndarray:
    """Return what the model expects after each sample of a series, (T, D): forecasts of t + 1."""
    state, out = model.start(), []
    for sample in np.asarray(series, float):
        state, expected = model.step(state, sample)
        out.append(expected)
    return np.array(out)


def closed_loop(model: Forecaster, history, horizon: int, limits=None) -> np.ndarray:
    """Return the forecast of the `horizon` samples after a history, (horizon, D).

    Parameters
    ----------
    model : Forecaster
        Trained.
    history : (T, D) float
        True samples that are fed first (teacher forcing), T at least 1.
    horizon : int
        Samples to forecast, each fed back.
    limits : (low, high) or None
        Each forecast is clipped to these before it is fed back and returned; numbers or (D,). A
        forecast that is not finite stays so.
    """
    history = np.asarray(history, float)
    if not len(history) or horizon < 1:
        raise ValueError(f"History and horizon must be at least 1, not {len(history)}, {horizon}")
    low, high = (-np.inf, np.inf) if limits is None else limits
    state = model.start()
    for sample in history:
        state, expected = model.step(state, sample)
    out = [np.clip(expected, low, high)]
    while len(out) < horizon:
        state, expected = model.step(state, out[-1])
        out.append(np.clip(expected, low, high))
    return np.array(out)


def score_forecasts(
    model: Forecaster,
    series,
    *,
    n_starts: int = 20,
    spacing: int = 60,
    n_history: int = 100,
    horizon: int = 100,
    limits=None,
    deviation=None,
    error: float = VALID_ERROR,
) -> ForecastScore:
    """Forecast in closed loop from several starts in a series the model has not seen.

    Start `k` is fed ``n_history`` true samples from ``k * spacing`` on and forecasts the next
    `horizon`.

    Parameters
    ----------
    model : Forecaster
        Trained.
    series : (T, D) float
        At least ``(n_starts - 1) * spacing + n_history + horizon`` samples.
    limits
        As in `closed_loop`.
    deviation : (D,) float or None
        Long-term deviation; None takes that of `series`.
    error : float
        Threshold of the valid prediction time.
    """
    series = np.asarray(series, float)
    needed = (n_starts - 1) * spacing + n_history + horizon
    if n_starts < 1 or len(series) < needed:
        raise DataError(f"Series must have at least {needed} samples, not {len(series)}")
    deviation = series.std(axis=0) if deviation is None else deviation
    rows = []
    for begin in range(0, n_starts * spacing, spacing):
        cut = begin + n_history
        forecast = closed_loop(model, series[begin:cut], horizon, limits)
        rows.append(rmse_over_time(series[cut : cut + horizon], forecast, deviation))
    return ForecastScore(np.array(rows), error)


def _positive(deviation) -> np.ndarray:
    """Return deviations, or say which coordinate does not vary."""
    deviation = np.atleast_1d(np.asarray(deviation, float))
    bad = np.flatnonzero(~(deviation > 0))
    if bad.size:
        raise DataError(
            f"Deviation of coordinate {bad[0]} must be above 0, not {deviation[bad[0]]:g}"
        )
    return deviation
