"""MNIST: handwritten digits, 28 x 28 pixels, in the published IDX files, gzip or plain."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.images import images_dataset
from hrsnn_edge.errors import DataError

CLASS_NAMES = tuple("0123456789")
#: Third byte of an IDX file: unsigned bytes.
_UNSIGNED_BYTE = 8


def read_idx(path: Path) -> np.ndarray:
    """Return the uint8 array of an IDX file; ``.gz`` is unpacked on the way.

    Raises
    ------
    DataError
        A damaged archive, another element type, or a length that does not match the sizes.
    """
    path = Path(path)
    data = path.read_bytes()
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path}: must be a whole gzip file ({error}).") from error
    n_dims = data[3] if len(data) >= 4 else 0
    if len(data) < 4 + 4 * n_dims or data[:2] != b"\0\0" or not n_dims:
        raise DataError(f"{path}: must start with an IDX head, not {data[:4]!r}")
    if data[2] != _UNSIGNED_BYTE:
        raise DataError(f"{path}: elements must be unsigned bytes (8), not type {data[2]}")
    shape = np.frombuffer(data, ">u4", n_dims, 4).astype(int)
    body = np.frombuffer(data, np.uint8, offset=4 + 4 * n_dims)
    if body.size != np.prod(shape):
        raise DataError(
            f"{path}: must hold {' x '.join(map(str, shape))} bytes, not {body.size}. "
            "The file is cut short or damaged."
        )
    return body.reshape(shape)


def read_part(folder: Path, stem: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images (S, 1, 28, 28) uint8 and labels (S,) int64 of ``train`` or ``t10k``."""
    images, labels = (
        read_idx(_find(folder, f"{stem}-{what}"))
        for what in ("images-idx3-ubyte", "labels-idx1-ubyte")
    )
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise DataError(
            f"{folder}: {stem} must have one label an image, not labels {labels.shape} for "
            f"images {images.shape}"
        )
    return images[:, None], labels.astype(np.int64)


def _find(folder: Path, name: str) -> Path:
    """Return the file `name`, packed or not."""
    packed = Path(folder) / f"{name}.gz"
    return packed if packed.exists() else Path(folder) / name


def load_mnist(
    folder,
    *,
    pool: int = 2,
    n_steps: int = 100,
    silent_steps: int = 100,
    p_max: float = 0.1,
    code: str = "poisson",
    n_train: int | None = None,
    n_folds: int = 4,
    seed: int = 0,
) -> Dataset:
    """Return the digits of a folder with the four published files; see `images_dataset`.

    Parameters
    ----------
    pool : int
        Pixels a side of a channel: 2 gives 196 channels, 1 gives 784.
    n_train : int, optional
        Take the first so many training images.
    """
    images, labels = read_part(folder, "train")
    return images_dataset(
        "mnist",
        CLASS_NAMES,
        (images[:n_train], labels[:n_train]),
        read_part(folder, "t10k"),
        pool=pool,
        n_steps=n_steps,
        silent_steps=silent_steps,
        p_max=p_max,
        code=code,
        n_folds=n_folds,
        seed=seed,
    )
