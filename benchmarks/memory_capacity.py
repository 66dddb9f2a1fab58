"""Memory capacity of homogeneous and heterogeneous neurons (gate G1), seed by seed.

    python benchmarks/memory_capacity.py --seeds 5 --out memory.csv

The same wiring, weights, biases and input for both, time constants matched in mean; then again
with the common bias of the heterogeneous network lowered until the rates are equal. C is measured
on test data, the chance floor is subtracted; E is C over the mean spikes of a neuron in
one test sample. The row without recurrence says whether the recurrent layer earns its place.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import ttest_rel

from hrsnn_edge.analysis.efficiency import spike_efficiency
from hrsnn_edge.analysis.memory import memory_capacity
from hrsnn_edge.analysis.reservoir import Reservoir, draw_reservoir, match_rate, memory_recipe

#: The gate: a seed passes when its ratio to the homogeneous network is greater.
GATE = 1.05
#: Samples that rate matching looks at.
MATCH_SAMPLES = 400


def main() -> None:
    """Measure all seeds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--neurons", type=int, default=300)
    parser.add_argument("--tau", type=float, nargs=2, default=[30.0, 15.0], metavar=("E", "I"))
    parser.add_argument("--samples", type=int, default=5200)
    parser.add_argument("--train", type=int, default=3000)
    parser.add_argument("--trace-ms", type=float, help="one filter for all instead of own tau")
    parser.add_argument("--out", type=Path, help="CSV of every single run")
    args = parser.parse_args()
    rows = []
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        rows += measure_seed(seed, args)
        for row in rows[-4:]:
            print(*(f"{k}={v:.4g}" if isinstance(v, float) else v for k, v in row.items()))
    if args.out:
        with args.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    print_table(rows)


def measure_seed(seed: int, args) -> list[dict]:
    """Return one row for each network of a seed."""
    x = np.random.default_rng([seed, 1]).uniform(-1, 1, (args.samples, 1))

    def drawn(neurons, weight=1.0) -> Reservoir:
        recipe = memory_recipe(
            args.neurons, neurons=neurons, weight=weight,
            tau_e_mean=args.tau[0], tau_i_mean=args.tau[1],
        )  # fmt: skip
        if args.trace_ms:
            recipe = replace(recipe, own_trace=False, fixed_traces=(args.trace_ms,))
        return draw_reservoir(recipe, 1, seed)

    hom, het = drawn("hom"), drawn("het")
    rate = hom.rate_hz(x[:MATCH_SAMPLES])
    networks = {
        "HoN": hom,
        "HeN": het,
        "HeN rate matched": match_rate(het, rate, x[:MATCH_SAMPLES]),
        "HeN without recurrence": drawn("het", weight=0.0),
    }
    return [measure(name, net, x, seed, args) for name, net in networks.items()]


def measure(name: str, reservoir: Reservoir, x, seed: int, args) -> dict:
    """Return the figures of one network."""
    run = reservoir.run(x)
    features = run.traces.reshape(len(x), -1)
    memory = memory_capacity(features, x[:, 0], n_train=args.train, seed=seed)
    spikes = run.counts[-(args.samples - args.train - 200) :].mean(axis=0)
    capacity = memory.above_chance
    return {
        "network": name,
        "seed": seed,
        "capacity": capacity,
        "chance": memory.chance,
        "rate_hz": float(run.counts.mean() / reservoir.hold * 1000),
        "efficiency": spike_efficiency(capacity, spikes),
        "penalty_1": float(memory.penalty[0]),
    }


def print_table(rows: list[dict]) -> None:
    """Print means, paired ratios to HoN, seeds beyond the gate and a paired t test."""
    by_name: dict[str, list[dict]] = {}
    for row in rows:
        by_name.setdefault(row["network"], []).append(row)

    def column(name, key):
        return np.array([row[key] for row in by_name[name]])

    base_c, base_e = column("HoN", "capacity"), column("HoN", "efficiency")
    n = len(base_c)
    print("| network | C | rate Hz | C / HoN | seeds > 1.05 | p (paired t) | E / HoN |")
    print("|---|---|---|---|---|---|---|")
    for name in by_name:
        c, e, hz = (column(name, key) for key in ("capacity", "efficiency", "rate_hz"))
        ratio = c / base_c
        test = "-" if name == "HoN" or n < 2 else f"{ttest_rel(c, base_c).pvalue:.3f}"
        spread = c.std(ddof=1) if n > 1 else 0.0
        print(
            f"| {name} | {c.mean():.2f} +- {spread:.2f} | {hz.mean():.1f} | {ratio.mean():.2f} | "
            f"{(ratio > GATE).sum()}/{n} | {test} | {(e / base_e).mean():.2f} |"
        )


if __name__ == "__main__":
    main()
