"""Input events for an imported network: channels that are always on, and steps for its latency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.errors import DataError
from hrsnn_edge.interchange.assemble import Assembly


def drive_of(assembly: Assembly) -> dict[str, Any]:
    """Return what `driven` must know, as plain values for an artifact's encoder notes."""
    return {
        "channels": sum(s.stop - s.start for s in assembly.inputs.values()),
        "always_on": [list(pair) for pair in assembly.always_on],
        "latency_steps": assembly.latency_steps,
    }


def driven_raster(raster, drive: Mapping[str, Any]) -> np.ndarray:
    """Return a (T, K) raster with the steps and channels that the network needs beside it.

    Parameters
    ----------
    raster : (T, K) bool
        Events of the origin's inputs.
    drive : mapping
        Of `drive_of`.

    Returns
    -------
    (T + latency, K + constants) bool
    """
    raster = np.asarray(raster, bool)
    _check_channels(raster.shape[1], drive)
    steps = len(raster) + drive["latency_steps"]
    out = np.zeros((steps, raster.shape[1] + len(drive["always_on"])), bool)
    out[: len(raster), : raster.shape[1]] = raster
    for channel, first in drive["always_on"]:
        out[first:, channel] = True
    return out


def driven(events: EventBatch, drive: Mapping[str, Any]) -> EventBatch:
    """Return the events of every sample as `driven_raster` gives them."""
    _check_channels(events.n_inputs, drive)
    rasters = (driven_raster(events.raster(s), drive) for s in range(len(events)))
    return EventBatch.from_rasters(list(rasters))


def driven_dataset(data: Dataset, drive: Mapping[str, Any]) -> Dataset:
    """Return the data set with the events of `driven`."""
    parts = {
        name: Split(driven(split.events, drive), split.labels)
        for name, split in (("train", data.train), ("test", data.test))
    }
    return replace(data, **parts)


def _check_channels(found: int, drive: Mapping[str, Any]) -> None:
    if found != drive["channels"]:
        raise DataError(
            f"Events must have {drive['channels']} channels like the imported network's inputs, "
            f"not {found}"
        )
