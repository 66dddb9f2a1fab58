"""Expected improvement, eq. (8), and its greatest value over the box of distributions."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

#: Shrinking steps of the local search, in unit-cube sides.
LOCAL_STEPS = (0.1, 0.05, 0.02, 0.01)


def expected_improvement(mean, std, best: float):
    """Return the expected improvement over `best` of normal scores, for maximisation.

    ``(mean - best) Phi(z) + std phi(z)`` with ``z = (mean - best) / std``; where `std` is 0 it is
    the certain improvement ``max(mean - best, 0)``. Arguments broadcast.
    """
    gain, std = np.broadcast_arrays(np.asarray(mean, float) - best, np.asarray(std, float))
    known = std <= 0
    safe = np.where(known, 1.0, std)
    z = gain / safe
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    return np.where(known, np.maximum(gain, 0), gain * ndtr(z) + safe * density)


def climb(value, start: np.ndarray, rng: np.random.Generator, n_moves: int = 64) -> np.ndarray:
    """Return the best point that local moves reach from `start`, (d,), in the unit cube.

    Parameters
    ----------
    value : callable
        Maps points (m, d) to values (m,); the greatest is sought.
    n_moves : int
        Moves tried with each step size, 2 or more.

    Notes
    -----
    The moves are normal steps, some along one axis only, since a kernel with a length for every
    marginal has ridges along the axes. A move counts only if it is better, so the result is never
    worse than `start`.
    """
    best = np.asarray(start, float)
    best_value = value(best[None])[0]
    for step in LOCAL_STEPS:
        moves = rng.normal(0, step, (n_moves, best.size))
        one_axis = np.arange(n_moves // 2)
        axis = rng.integers(best.size, size=one_axis.size)
        moves[one_axis] *= np.eye(best.size)[axis]
        points = np.clip(best + moves, 0, 1)
        values = value(points)
        top = int(np.argmax(values))
        if values[top] > best_value:
            best, best_value = points[top], values[top]
    return best
