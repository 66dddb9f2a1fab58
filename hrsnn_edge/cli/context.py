"""What verbs hand on inside their files: the experiment a network belongs to, and its data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hrsnn_edge.errors import ArtifactError

if TYPE_CHECKING:
    from hrsnn_edge.artifact.schema import Artifact, FloatArtifact
    from hrsnn_edge.data.dataset import Dataset
    from hrsnn_edge.data.events import EventBatch
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
            f"{path}: must say which experiment it belongs to. Make it with `hrsnn train`, or "
            "`hrsnn import --experiment`."
        ) from error


def dataset_of(experiment: Experiment, found: Artifact | FloatArtifact | None = None) -> Dataset:
    """Return the encoded data of an experiment, from the store where it lies already.

    For an imported network `found`, with the channels and steps that it needs beside the data.
    """
    from hrsnn_edge.flow.dataset_io import read_dataset, write_dataset
    from hrsnn_edge.flow.store import default_store
    from hrsnn_edge.interchange.drive import driven_dataset

    folder = default_store().run(
        "encode",
        {"data": experiment.data, "seed": experiment.seed},
        lambda folder: write_dataset(folder / "data.npz", experiment.data.load(experiment.seed)),
    )
    data = read_dataset(folder / "data.npz")
    drive = None if found is None else found.encoder.get("drive")
    return data if drive is None else driven_dataset(data, drive)


def samples_to_verify(
    found: Artifact, path: Path, seed: int | None, events: Path | None
) -> EventBatch:
    """Return the samples of an `events` file, or the test part of the artifact's experiment."""
    if events is not None:
        return read_events(events, found)
    return dataset_of(experiment_of(found, path, seed), found).test.events


def read_events(path: Path, found: Artifact | FloatArtifact) -> EventBatch:
    """Return the samples of a ``.npy`` file as events for a network.

    Raises
    ------
    DataError
        The file is no array of (samples, steps, channels).
    """
    import numpy as np

    from hrsnn_edge.data.events import EventBatch
    from hrsnn_edge.errors import DataError
    from hrsnn_edge.interchange.drive import driven

    try:
        rasters = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"{path}: must be an array of events ({error})") from error
    if not isinstance(rasters, np.ndarray) or rasters.ndim != 3 or not rasters.size:
        shape = getattr(rasters, "shape", "an archive")
        raise DataError(f"{path}: must be (samples, steps, channels), not {shape}")
    events = EventBatch.from_rasters(list(rasters != 0))
    drive = found.encoder.get("drive")
    return events if drive is None else driven(events, drive)
