"""The search: initial design, then expected improvement, one observation after the other.

Every suggestion is a function of the seed, its index and the observations before its batch, so a
search that was killed and started again ends with the same observations as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.stats import qmc
from skopt import Optimizer
from threadpoolctl import threadpool_limits

from hrsnn_edge.errors import ExperimentError, TrainingError
from hrsnn_edge.parallel import run_parallel
from hrsnn_edge.tune.acquisition import climb, expected_improvement
from hrsnn_edge.tune.gp import WassersteinGP
from hrsnn_edge.tune.log import SearchLog
from hrsnn_edge.tune.metric import metric_of
from hrsnn_edge.tune.space import SearchSpace

#: Maps named values to a score (greater is better) and the variance of that score, or None.
Objective = Callable[[dict[str, float]], tuple[float, float | None]]


@dataclass(frozen=True)
class Observation:
    """One evaluation of the objective.

    Attributes
    ----------
    index : int
        Place in the search, from 0.
    unit : tuple of float
        Point in the unit cube.
    point : dict
        The named values the objective was given.
    score : float or None
        Its score; None if the network could not be trained.
    noise : float or None
        Variance of the score, if the objective knows it.
    seconds : float
        Time of the evaluation.
    failure : str
        Why there is no score; empty if there is one.
    """

    index: int
    unit: tuple[float, ...]
    point: dict[str, float]
    score: float | None
    noise: float | None
    seconds: float
    failure: str = ""


@dataclass(frozen=True)
class TuneResult:
    """A finished search, ready to plot: observations in order and the best so far after each."""

    observations: tuple[Observation, ...]
    n_initial: int
    seed: int

    @property
    def best(self) -> Observation:
        """The observation with the greatest score; the first of equals."""
        scored = [o for o in self.observations if o.score is not None]
        if not scored:
            raise TrainingError(
                f"Search must have one network that can be trained, not 0 of "
                f"{len(self.observations)}. The last failure: {self.observations[-1].failure}"
            )
        return max(scored, key=lambda o: o.score)

    @property
    def scores(self) -> np.ndarray:
        """Score of each observation, NaN for a failed one, (n,) float64."""
        return np.array([np.nan if o.score is None else o.score for o in self.observations])

    @property
    def best_so_far(self) -> np.ndarray:
        """Greatest score up to each observation, (n,) float64."""
        return np.fmax.accumulate(self.scores)


def tune(
    objective: Objective,
    space: SearchSpace,
    n_initial: int,
    n_evaluations: int,
    seed: int,
    log_path: Path | str | None = None,
    on_result: Callable[[Observation], None] | None = None,
    n_jobs: int = 1,
    label: str = "",
    start: dict[str, float] | None = None,
    metric: str = "quantile",
    dask: str = "",
) -> TuneResult:
    """Search for the distributions with the greatest score.

    Parameters
    ----------
    objective : callable
        Maps named values to ``(score, variance of the score or None)``. It must use the same
        seeds and the same validation folds for every point, so that scores differ by the point
        only. A `TrainingError` it raises makes the point a failed one, which counts as the worst
        score seen; any other exception ends the search, and the log keeps what was done.
    space : SearchSpace
        The box.
    n_initial, n_evaluations : int
        Evaluations of the Latin hypercube at the start, and of the whole search.
    seed : int
        Of the design and of every suggestion.
    log_path : path or None
        JSON-lines log. If it exists, the search goes on from it; it must be of the same search.
    on_result : callable or None
        Called with each new observation, after it is safe in the log.
    n_jobs : int
        Evaluations at a time, each in its own process. A batch of so many is suggested at once,
        so the search differs from one with another number; a log keeps the number it began with.
    label : str
        Names the objective (data, base configuration) in the log, so that the log of another one
        is refused.
    start : dict or None
        Named values evaluated first, in place of the design's first point: with the settings in
        use, the result is never worse than these on what the objective measures.
    metric : str
        How distributions are compared: ``'quantile'`` or ``'sinkhorn'``, see `tune.metric`.
    dask : str
        Address of a cluster that evaluates instead of this machine; empty for none.

    Returns
    -------
    TuneResult
        All observations, those read from the log included.
    """
    _check_budget(n_initial, n_evaluations, n_jobs)
    design = initial_design(space, n_initial, seed, start)
    header = {
        "label": label,
        "space": space.description,
        "seed": seed,
        "initial": n_initial,
        "start": start,
        "batch": n_jobs,
        "metric": metric,
    }
    log = SearchLog.open(log_path, header)
    done = {o.index: o for o in map(_observation, log.records)}
    batch = log.header["batch"]
    index = 0
    while index < n_evaluations:
        stop = min(_batch_stop(index, n_initial, batch), n_evaluations)
        missing = [k for k in range(index, stop) if k not in done]
        if missing:
            if index < n_initial:
                units = design
            else:
                known = [done[k] for k in range(index)]
                units = suggest_batch(space, known, range(index, stop), seed, metric)
            jobs = [(k, units[k - index]) for k in missing]
            for observation in _evaluate(objective, space, jobs, n_jobs, dask):
                log.append(asdict(observation))
                done[observation.index] = observation
                if on_result is not None:
                    on_result(observation)
        index = stop
    return TuneResult(tuple(done[k] for k in range(n_evaluations)), n_initial, seed)


def _observation(record: dict) -> Observation:
    """Return the observation of one log record."""
    try:
        return Observation(**{**record, "unit": tuple(record["unit"])})
    except (KeyError, TypeError) as error:
        raise ExperimentError(
            f"Search log, evaluation {record.get('index')}: must have the fields of an "
            f"observation, not {sorted(record)}. Remove the line to repeat the evaluation."
        ) from error


def _check_budget(n_initial: int, n_evaluations: int, n_jobs: int) -> None:
    """Raise `ValueError` for a budget that cannot be spent."""
    if not 1 <= n_initial <= n_evaluations:
        raise ValueError(
            f"Initial evaluations must be between 1 and {n_evaluations}, not {n_initial}"
        )
    if n_jobs < 1:
        raise ValueError(f"Jobs must be 1 or more, not {n_jobs}")


def _batch_stop(index: int, n_initial: int, batch: int) -> int:
    """Return where the batch that starts at `index` ends; batches do not straddle the design."""
    return n_initial if index < n_initial else index + batch


def _evaluate(objective: Objective, space: SearchSpace, jobs, n_jobs: int, dask: str):
    """Yield the observation of each ``(index, unit point)``, as it is finished."""
    return run_parallel(_observe, [(objective, space, *job) for job in jobs], n_jobs, dask)


def _observe(objective: Objective, space: SearchSpace, index: int, unit) -> Observation:
    """Evaluate the objective at one point of the unit cube."""
    point = space.decode(unit)
    begin = time.perf_counter()
    score, noise, failure = None, None, ""
    try:
        score, noise = objective(point)
    except TrainingError as error:
        failure = str(error)
    else:
        if not np.isfinite(score):
            score, noise, failure = None, None, f"Score must be finite, not {score}"
    return Observation(
        index,
        tuple(float(u) for u in unit),
        point,
        None if score is None else float(score),
        None if noise is None else float(noise),
        time.perf_counter() - begin,
        failure,
    )


def initial_design(
    space: SearchSpace, n: int, seed: int, start: dict[str, float] | None = None
) -> np.ndarray:
    """Return the `n` points of a Latin hypercube in the unit cube, (n, d), the first at `start`."""
    design = qmc.LatinHypercube(len(space.names), rng=np.random.default_rng(seed)).random(n)
    if start is not None:
        design[0] = space.encode(start)
        outside = np.flatnonzero((design[0] < 0) | (design[0] > 1))
        if outside.size:
            p = space.parameters[outside[0]]
            raise ValueError(
                f"Start of {p.name} must be between {p.low} and {p.high}, not {start[p.name]}"
            )
    return design


def suggest_batch(
    space: SearchSpace,
    known: list[Observation],
    indices: range,
    seed: int,
    metric: str = "quantile",
) -> np.ndarray:
    """Return the points of the evaluations `indices`, (len(indices), d).

    Later members of a batch are suggested as if the earlier ones had scored what the surrogate
    expects of them, so that a batch spreads.
    """
    units = [np.array(o.unit) for o in known]
    scores, noise = _training_scores(known)
    first = len(units)
    for index in indices:
        unit, expected = suggest(space, np.array(units), scores, noise, seed, index, metric)
        units.append(unit)
        scores, noise = np.append(scores, expected), np.append(noise, 0.0)
    return np.array(units[first:])


def _training_scores(known: list[Observation]) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and noise variances; a failed point counts as the worst score."""
    scores = np.array([np.nan if o.score is None else o.score for o in known])
    if np.isnan(scores).all():
        raise TrainingError(
            f"Search must have one network that can be trained among the first, not 0 of "
            f"{scores.size}. The last failure: {known[-1].failure}"
        )
    worst = np.nanmin(scores)
    noise = np.array([o.noise or 0.0 for o in known])
    return np.where(np.isnan(scores), worst, scores), noise


# The matrices are small: more BLAS threads than one only fight over the cores, and another number
# of them would change the last bits and so the search.
@threadpool_limits.wrap(limits=1, user_api="blas")
def suggest(
    space: SearchSpace,
    units: np.ndarray,
    scores: np.ndarray,
    noise: np.ndarray,
    seed: int,
    index: int,
    metric: str = "quantile",
) -> tuple[np.ndarray, float]:
    """Return the point of greatest expected improvement and the score expected there.

    scikit-optimize fits the surrogate and takes the best of some random points (how many is the
    metric's); local moves from it and from the best observation then climb on.

    Parameters
    ----------
    units, scores, noise : (n, d), (n,), (n,) float64
        Observations in the unit cube and the variances of their scores.
    seed, index : int
        Together the seed of this suggestion.
    metric : str
        See `tune`.
    """
    size = metric_of(metric, space)
    rng = np.random.default_rng([seed, index])
    optimizer = Optimizer(
        [(0.0, 1.0)] * units.shape[1],
        base_estimator=WassersteinGP(space, metric, noise=noise, seed=seed),
        acq_func="EI",
        acq_func_kwargs={"xi": 0.0},
        acq_optimizer="sampling",
        acq_optimizer_kwargs={"n_points": size.n_candidates},
        n_initial_points=0,
        random_state=int(rng.integers(2**31)),
    )
    # scikit-optimize minimises.
    optimizer.tell(units.tolist(), (-scores).tolist())
    model = optimizer.models[-1]
    best = scores.max()

    def improvement(points):
        mean, std = model.predict(points, return_std=True)
        return expected_improvement(-mean, std, best)

    starts = np.array([optimizer.ask(), units[np.argmax(scores)]])
    tops = np.array([climb(improvement, start, rng, size.n_moves) for start in starts])
    unit = tops[np.argmax(improvement(tops))]
    return unit, float(-model.predict(unit[None])[0])
