"""CIFAR-10 and CIFAR-100: small colour images in the published Python batches.

The batches are pickles and are read by `safe_pickle` only. The part of CIFAR-100 used here in
tests has 5 images a class: it can show that the loader works, and no accuracy.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.images import images_dataset
from hrsnn_edge.data.safe_pickle import load_pickle
from hrsnn_edge.errors import DataError

_BYTES = 3 * 32 * 32


def read_batch(path: Path, label_key: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return images (S, 3, 32, 32) uint8 and labels (S,) int64 of one batch."""
    batch = load_pickle(Path(path).read_bytes(), str(path))
    for key in (b"data", label_key):
        if not isinstance(batch, dict) or key not in batch:
            raise DataError(f"{path}: must hold {key.decode()!r}")
    data, labels = batch[b"data"], np.asarray(batch[label_key])
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (_BYTES,):
        form = getattr(data, "shape", type(data).__name__)
        raise DataError(f"{path}: 'data' must be (n, {_BYTES}) bytes, not {form}")
    if labels.shape != (len(data),) or labels.dtype.kind not in "iu":
        raise DataError(f"{path}: must have one whole label an image, not {labels.shape}")
    return data.reshape(-1, 3, 32, 32), labels.astype(np.int64)


def read_names(path: Path, key: bytes) -> tuple[str, ...]:
    """Return the class names of a ``meta`` file."""
    meta = load_pickle(Path(path).read_bytes(), str(path))
    if not isinstance(meta, dict) or key not in meta:
        raise DataError(f"{path}: must hold {key.decode()!r}")
    return tuple(n.decode() if isinstance(n, bytes) else str(n) for n in meta[key])


def read_cifar(folder: Path, n_classes: int):
    """Return class names, training and test images with labels of a published folder."""
    folder = Path(folder)
    if n_classes == 10:
        files, key = sorted(folder.glob("data_batch_*")), b"labels"
        names = read_names(folder / "batches.meta", b"label_names")
        test = folder / "test_batch"
    else:
        files, key = [folder / "train"], b"fine_labels"
        names = read_names(folder / "meta", b"fine_label_names")
        test = folder / "test"
    if not files:
        raise DataError(f"{folder}: must hold data_batch_1 and so on, not none")
    parts = [read_batch(file, key) for file in files]
    train = tuple(np.concatenate(values) for values in zip(*parts, strict=True))
    return names, train, read_batch(test, key)


def load_cifar(
    folder,
    *,
    n_classes: int = 10,
    pool: int = 4,
    n_steps: int = 100,
    silent_steps: int = 100,
    p_max: float = 0.1,
    code: str = "poisson",
    n_folds: int = 4,
    seed: int = 0,
    grid: int | None = None,
) -> Dataset:
    """Return the images as rate-coded events; see `images_dataset`.

    Parameters
    ----------
    folder : path
        ``cifar-10-batches-py`` or ``cifar-100-python``.
    n_classes : int
        10, or 100 (fine labels).
    pool : int
        Pixels a side of a channel: 4 gives 192 channels, 1 gives 3,072.
    grid : int, optional
        Regions a side of local filters in place of pixels: 3 gives 387 channels.
    """
    names, train, test = read_cifar(folder, n_classes)
    return images_dataset(
        f"cifar{n_classes}",
        names,
        train,
        test,
        pool=pool,
        n_steps=n_steps,
        silent_steps=silent_steps,
        p_max=p_max,
        code=code,
        n_folds=n_folds,
        seed=seed,
        grid=grid,
    )
