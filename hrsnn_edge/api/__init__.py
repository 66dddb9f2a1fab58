"""The verbs of the command line as functions: values in, values out.

    from hrsnn_edge import api

    plan = api.experiment("experiments/digits.toml", {"prune.sparsity": 0.9})
    data = api.encode(plan)
    net, _ = api.train(plan, data)
    net, _ = api.prune(plan, data, net)
    whole, _ = api.quantise(plan, data, net)
    print(api.simulate(whole, data.test).accuracy)
    print(api.estimate(whole, "icebreaker").utilisation)

Every function is a thin layer over the station of that name, and gives the same values as the
verb with the same experiment and seed. Only `experiment`, `save`, `save_data`, `load`, `run`,
`build` and `study` touch files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hrsnn_edge.api.hardware import build, cosim, estimate, rtl, verify

if TYPE_CHECKING:
    import numpy as np

    from hrsnn_edge.artifact.schema import Artifact, FloatArtifact
    from hrsnn_edge.data.dataset import Dataset
    from hrsnn_edge.data.events import EventBatch, Split
    from hrsnn_edge.flow.experiment import Experiment
    from hrsnn_edge.flow.stations import Evaluation
    from hrsnn_edge.interchange.nir_import import Imported
    from hrsnn_edge.model.train import TrainingRecord
    from hrsnn_edge.network import FloatNetwork, IntNetwork
    from hrsnn_edge.prune.record import PruneRecord
    from hrsnn_edge.quantise.report import QuantisationReport
    from hrsnn_edge.report.compare import Comparison
    from hrsnn_edge.report.record import RunRecord
    from hrsnn_edge.report.traces import RunTraces
    from hrsnn_edge.tune.loop import Observation, TuneResult

__all__ = [
    "build",
    "check",
    "compare",
    "cosim",
    "dataset",
    "encode",
    "estimate",
    "experiment",
    "export",
    "import_nir",
    "load",
    "prune",
    "quantise",
    "report",
    "rtl",
    "run",
    "save",
    "save_data",
    "simulate",
    "starter",
    "study",
    "train",
    "tune",
    "tuned",
    "verify",
]

Say = Callable[[str], None]


def _silent(line: str) -> None:
    """Take a line of progress and say nothing."""


def experiment(
    source: Path | str | Mapping[str, Any], settings: Mapping[str, Any] | None = None
) -> Experiment:
    """Return a checked experiment.

    Parameters
    ----------
    source : path or mapping
        An experiment file, or its tables as a dictionary.
    settings : mapping, optional
        Values by dotted key that take the place of those of `source`.

    Raises
    ------
    ExperimentError
        Every wrong key and value of a file, with its line.
    ValueError
        A wrong value of a dictionary or of `settings`.

    Examples
    --------
    >>> tables = {"name": "mine", "data": {"name": "digits"}}
    >>> plan = experiment(tables, {"prune.sparsity": 0.9, "model.network.n_neurons": 64})
    >>> plan.prune.sparsity, plan.model.network.n_neurons, plan.quantise.weight_width
    (0.9, 64, 6)
    """
    from hrsnn_edge.flow.experiment import Experiment, load_experiment

    if isinstance(source, Mapping):
        plan = Experiment.model_validate(dict(source))
    else:
        plan = load_experiment(Path(source))
    if not settings:
        return plan
    tables = plan.model_dump(mode="json")
    for key, value in settings.items():
        *path, name = key.split(".")
        table = tables
        for part in path:
            table = table[part] if part in table else table.setdefault(part, {})
        table[name] = value
    return Experiment.model_validate(tables)


def starter(
    data: str, boards: tuple[str, ...] = (), effort: str = "usual", name: str = "experiment"
) -> Experiment:
    """Return the experiment that ``hrsnn init`` writes.

    Examples
    --------
    >>> plan = starter("digits", effort="quick")
    >>> plan.model.network.n_neurons, plan.tune.evaluations
    (64, 0)
    """
    from hrsnn_edge.flow.experiment import Experiment
    from hrsnn_edge.flow.starter import starter as text_of
    from hrsnn_edge.flow.toml import load_toml

    return load_toml(text_of(name, data, boards, effort), Experiment, name)


def encode(plan: Experiment) -> Dataset:
    """Return the data of an experiment as events, as ``hrsnn encode`` writes them.

    Examples
    --------
    >>> data = encode(starter("digits", effort="quick"))
    >>> len(data.train.labels), len(data.test.labels), data.train.events.n_inputs
    (1437, 360, 64)
    """
    return plan.data.load(plan.seed)


def dataset(
    name: str,
    train: tuple[Iterable[np.ndarray], Sequence[int]],
    test: tuple[Iterable[np.ndarray], Sequence[int]],
    class_names: Sequence[str],
    *,
    n_folds: int = 4,
    seed: int = 0,
) -> Dataset:
    """Return own events as a data set.

    Parameters
    ----------
    name : str
        For reports.
    train, test : (rasters, labels)
        A (T, K) array of 0 and 1 a sample, and its class from 0. Nothing is ever chosen on `test`:
        split by what must be new to the network, such as the person.
    class_names : sequence of str
        Name of each class.
    n_folds : int
        Validation folds of the train part, the classes spread evenly.
    seed : int
        Of the folds.

    Notes
    -----
    The linear baseline of a report reads the number of events of each channel.

    Examples
    --------
    >>> import numpy as np
    >>> rasters = np.random.default_rng(0).random((16, 20, 3)) < 0.3
    >>> mine = dataset("mine", (rasters, [0, 1] * 8), (rasters[:2], [0, 1]), ["no", "yes"])
    >>> mine.train.events.n_inputs, mine.n_folds
    (3, 4)
    """
    import numpy as np

    from hrsnn_edge.data.dataset import Dataset, stratified_folds
    from hrsnn_edge.data.events import EventBatch, Split

    parts, counts = [], []
    for rasters, labels in (train, test):
        rasters = [np.asarray(r, bool) for r in rasters]
        counts.append(np.array([r.sum(axis=0) for r in rasters], float))
        parts.append(Split(EventBatch.from_rasters(rasters), np.asarray(labels, np.int64)))
    fold = stratified_folds(parts[0].labels, n_folds, seed)
    return Dataset(name, tuple(class_names), *parts, fold, *counts)


def save_data(path: Path | str, data: Dataset) -> None:
    """Write a data set as the file that ``[data] name = "events"`` reads."""
    from hrsnn_edge.flow.dataset_io import write_dataset

    write_dataset(Path(path), data)


def tune(
    plan: Experiment,
    data: Dataset,
    log: Path | None = None,
    on_result: Callable[[Observation], None] | None = None,
) -> TuneResult:
    """Search the distributions of the network on validation folds, as ``hrsnn tune``.

    Parameters
    ----------
    log : Path, optional
        Where every evaluation is kept: a search that was killed goes on from there.
    on_result : callable, optional
        Called after each evaluation.
    """
    from hrsnn_edge.flow.stations import search

    return search(plan, data, log, on_result)


def tuned(plan: Experiment, values: Mapping[str, float]) -> Experiment:
    """Return the experiment with the tuner's values, such as ``tune(...).best.point``, put in.

    Examples
    --------
    >>> plan = tuned(starter("digits"), {"network.tau_e_mean": 40.0})
    >>> plan.model.network.tau_e_mean
    40.0
    """
    from hrsnn_edge.flow.stations import model_at

    return model_at(plan, dict(values))


def train(
    plan: Experiment, data: Dataset, say: Say = _silent
) -> tuple[FloatNetwork, TrainingRecord]:
    """Train the float network: homeostasis, STDP or backpropagation, readout."""
    from hrsnn_edge.flow.stations import fit

    return fit(plan, data, progress=say)


def prune(
    plan: Experiment, data: Dataset, net: FloatNetwork
) -> tuple[FloatNetwork, PruneRecord | None]:
    """Prune by the experiment's ``[prune]``, bring the rates back, and fit the readout again."""
    from hrsnn_edge.flow.stations import cut

    return cut(plan, data, net)


def quantise(
    plan: Experiment, data: Dataset, net: FloatNetwork
) -> tuple[IntNetwork, QuantisationReport]:
    """Round a network to integers by ``[quantise]`` and fit the readout to what they compute."""
    from hrsnn_edge.flow.stations import to_integers

    return to_integers(plan, data, net)


def simulate(net: IntNetwork, part: Split) -> Evaluation:
    """Run samples through the engine: accuracy, outputs, exact counts, rates, confusion."""
    from hrsnn_edge.flow.stations import evaluate_integers

    return evaluate_integers(net, part)


def check(net: IntNetwork, events: EventBatch, n_random: int = 0, seed: int = 0) -> dict[str, Any]:
    """Compare engine and reference, value by value, on samples and on random networks.

    Examples
    --------
    >>> from hrsnn_edge.data.events import EventBatch
    >>> from hrsnn_edge.reference.random import random_network
    >>> net, raster = random_network(3)
    >>> verdict = check(net, EventBatch.from_rasters([raster]), n_random=2)
    >>> verdict["networks"], verdict["mismatches"]
    (3, 0)
    """
    from hrsnn_edge.flow.stations import check_engine

    return check_engine(net, events, n_random, seed)


def run(
    plan: Experiment,
    folder: Path | str,
    source: Path | str | None = None,
    say: Say = _silent,
) -> tuple[RunRecord, RunTraces]:
    """Run every station of an experiment into a folder, as ``hrsnn run``; a killed run goes on.

    Parameters
    ----------
    source : path, optional
        The experiment's file, for the manifest.
    say : callable, optional
        Takes a line of progress.
    """
    from hrsnn_edge.flow.run import run_flow
    from hrsnn_edge.flow.store import default_store

    file = None if source is None else Path(source)
    return run_flow(plan, file, Path(folder), default_store(), say)


def report(record: RunRecord, traces: RunTraces | None = None) -> str:
    """Return the report of a run as one HTML document.

    Examples
    --------
    >>> from hrsnn_edge.report.record import RunRecord
    >>> report(RunRecord(name="mine", command="", seed=1, created="today"))[:15]
    '<!DOCTYPE html>'
    """
    from hrsnn_edge.report.html import render

    return render(record, traces)


def compare(a: RunRecord, b: RunRecord) -> Comparison:
    """Return what two runs differ in and by how much.

    Examples
    --------
    >>> from hrsnn_edge.report.record import RunRecord
    >>> a, b = (RunRecord(name="mine", command="", seed=s, created="today") for s in (1, 2))
    >>> [(row.name, row.delta) for row in compare(a, b).changed]
    [('seed', 1)]
    """
    from hrsnn_edge.report.compare import compare as station

    return station(a, b)


def study(file: Path | str, folder: Path | str, say: Say = _silent, build: str = "front"):
    """Run a what-if study of a file into a folder, as ``hrsnn study``; return a row a point."""
    from hrsnn_edge.flow.store import default_store
    from hrsnn_edge.study.plan import load_study
    from hrsnn_edge.study.run import run_study

    return run_study(load_study(Path(file)), default_store(), Path(folder), say, build)


def import_nir(path: Path | str, dt: float | None = None, **options) -> Imported:
    """Return the network of a NIR file and the table of every parameter that was changed.

    `dt` is the step in seconds; `options` are those of `interchange.nir_import.import_nir`.
    """
    from hrsnn_edge.interchange import nir_import as station

    return station.import_nir(Path(path), dt, **options)


def export(net: FloatNetwork | IntNetwork, form: str) -> dict[str, bytes]:
    """Return the files of an exported network by name.

    Parameters
    ----------
    net : FloatNetwork or IntNetwork
        Real numbers for ``'nir'``, integers for ``'onnx'`` and ``'c'``.
    form : str
        ``'nir'``, ``'onnx'`` or ``'c'``.

    Examples
    --------
    >>> from hrsnn_edge.reference.random import random_network
    >>> sorted(export(random_network(3)[0], "c"))
    ['model.c', 'model.h']
    """
    if form == "c":
        from hrsnn_edge.interchange.c_export import export_c

        return {name: text.encode() for name, text in export_c(net).items()}
    if form == "onnx":
        from hrsnn_edge.interchange.onnx_export import export_onnx

        return {"model.onnx": export_onnx(net)}
    if form == "nir":
        from hrsnn_edge.interchange.nir_export import export_nir

        return {"model.nir": export_nir(net)[0]}
    raise ValueError(f"Form must be one of nir, onnx, c, not {form!r}")


def save(path: Path | str, net: FloatNetwork | IntNetwork, plan: Experiment, data: Dataset) -> None:
    """Write a network as the file that the verbs read, with the experiment it belongs to."""
    from hrsnn_edge.artifact.io import write_artifact
    from hrsnn_edge.artifact.schema import Artifact, FloatArtifact
    from hrsnn_edge.cli.context import history
    from hrsnn_edge.network import IntNetwork

    kind = Artifact if isinstance(net, IntNetwork) else FloatArtifact
    encoder = plan.data.model_dump(mode="json")
    write_artifact(Path(path), kind(net, data.class_names, encoder, history("api", plan)))


def load(path: Path | str) -> Artifact | FloatArtifact:
    """Return the content of a network file: ``.network``, ``.classes``, ``.provenance``.

    Raises
    ------
    ArtifactError
        The file is damaged or of a newer version.
    """
    from hrsnn_edge.artifact.io import read_network

    return read_network(Path(path))
