"""What verbs hand on inside their files: the experiment a network belongs to, and its data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hrsnn_edge.errors import ArtifactError

if TYPE_CHECKING:
    from hrsnn_edge.artifact.schema import Artifact, FloatArtifact
    from hrsnn_edge.data.dataset import Dataset
    from hrsnn_edge.flow.experiment import Experiment


def history(station: str, experiment: Experiment, **figures: Any) -> dict[str, Any]:
    """Return the provenance of a file: its experiment and what the stations found."""
    from hrsnn_edge.flow.store import commit, versions

    return {
        "experiment": experiment.model_dump(mode="json"),
        "versions": versions(),
        "commit": commit(),
        "stations": {station: figures},
    }


def extended(found: Artifact | FloatArtifact, station: str, **figures: Any) -> dict[str, Any]:
    """Return the provenance of `found` with one more station."""
    stations = dict(found.provenance.get("stations", {})) | {station: figures}
    return dict(found.provenance) | {"stations": stations}


def experiment_of(found: Artifact | FloatArtifact, path: Path, seed: int | None) -> Experiment:
    """Return the experiment that a network file says it belongs to."""
    from pydantic import ValidationError

    from hrsnn_edge.flow.experiment import Experiment

    try:
        return Experiment.model_validate(found.provenance["experiment"]).with_seed(seed)
    except (KeyError, ValidationError) as error:
        raise ArtifactError(
            f"{path}: must say which experiment it belongs to. Make it with `hrsnn train`."
        ) from error


def dataset_of(experiment: Experiment) -> Dataset:
    """Return the encoded data of an experiment, from the store where it lies already."""
    from hrsnn_edge.flow.dataset_io import read_dataset, write_dataset
    from hrsnn_edge.flow.store import default_store

    folder = default_store().run(
        "encode",
        {"data": experiment.data, "seed": experiment.seed},
        lambda folder: write_dataset(folder / "data.npz", experiment.data.load(experiment.seed)),
    )
    return read_dataset(folder / "data.npz")
