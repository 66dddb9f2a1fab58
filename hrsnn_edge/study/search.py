"""Bayesian optimisation over the points of a grid, for a Pareto front of two columns.

Each suggestion maximises the expected improvement of its own randomly weighted mixture of the two
columns (augmented Chebyshev, as in ParEGO), so that a batch spreads along the front. It is a
function of seed, number and what was measured before its batch: a search that is started again
asks for the same points, which are then in the store.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern, WhiteKernel
from threadpoolctl import threadpool_limits

from hrsnn_edge.study.front import scores
from hrsnn_edge.study.plan import Plan, Point
from hrsnn_edge.tune.acquisition import expected_improvement

#: Share of the plain weighted sum in the mixture, which tells points apart that tie.
SUM_SHARE = 0.05


def encode(points: Sequence[Point]) -> np.ndarray:
    """Return the points as (n, d) float64: numbers by rank in 0 .. 1, words one column each."""
    columns = []
    for axis in points[0].values:
        values = [point.values[axis] for point in points]
        distinct = sorted(set(values))
        if len(distinct) < 2:
            continue
        if isinstance(distinct[0], str):
            columns += [[float(v == word) for v in values] for word in distinct]
        else:
            columns.append([distinct.index(v) / (len(distinct) - 1) for v in values])
    return np.array(columns).T.reshape(len(points), -1)


def mix(values: np.ndarray, weight: float) -> np.ndarray:
    """Return one score for each of (n, 2) columns in 0 .. 1, greater is better.

    >>> mix(np.array([[1.0, 0.0], [0.5, 0.5], [1.0, 1.0]]), 0.5).round(3).tolist()
    [-0.475, -0.225, 0.05]
    """
    weights = np.array([weight, 1 - weight])
    return -(weights * (1 - values)).max(axis=1) + SUM_SHARE * values @ weights


def normalise(found: Sequence[tuple[float, ...] | None]) -> np.ndarray:
    """Return scores scaled to 0 .. 1 a column, (n, 2); a point without is the worst of all."""
    known = np.array([f for f in found if f is not None], float).reshape(-1, 2)
    if not len(known):
        return np.zeros((len(found), 2))
    low, span = known.min(axis=0), np.ptp(known, axis=0)
    filled = np.array([low if f is None else f for f in found])
    return (filled - low) / np.where(span > 0, span, 1)


@threadpool_limits.wrap(limits=1, user_api="blas")
def suggest(places: np.ndarray, done: list[int], values: np.ndarray, rng) -> int:
    """Return the index of the point to measure next.

    Parameters
    ----------
    places : (n, d) float64
        All points, as `encode` gives them.
    done : list of int
        Indices of those measured or under way; the first ``len(values)`` are measured.
    values : (m, 2) float64
        What was found, as `normalise` gives it.
    rng : numpy.random.Generator
        Draws the weight.
    """
    left = np.setdiff1d(np.arange(len(places)), done)
    mixture = mix(values, rng.uniform())
    kernel = Matern(np.ones(places.shape[1]), (0.05, 20.0), nu=2.5) + WhiteKernel(1e-3, (1e-6, 0.5))
    model = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
    with warnings.catch_warnings():
        # An axis that does not matter ends at the bound of its length, as it should.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(places[done[: len(values)]], mixture)
        mean, std = model.predict(places[left], return_std=True)
    return int(left[np.argmax(expected_improvement(mean, std, mixture.max()))])


def search(
    plan: Plan, measure: Callable[[list[Point]], list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Return the rows of the points that the search of a plan measured, in its order."""
    section, seed = plan.study.search, plan.study.seeds[0]
    points, places = plan.points, encode(plan.points)
    order = np.random.default_rng(seed).permutation(len(points))
    done = [int(k) for k in order[: section.initial]]
    rows = measure([points[k] for k in done])
    while len(rows) < section.evaluations:
        found = [scores(r, plan.study.front) if r.get("fits") else None for r in rows]
        values, first = normalise(found), len(done)
        for index in range(first, min(first + section.batch, section.evaluations)):
            done.append(suggest(places, done, values, np.random.default_rng([seed, index])))
        rows += measure([points[k] for k in done[first:]])
    return rows
