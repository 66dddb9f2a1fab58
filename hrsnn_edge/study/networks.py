"""The networks of a study: trained once a size and seed, pruned once a sparsity, quantised per
format, each kept in the store by what it depends on.

Accuracy for choosing is that of networks that never saw the fold they are judged on; the network
that is built is trained on the whole train part, and it alone sees the test part.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from hrsnn_edge.artifact.io import read_float, write_artifact
from hrsnn_edge.artifact.schema import Artifact, FloatArtifact
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.errors import PruneError, QuantisationError, TrainingError
from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.flow.run import encoded
from hrsnn_edge.flow.stations import cut, evaluate_integers, fit, to_integers
from hrsnn_edge.flow.store import Store, write_json
from hrsnn_edge.model.train import evaluate
from hrsnn_edge.network import Counts, FloatNetwork

#: What a station leaves in its folder.
FLOAT, INTEGER, FIGURES = "net.float", "net.hrsnn", "figures.json"
#: What makes a point one without figures, and not the end of a study.
FAILURES = (TrainingError, PruneError, QuantisationError)


@dataclass(frozen=True)
class Bench:
    """Where networks are made.

    Attributes
    ----------
    store : Store
        Finished stations.
    source : str
        Version of the code that they depend on.
    """

    store: Store
    source: str

    def run(self, station: str, inputs: Any, work: Callable[[Path], None]) -> Path:
        """Return the folder of a station; one that cannot be done is stored with its reason."""

        def guarded(folder: Path) -> None:
            try:
                work(folder)
            except FAILURES as error:
                write_json(folder / FIGURES, {"failure": str(error)})

        return self.store.run(f"study-{station}", inputs, guarded, source=self.source)


@lru_cache(maxsize=8)
def _data(bench: Bench, experiment: Experiment, fold: int | None) -> Dataset:
    data = encoded(experiment, bench.store)
    return data if fold is None else held_out(data, fold)


def held_out(data: Dataset, fold: int) -> Dataset:
    """Return the train part alone: a fold as the test part, the others as the train part."""
    fitted, judged = data.fold_parts(fold)
    out = data.fold == fold
    return replace(
        data,
        train=fitted,
        test=judged,
        fold=data.fold[~out],
        features_train=data.features_train[~out],
        features_test=data.features_train[out],
    )


def dataset(bench: Bench, experiment: Experiment, fold: int | None = None) -> Dataset:
    """Return the encoded data of an experiment, whole or with a fold in place of the test part."""
    # Only data and seed count, so that all points share what is in memory.
    bare = Experiment(
        name="data", seed=experiment.seed, data=experiment.data,
        model={"network": {"dt": experiment.data.dt_ms}},
    )  # fmt: skip
    return _data(bench, bare, fold)


def figures_of(folder: Path) -> dict[str, Any]:
    """Return what a station found.

    Raises
    ------
    TrainingError
        The station could not be done; with the reason that it stored.
    """
    found = json.loads((folder / FIGURES).read_text())
    if "failure" in found:
        raise TrainingError(found["failure"])
    return found


def trained(bench: Bench, experiment: Experiment, fold: int | None) -> Path:
    """Return the folder of the float network."""

    def work(folder: Path) -> None:
        data = dataset(bench, experiment, fold)
        net, _ = fit(experiment, data)
        _keep_float(folder, net, data)

    inputs = {"data": experiment.data, "model": experiment.model, "seed": experiment.seed}
    return bench.run("train", inputs | {"fold": fold}, work)


def pruned(bench: Bench, experiment: Experiment, fold: int | None) -> Path:
    """Return the folder of the pruned float network."""
    before = trained(bench, experiment, fold)

    def work(folder: Path) -> None:
        figures_of(before)
        data = dataset(bench, experiment, fold)
        net, _ = cut(experiment, data, read_float(before / FLOAT).network)
        _keep_float(folder, net, data)

    return bench.run("prune", {"from": before.name, "prune": experiment.prune}, work)


def _keep_float(folder: Path, net: FloatNetwork, data: Dataset) -> None:
    write_artifact(folder / FLOAT, FloatArtifact(net, data.class_names))
    write_json(folder / FIGURES, {"accuracy": evaluate(net, data.test)})


def quantised(bench: Bench, experiment: Experiment, fold: int | None) -> Path:
    """Return the folder of the integer network, its accuracy and its work on the part judged."""
    before = pruned(bench, experiment, fold)

    def work(folder: Path) -> None:
        figures_of(before)
        data = dataset(bench, experiment, fold)
        net, _ = to_integers(experiment, data, read_float(before / FLOAT).network)
        found = evaluate_integers(net, data.test)
        provenance = {"experiment": experiment.model_dump(mode="json")}
        encoder = experiment.data.model_dump(mode="json")
        artifact = Artifact(net, data.class_names, encoder, provenance)
        write_artifact(folder / INTEGER, artifact)
        write_json(
            folder / FIGURES,
            {
                "accuracy": found.accuracy,
                "counts": asdict(found.counts),
                "samples": len(data.test.labels),
                "synapses": net.w_in.nnz + net.w_rec.nnz,
            },
        )

    return bench.run("quantise", {"from": before.name, "quantise": experiment.quantise}, work)


def folds_of(n_folds: int, index: int, count: int) -> list[int]:
    """Return the folds that the seed at `index` holds out."""
    return [(index + k) % n_folds for k in range(count)]


def measure_network(bench: Bench, experiments: list[Experiment], folds: int) -> dict[str, Any]:
    """Return the accuracy of a point over its seeds, and the work of its network.

    Parameters
    ----------
    bench : Bench
        Where.
    experiments : list of Experiment
        The point's experiment, one a seed.
    folds : int
        Folds that each seed holds out.

    Returns
    -------
    dict
        Columns of the table; ``counts`` of all held-out samples, ``samples``, and ``network``,
        the file of the first seed's network. Or ``failure`` alone.
    """
    try:
        return _measured(bench, experiments, folds)
    except FAILURES as error:
        return {"failure": str(error)}


def _measured(bench: Bench, experiments: list[Experiment], folds: int) -> dict[str, Any]:
    seeds, counts, samples, networks = [], Counts(), 0, []
    for index, experiment in enumerate(experiments):
        whole = quantised(bench, experiment, None)
        judged = []
        n_folds = dataset(bench, experiment).n_folds
        for fold in folds_of(n_folds, index, folds):
            found = figures_of(quantised(bench, experiment, fold))
            counts += Counts(**found["counts"])
            samples += found["samples"]
            steps = (trained(bench, experiment, fold), pruned(bench, experiment, fold))
            judged.append([found["accuracy"], *(figures_of(f)["accuracy"] for f in steps)])
        seeds.append([*np.mean(judged, axis=0), figures_of(whole)["accuracy"]])
        networks.append(whole)
    mean = np.mean(seeds, axis=0)
    sd = np.std(seeds, axis=0, ddof=1) if len(seeds) > 1 else np.zeros(4)
    return {
        "accuracy": float(mean[0]),
        "accuracy_sd": float(sd[0]),
        "float_accuracy": float(mean[1]),
        "pruned_accuracy": float(mean[2]),
        "test": float(mean[3]),
        "test_sd": float(sd[3]),
        "synapses": figures_of(networks[0])["synapses"],
        "counts": asdict(counts),
        "samples": samples,
        "network": str(networks[0] / INTEGER),
    }
