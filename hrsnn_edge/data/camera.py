"""Recordings of event cameras: pixels, polarity and time in microseconds; binned to steps."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hrsnn_edge.data.archive import check_lengths, check_offsets, read_npz
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import DataError


@dataclass(frozen=True, eq=False)
class CameraEvents:
    """One recording.

    Attributes
    ----------
    x, y : (E,) int64
        Pixel.
    on : (E,) bool
        Polarity: brighter or darker.
    t_us : (E,) int64
        Time [us], not falling.
    """

    x: np.ndarray
    y: np.ndarray
    on: np.ndarray
    t_us: np.ndarray

    def window(self, start_us: int, end_us: int) -> CameraEvents:
        """Return the events of ``start_us <= t < end_us``, with time counted from `start_us`."""
        part = slice(*np.searchsorted(self.t_us, [start_us, end_us]))
        return CameraEvents(self.x[part], self.y[part], self.on[part], self.t_us[part] - start_us)


def check_recording(events: CameraEvents, size: int, what: str) -> None:
    """Raise `DataError` for a recording without events, off the sensor or back in time."""
    if events.t_us.size == 0:
        raise DataError(f"{what}: recording must hold events, not 0. Remove it.")
    off = np.flatnonzero((events.x >= size) | (events.y >= size))
    if off.size:
        k = off[0]
        raise DataError(
            f"{what}, event {k}: pixel must be between 0 and {size - 1}, "
            f"not ({events.x[k]}, {events.y[k]})"
        )
    back = np.flatnonzero(np.diff(events.t_us) < 0)
    if back.size:
        k = back[0] + 1
        raise DataError(
            f"{what}, event {k}: time must not fall, from {events.t_us[k - 1]} "
            f"to {events.t_us[k]} us"
        )


def decode_bin(data: bytes, what: str) -> CameraEvents:
    """Return the events of the five-byte format: x, y, then polarity and 23 bits of time [us].

    Raises
    ------
    DataError
        For a length that is no multiple of 5; `what` names the file.
    """
    if len(data) % 5:
        raise DataError(
            f"{what}: must hold whole events of 5 bytes, not {len(data)} bytes. It is cut short."
        )
    raw = np.frombuffer(data, np.uint8).reshape(-1, 5).astype(np.int64)
    time = (raw[:, 2] & 0x7F) << 16 | raw[:, 3] << 8 | raw[:, 4]
    return CameraEvents(raw[:, 0], raw[:, 1], raw[:, 2] >= 0x80, time)


def read_packed(path: Path, size: int) -> tuple[list[CameraEvents], dict[str, np.ndarray]]:
    """Return the recordings of a packed ``.npz`` and its other arrays.

    The file holds ``x``, ``y`` (E,) uint8; ``p``, polarity in packed bits; ``dt`` (E,) uint16,
    time since the event before [us], for the first of a recording since its start; ``offsets``;
    ``label``.
    """
    z = read_npz(path, ("x", "y", "p", "dt", "offsets", "label"))
    n = len(z["x"])
    offsets = z["offsets"]
    check_lengths(path, z, ("y", "dt"), n)
    check_offsets(path, offsets, n)
    check_lengths(path, z, ("label",), len(offsets) - 1)
    if 8 * len(z["p"]) < n:
        raise DataError(f"{path}: 'p' must have at least {n} bits, not {8 * len(z['p'])}")
    on = np.unpackbits(z["p"])[:n].astype(bool)
    x, y, dt = (z[name].astype(np.int64) for name in ("x", "y", "dt"))
    found = []
    for k, (a, b) in enumerate(itertools.pairwise(offsets)):
        one = CameraEvents(x[a:b], y[a:b], on[a:b], np.cumsum(dt[a:b]))
        check_recording(one, size, f"{path}, recording {k}")
        found.append(one)
    return found, z


def bin_recordings(recordings, *, size: int, pool: int, dt_ms: float, n_steps: int) -> EventBatch:
    """Return the recordings in steps of `dt_ms`, `pool` x `pool` pixels a channel pair.

    Channel ``2 (row * columns + column) + on``; events of a channel in one step count once, events
    after the last step are dropped.

    Parameters
    ----------
    recordings : sequence of CameraEvents
        Time counted from the start of each.
    size : int
        Pixels a side of the sensor.
    pool : int
        Pixels a side of a channel.
    dt_ms, n_steps : float, int
        Length of a step [ms] and steps of each sample.
    """
    side = -(-size // pool)
    owner = np.repeat(np.arange(len(recordings)), [r.t_us.size for r in recordings])
    x, y, on, t_us = (
        np.concatenate([getattr(r, name) for r in recordings]) for name in ("x", "y", "on", "t_us")
    )
    t = (t_us / (1000 * dt_ms)).astype(np.int64)
    keep = t < n_steps
    address = 2 * (y // pool * side + x // pool) + on
    steps = np.full(len(recordings), n_steps, np.int32)
    return EventBatch.from_lists(owner[keep], t[keep], address[keep], steps, 2 * side**2)


def count_features(recordings, *, size: int, pool: int, n_parts: int, duration_us: int):
    """Return square roots of event counts in equal parts of time, (S, n_parts * channels)."""
    side = -(-size // pool)
    out = np.empty((len(recordings), n_parts * 2 * side**2))
    for k, r in enumerate(recordings):
        part = np.minimum(r.t_us * n_parts // duration_us, n_parts - 1)
        channel = 2 * (r.y // pool * side + r.x // pool) + r.on
        out[k] = np.bincount(part * 2 * side**2 + channel, minlength=out.shape[1])
    return np.sqrt(out)
