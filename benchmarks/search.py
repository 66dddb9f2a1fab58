"""Bayesian optimisation against random search, on the spike efficiency of driven networks.

    python benchmarks/search.py --seeds 5 --evaluations 40 [--metric sinkhorn] [--out search.json]
    python benchmarks/search.py --time          # seconds of one suggestion at 100 observations

Both searches start from the memory recipe, spend the same evaluations on the same networks (three
seeds a point), and the winner of each is judged on five fresh networks that no search has seen.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import ttest_rel

from hrsnn_edge.analysis.reservoir import memory_recipe
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.tune.loop import suggest, tune
from hrsnn_edge.tune.objectives import ReservoirScore
from hrsnn_edge.tune.space import network_space, reservoir_space

#: Networks that judge the winners.
FRESH = tuple(range(1000, 1005))


def random_search(objective, space, n: int, seed: int, start: dict) -> tuple[float, dict]:
    """Return the best of `start` and n - 1 uniform points, and its values."""
    units = np.random.default_rng([seed, 7]).random((n - 1, len(space.names)))
    best = (-np.inf, start)
    for point in (start, *map(space.decode, units)):
        try:
            score, _ = objective(point)
        except TrainingError:
            continue
        if score > best[0]:
            best = (score, point)
    return best


def compare(seed: int, args) -> dict:
    """Return the best scores of both searches, in the search and on fresh networks."""
    # An almost silent network has the best ratio and no use: 2 Hz at least.
    objective = ReservoirScore(
        memory_recipe(args.neurons), "efficiency", rate_range_hz=(2.0, 200.0)
    )
    fresh = replace(objective, seeds=FRESH, rate_range_hz=(0.01, 200.0))
    space = reservoir_space()
    start = objective.settings(space.names)
    found = tune(
        objective, space, min(10, args.evaluations), args.evaluations, seed,
        start=start, metric=args.metric,
    ).best  # fmt: skip
    score, point = random_search(objective, space, args.evaluations, seed, start)
    return {
        "seed": seed,
        "start": fresh(start)[0],
        "bo": found.score,
        "random": score,
        "bo_fresh": fresh(found.point)[0],
        "random_fresh": fresh(point)[0],
        "bo_point": found.point,
    }


def suggestion_seconds(metric: str, n: int = 100, repeats: int = 3) -> float:
    """Return the median seconds of a suggestion after `n` observations of the network's box."""
    space, rng = network_space(), np.random.default_rng(0)
    units = rng.random((n, len(space.names)))
    scores = -((units - 0.4) ** 2).sum(axis=1) + rng.normal(0, 0.05, n)
    times = []
    for k in range(repeats):
        begin = time.perf_counter()
        suggest(space, units, scores, np.zeros(n), k, n, metric)
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def main() -> None:
    """Print a line a seed, then means and the paired test."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--evaluations", type=int, default=40)
    parser.add_argument("--neurons", type=int, default=150)
    parser.add_argument("--metric", default="quantile")
    parser.add_argument("--time", action="store_true")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if args.time:
        print(f"{args.metric}: {suggestion_seconds(args.metric):.2f} s a suggestion, 100 before it")
        return
    rows = []
    for seed in range(args.seeds):
        rows.append(compare(seed, args))
        shown = {k: v for k, v in rows[-1].items() if k != "bo_point"}
        print(*(f"{k}={v:.4g}" for k, v in shown.items()), flush=True)
        if args.out:
            args.out.write_text(json.dumps(rows))
    for a, b in (("bo", "random"), ("bo_fresh", "random_fresh"), ("bo_fresh", "start")):
        first, second = (np.array([row[k] for row in rows]) for k in (a, b))
        print(
            f"{a} {first.mean():.3f} +- {first.std(ddof=1):.3f}, {b} {second.mean():.3f} +- "
            f"{second.std(ddof=1):.3f}: {(first > second).sum()}/{len(rows)} higher, "
            f"p = {ttest_rel(first, second).pvalue:.3f}"
        )


if __name__ == "__main__":
    main()
