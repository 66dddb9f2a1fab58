"""Human actions on video: KTH, UCF11 and UCF101, a folder for each class, persons in file names.

Frames become ON and OFF events where a pixel changes, as an event camera would send them.
The published clips are compressed: `avi` names the codec and the command that converts them. None
of the three sets may be passed on, so none is here; drawn clips in their layout test the path and
say nothing about an accuracy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hrsnn_edge.data.avi import Clip, decode_avi
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.encode import hold
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.errors import DataError


@dataclass(frozen=True)
class Layout:
    """How a collection names its clips.

    Attributes
    ----------
    pattern : str
        Of a file name; its group is the number of the person, or of the group of clips of one
        scene.
    test_groups : frozenset of int
        Those of the test part.
    """

    pattern: str
    test_groups: frozenset[int]


#: KTH: the nine test persons of its authors. UCF101: the first of its three published splits.
#: UCF11 is published with leave-one-group-out over 25 groups; here every fifth group is test.
LAYOUTS = {
    "kth": Layout(r"person(\d+)_.*\.avi", frozenset({2, 3, 5, 6, 7, 8, 9, 10, 22})),
    "ucf11": Layout(r"v_.*_(\d+)_\d+\.avi", frozenset({5, 10, 15, 20, 25})),
    "ucf101": Layout(r"v_.*_g(\d+)_c\d+\.avi", frozenset(range(1, 8))),
}


def find_clips(folder: Path, layout: Layout) -> tuple[list[Path], tuple[str, ...], np.ndarray]:
    """Return the clips below a folder, the classes (its sub-folders) and the group of each clip."""
    folder = Path(folder)
    pattern = re.compile(layout.pattern)
    found = [(f, pattern.fullmatch(f.name)) for f in sorted(folder.rglob("*.avi"))]
    found = [(f, m) for f, m in found if m]
    if not found:
        raise DataError(f"{folder}: must hold <class>/<clip>, named {layout.pattern!r}, not none")
    names = tuple(sorted({f.relative_to(folder).parts[0] for f, _ in found}))
    return [f for f, _ in found], names, np.array([int(m[1]) for _, m in found])


def pooled(frames, grid: tuple[int, int]) -> np.ndarray:
    """Return (T, rows, columns) frames as means over a grid, (T, grid rows * grid columns)."""
    rows, columns = (
        np.linspace(0, size, n + 1).astype(int)[:-1]
        for size, n in zip(frames.shape[1:], grid, strict=True)
    )
    sums = np.add.reduceat(np.add.reduceat(frames.astype(np.float64), rows, 1), columns, 2)
    area = np.outer(np.diff([*rows, frames.shape[1]]), np.diff([*columns, frames.shape[2]]))
    return (sums / area).reshape(len(frames), -1)


def changes(frames, grid: tuple[int, int], background: str) -> np.ndarray:
    """Return how much brighter (ON) and darker (OFF) each cell is, (T - 1, 2 * cells), grey levels.

    Parameters
    ----------
    frames : (T, rows, columns) uint8
        A clip of at least two frames, no smaller than the grid.
    grid : (int, int)
        Rows and columns of cells.
    background : str
        ``'previous'``: difference to the frame before; ``'median'``: to the median of the clip,
        which shows who stands still too.
    """
    cells = pooled(frames, grid)
    if background == "previous":
        change = np.diff(cells, axis=0)
    elif background == "median":
        change = cells[1:] - np.median(cells, axis=0)
    else:
        raise ValueError(f"Background must be 'previous' or 'median', not {background!r}")
    return np.stack([np.maximum(change, 0), np.maximum(-change, 0)], axis=2).reshape(
        len(change), -1
    )


def load_video(
    folder,
    *,
    layout: str = "kth",
    test_groups=None,
    grid: tuple[int, int] = (12, 16),
    background: str = "previous",
    threshold: float = 4.0,
    full_scale: float = 32.0,
    steps_per_frame: int = 4,
    p_max: float = 0.5,
    max_frames: int = 100,
    n_folds: int = 4,
    seed: int = 0,
) -> Dataset:
    """Return the clips as ON and OFF events, Poisson, ``2 * rows * columns`` channels.

    Parameters
    ----------
    folder : path
        Holds a folder for each class.
    layout : str
        Key of `LAYOUTS`.
    test_groups : sequence of int, optional
        Persons (or groups) of the test part instead of the published ones.
    threshold, full_scale : float
        A change of a cell, in grey levels, below which it is silent, and which gives `p_max`.
    steps_per_frame : int
        Steps of each frame.
    max_frames : int
        Frames of a clip that are used.
    n_folds : int
        Validation folds by person (or group); with one of them there is nothing to validate on.
    seed : int
        Of the Poisson draws.
    """
    plan = LAYOUTS[layout]
    files, names, group = find_clips(folder, plan)
    is_test = np.isin(group, sorted(plan.test_groups if test_groups is None else test_groups))
    if is_test.all() or not is_test.any():
        raise DataError(
            f"{folder}: groups must be in both parts, not all in one: found "
            f"{sorted(set(group.tolist()))}. Set test_groups."
        )
    labels = np.array([names.index(f.relative_to(folder).parts[0]) for f in files])
    features = []

    def rasters():
        for k, file in enumerate(files):
            change = changes(_read(file, grid).frames[:max_frames], grid, background)
            features.append(np.concatenate([p.mean(axis=0) for p in np.array_split(change, 4)]))
            rate = np.where(change < threshold, 0, np.minimum(change / full_scale, 1))
            draw = np.random.default_rng([seed, k])
            rate = hold(rate, steps_per_frame)
            yield draw.random(rate.shape) < p_max * rate

    events = EventBatch.from_rasters(rasters())
    features = np.array(features)
    return Dataset(
        name=layout,
        class_names=names,
        train=Split(events.select(~is_test), labels[~is_test]),
        test=Split(events.select(is_test), labels[is_test]),
        fold=np.unique(group[~is_test], return_inverse=True)[1] % n_folds,
        features_train=features[~is_test],
        features_test=features[is_test],
    )


def _read(file: Path, grid: tuple[int, int]) -> Clip:
    """Return a clip that is long and large enough to see a change in."""
    clip = decode_avi(file.read_bytes(), str(file))
    if len(clip.frames) < 5 or clip.frames.shape[1] < grid[0] or clip.frames.shape[2] < grid[1]:
        raise DataError(
            f"{file}: must have 5 frames of {grid[0]} x {grid[1]} pixels or more, not "
            f"{clip.frames.shape}"
        )
    return clip
