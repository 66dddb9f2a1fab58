"""A data set as every later station sees it: spikes, labels, folds, and features for a baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.data.events import Split
from hrsnn_edge.errors import DataError


@dataclass(frozen=True, eq=False)
class Dataset:
    """A classification data set turned into spikes, with its fixed split.

    Attributes
    ----------
    name : str
        The data set.
    class_names : tuple of str
        Name of each label.
    train, test : Split
        The published parts; nothing is ever chosen on `test`.
    fold : (S_train,) int64
        Validation fold of each training sample; settings are chosen on these.
    features_train, features_test : (S, F) float64
        What a linear baseline without spikes reads: pixels, or a continuous filter bank.
    """

    name: str
    class_names: tuple[str, ...]
    train: Split
    test: Split
    fold: np.ndarray
    features_train: np.ndarray
    features_test: np.ndarray

    def __post_init__(self):
        """Check sizes, and that every class is in every part."""
        for name in ("fold", "features_train", "features_test"):
            value = np.ascontiguousarray(getattr(self, name))
            value.flags.writeable = False
            object.__setattr__(self, name, value)
        if self.fold.shape != (len(self.train.labels),):
            raise ValueError(
                f"Fold must have {len(self.train.labels)} values, not {self.fold.shape}"
            )
        check_classes(self.train.labels, self.class_names, "the train part")
        check_classes(self.test.labels, self.class_names, "the test part")

    @property
    def n_folds(self) -> int:
        """Number of validation folds."""
        return int(self.fold.max()) + 1

    def fold_parts(self, k: int) -> tuple[Split, Split]:
        """Return what is fitted and what is validated when fold `k` is held out."""
        self.check_fold(k)
        return self.train.select(self.fold != k), self.train.select(self.fold == k)

    def check_fold(self, k: int) -> None:
        """Raise `DataError` when a class is missing from what is left without fold `k`."""
        left = self.train.labels[self.fold != k]
        check_classes(left, self.class_names, f"the train part without fold {k}")


def check_classes(labels, class_names, part: str) -> None:
    """Raise `DataError` when a class has no sample in `part` or a label has no class."""
    labels = np.asarray(labels)
    found = set(np.unique(labels).tolist())
    strange = sorted(found - set(range(len(class_names))))
    if strange:
        raise DataError(
            f"Labels of {part} must be between 0 and {len(class_names) - 1}, not {strange[0]}"
        )
    missing = [name for k, name in enumerate(class_names) if k not in found]
    if missing:
        raise DataError(
            f"Class {missing[0]!r} must have a sample in {part}, not none. "
            "Add recordings of it, or leave the class out of the whole data set."
        )


def stratified_folds(labels, n_folds: int, seed: int) -> np.ndarray:
    """Return a fold number for each sample such that every class is spread evenly.

    Parameters
    ----------
    labels : (S,) int
        Class of each sample.
    n_folds : int
        Number of folds; no class may have fewer samples.
    seed : int
        Of the shuffle within each class.

    Returns
    -------
    fold : (S,) int64
        Sizes within a class differ by at most one.
    """
    labels = np.asarray(labels)
    rng = np.random.default_rng(seed)
    fold = np.empty(labels.size, np.int64)
    offset = 0
    for k in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == k))
        if members.size < n_folds:
            raise DataError(
                f"Class {k} must have at least {n_folds} samples, not {members.size}. "
                "Use fewer folds."
            )
        # Start where the last class ended, so that the folds as a whole are even too.
        fold[members] = (np.arange(members.size) + offset) % n_folds
        offset += members.size
    return fold
