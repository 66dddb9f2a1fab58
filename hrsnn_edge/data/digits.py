"""The handwritten digits that ship inside scikit-learn: 1,797 images of 8 x 8 pixels, 0..16.

No download. The split is fixed by `SPLIT_SEED`: every fifth sample of a class, after a shuffle
within the class, is test; the rest has `n_folds` stratified validation folds.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits as load_sklearn_digits

from hrsnn_edge.data.dataset import Dataset, stratified_folds
from hrsnn_edge.data.encode import rate_poisson, rate_regular
from hrsnn_edge.data.events import Split

#: Seed of the split; a constant, so that accuracies of different runs can be compared.
SPLIT_SEED = 2024
#: One part in this many is test.
TEST_SHARE = 5


def load_images() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pixels (1797, 64) in 0..1, the labels (1797,) and a mask of the test part."""
    data = load_sklearn_digits()
    labels = data.target.astype(np.int64)
    return data.data / 16.0, labels, stratified_folds(labels, TEST_SHARE, SPLIT_SEED) == 0


def load_digits(
    *,
    n_steps: int = 48,
    p_max: float = 0.34,
    code: str = "regular",
    n_folds: int = 4,
    seed: int = 0,
) -> Dataset:
    """Return the digits, rate coded, one channel a pixel.

    By default a pixel sends as many events as its grey value, 0..16, at even distances: the shot
    noise of a Poisson code costs about 3 points.

    Parameters
    ----------
    n_steps : int
        Steps of a sample.
    p_max : float
        Events per step of a black pixel.
    code : str
        ``'poisson'`` (independent draws) or ``'regular'`` (even distances, no noise).
    n_folds : int
        Validation folds inside the train part.
    seed : int
        Of the Poisson draws; the split does not depend on it.
    """
    pixels, labels, is_test = load_images()
    if code == "poisson":
        events = rate_poisson(pixels, n_steps, p_max, seed)
    elif code == "regular":
        events = rate_regular(pixels, n_steps, p_max)
    else:
        raise ValueError(f"Code of the digits must be 'poisson' or 'regular', not {code!r}")
    return Dataset(
        name="digits",
        class_names=tuple("0123456789"),
        train=Split(events.select(~is_test), labels[~is_test]),
        test=Split(events.select(is_test), labels[is_test]),
        fold=stratified_folds(labels[~is_test], n_folds, SPLIT_SEED + 1),
        features_train=pixels[~is_test],
        features_test=pixels[is_test],
    )
