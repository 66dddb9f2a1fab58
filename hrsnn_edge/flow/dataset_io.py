"""An encoded data set as one ``.npz`` file, without pickle."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.errors import DataError
from hrsnn_edge.files import write_atomic

_EVENTS = ("sample_ptr", "t", "address", "n_steps")


def write_dataset(path: Path, data: Dataset) -> None:
    """Write the data set; the same data gives the same arrays."""
    arrays = {
        "name": np.array(data.name),
        "class_names": np.array(data.class_names),
        "n_inputs": np.array(data.train.events.n_inputs),
        "fold": data.fold,
        "features_train": data.features_train,
        "features_test": data.features_test,
    }
    for part in ("train", "test"):
        split = getattr(data, part)
        arrays |= {f"{part}_{name}": getattr(split.events, name) for name in _EVENTS}
        arrays[f"{part}_labels"] = split.labels
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_atomic(path, buffer.getvalue())


def read_dataset(path: Path) -> Dataset:
    """Return the data set of a file.

    Raises
    ------
    DataError
        The file is cut short, or is not an encoded data set.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            z = dict(archive)
        splits = {
            part: Split(
                EventBatch(*(z[f"{part}_{name}"] for name in _EVENTS), int(z["n_inputs"])),
                z[f"{part}_labels"],
            )
            for part in ("train", "test")
        }
        return Dataset(
            name=str(z["name"]),
            class_names=tuple(str(c) for c in z["class_names"]),
            **splits,
            fold=z["fold"],
            features_train=z["features_train"],
            features_test=z["features_test"],
        )
    except (zipfile.BadZipFile, KeyError, EOFError, ValueError, IndexError) as error:
        raise DataError(
            f"{path}: must be an encoded data set ({error}). Make it with `hrsnn encode`."
        ) from error
