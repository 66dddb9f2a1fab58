"""EMG gestures for each wearer: earlier sessions train, the last one tests; mean over persons.

    python benchmarks/emg.py linear             # which features and which strength give what
    python benchmarks/emg.py network --seeds 3  # encoder spikes and the network beside it

Strengths are chosen on validation (one session against the other), for all persons together; the
test column of a strength that was not chosen is printed to settle published figures, no more.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from hrsnn_edge.data.catalogue import locate
from hrsnn_edge.data.emg import DT, GAINS, Windows, encode_windows, load_windows, person_parts
from hrsnn_edge.data.emg import quarter_features as quarters
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.model.config import (
    ModelConfig,
    NetworkConfig,
    PlasticityConfig,
    RateConfig,
    ReadoutConfig,
)
from hrsnn_edge.model.readout import accuracy, fit_readout
from hrsnn_edge.model.train import input_counts, train

STRENGTHS = (0.01, 0.02, 0.05, 0.1, 0.3, 1.0, 3.0)


def main() -> None:
    """Print the table asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("linear", "network"))
    parser.add_argument("--data", default="", help="emg_myo.npz; default: looked for")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--neurons", type=int, default=200)
    parser.add_argument("--gain", type=float, default=1.0, help="factor on the encoders' gains")
    parser.add_argument("--fan-in", type=float, default=4.0)
    parser.add_argument("--recurrent", type=float, default=1.0, help="factor; 0: unconnected")
    parser.add_argument("--hz", type=float, default=10.0)
    parser.add_argument("--variants", nargs="+", default=["HoNHoS", "HeNHeS"])
    parser.add_argument("--bins", type=int, nargs="+", default=[1, 4])
    args = parser.parse_args()
    windows = load_windows(Path(locate("emg", args.data)))
    print("what | persons | strength | validation % | test % | test % of first 11 persons")
    if args.what == "linear":
        linear_rows(windows)
    else:
        network_rows(windows, args)


def per_person(features, windows: Windows, strength: float) -> np.ndarray:
    """Return validation and test accuracy of a readout for each person, (persons, 2).

    `features` is (S, bins, N); each earlier session is held out in turn for the validation.
    """
    config = ReadoutConfig(strength=strength)
    rows = []
    for person in windows.persons:
        fitted, tested, fold = person_parts(windows, person)
        right = []
        for k in np.unique(fold):
            left, out = fitted[fold != k], fitted[fold == k]
            # One session of one person lacks a gesture: no readout of eight can be fitted to it.
            if len(np.unique(windows.labels[left])) == 8:
                right.append(score(features, windows.labels, left, out, config))
        rows.append((np.mean(right), score(features, windows.labels, fitted, tested, config)))
    return np.array(rows)


def score(features, labels, fitted, tested, config: ReadoutConfig) -> float:
    """Return the accuracy on `tested` of a readout of eight classes fitted on `fitted`."""
    readout = fit_readout(features[fitted], labels[fitted], 8, config)
    return accuracy(readout, features[tested], labels[tested])


def show(what: str, features, windows: Windows, strengths=STRENGTHS) -> tuple[float, float]:
    """Print a row a strength, mark the one best on validation; return its two accuracies."""
    rows = {s: 100 * per_person(features, windows, s) for s in strengths}
    best = max(rows, key=lambda s: rows[s][:, 0].mean())
    # The first twelve persons but the one whose sessions are numbered from 0.
    early = [k for k in range(12) if windows.session[windows.person == k].min() > 0]
    for s, found in rows.items():
        validation, test = found.mean(axis=0)
        mark = " <- chosen" if s == best else ""
        print(
            f"{what} | {len(found)} | {s:g} | {validation:.1f} | {test:.1f} | "
            f"{found[early, 1].mean():.1f}{mark}",
            flush=True,
        )
    return tuple(rows[best].mean(axis=0))


def linear_rows(windows: Windows) -> None:
    """Print the linear baselines on features of the signal."""
    plain, log = (quarters(windows.x, log)[:, None] for log in (False, True))
    show("MAV + waveform length, 4 quarters", plain, windows)
    show("the same, logarithm", log, windows)
    show("the same, logarithm, whole window", whole(windows.x)[:, None], windows)


def whole(x) -> np.ndarray:
    """Return the logarithm of mean absolute value and mean step of whole windows, (S, 16)."""
    v = np.asarray(x, np.float64)
    both = np.abs(v).mean(axis=1), np.abs(np.diff(v, axis=1)).mean(axis=1)
    return np.log1p(np.concatenate(both, axis=1))


def network_config(args) -> ModelConfig:
    """Return the settings of one network for all persons: the recipe by default."""
    return ModelConfig(
        network=NetworkConfig(
            n_neurons=args.neurons, dt=DT, tau_e_mean=60.0, tau_i_mean=30.0,
            input_fan_in=args.fan_in, recurrent_scale=args.recurrent,
        ),
        plasticity=PlasticityConfig(samples=1000),
        rate=RateConfig(target_hz=args.hz),
    )  # fmt: skip


def network_rows(windows: Windows, args) -> None:
    """Print encoder spikes, and networks with the encoder's spikes beside them and without."""
    events = encode_windows(windows.x, [args.gain * g for g in GAINS])
    for n_bins in args.bins:
        show(f"encoder spikes, {n_bins} bins", input_counts(events, n_bins), windows)
    learn = np.concatenate([person_parts(windows, p)[0] for p in windows.persons])
    config = network_config(args)
    for variant in args.variants:
        nets = [
            fitted(config.variant(variant), events.select(learn), windows.labels[learn], seed)
            for seed in range(args.seeds)
        ]
        for n_bins in args.bins:
            counts = [run_counts(net, events, n_bins) for net in nets]
            beside = input_counts(events, n_bins)
            report(f"{variant}, {n_bins} bins", counts, windows)
            both = [np.concatenate([c, beside], axis=2) for c in counts]
            report(f"{variant} and encoder, {n_bins} bins", both, windows)


def fitted(config: ModelConfig, events: EventBatch, labels, seed: int):
    """Return a network that learnt without labels; its readout of all persons is not used."""
    quick = replace(config, readout=ReadoutConfig(kind="ridge", n_bins=1))
    return train(quick, Split(events, labels), n_classes=8, seed=seed)[0]


def report(what: str, counts: list, windows: Windows) -> None:
    """Print mean and s.d. over seeds, each with its strength by validation."""
    found = np.array([show(f"{what}, seed {k}", c, windows, (0.03, 0.1, 0.3)) for k, c in
                      enumerate(counts)])  # fmt: skip
    mean, sd = found.mean(axis=0), found.std(axis=0, ddof=1) if len(found) > 1 else (0, 0)
    print(f"= {what} | {len(found)} seeds | validation {mean[0]:.1f} +- {sd[0]:.1f} | "
          f"test {mean[1]:.1f} +- {sd[1]:.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
