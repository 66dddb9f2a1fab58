from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.data.dataset import check_classes, stratified_folds
from hrsnn_edge.data.digits import load_digits
from hrsnn_edge.errors import DataError


@given(
    sizes=st.lists(st.integers(5, 23), min_size=1, max_size=5),
    n_folds=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_folds_are_even(sizes, n_folds, seed):
    """Folds differ by at most one sample, within each class and as a whole."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    fold = stratified_folds(labels, n_folds, seed)
    for k in range(len(sizes)):
        counts = np.bincount(fold[labels == k], minlength=n_folds)
        assert counts.max() - counts.min() <= 1
    counts = np.bincount(fold, minlength=n_folds)
    assert counts.max() - counts.min() <= 1


def test_small_class_is_refused():
    """A class with fewer samples than folds is named."""
    with pytest.raises(DataError, match="Class 1 must have at least 3 samples, not 2"):
        stratified_folds([0, 0, 0, 1, 1], 3, 0)


def test_missing_class_is_named():
    """A class without a sample is named, with the part."""
    with pytest.raises(DataError, match="Class 'two' must have a sample in the test part"):
        check_classes([0, 1, 1], ("zero", "one", "two"), "the test part")


def test_strange_label_is_named():
    """A label without a class is named."""
    with pytest.raises(DataError, match="between 0 and 1, not 7"):
        check_classes([0, 1, 7], ("zero", "one"), "the train part")


def test_fold_parts_are_disjoint_and_whole():
    """Holding out a fold splits the train part, and each sample is validated once."""
    data = load_digits(n_steps=4)
    sizes = []
    for k in range(data.n_folds):
        fitted, validated = data.fold_parts(k)
        assert len(fitted.labels) + len(validated.labels) == len(data.train.labels)
        sizes.append(len(validated.labels))
    assert sum(sizes) == len(data.train.labels)


def test_fold_that_holds_a_whole_class_is_named():
    """A fold without which a class is gone cannot be validated on, and is named."""
    data = load_digits(n_steps=4)
    torn = replace(data, fold=np.where(data.train.labels == 7, 1, 0))
    with pytest.raises(DataError, match="Class '7' .* in the train part without fold 1, not none"):
        torn.fold_parts(1)


def test_digits_split_is_fixed():
    """The split does not depend on the seed of the encoder, and has 1,437 and 360 samples."""
    a, b = (load_digits(n_steps=4, code="poisson", seed=k) for k in (0, 1))
    np.testing.assert_array_equal(a.train.labels, b.train.labels)
    np.testing.assert_array_equal(a.features_test, b.features_test)
    assert (len(a.train.labels), len(a.test.labels)) == (1437, 360)
    assert a.train.events.t.size != b.train.events.t.size


def test_digits_code_is_checked():
    """An unknown code is refused with the known ones."""
    with pytest.raises(ValueError, match="'poisson' or 'regular', not 'morse'"):
        load_digits(code="morse")


def test_default_code_counts_grey_values():
    """By default the events of a pixel are as many as its grey value, 0..16."""
    data = load_digits()
    for k in range(5):
        counts = data.train.events.raster(k).sum(axis=0)
        np.testing.assert_array_equal(counts, 16 * data.features_train[k])
