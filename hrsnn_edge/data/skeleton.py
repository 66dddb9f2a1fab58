"""MSR Action3D skeletons: 20 actions, 20 joints of a depth camera at about 15 frames a second.

Reads ``msr_action3d.npz``: ``xyz_mm`` (frames, 20, 3), ``offsets``, ``label``, ``subject``,
``classes``. The usual split by person: odd persons train, even persons test. With the eight persons
here the train part has 232 recordings of four persons, so folds are by person and wide.
"""

from __future__ import annotations

import numpy as np

from hrsnn_edge.data.archive import check_finite, check_lengths, check_offsets, read_npz
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.events import Split
from hrsnn_edge.data.sequences import encode_sequences, resample, scale_sequences
from hrsnn_edge.errors import DataError

#: The joint that all others are measured from: the torso.
TORSO = 6


def load_recordings(path) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    """Return each recording, (T, 60) [m] relative to the torso, and the arrays of the file."""
    z = read_npz(path, ("xyz_mm", "offsets", "label", "subject", "classes"))
    xyz = z["xyz_mm"].astype(np.float64)
    if xyz.ndim != 3 or xyz.shape[1:] != (20, 3):
        raise DataError(f"{path}: 'xyz_mm' must be (n, 20, 3), not {xyz.shape}")
    check_offsets(path, z["offsets"], len(xyz))
    check_lengths(path, z, ("label", "subject"), len(z["offsets"]) - 1)
    check_finite(xyz.reshape(len(xyz), -1), str(path))
    flat = ((xyz - xyz[:, TORSO : TORSO + 1]) / 1000).reshape(len(xyz), -1)
    return np.split(flat, z["offsets"][1:-1]), z


def load_skeleton(
    path, *, n_curves: int = 4, steps_per_frame: int = 4, p_max: float = 0.3
) -> Dataset:
    """Return the actions as events, ``57 * n_curves`` channels; see `encode_sequences`.

    The torso's own coordinates are left out: they are 0. One validation fold a training person.
    """
    recordings, z = load_recordings(path)
    labels, person = z["label"].astype(np.int64), z["subject"].astype(np.int64)
    is_test = person % 2 == 0
    moving = np.delete(np.arange(60), np.arange(3 * TORSO, 3 * TORSO + 3))
    events = encode_sequences(
        scale_sequences([r[:, moving] for r in recordings], is_test),
        n_curves=n_curves,
        steps_per_frame=steps_per_frame,
        p_max=p_max,
    )
    features = np.array([resample(r, 16).ravel() for r in recordings])
    return Dataset(
        name="skeleton",
        class_names=tuple(str(c) for c in z["classes"]),
        train=Split(events.select(~is_test), labels[~is_test]),
        test=Split(events.select(is_test), labels[is_test]),
        fold=np.unique(person[~is_test], return_inverse=True)[1],
        features_train=features[~is_test],
        features_test=features[is_test],
    )
