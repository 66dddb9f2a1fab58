"""The winners of `hrsnn reproduce regimes` once more: further networks, more draws of the strain.

    hrsnn reproduce regimes --json > regimes.json
    python benchmarks/regimes_again.py regimes.json --networks 2 --draws 3

One fault of a hundred neurons is luck, and so is one network: the table has one of each for a seed.
Only the validation fold that no search saw is judged, never the test part. Prints for each regime
the mean accuracy of both ends and the gap, HeNHeS minus HoNHoS, paired by seed.
"""

from __future__ import annotations

import argparse
import json
import os
from functools import partial
from pathlib import Path

import numpy as np

from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.flow.store import default_store
from hrsnn_edge.model.config import ModelConfig
from hrsnn_edge.model.readout import accuracy
from hrsnn_edge.model.train import train
from hrsnn_edge.reproduce.regimes import IN_USE, SEARCHED, RegimeSettings, fit_parts, row_of
from hrsnn_edge.reproduce.regimes_search import (
    ENDS,
    FAULTS,
    Regime,
    strained_events,
    strained_network,
    unseen_fold,
)
from hrsnn_edge.reproduce.run import local_place
from hrsnn_edge.reproduce.statistics import paired, spread

#: Setting of each searched figure of a row.
SETTINGS = {
    "tau_e": "network.tau_e_mean", "tau_e_cv": "network.tau_e_cv", "tau_i": "network.tau_i_mean",
    "tau_i_cv": "network.tau_i_cv", "input_scale": "rate.input_scale",
    "fan_in": "network.input_fan_in", "recurrent": "network.recurrent_scale",
}  # fmt: skip
#: Seeds of the networks lie this far from those of the table and of its searches.
FURTHER = 5000


def main() -> None:
    """Judge and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path, help="output of hrsnn reproduce regimes --json")
    parser.add_argument("--regimes", nargs="+", default=list(FAULTS), help="names of regimes")
    parser.add_argument("--networks", type=int, default=2, help="networks of a seed")
    parser.add_argument("--draws", type=int, default=3, help="draws of the strain of a network")
    args = parser.parse_args()
    data = Path(os.environ.get("HRSNN_DATA", "../shared/data"))
    place = local_place(data, default_store())
    table = json.loads(args.table.read_text())["tables"]["regimes"]
    rows = {row["row"]: row["figures"] for row in table["rows"]}
    regimes = {r.name: r for r in RegimeSettings().regimes if not r.thrifty}
    found: dict[tuple[str, str, str], list[float]] = {}
    for k, seed in enumerate(table["seeds"]):
        known: dict = {}
        for name in args.regimes:
            regime = regimes[name]
            clips = regime.data(place, seed)
            for how in (IN_USE, SEARCHED):
                for end in ENDS:
                    config = settings(regime, end, rows[f"{name}: {row_of(end, how)}"], k)
                    again = partial(score, regime, config, clips, unseen_fold(clips, seed))
                    scores = [
                        again(FURTHER + args.networks * seed + n, args.draws, known)
                        for n in range(args.networks)
                    ]
                    found.setdefault((name, how, end), []).append(float(np.mean(scores)))
    print_table(found)


def settings(regime: Regime, end: str, figures: dict, k: int) -> ModelConfig:
    """Return the settings of a row for the k-th seed."""
    values = {name: figures[key]["values"][k] for key, name in SETTINGS.items()}
    return regime.config(end).with_values(values)


def score(regime: Regime, config: ModelConfig, data, unseen: int, seed: int, draws: int, known):
    """Return the mean accuracy [%] on the unseen fold over draws of the strain."""
    # Faults come after training: regimes that differ in them alone share their networks.
    key = (config, seed, regime.unheard, regime.share)
    if key not in known:
        net, _ = train(config, data.train, n_classes=len(data.class_names), seed=seed)
        run = partial(run_counts, net, n_bins=config.readout.n_bins)
        known[key] = net, fit_parts(run, data, unseen, config.readout).parts["val"]
    net, (readout, judged) = known[key]
    scores = []
    for draw in range(draws):
        tested = strained_network(regime.strain, net, draws * seed + draw)
        events = strained_events(regime.strain, judged.events, draws * seed + draw)
        counts = run_counts(tested, events, config.readout.n_bins)
        scores.append(100 * accuracy(readout, counts, judged.labels))
    return np.mean(scores)


def print_table(found: dict) -> None:
    """Print means and gaps."""
    print("| regime | | HoNHoS | HeNHeS | gap | seeds above 0 | p |\n|---|---|---|---|---|---|---|")
    for name, how in dict.fromkeys(key[:2] for key in found):
        hom, het = (found[name, how, end] for end in ENDS)
        pair = paired(het, hom)
        means = " | ".join(f"{spread(v).mean:.1f} +- {spread(v).sd:.1f}" for v in (hom, het))
        gap = f"{pair.difference:+.1f} | {pair.wins}/{pair.n} | {pair.t_p:.2g}"
        print(f"| {name} | {how} | {means} | {gap} |")


if __name__ == "__main__":
    main()
