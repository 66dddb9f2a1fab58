"""Japanese vowels: which of nine men speaks, from 12 LPC cepstrum coefficients a frame.

Reads ``japanese_vowels.npz``: ``x`` (frames, 12), ``offsets``, ``label``, ``split`` (0 train: 30
utterances a speaker, 1 test). A linear readout of the frames is near 99 %, so the set can show that
a network keeps up and little more.
"""

from __future__ import annotations

import numpy as np

from hrsnn_edge.data.archive import check_finite, check_lengths, check_offsets, read_npz
from hrsnn_edge.data.dataset import Dataset, stratified_folds
from hrsnn_edge.data.events import Split
from hrsnn_edge.data.sequences import encode_sequences, resample, scale_sequences

CLASS_NAMES = tuple(f"speaker {k}" for k in range(1, 10))


def load_utterances(path) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Return the utterances, (T, 12) each, their labels and a mask of the test part."""
    z = read_npz(path, ("x", "offsets", "label", "split"))
    check_offsets(path, z["offsets"], len(z["x"]))
    check_lengths(path, z, ("label", "split"), len(z["offsets"]) - 1)
    check_finite(z["x"], str(path))
    frames = np.split(z["x"].astype(np.float64), z["offsets"][1:-1])
    return frames, z["label"].astype(np.int64), z["split"] == 1


def load_vowels(
    path, *, n_curves: int = 8, steps_per_frame: int = 10, p_max: float = 0.3, n_folds: int = 5
) -> Dataset:
    """Return the utterances as events, ``12 * n_curves`` channels; see `encode_sequences`."""
    frames, labels, is_test = load_utterances(path)
    scaled = scale_sequences(frames, is_test)
    events = encode_sequences(
        scaled, n_curves=n_curves, steps_per_frame=steps_per_frame, p_max=p_max
    )
    features = np.array([resample(s, 8).ravel() for s in scaled])
    return Dataset(
        name="vowels",
        class_names=CLASS_NAMES,
        train=Split(events.select(~is_test), labels[~is_test]),
        test=Split(events.select(is_test), labels[is_test]),
        fold=stratified_folds(labels[~is_test], n_folds, 0),
        features_train=features[~is_test],
        features_test=features[is_test],
    )
