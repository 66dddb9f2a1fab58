"""Seconds of one suggestion of the search after 100 observations.

    python benchmarks/suggest_speed.py [--metric sinkhorn] [--observations 100]

How the search fares against a random one is the gate BO of ``hrsnn reproduce objectives``.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from hrsnn_edge.tune.loop import suggest
from hrsnn_edge.tune.space import network_space


def suggestion_seconds(metric: str, n: int, repeats: int = 3) -> float:
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
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--metric", default="quantile")
    parser.add_argument("--observations", type=int, default=100)
    args = parser.parse_args()
    seconds = suggestion_seconds(args.metric, args.observations)
    print(f"{args.metric}: {seconds:.2f} s a suggestion, {args.observations} before it")


if __name__ == "__main__":
    main()
