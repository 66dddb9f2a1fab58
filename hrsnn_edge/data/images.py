"""Still images as rate-coded events: input, then silence; for MNIST and CIFAR."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.data.dataset import Dataset, stratified_folds
from hrsnn_edge.data.encode import rate_poisson, rate_regular, with_silence
from hrsnn_edge.data.events import Split
from hrsnn_edge.data.patches import cell_intensities, patch_cells


def pool_planes(images, pool: int) -> np.ndarray:
    """Return the mean of each `pool` x `pool` square, (S, planes * rows * columns) float64, 0..1.

    Parameters
    ----------
    images : (S, planes, rows, columns) uint8
        Rows and columns must be multiples of `pool`.
    """
    s, planes, rows, columns = images.shape
    if rows % pool or columns % pool:
        raise ValueError(f"Pool must divide {rows} and {columns} pixels, not be {pool}")
    blocks = images.reshape(s, planes, rows // pool, pool, columns // pool, pool)
    return blocks.mean(axis=(3, 5), dtype=np.float64).reshape(s, -1) / 255


def images_dataset(
    name: str,
    class_names,
    train,
    test,
    *,
    pool: int,
    n_steps: int,
    silent_steps: int,
    p_max: float,
    code: str,
    n_folds: int,
    seed: int,
    grid: int | None = None,
) -> Dataset:
    """Return images and labels, each of `train` and `test`, as events.

    Parameters
    ----------
    train, test : (images, labels)
        ``(S, planes, rows, columns)`` uint8 and (S,) int.
    n_steps, silent_steps : int
        Steps with input (Poisson or regular, `p_max` events a step at full intensity), then
        without: the papers take 100 ms of each.
    code : str
        ``'poisson'`` or ``'regular'``.
    seed : int
        Of the Poisson draws and of nothing else.
    grid : int, optional
        Channels are `patch_cells` in so many regions a side instead of pooled pixels.
    """
    if code not in ("poisson", "regular"):
        raise ValueError(f"Code of the images must be 'poisson' or 'regular', not {code!r}")
    if grid is None:
        features = [pool_planes(images, pool) for images, _ in (train, test)]
    else:
        cells = [patch_cells(images, grid) for images, _ in (train, test)]
        features = [cell_intensities(part, cells[0]) for part in cells]
    splits = []
    for k, (shown, (_, labels)) in enumerate(zip(features, (train, test), strict=True)):
        if code == "poisson":
            events = rate_poisson(shown, n_steps, p_max, [seed, k])
        else:
            events = rate_regular(shown, n_steps, p_max)
        splits.append(Split(with_silence(events, silent_steps), labels))
    return Dataset(
        name=name,
        class_names=tuple(class_names),
        train=splits[0],
        test=splits[1],
        fold=stratified_folds(splits[0].labels, n_folds, 0),
        features_train=features[0],
        features_test=features[1],
    )
