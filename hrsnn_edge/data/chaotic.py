"""Chaotic series made here: Lorenz63, Rossler, Lorenz96 in three levels; scaled, and as events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.data.encode import hold, series_poisson, tuning_curves
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import DataError


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
    start = np.array([1.0, 1.0, 20.0]) + 0.1 * np.random.default_rng(seed).standard_normal(3)
    return trajectory(lorenz63_rate, start, n_samples, dt, substeps, burn_in)


def rossler_rate(state, a: float = 0.2, b: float = 0.2, c: float = 5.7):
    """Return the time derivative of the Rossler (1976) system at `state`, (3,)."""
    x, y, z = state
    return np.array([-y - z, x + a * y, b + z * (x - c)])


def rossler(
    n_samples: int,
    *,
    dt: float = 0.1,
    substeps: int = 4,
    burn_in: int = 1000,
    seed: int = 0,
) -> np.ndarray:
    """Return a trajectory on the Rossler attractor, (n_samples, 3) float64; see `lorenz63`.

    `seed` sets the starting point, near (1, 1, 0).
    """
    start = np.array([1.0, 1.0, 0.0]) + 0.1 * np.random.default_rng(seed).random(3)
    return trajectory(rossler_rate, start, n_samples, dt, substeps, burn_in)


@dataclass(frozen=True)
class Lorenz96:
    """Lorenz96 in three levels: slow X, faster Y on each X, fastest Z on each Y.

    Attributes
    ----------
    n_x, n_y, n_z : int
        X; Y on each X; Z on each Y. At least 4 X and, on one X or Y, at least 1.
    forcing : float
        F, on the X.
    coupling : float
        h between levels; 0 leaves the plain one-level system in X.
    b, c, d, e : float
        Ratios of amplitude and of time of the levels.
    """

    n_x: int = 8
    n_y: int = 8
    n_z: int = 8
    forcing: float = 20.0
    coupling: float = 1.0
    b: float = 10.0
    c: float = 10.0
    d: float = 10.0
    e: float = 10.0

    def __post_init__(self):
        """Check the sizes: the ring of X reaches two to the left and one to the right."""
        if self.n_x < 4 or self.n_y < 1 or self.n_z < 1:
            raise ValueError(
                "Levels must have at least 4 X, 1 Y and 1 Z, "
                f"not {self.n_x}, {self.n_y}, {self.n_z}"
            )

    def split(self, state) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return X (n_x,), Y (n_x n_y,) and Z (n_x n_y n_z,) of a state, neighbours in a row."""
        n_xy = self.n_x * self.n_y
        return tuple(np.split(state, [self.n_x, self.n_x + n_xy]))

    def rate(self, state) -> np.ndarray:
        """Return the time derivative; the advection and the couplings keep the sum of squares."""
        x, y, z = self.split(state)
        h, b, c, d, e = self.coupling, self.b, self.c, self.d, self.e
        sum_y, sum_z = (v.reshape(-1, n).sum(axis=1) for v, n in ((y, self.n_y), (z, self.n_z)))
        from_x, from_y = np.repeat(x, self.n_y), np.repeat(y, self.n_z)
        dx = np.roll(x, 1) * (np.roll(x, -1) - np.roll(x, 2)) - x + self.forcing - h * c / b * sum_y
        dy = (
            -c * b * np.roll(y, -1) * (np.roll(y, -2) - np.roll(y, 1))
            - c * y + h * c / b * from_x - h * e / d * sum_z
        )  # fmt: skip
        dz = e * d * np.roll(z, 1) * (np.roll(z, -1) - np.roll(z, 2)) - e * z + h * e / d * from_y
        return np.concatenate([dx, dy, dz])


def lorenz96(
    n_samples: int,
    *,
    system: Lorenz96 | None = None,
    dt: float = 0.05,
    substeps: int = 25,
    burn_in: int = 100,
    seed: int = 0,
) -> np.ndarray:
    """Return the X of a three-level trajectory, (n_samples, n_x) float64; see `lorenz63`.

    The fastest level needs Runge-Kutta steps of 0.001 to 0.005: ``dt / substeps``. `seed` sets the
    starting point: X around a quarter of the forcing, the rest small.
    """
    system = system or Lorenz96()
    rng = np.random.default_rng(seed)
    n_fast = system.n_x * system.n_y * (1 + system.n_z)
    start = np.concatenate(
        [system.forcing / 4 + rng.standard_normal(system.n_x), 0.01 * rng.standard_normal(n_fast)]
    )
    return trajectory(system.rate, start, n_samples, dt, substeps, burn_in)[:, : system.n_x]


def trajectory(rate, start, n_samples: int, dt: float, substeps: int, burn_in: int) -> np.ndarray:
    """Return samples of ``x' = rate(x)`` every `dt`, (n_samples, D), after a burn-in.

    Raises
    ------
    DataError
        When the trajectory leaves the finite numbers: the step is too long.
    """
    if n_samples < 1:
        raise ValueError(f"Number of samples must be at least 1, not {n_samples}")
    state, out = start, np.empty((n_samples, len(start)))
    for k in range(burn_in + n_samples):
        if k >= burn_in:
            out[k - burn_in] = state
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(substeps):
                state = runge_kutta(rate, state, dt / substeps)
        if not np.isfinite(state).all():
            raise DataError(
                f"Trajectory, sample {k + 1}: must be finite. Take a shorter step than "
                f"{dt / substeps:g}."
            )
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
