"""Held values as bit planes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.data.planes import Planes


def test_by_hand():
    """-1.5 and 0.75 with one bit below the point are -3 and 1: bits 101 and 001, low bit first."""
    planes = Planes(3, 1)
    whole = planes.integers([[-1.5, 0.75]])
    assert whole.tolist() == [[-3, 1]]
    assert planes.bits(whole).astype(int).tolist() == [[1, 0, 1, 1, 0, 0]]
    assert planes.worth.tolist() == [0.5, 1, -2]
    # Rounded down and saturated.
    assert planes.integers([[0.49, -0.01, 9, -9]]).tolist() == [[0, -1, 3, -4]]


def test_events_hold_the_value_and_the_constant():
    """Each set bit has an event in every step of its sample, the constant in all."""
    events = Planes(2, 0).events([[1], [-2]], hold=2)
    assert events.raster(0).astype(int).tolist() == [[1, 0, 1], [1, 0, 1], [0, 1, 1], [0, 1, 1]]


@given(st.integers(2, 16), st.integers(0, 16), st.data())
def test_planes_add_up_to_the_value(n_bits, frac, data):
    """Bits times what they are worth is the value, and the rows drive with it."""
    planes = Planes(n_bits, frac)
    limit = 1 << (n_bits - 1)
    whole = np.array([data.draw(st.lists(st.integers(-limit, limit - 1), min_size=3, max_size=3))])
    bits = planes.bits(whole)
    assert (bits.reshape(3, n_bits) @ planes.worth).tolist() == (whole[0] / 2**frac).tolist()
    u, constant = np.array([[1.0, -2], [3, 0.5], [0, 4]]), np.array([0.25, 8])
    drive = np.append(bits, [[True]], axis=1) @ planes.weights(u, constant)
    assert drive[0] == pytest.approx(whole[0] / 2**frac @ u + constant)


@given(st.integers(-(1 << 20), (1 << 20) - 1))
def test_a_finer_integer_gives_the_same_planes(x):
    """Cutting bits off an integer equals rounding the value it stands for down."""
    planes = Planes(10, 8)
    assert planes.integers(np.array([x]), 20).tolist() == planes.integers([x / 2.0**20]).tolist()


def test_widths_are_checked():
    """A value has a sign bit and another, and not more than 24."""
    with pytest.raises(ValueError, match="Bits of a value must be between 2 and 24, not 1"):
        Planes(1, 0)
    with pytest.raises(ValueError, match="Bits below the point must be between 0 and 24, not -1"):
        Planes(8, -1)
