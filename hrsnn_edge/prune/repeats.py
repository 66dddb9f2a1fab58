"""The algorithm repeated with other draws: how much a round's figures vary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed

from hrsnn_edge.network import FloatNetwork
from hrsnn_edge.prune.algorithm import LnpResult, LnpSchedule, lnp
from hrsnn_edge.prune.evolution import LnpRecord

#: Figures of a round and where its record has them.
FIGURES: dict[str, Callable[[LnpRecord], float]] = {
    "neurons": lambda r: r.graph.n_neurons,
    "synapses": lambda r: r.graph.n_synapses,
    "density": lambda r: r.graph.density,
    "sparsity": lambda r: r.sparsity,
    "lambda_1": lambda r: r.lambda_1,
    "degree_variance": lambda r: r.graph.degree_variance,
    "ipr_slow": lambda r: r.graph.ipr.slow,
    "ipr_top": lambda r: r.graph.ipr.top,
    "ipr_mean": lambda r: np.nan if r.graph.ipr.mean is None else r.graph.ipr.mean,
    "eps_median": lambda r: r.errors["rayleigh_median"],
    "eps_max": lambda r: r.errors["rayleigh_max"],
}


@dataclass(frozen=True, eq=False)
class Repeats:
    """Repeated runs and the spread of each round over those that reached it.

    Attributes
    ----------
    results : tuple of LnpResult
        In the order of the seeds.
    n_runs : (R,) int64
        Runs that reached each round.
    mean, sd : dict of (R,) float64
        Of each of `FIGURES`; the deviation with n - 1, NaN for a single run.
    """

    results: tuple[LnpResult, ...]
    n_runs: np.ndarray
    mean: dict[str, np.ndarray]
    sd: dict[str, np.ndarray]


def repeat_lnp(
    make: Callable[[int], FloatNetwork],
    schedule: LnpSchedule,
    seeds: Sequence[int],
    *,
    n_jobs: int = 1,
    **inputs,
) -> Repeats:
    """Return the runs of the algorithm for several seeds, each on its own network.

    Parameters
    ----------
    make : callable
        Returns the unpruned network of a seed.
    schedule : LnpSchedule
        Settings, the same for all.
    seeds : sequence of int
        One run each; ten in the papers.
    n_jobs : int
        Processes. Results do not depend on it.
    **inputs
        ``activity`` and ``current`` of `lnp`.
    """
    if not len(seeds):
        raise ValueError("Seeds must be 1 or more, not 0")

    def run(seed):
        return lnp(make(seed), schedule, seed, **inputs)

    results = tuple(Parallel(n_jobs)(delayed(run)(seed) for seed in seeds))
    longest = max(len(r.rounds) for r in results)
    mean, sd = {}, {}
    for name, figure in FIGURES.items():
        table = np.full((len(results), longest), np.nan)
        for row, result in zip(table, results, strict=True):
            row[: len(result.rounds)] = [figure(r) for r in result.rounds]
        mean[name], sd[name] = _spread(table)
    reached = np.array([[len(r.rounds) > k for k in range(longest)] for r in results])
    return Repeats(results, reached.sum(axis=0), mean, sd)


def _spread(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of each column over its numbers."""
    n = np.isfinite(table).sum(axis=0)
    mean = np.divide(np.nansum(table, axis=0), n, out=np.full(n.size, np.nan), where=n > 0)
    squares = np.nansum((table - mean) ** 2, axis=0)
    return mean, np.sqrt(np.divide(squares, n - 1, out=np.full(n.size, np.nan), where=n > 1))
