"""Wand gestures: three movements before an inertial sensor, one person.

Reads ``wand_imu.npz``: ``x`` (S, 128, 6), times ``scale`` (6,) acceleration [m/s^2] and angular
rate; ``label``, ``split``, ``classes``, ``window_ms``. One person and an easy task (a linear
readout of 16 x 6 means is right every time): a demonstration, no benchmark.
"""

from __future__ import annotations

import numpy as np

from hrsnn_edge.data.archive import check_lengths, read_npz
from hrsnn_edge.data.dataset import Dataset, stratified_folds
from hrsnn_edge.data.events import Split
from hrsnn_edge.data.sequences import encode_sequences, scale_sequences
from hrsnn_edge.errors import DataError


def load_wand(
    path, *, n_curves: int = 6, steps_per_frame: int = 2, p_max: float = 0.3, n_folds: int = 4
) -> Dataset:
    """Return the gestures as events, ``6 * n_curves`` channels; see `encode_sequences`.

    `steps_per_frame` steps for each of 128 frames of 23.4 ms.
    """
    z = read_npz(path, ("x", "scale", "label", "split", "classes"))
    if z["x"].ndim != 3 or z["x"].shape[1:] != (128, 6):
        raise DataError(f"{path}: 'x' must be (n, 128, 6), not {z['x'].shape}")
    check_lengths(path, z, ("label", "split"), len(z["x"]))
    x = z["x"] * z["scale"]
    bad = np.argwhere(~np.isfinite(x))
    if bad.size:
        raise DataError(f"{path}, recording {bad[0][0]}, frame {bad[0][1]}: must be finite")
    labels, is_test = z["label"].astype(np.int64), z["split"] == 1
    events = encode_sequences(
        scale_sequences(list(x), is_test),
        n_curves=n_curves,
        steps_per_frame=steps_per_frame,
        p_max=p_max,
    )
    features = x.reshape(len(x), 16, 8, 6).mean(axis=2).reshape(len(x), -1)
    return Dataset(
        name="wand",
        class_names=tuple(str(c) for c in z["classes"]),
        train=Split(events.select(~is_test), labels[~is_test]),
        test=Split(events.select(is_test), labels[is_test]),
        fold=stratified_folds(labels[~is_test], n_folds, 0),
        features_train=features[~is_test],
        features_test=features[is_test],
    )
