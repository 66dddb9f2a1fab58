"""Rectified local filters of an image, pooled: what the first cells of a visual system send.

Fixed filters, nothing is learned: cosines of patches (those of a discrete cosine transform) in
brightness and two opponent colours. Each has an ON and an OFF cell, rectified *before* the mean
over a region, so an edge counts wherever in the region it lies and a bright one does not undo a
dark one.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

#: Pixels a side of a patch, and from one patch to the next.
SIDE, STRIDE = 4, 2
#: Filters of brightness and of a colour: those whose orders down and across add up to less.
_BRIGHTNESS, _COLOUR = 4, 3
#: Brightness, red against green, yellow against blue; of red, green, blue.
_OPPONENT = np.array([[1 / 3, 1 / 3, 1 / 3], [1 / 2, -1 / 2, 0], [1 / 4, 1 / 4, -1 / 2]])
#: A percentile of each filter's outputs in training counts as full intensity.
_FULL = 99


def cosines(side: int) -> np.ndarray:
    """Return the orthonormal cosines of a patch, (side, side): order, pixel."""
    k = np.arange(side)
    waves = np.cos(np.pi * (k + 0.5) * k[:, None] / side)
    return waves / np.linalg.norm(waves, axis=1, keepdims=True)


def patch_cells(images, grid: int) -> np.ndarray:
    """Return the mean output of each cell in `grid` x `grid` regions, (S, F, grid**2) float64.

    Parameters
    ----------
    images : (S, 3, rows, columns) uint8
        Red, green, blue; at least 10 pixels a side for a grid of 4.
    grid : int
        Regions a side.

    Notes
    -----
    F is 43: 10 filters of brightness and 6 of each colour, ON then OFF, without the OFF cell of
    mean brightness, which never sends. A region holds the patches ``r * n // grid`` to
    ``(r + 1) * n // grid`` of the `n` down or across.
    """
    if images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(f"Images must be (n, 3, rows, columns), not {images.shape}")
    waves, cells = cosines(SIDE), []
    for plane, weights in enumerate(_OPPONENT):
        shown = np.einsum("c,sckl->skl", weights, images / 255)
        patches = sliding_window_view(shown, (SIDE, SIDE), axis=(1, 2))[:, ::STRIDE, ::STRIDE]
        outputs = np.einsum("sijab,pa,qb->sijpq", patches, waves, waves, optimize=True)
        top = _COLOUR if plane else _BRIGHTNESS
        for down, across in np.argwhere(np.add.outer(range(top), range(top)) < top):
            found = outputs[..., down, across]
            signs = (1,) if plane == down == across == 0 else (1, -1)
            cells += [_regions(np.maximum(sign * found, 0), grid) for sign in signs]
    return np.stack(cells, axis=1)


def _regions(outputs, grid: int) -> np.ndarray:
    """Return the mean of (S, rows, columns) in each region, (S, grid**2)."""
    if min(outputs.shape[1:]) < grid:
        raise ValueError(f"Grid must be at most {min(outputs.shape[1:])} patches, not {grid}")
    down, across = (np.arange(grid + 1) * n // grid for n in outputs.shape[1:])
    parts = [
        outputs[:, down[r] : down[r + 1], across[c] : across[c + 1]].mean(axis=(1, 2))
        for r in range(grid)
        for c in range(grid)
    ]
    return np.stack(parts, axis=1)


def cell_intensities(cells, trained) -> np.ndarray:
    """Return outputs (S, F, R) as intensities 0..1, (S, F * R): the root of a share of full.

    Full is a percentile of the filter in the training part `trained`, (S', F, R).
    """
    full = np.percentile(trained, _FULL, axis=(0, 2))[:, None]
    share = np.divide(cells, full, out=np.zeros_like(cells), where=full > 0)
    return np.sqrt(np.clip(share, 0, 1)).reshape(len(cells), -1)
