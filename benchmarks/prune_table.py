"""Validation accuracy of a network after pruning, by method and sparsity.

    python benchmarks/prune_table.py --data digits --seeds 5 --out prune.csv

Every method prunes the same trained networks; thresholds and readout are then fitted again on the
fitted folds, as after training. The test part is not touched. Prints a table with means over
(seed, fold) of the accuracy lost [points] and of the ratio of synaptic operations.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from hrsnn_edge.analysis.operations import count_operations, source_activity
from hrsnn_edge.data.digits import load_digits
from hrsnn_edge.data.fsdd import load_fsdd
from hrsnn_edge.model.config import ModelConfig
from hrsnn_edge.model.rate import homeostasis
from hrsnn_edge.model.recipes import digits_recipe, fsdd_recipe
from hrsnn_edge.model.train import evaluate, train, with_readout
from hrsnn_edge.prune.pruning import prune
from hrsnn_edge.prune.record import INPUT_SHARES, LnpConfig

#: Name -> method and settings.
VARIANTS = {
    "lnp product": ("lnp", LnpConfig(edge_value="product")),
    "lnp lyapunov": ("lnp", LnpConfig(edge_value="lyapunov")),
    "share of the input": ("lnp", INPUT_SHARES),
    "magnitude": ("magnitude", None),
    "uniform": ("uniform", None),
}


def main() -> None:
    """Run the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=("digits", "fsdd"), default="digits")
    parser.add_argument("--fsdd", type=Path, default=Path("../shared/data/fsdd/fsdd.npz"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folds", type=int, default=2)
    parser.add_argument("--sparsity", type=float, nargs="+", default=[0.5, 0.8, 0.9, 0.95])
    parser.add_argument("--inputs", type=float, default=0.0, help="sparsity of the inputs")
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS))
    parser.add_argument("--preserve-input", action="store_true")
    parser.add_argument("--activity", action="store_true", help="weigh magnitudes by activity")
    parser.add_argument("--out", type=Path, help="CSV of every single run")
    args = parser.parse_args()
    if args.data == "digits":
        config, data = digits_recipe(), load_digits()
    else:
        config, data = fsdd_recipe(), load_fsdd(args.fsdd)
    rows = []
    for seed in range(args.seeds):
        for fold in range(args.folds):
            rows += runs(config, data, seed, fold, args)
    if args.out:
        with args.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    print_table(rows)


def runs(config: ModelConfig, data, seed: int, fold: int, args) -> list[dict]:
    """Return one row for the unpruned network and one for each variant and sparsity."""
    fitted, held_out = data.fold_parts(fold)
    n_classes = len(data.class_names)
    net, _ = train(config, fitted, n_classes=n_classes, seed=seed)
    dense = count_operations(net, held_out.events)
    accuracy = evaluate(net, held_out)
    activity = source_activity(net, fitted.events) if args.activity else None
    inputs = {"in": args.inputs} if args.inputs else {}
    common = {"seed": seed, "fold": fold}
    rows = [row("unpruned", 0.0, accuracy, accuracy, dense, dense, common)]
    for name in args.variants:
        method, lnp = VARIANTS[name]
        for sparsity in args.sparsity:
            pruned, _ = prune(
                net, method, {"rec": sparsity} | inputs, seed,
                config=lnp, preserve_input=args.preserve_input, activity=activity,
            )  # fmt: skip
            few = fitted.events.select(slice(0, config.rate.calibration_samples))
            rate = config.rate
            pruned, _ = homeostasis(
                pruned, few, rate.target_hz, rate.homeostasis_rounds, rate.homeostasis_limits
            )
            pruned, _ = with_readout(pruned, fitted, n_classes, config.readout)
            work = count_operations(pruned, held_out.events)
            rows.append(
                row(name, sparsity, evaluate(pruned, held_out), accuracy, work, dense, common)
            )
    return rows


def row(name, sparsity, accuracy, unpruned, work, dense, common) -> dict:
    """Return the figures of one network."""
    return {
        "method": name,
        "sparsity": sparsity,
        **common,
        "accuracy": accuracy,
        "lost": unpruned - accuracy,
        "sop": work.sop_in + work.sop_rec,
        "sop_ratio": (dense.sop_in + dense.sop_rec) / max(1, work.sop_in + work.sop_rec),
        "spikes": work.spikes,
    }


def print_table(rows: list[dict]) -> None:
    """Print the mean of each method and sparsity, and the standard error of the loss."""
    groups = defaultdict(list)
    for r in rows:
        groups[r["method"], r["sparsity"]].append(r)
    print(f"{'method':24}{'sparsity':>9}{'accuracy %':>12}{'lost':>8}{'+-':>6}{'SOP ratio':>11}")
    for (method, sparsity), group in groups.items():
        accuracy, lost, ratio = (
            np.array([r[key] for r in group]) for key in ("accuracy", "lost", "sop_ratio")
        )
        error = lost.std(ddof=1) / np.sqrt(lost.size) if lost.size > 1 else 0.0
        print(
            f"{method:24}{sparsity:9.2f}{100 * accuracy.mean():12.2f}{100 * lost.mean():8.2f}"
            f"{100 * error:6.2f}{ratio.mean():11.2f}"
        )


if __name__ == "__main__":
    main()
