"""N-MNIST: handwritten digits before an event camera that moves in three saccades.

Reads the published folders ``Train/{digit}/{number}.bin`` and ``Test/...``, or a packed ``.npz``
(see `camera.read_packed`) with a ``split`` of 0 (train) and 1 (test). The published set has 60,000
and 10,000 recordings; a hundred test recordings give an accuracy to some 3 points only.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hrsnn_edge.data.archive import check_lengths
from hrsnn_edge.data.camera import (
    bin_recordings,
    check_recording,
    count_features,
    decode_bin,
    read_packed,
)
from hrsnn_edge.data.dataset import Dataset, stratified_folds
from hrsnn_edge.data.events import Split
from hrsnn_edge.errors import DataError

#: Pixels a side of the sensor's part that was recorded.
SIZE = 34
#: End of the last saccade [us].
DURATION_US = 306_000
CLASS_NAMES = tuple("0123456789")


def load_recordings(path: Path) -> tuple[list, np.ndarray, np.ndarray]:
    """Return the recordings, their labels (S,) and a mask of the test part (S,)."""
    path = Path(path)
    if path.is_dir():
        return _read_folders(path)
    recordings, z = read_packed(path, SIZE)
    if "split" not in z:
        raise DataError(f"{path}: must hold 'split'")
    check_lengths(path, z, ("split",), len(recordings))
    return recordings, z["label"].astype(np.int64), z["split"] == 1


def _read_folders(folder: Path):
    """Read the published folders, by part, digit and name."""
    recordings, labels, is_test = [], [], []
    for part in ("Train", "Test"):
        files = sorted((folder / part).glob("[0-9]/*.bin"))
        if not files:
            raise DataError(f"{folder}: must hold {part}/<digit>/<number>.bin, not none")
        for file in files:
            one = decode_bin(file.read_bytes(), str(file))
            check_recording(one, SIZE, str(file))
            recordings.append(one)
            labels.append(int(file.parent.name))
            is_test.append(part == "Test")
    return recordings, np.array(labels), np.array(is_test)


def load_nmnist(path, *, dt_ms: float = 5.0, pool: int = 2, n_folds: int = 3) -> Dataset:
    """Return the digits in steps of `dt_ms`, ``2 (34 / pool)^2`` channels.

    Parameters
    ----------
    path : path
        As in `load_recordings`.
    dt_ms : float
        Step [ms]; a sample lasts 310 ms.
    pool : int
        Pixels a side of a channel.
    n_folds : int
        Validation folds, every class in each.
    """
    recordings, labels, is_test = load_recordings(path)
    n_steps = round(310 / dt_ms)
    events = bin_recordings(recordings, size=SIZE, pool=pool, dt_ms=dt_ms, n_steps=n_steps)
    features = count_features(recordings, size=SIZE, pool=2, n_parts=3, duration_us=DURATION_US)
    return Dataset(
        name="nmnist",
        class_names=CLASS_NAMES,
        train=Split(events.select(~is_test), labels[~is_test]),
        test=Split(events.select(is_test), labels[is_test]),
        fold=stratified_folds(labels[~is_test], n_folds, 0),
        features_train=features[~is_test],
        features_test=features[is_test],
    )
