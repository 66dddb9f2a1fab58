"""What a data set looks like once it is events: sizes, classes, rates."""

from __future__ import annotations

from typing import Any

import numpy as np

from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.events import Split
from hrsnn_edge.data.series import Series, one_step_errors


def summarise(data: Dataset, dt_ms: float) -> dict[str, Any]:
    """Return sizes, classes, folds, and of each part the samples a class and the event rates."""
    return {
        "classes": list(data.class_names),
        "n_inputs": data.train.events.n_inputs,
        "n_features": data.features_train.shape[1],
        "dt_ms": dt_ms,
        "fold_sizes": np.bincount(data.fold).tolist(),
        "train": _part(data.train, dt_ms, len(data.class_names)),
        "test": _part(data.test, dt_ms, len(data.class_names)),
    }


def _part(split: Split, dt_ms: float, n_classes: int) -> dict[str, Any]:
    """Return what one part holds; rates are means over channels and time."""
    events = split.events
    steps = events.n_steps.astype(np.int64)
    per_sample = np.diff(events.sample_ptr)
    seconds = float(steps.sum()) * dt_ms / 1000
    return {
        "samples": len(events),
        "per_class": np.bincount(split.labels, minlength=n_classes).tolist(),
        "steps": [int(steps.min()), int(np.median(steps)), int(steps.max())],
        "events_per_sample": [
            int(per_sample.min()),
            int(np.median(per_sample)),
            int(per_sample.max()),
        ],
        "rate_hz": float(per_sample.sum() / seconds / events.n_inputs),
        "silent_channels": int(events.n_inputs - np.unique(events.address).size),
    }


def summarise_series(series: Series) -> dict[str, Any]:
    """Return sizes, ranges and the errors of two plain forecasts one step ahead."""
    return {
        "unit": series.unit,
        "n_train": series.n_train,
        "n_test": len(series.values) - series.n_train,
        "train_range": [float(series.low[0]), float(series.low[0] + series.span[0])],
        "test_range": [
            float(v * series.span[0] + series.low[0])
            for v in (series.values[series.n_train :].min(), series.values[series.n_train :].max())
        ],
        "one_step_rmse": one_step_errors(series),
    }
