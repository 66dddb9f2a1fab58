"""Spoken digits: Table I (G4), neuron counts (G5) and limited data, with what they share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from hrsnn_edge.analysis.operations import count_operations
from hrsnn_edge.data.cochlea import CochleaConfig
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.fsdd import load_fsdd
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.flow.dataset_io import read_dataset, write_dataset
from hrsnn_edge.flow.store import sha256_file, write_json
from hrsnn_edge.model.config import ModelConfig, ReadoutConfig
from hrsnn_edge.model.recipes import backprop_recipe, fsdd_recipe
from hrsnn_edge.model.topology import stream
from hrsnn_edge.model.train import best_score, input_counts, score, train
from hrsnn_edge.reproduce.table import (
    Column,
    Gate,
    Metric,
    Place,
    Plot,
    Published,
    Row,
    Table,
    missing_rows,
)
from hrsnn_edge.reproduce.version import code_version

FILE = "fsdd/fsdd.npz"
VARIANTS = ("HoNHoS", "HeNHoS", "HoNHeS", "HeNHeS")
#: Clusters of CHRSNN.
N_CLUSTERS = 5
#: Further networks: changes of the recipe.
CONTROLS = {
    "HoN, no STDP": {"network.neurons": "hom", "plasticity.synapses": "off"},
    "HeN, no STDP": {"plasticity.synapses": "off"},
    "HeNHeS, W = 0": {"network.recurrent_scale": 0.0},
    "CHRSNN, STDP": {"network.clusters": N_CLUSTERS},
}
#: The same for networks that learn by backpropagation.
BACKPROP_CONTROLS = {
    "HeNB, W = 0": {"network.recurrent_scale": 0.0},
    "CHRSNN, BP": {"network.clusters": N_CLUSTERS},
}
#: Parts of a clip whose spikes are counted apart, and the whole clip.
N_BINS = 4


def speech_data(place: Place, cochlea: CochleaConfig | None = None) -> Dataset:
    """Return the encoded clips in the published split; the encoding is kept in the store."""

    def write(folder: Path) -> None:
        write_dataset(folder / "data.npz", load_fsdd(place.data / FILE, cochlea=cochlea))

    folder = place.store.run(
        "encode-fsdd",
        {"file": sha256_file(place.data / FILE), "cochlea": cochlea},
        write,
        source=code_version("hrsnn_edge.data.fsdd"),
    )
    return read_dataset(folder / "data.npz")


def part_of(data: Dataset, share: float, seed: int) -> Dataset:
    """Return the data set with a share of the train part, the same of every class."""
    if share == 1:
        return data
    labels = data.train.labels
    order = stream(seed, "limited data").permutation(len(labels))
    rank = np.empty(len(labels), int)
    for k in np.unique(labels):
        mine = order[labels[order] == k]
        rank[mine] = np.arange(mine.size)
    keep = rank < np.ceil(share * np.bincount(labels))[labels]
    return Dataset(
        data.name, data.class_names, data.train.select(keep), data.test, data.fold[keep],
        data.features_train[keep], data.features_test,
    )  # fmt: skip


def accuracies(parts: Sequence[np.ndarray], data: Dataset, config: ReadoutConfig, judge):
    """Return validation and test accuracy [%] of counts (S, N_BINS, N), in bins and as a whole."""
    whole = [counts.sum(axis=1, keepdims=True) for counts in parts]
    out = {}
    for suffix, counts in (("", parts), ("_whole", whole)):
        val, test = judge(*counts, data, config)
        out |= {f"val{suffix}": 100 * val, f"test{suffix}": 100 * test}
    return out


def network_figures(config: ModelConfig, data: Dataset, seed: int) -> dict[str, float]:
    """Return accuracies, spikes, work and the regime of one trained network."""
    net, record = train(config, data.train, n_classes=len(data.class_names), seed=seed)
    parts = [run_counts(net, part.events, N_BINS) for part in (data.train, data.test)]
    out = accuracies(parts, data, config.readout, score)
    if config.backprop.epochs:
        # Its weights have seen the labels of the folds.
        out = {key: value for key, value in out.items() if not key.startswith("val")}
    work = count_operations(net, data.test.events)
    spikes = parts[1].sum(axis=1).mean()
    seconds = data.test.events.n_steps.mean() * net.dt / 1000
    return out | {
        "spikes": float(spikes),
        "efficiency": float(out["test"] / spikes),
        "rate_hz": float(spikes / seconds),
        "active": float((parts[1].sum(axis=(0, 1)) > 0).mean()),
        "sop": float((work.sop_in + work.sop_rec) / len(data.test.labels)),
        "weight_correlation": record.weight_change.get("input", float("nan")),
    }


def kept_figures(
    place: Place, inputs: dict, work, module: str = __name__, files: Sequence[str] = (FILE,)
) -> dict:
    """Return figures from the store, or what `work` returns, so that tables share networks.

    `module` is where `work` stands: the code version is that of all it imports. `files` are those
    of the data that it reads.
    """

    def write(folder: Path) -> None:
        write_json(folder / "figures.json", work())

    inputs = inputs | {"files": [sha256_file(place.data / file) for file in files]}
    folder = place.store.run("figures", inputs, write, source=code_version(module))
    return json.loads((folder / "figures.json").read_text())


def variant_config(name: str, n_neurons: int) -> ModelConfig:
    """Return the settings of a variant or control at a size."""
    config = fsdd_recipe(n_neurons)
    if name in CONTROLS:
        return config.with_values(CONTROLS[name])
    if name in BACKPROP_CONTROLS:
        return backprop_recipe(config).variant("HeNB").with_values(BACKPROP_CONTROLS[name])
    return (backprop_recipe(config) if name in ("HoNB", "HeNB") else config).variant(name)


def variant_figures(
    name: str, n_neurons: int, seed: int, place: Place, share: float = 1.0
) -> dict[str, float]:
    """Return the figures of a variant, trained on a share of the clips."""
    config = variant_config(name, n_neurons)

    def work():
        return network_figures(config, part_of(speech_data(place), share, seed), seed)

    return kept_figures(place, {"config": config, "seed": seed, "share": share}, work)


def input_figures(place: Place, share: float = 1.0, seed: int = 0) -> dict[str, dict[str, float]]:
    """Return the accuracies without a network: of the filter bank and of the encoder's spikes."""
    config = fsdd_recipe().readout
    seed = 0 if share == 1 else seed

    def work():
        data = part_of(speech_data(place), share, seed)
        features = (data.features_train[:, None], data.features_test[:, None])
        val, test = best_score(*features, data, config)
        parts = [input_counts(part.events, N_BINS) for part in (data.train, data.test)]
        return {
            "filter bank, linear": {"val": 100 * val, "test": 100 * test},
            "encoder spikes": accuracies(parts, data, config, best_score),
        }

    inputs = {"readout": asdict(config), "input": True, "share": share, "seed": seed}
    return kept_figures(place, inputs, work)


@dataclass(frozen=True)
class SpeechSettings:
    """Sizes of Table I: N."""

    n_neurons: int = 300


def measure_variants(seed: int, settings: SpeechSettings, place: Place) -> list[Row]:
    """Return the rows of Table I for one seed."""
    rows = [Row(name, figures) for name, figures in input_figures(place).items()]
    for name in (*CONTROLS, *VARIANTS):
        figures = variant_figures(name, settings.n_neurons, seed, place)
        rows.append(Row(name, figures, "" if name == "HoNHoS" else "HoNHoS"))
    return rows + missing_rows(["HoNB", "HeNB"], "see the table backprop")


def _gap(column: Column, first: str, second: str, key: str) -> tuple[float, str]:
    """Return the mean difference of two rows and the same in words."""
    gap = column(first, key) - column(second, key)
    return float(gap.mean()), f"{gap.mean():+.2f} ({(gap > 0).sum()}/{gap.size})"


def _order_gate(column: Column) -> tuple[bool, str]:
    """Judge G4 on the test part; the rest is reported."""
    gap, words = _gap(column, "HeNHeS", "HoNHoS", "test")
    more = [
        f"{label} {_gap(column, 'HeNHeS', 'HoNHoS', key)[1]}"
        for key, label in (
            ("val", "validation"), ("test_whole", "whole clip"),
            ("val_whole", "whole clip, validation"),
        )
    ]  # fmt: skip
    return gap > 0, f"test {words}, {', '.join(more)}"


ACCURACY_METRICS = (
    Metric("test", "test [%]", "more", 1),
    Metric("val", "validation [%]", "more", 1),
    Metric("test_whole", "test, whole clip [%]", "more", 1),
    Metric("val_whole", "validation, whole clip [%]", "more", 1),
    Metric("rate_hz", "rate [Hz]", "", 1),
    Metric("active", "active share", "", 2),
    Metric("sop", "operations a clip", "", 0),
    Metric("weight_correlation", "input weights: correlation", "", 2),
)


def _two(kth: tuple, dvs: tuple) -> tuple[Published, Published]:
    """Return the published accuracies of both data sets."""
    return Published(*kth, "KTH"), Published(*dvs, "DVS128")


TABLE_I = Table(
    name="I",
    title="variants of heterogeneity (Table I; G4)",
    shows=(
        "Accuracy on spoken digits (FSDD, 10 classes, takes 0 to 4 are the test part), which "
        "stand in for KTH and DVS128: neither is here in full. Counts in 4 parts of a clip or of "
        "the whole clip, logistic readout; validation: three folds by take inside the train part. "
        "Mean time constants, rate and readout are matched, the distributions are not optimised. "
        "The first two rows have no network: the readout on the continuous filter bank, and on the "
        "spikes of the encoder."
    ),
    measure=measure_variants,
    scaled=SpeechSettings(),
    full=SpeechSettings(5000),
    metrics=ACCURACY_METRICS,
    published={
        ("HoNHoS", "test"): _two((86.33, "A", 4.05), (90.33, "A", 3.41)),
        ("HoNHeS", "test"): _two((91.37, "C", 3.15), (93.37, "B", 3.05)),
        ("HoNB", "test"): _two((94.87, "A", 2.03), (97.06, "A", 2.29)),
        ("HeNHoS", "test"): _two((92.16, "B", 3.17), (92.16, "B", 2.97)),
        ("HeNHeS", "test"): _two((94.32, "A", 1.71), (96.54, "A", 1.82)),
        ("HeNB", "test"): _two((96.84, "A", 1.96), (98.12, "A", 1.97)),
    },
    gates=(Gate("G4", "accuracy of HeNHeS above that of HoNHoS, mean of the seeds", _order_gate),),
    plots=(Plot("strip", "test"), Plot("strip", "val")),
    files=(FILE,),
)


@dataclass(frozen=True)
class BackpropSettings(SpeechSettings):
    """Sizes, and the networks that are compared."""

    names: tuple[str, ...] = ("HeNHeS", "HoNB", "HeNB", "HeNB, W = 0", "CHRSNN, BP")


def measure_backprop(seed: int, settings: BackpropSettings, place: Place) -> list[Row]:
    """Return the rows of networks trained by backpropagation, beside those of STDP."""
    rows = []
    for name in settings.names:
        figures = variant_figures(name, settings.n_neurons, seed, place)
        rows.append(Row(name, figures, "" if name == "HeNHeS" else "HeNHeS"))
    return rows


BACKPROP = replace(
    TABLE_I,
    name="backprop",
    title="surrogate gradients beside STDP (Table I)",
    shows=(
        "The rows of Table I that are trained by backpropagation through time: weights, and in "
        "HeNB each neuron's time constant and threshold; every pass sees new copies of the clips "
        "(shifted, stretched, masked). No validation: their weights have seen all labels of the "
        "train part."
    ),
    measure=measure_backprop,
    scaled=BackpropSettings(),
    full=BackpropSettings(1000),
    published={
        key: cell for key, cell in TABLE_I.published.items() if key[0] in ("HeNHeS", "HoNB", "HeNB")
    },
    gates=(),
)


@dataclass(frozen=True)
class SizeSettings:
    """Numbers of neurons, rising."""

    n_neurons: tuple[int, ...] = (50, 100, 300)


def measure_sizes(seed: int, settings: SizeSettings, place: Place) -> list[Row]:
    """Return both ends of heterogeneity at each size."""
    rows = []
    for n in settings.n_neurons:
        for name in ("HoNHoS", "HeNHeS"):
            versus = f"HoNHoS, N = {n}" if name == "HeNHeS" else ""
            figures = variant_figures(name, n, seed, place)
            rows.append(Row(f"{name}, N = {n}", figures, versus, x=float(n), series=name))
    return rows


def _size_gate(column: Column) -> tuple[bool, str]:
    """Judge G5 on the test part at the ends of the scaled sizes."""

    def widening(key):
        small, large = (
            column(f"HeNHeS, N = {n}", key) - column(f"HoNHoS, N = {n}", key) for n in (50, 300)
        )
        return small - large

    test, val = widening("test"), widening("val")
    return bool(test.mean() > 0), (
        f"gap at N = 50 minus gap at N = 300: test {test.mean():+.2f} "
        f"({(test > 0).sum()}/{test.size}), validation {val.mean():+.2f} "
        f"({(val > 0).sum()}/{val.size})"
    )


SIZES = Table(
    name="sizes",
    title="accuracy over the number of neurons (G5)",
    shows="As Table I, at several sizes. Published: the gap widens from N = 2,000 down to 100.",
    measure=measure_sizes,
    scaled=SizeSettings(),
    full=SizeSettings((50, 100, 300, 1000, 2000, 5000)),
    metrics=ACCURACY_METRICS,
    gates=(Gate("G5", "the gap HeNHeS - HoNHoS is wider at small N", _size_gate),),
    plots=(
        Plot("curve", "test", "N", log_x=True),
        Plot("curve", "val_whole", "N", log_x=True),
    ),
    files=(FILE,),
)


@dataclass(frozen=True)
class LimitedSettings(SpeechSettings):
    """Shares of the train part that are learned from."""

    shares: tuple[float, ...] = (0.05, 0.1, 0.25, 0.5, 1.0)


def measure_limited(seed: int, settings: LimitedSettings, place: Place) -> list[Row]:
    """Return both ends of heterogeneity, HeNB and the encoder's spikes for each share."""
    rows = []
    for share in settings.shares:
        spikes = input_figures(place, share, seed)["encoder spikes"]
        label = f"{100 * share:g} % of the clips"
        rows.append(Row(f"encoder spikes, {label}", spikes, x=share, series="encoder spikes"))
        for name in ("HoNHoS", "HeNHeS", "HeNB"):
            figures = variant_figures(name, settings.n_neurons, seed, place, share)
            versus = "" if name == "HoNHoS" else f"HoNHoS, {label}"
            rows.append(Row(f"{name}, {label}", figures, versus, x=share, series=name))
    return rows


LIMITED = Table(
    name="limited",
    title="accuracy with little training data",
    shows=(
        "As Table I with a share of the training clips, the same of each class, for STDP, readout "
        "and rates alike; HeNB learns by backpropagation, with copies of its clips. Published: "
        "HeNHeS above HoNHoS and HeNB at small shares."
    ),
    measure=measure_limited,
    scaled=LimitedSettings(),
    full=LimitedSettings(5000),
    metrics=ACCURACY_METRICS[:5],
    plots=(Plot("curve", "test", "share of the training clips", log_x=True),),
    files=(FILE,),
)
