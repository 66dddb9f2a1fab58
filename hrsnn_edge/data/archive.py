"""Packed recordings in ``.npz`` files: read without pickle, checked before anything is used."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from hrsnn_edge.errors import DataError


def read_npz(path: Path, needed) -> dict[str, np.ndarray]:
    """Return the arrays of a file.

    Raises
    ------
    DataError
        The file is missing, cut short, holds pickled objects, or lacks one of `needed`.
    """
    path = Path(path)
    try:
        with path.open("rb") as f, np.load(f, allow_pickle=False) as data:
            z = {name: data[name] for name in data.files}
    except FileNotFoundError:
        raise DataError(f"{path}: no such file.") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        ValueError,
        OSError,
        RuntimeError,
        MemoryError,
    ) as error:
        raise DataError(
            f"{path}: must be a whole .npz file. It is cut short or damaged."
        ) from error
    missing = set(needed) - set(z)
    if missing:
        raise DataError(f"{path}: must hold {sorted(missing)[0]!r}")
    return z


def check_offsets(path: Path, offsets, n: int) -> None:
    """Raise `DataError` unless `offsets` rise from 0 to `n` and leave no recording empty."""
    if offsets[0] != 0 or offsets[-1] != n or np.any(np.diff(offsets) < 0):
        raise DataError(f"{path}: offsets must rise from 0 to {n}. It is damaged.")
    empty = np.flatnonzero(np.diff(offsets) == 0)
    if empty.size:
        raise DataError(f"{path}: recording {empty[0]} must hold samples, not 0. Remove it.")


def check_lengths(path: Path, z: dict, names, n: int) -> None:
    """Raise `DataError` for one of the arrays `names` that does not have `n` rows."""
    for name in names:
        if len(z[name]) != n:
            raise DataError(f"{path}: {name!r} must have {n} rows, not {len(z[name])}")


def check_finite(values, what: str) -> None:
    """Raise `DataError` for a NaN or an infinity, with its place in the (T, K) array `values`."""
    bad = np.argwhere(~np.isfinite(values))
    if bad.size:
        row, column = bad[0]
        raise DataError(
            f"{what}, row {row}, column {column}: must be finite, not {values[row, column]}. "
            "Remove or repair the recording."
        )
