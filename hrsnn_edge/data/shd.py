"""Spiking Heidelberg Digits and Spiking Speech Commands: 700 channels of a cochlea model, HDF5.

Reads ``{shd,ssc}_train*.h5`` and ``..._test*.h5`` of a folder (and ``ssc_valid.h5``, which joins
the train part). Files of the same layout made from other recordings carry other spike statistics:
what is measured on them is not an accuracy on SHD.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from hrsnn_edge.data.dataset import Dataset, stratified_folds
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.errors import DataError

N_CHANNELS = 700
#: More names of classes than this are a sign of damage.
MOST_CLASSES = 10_000
_NEEDED = ("spikes/times", "spikes/units", "labels", "extra/keys")


def read_file(path: Path) -> dict:
    """Return ``times`` [s] and ``units``, a list of arrays each, ``labels``, ``keys``, ``speaker``.

    Raises
    ------
    DataError
        A cut or damaged file, a missing group, a recording without spikes, with times that are
        negative or not finite, or with a channel beyond 699: with its number.

    Notes
    -----
    Changed bytes inside a file can crash the HDF5 library itself: compare the checksum of what came
    over a network, as `fetch` does.
    """
    try:
        with h5py.File(path, "r") as file:
            missing = [name for name in _NEEDED if name not in file]
            if missing:
                raise DataError(f"{path}: must hold {missing[0]!r}")
            sizes = {
                name: file[name].shape for name in (*_NEEDED[:3], "extra/speaker") if name in file
            }
            # Before anything is read: a damaged size could ask for all memory there is.
            if len(set(sizes.values())) > 1 or file["extra/keys"].size > MOST_CLASSES:
                raise DataError(f"{path}: must have as many times and units as labels, not {sizes}")
            found = {name.split("/")[1]: list(file[name][:]) for name in _NEEDED[:2]}
            found["labels"] = file["labels"][:].astype(np.int64)
            found["keys"] = tuple(_text(k) for k in file["extra/keys"][:])
            speaker = file.get("extra/speaker")
            found["speaker"] = None if speaker is None else speaker[:].astype(np.int64)
    except (OSError, KeyError, RuntimeError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise DataError(
            f"{path}: must be a whole HDF5 file ({error}). It is cut short or damaged."
        ) from error
    for k, (times, units) in enumerate(zip(found["times"], found["units"], strict=True)):
        _check_recording(times, units, f"{path}, recording {k}")
    return found


def _text(key) -> str:
    return key.decode() if isinstance(key, bytes) else str(key)


def _check_recording(times, units, what: str) -> None:
    """Raise `DataError` for a recording that cannot be used."""
    if len(times) == 0:
        raise DataError(f"{what}: recording must hold spikes, not 0. Remove it.")
    if len(times) != len(units):
        raise DataError(f"{what}: must have a unit for each of {len(times)} times")
    bad = np.flatnonzero(~(times >= 0) | np.isinf(times))
    if bad.size:
        raise DataError(f"{what}, spike {bad[0]}: time must be at least 0, not {times[bad[0]]}")
    if units.max() >= N_CHANNELS:
        raise DataError(f"{what}: unit must be between 0 and {N_CHANNELS - 1}, not {units.max()}")


def bin_spikes(found: dict, *, dt_ms: float, n_steps: int, pool: int) -> EventBatch:
    """Return the spikes in steps of `dt_ms`, `pool` neighbouring channels in one.

    Spikes of a channel in one step count once; those after the last step are dropped.
    """
    owner = np.repeat(np.arange(len(found["times"])), [len(t) for t in found["times"]])
    seconds = np.concatenate(found["times"]).astype(np.float64)
    t = np.floor(seconds * 1000 / dt_ms).astype(np.int64)
    address = np.concatenate(found["units"]).astype(np.int64) // pool
    keep = t < n_steps
    steps = np.full(len(found["times"]), n_steps, np.int32)
    return EventBatch.from_lists(owner[keep], t[keep], address[keep], steps, -(-N_CHANNELS // pool))


def count_features(found: dict, *, n_bands: int, n_parts: int, duration_s: float) -> np.ndarray:
    """Return square roots of spike counts in bands and equal parts of time, (S, bands * parts)."""
    out = np.empty((len(found["times"]), n_bands * n_parts))
    for k, (times, units) in enumerate(zip(found["times"], found["units"], strict=True)):
        part = (times.astype(np.float64) * n_parts / duration_s).astype(int)
        part = np.minimum(part, n_parts - 1)
        band = units.astype(int) * n_bands // N_CHANNELS
        out[k] = np.bincount(part * n_bands + band, minlength=out.shape[1])
    return np.sqrt(out)


def load_shd(
    folder,
    *,
    name: str = "shd",
    dt_ms: float = 4.0,
    n_steps: int = 250,
    pool: int = 1,
    n_folds: int = 4,
) -> Dataset:
    """Return the recordings as events: by default 250 steps of 4 ms on 700 channels.

    Parameters
    ----------
    folder : path
        Holds the files.
    name : str
        ``'shd'`` or ``'ssc'``, the stem of the file names.
    n_folds : int
        Validation folds: by speaker where the file names speakers, else by class.
    """
    folder = Path(folder)
    parts = {part: sorted(folder.glob(f"{name}_{part}*.h5")) for part in ("train", "valid", "test")}
    for part in ("train", "test"):
        if not parts[part]:
            raise DataError(f"{folder}: must hold {name}_{part}.h5, not none")
    train = _joined([read_file(f) for f in parts["train"] + parts["valid"]])
    test = _joined([read_file(f) for f in parts["test"]])
    if train["speaker"] is None:
        fold = stratified_folds(train["labels"], n_folds, 0)
    else:
        fold = np.unique(train["speaker"], return_inverse=True)[1] % n_folds
    steps = {"dt_ms": dt_ms, "n_steps": n_steps, "pool": pool}
    counts = {"n_bands": 70, "n_parts": 10, "duration_s": dt_ms * n_steps / 1000}
    return Dataset(
        name=name,
        class_names=train["keys"],
        train=Split(bin_spikes(train, **steps), train["labels"]),
        test=Split(bin_spikes(test, **steps), test["labels"]),
        fold=fold,
        features_train=count_features(train, **counts),
        features_test=count_features(test, **counts),
    )


def _joined(files: list[dict]) -> dict:
    """Return several files of one part as one."""
    speakers = [f["speaker"] for f in files]
    return {
        "times": [t for f in files for t in f["times"]],
        "units": [u for f in files for u in f["units"]],
        "labels": np.concatenate([f["labels"] for f in files]),
        "keys": files[0]["keys"],
        "speaker": None if any(s is None for s in speakers) else np.concatenate(speakers),
    }
