"""Sequences of continuous frames: scaled on the train part, turned into events, resampled."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.data.encode import hold, sequences_regular, tuning_curves
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import DataError


def resample(frames, n_frames: int) -> np.ndarray:
    """Return (T, K) frames interpolated linearly to `n_frames` from the first to the last."""
    frames = np.asarray(frames, np.float64)
    place = np.linspace(0, len(frames) - 1, n_frames)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, len(frames) - 1)
    share = (place - low)[:, None]
    return (1 - share) * frames[low] + share * frames[high]


def scale_sequences(sequences, is_test) -> list[np.ndarray]:
    """Return (T, K) sequences scaled so that those of the train part span 0..1, then clipped.

    Raises
    ------
    DataError
        For a column that never changes in the train part.
    """
    train = np.concatenate([s for s, test in zip(sequences, is_test, strict=True) if not test])
    low, high = train.min(axis=0), train.max(axis=0)
    flat = np.flatnonzero(high == low)
    if flat.size:
        raise DataError(f"Column {flat[0]} must change in the train part, not be {low[flat[0]]}")
    return [np.clip((s - low) / (high - low), 0, 1) for s in sequences]


def encode_sequences(sequences, *, n_curves: int, steps_per_frame: int, p_max: float) -> EventBatch:
    """Return scaled sequences, (T, K) in 0..1, as ``T * steps_per_frame`` steps of events.

    Each column drives `n_curves` Gaussian tuning curves; a channel sends ``p_max`` times its
    response events a step, at even distances.
    """
    return sequences_regular(
        (hold(tuning_curves(s, n_curves), steps_per_frame) for s in sequences), p_max
    )
