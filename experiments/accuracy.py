"""Print accuracy tables of float networks: variants, baselines, mean and s.d. over seeds.

    python experiments/accuracy.py digits --seeds 5
    python experiments/accuracy.py fsdd --data ../shared/data/fsdd/fsdd.npz --neurons 300 --seeds 5

Settings are those of `hrsnn_edge.model.recipes`. "val" is the mean over the validation folds
of the train part: the network has seen them without labels, the readout has not. "test" is fitted
on the whole train part; nothing is chosen on it. The first two rows, without a network, choose
the strength of their readout on "val".
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.digits import load_digits
from hrsnn_edge.data.fsdd import load_fsdd
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.model.config import ModelConfig, ReadoutConfig
from hrsnn_edge.model.recipes import digits_recipe, fsdd_recipe
from hrsnn_edge.model.train import best_score, input_counts, score, train

VARIANTS = ("HoNHoS", "HeNHoS", "HoNHeS", "HeNHeS")
ROWS = (*VARIANTS, "HeN, no STDP", "HeNHeS, no recurrence")


def settings(name: str, config: ModelConfig) -> ModelConfig:
    """Return the settings of one row of the table."""
    if name in VARIANTS:
        return config.variant(name)
    if name == "HeN, no STDP":
        return config.with_values({"plasticity.synapses": "off"})
    return config.with_values({"network.recurrent_scale": 0.0})


def score_bins(score, counts_train, counts_test, data: Dataset, readouts) -> list[float]:
    """Return val and test accuracy in per cent for each readout, from counts in the most bins.

    `score` is the function of `hrsnn_edge.model.train` that fits and judges a readout.
    """
    out = []
    for readout in readouts:
        parts = [merge_bins(c, readout.n_bins) for c in (counts_train, counts_test)]
        out += [100 * a for a in score(*parts, data, readout)]
    return out


def merge_bins(counts, n_bins: int) -> np.ndarray:
    """Return counts (S, B, N) added up to `n_bins`, which must divide B."""
    s, b, n = counts.shape
    return counts.reshape(s, n_bins, b // n_bins, n).sum(axis=2)


def measure(config: ModelConfig, data: Dataset, seed: int, readouts) -> list[float]:
    """Return the rate [Hz] of a trained network, and `score_bins` of its spikes."""
    net, _ = train(config, data.train, n_classes=len(data.class_names), seed=seed)
    most = max(r.n_bins for r in readouts)
    counts = [run_counts(net, part.events, most) for part in (data.train, data.test)]
    seconds = data.train.events.n_steps.sum() * net.dt / 1000
    rate = counts[0].sum() / net.n_neurons / seconds
    return [float(rate), *score_bins(score, *counts, data, readouts)]


def table(data: Dataset, config: ModelConfig, rows, seeds: int, bins) -> None:
    """Print one line a row: mean and standard deviation over the seeds."""
    readouts = [
        ReadoutConfig(config.readout.kind, n_bins, config.readout.strength) for n_bins in bins
    ]
    once = [ReadoutConfig(config.readout.kind, 1)]
    heads = ["Hz", *(f"B={b} {part}" for b in bins for part in ("val", "test"))]
    print(f"{'':24}" + "".join(f"{h:>16}" for h in heads))
    features = [f[:, None] for f in (data.features_train, data.features_test)]
    print_row("continuous features", [[np.nan, *score_bins(best_score, *features, data, once)]])
    spikes = [input_counts(part.events, max(bins)) for part in (data.train, data.test)]
    print_row("encoder spikes", [[np.nan, *score_bins(best_score, *spikes, data, readouts)]])
    for name in rows:
        values = [measure(settings(name, config), data, s, readouts) for s in range(seeds)]
        print_row(name, values)


def print_row(name: str, values) -> None:
    """Print mean and standard deviation of each column of `values` (seeds, columns)."""
    values = np.array(values)
    mean = values.mean(axis=0)
    spread = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(len(mean))
    cells = [
        f"{'-':>16}" if np.isnan(m) else f"{m:9.1f} +-{s:4.1f}"
        for m, s in zip(mean, spread, strict=True)
    ]
    print(f"{name:24}" + "".join(f"{c:>16}" for c in cells), flush=True)


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", choices=("digits", "fsdd"))
    parser.add_argument("--data", dest="path", type=Path, default="../shared/data/fsdd/fsdd.npz")
    parser.add_argument("--neurons", type=int)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", nargs="*", default=ROWS)
    args = parser.parse_args()
    if args.data == "digits":
        table(
            load_digits(),
            digits_recipe(args.neurons or 256),
            args.rows,
            args.seeds,
            (1,),
        )
    else:
        table(load_fsdd(args.path), fsdd_recipe(args.neurons or 300), args.rows, args.seeds, (1, 4))


if __name__ == "__main__":
    main()
