"""DVS128 Gesture: arm and hand movements before an event camera of 128 x 128 pixels.

Reads the published folder (``trials_to_train.txt``, ``trials_to_test.txt``, each AEDAT 3.1 file
with its ``_labels.csv``; 1,176 and 288 gestures of 29 persons, 11 classes, split by person), or a
packed ``.npz`` (see `camera.read_packed`) of one recording a class.

The packed file has no split: its recordings are cut into windows in time, the last window of each
is the test part. Train and test are then the same movement of the same person, so an accuracy on
it shows that the path works and says nothing about gestures of anyone else.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from hrsnn_edge.data.aedat import decode_aedat
from hrsnn_edge.data.camera import bin_recordings, check_recording, count_features, read_packed
from hrsnn_edge.data.dataset import Dataset, stratified_folds
from hrsnn_edge.data.events import Split
from hrsnn_edge.errors import DataError

SIZE = 128
CLASS_NAMES = (
    "hand clapping",
    "right hand wave",
    "left hand wave",
    "right arm clockwise",
    "right arm counter clockwise",
    "left arm clockwise",
    "left arm counter clockwise",
    "arm roll",
    "air drums",
    "air guitar",
    "other gestures",
)
_COLUMNS = ["class", "startTime_usec", "endTime_usec"]


def read_labels(path: Path) -> list[tuple[int, int, int]]:
    """Return class (1..11), start and end [us] of each gesture of a ``_labels.csv``."""
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = list(csv.reader(file))
    if not rows or rows[0] != _COLUMNS:
        raise DataError(f"{path}: first line must be {','.join(_COLUMNS)!r}")
    found = []
    for line, row in enumerate(rows[1:], 2):
        try:
            kind, start, end = (int(v) for v in row)
        except ValueError:
            raise DataError(f"{path}, line {line}: must be three integers, not {row}") from None
        if not 1 <= kind <= len(CLASS_NAMES) or not start < end:
            raise DataError(
                f"{path}, line {line}: must be a class of 1..{len(CLASS_NAMES)} and a rising "
                f"time, not {row}"
            )
        found.append((kind, start, end))
    return found


def read_gestures(path: Path) -> tuple[list, np.ndarray]:
    """Return the gestures of one AEDAT file and their labels (0..10), by its label file."""
    whole = decode_aedat(path.read_bytes(), str(path))
    check_recording(whole, SIZE, str(path))
    recordings, labels = [], []
    table = path.with_name(f"{path.stem}_labels.csv")
    for k, (kind, start, end) in enumerate(read_labels(table)):
        one = whole.window(start, end)
        check_recording(one, SIZE, f"{path}, gesture {k}")
        recordings.append(one)
        labels.append(kind - 1)
    return recordings, np.array(labels)


def load_recordings(path: Path, window_ms: float):
    """Return the recordings, labels (S,), mask of the test part (S,), folds or None."""
    path = Path(path)
    if path.is_dir():
        return _read_folder(path)
    whole, z = read_packed(path, SIZE)
    length = int(window_ms * 1000)
    parts = min(int(r.t_us[-1]) for r in whole) // length
    if parts < 3:
        raise DataError(f"{path}: recordings must hold 3 windows of {window_ms:g} ms, not {parts}")
    recordings = [r.window(k * length, (k + 1) * length) for r in whole for k in range(parts)]
    for k, one in enumerate(recordings):
        check_recording(one, SIZE, f"{path}, recording {k // parts}, window {k % parts}")
    part = np.tile(np.arange(parts), len(whole))
    labels = np.repeat(z["label"].astype(np.int64), parts)
    return recordings, labels, part == parts - 1, part[part < parts - 1]


def _read_folder(folder: Path):
    """Read the published folder, whole gestures."""
    recordings, labels, is_test = [], [], []
    for name in ("trials_to_train.txt", "trials_to_test.txt"):
        listed = (folder / name).read_text(encoding="utf-8", errors="replace").split()
        if not listed:
            raise DataError(f"{folder / name}: must list recordings, not none")
        for file in listed:
            found, kinds = read_gestures(folder / file)
            recordings += found
            labels += kinds.tolist()
            is_test += [name.endswith("test.txt")] * len(kinds)
    return recordings, np.array(labels), np.array(is_test), None


def load_dvs_gesture(
    path, *, dt_ms: float = 10.0, pool: int = 8, window_ms: float = 250.0, n_folds: int = 3
) -> Dataset:
    """Return the first `window_ms` of each gesture (or window), ``2 (128 / pool)^2`` channels.

    Parameters
    ----------
    path : path
        As in `load_recordings`.
    dt_ms : float
        Step [ms].
    pool : int
        Pixels a side of a channel.
    window_ms : float
        Length of a sample [ms]; 1,500 is usual for the published gestures.
    n_folds : int
        Validation folds of the published folder; of the packed file each window is a fold.
    """
    recordings, labels, is_test, fold = load_recordings(path, window_ms)
    n_steps = round(window_ms / dt_ms)
    events = bin_recordings(recordings, size=SIZE, pool=pool, dt_ms=dt_ms, n_steps=n_steps)
    length = int(window_ms * 1000)
    features = count_features(
        [r.window(0, length) for r in recordings],
        size=SIZE, pool=max(8, pool), n_parts=3, duration_us=length,
    )  # fmt: skip
    used = int(labels.max()) + 1
    return Dataset(
        name="dvs_gesture",
        class_names=CLASS_NAMES[:used],
        train=Split(events.select(~is_test), labels[~is_test]),
        test=Split(events.select(is_test), labels[is_test]),
        fold=stratified_folds(labels[~is_test], n_folds, 0) if fold is None else fold,
        features_train=features[~is_test],
        features_test=features[is_test],
    )
