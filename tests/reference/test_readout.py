"""The integer readout."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.network import LinearReadout
from hrsnn_edge.reference.readout import bin_of, classify, readout_step


def test_hand_worked():
    """Neurons 0 and 2 fire in bin 1: (5, -1) + (10, 20) + (3, 4) = (18, 23)."""
    w_out = np.zeros((2, 3, 2), np.int32)
    w_out[1] = [[10, 20], [100, 100], [3, 4]]
    readout = LinearReadout(w_out, np.zeros(2, np.int32))
    acc = readout_step(np.array([5, -1]), np.array([True, False, True]), 1, readout)
    assert acc.tolist() == [18, 23]


def test_tie_goes_to_the_lowest_class():
    """Among equal outputs the lowest index is the class."""
    assert classify(np.array([-4, 9, 2, 9])) == 1


@given(st.integers(1, 200), st.integers(1, 8))
def test_bins_rise_and_are_equal(n_steps, n_bins):
    """Bins rise from 0, stay below n_bins and differ in length by at most one step."""
    bins = [bin_of(t, n_steps, n_bins) for t in range(n_steps)]
    assert bins == sorted(bins) and bins[0] == 0 and bins[-1] <= n_bins - 1
    sizes = np.bincount(bins, minlength=n_bins)
    assert sizes.max() - sizes.min() <= 1
