"""Integer arithmetic of the contract."""

from fractions import Fraction
from math import trunc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.errors import QuantisationError
from hrsnn_edge.fixed import check_range, saturate, scale_toward_zero, signed_range, width_for

widths = st.integers(1, 40)
integers = st.integers(-(2**44), 2**44)


def test_signed_range_by_hand():
    """Eight bits hold -128 .. 127, one bit -1 .. 0."""
    assert signed_range(8) == (-128, 127)
    assert signed_range(1) == (-1, 0)


@given(integers, widths)
def test_saturate(x, width):
    """Saturation is idempotent, lands in the range and leaves what is in it."""
    low, high = signed_range(width)
    y = saturate(x, width)
    assert low <= y <= high and saturate(y, width) == y
    assert y == x or not low <= x <= high
    assert saturate(np.array([x]), width).tolist() == [y]


@given(st.integers(-(2**31), 2**31), st.integers(0, 4095), st.integers(0, 16))
def test_scale_toward_zero(x, factor, shift):
    """The product is the exact quotient without its fraction, for integers and arrays alike."""
    expected = trunc(Fraction(x * factor, 1 << shift))
    assert scale_toward_zero(x, factor, shift) == expected
    assert scale_toward_zero(np.array([x]), np.array([factor]), shift).tolist() == [expected]


@given(integers, integers)
def test_width_for(a, b):
    """The width holds both values and one bit less does not."""
    low, high = min(a, b), max(a, b)
    width = width_for(low, high)
    assert signed_range(width)[0] <= low and high <= signed_range(width)[1]
    if width > 1:
        assert low < signed_range(width - 1)[0] or high > signed_range(width - 1)[1]


def test_check_range_names_the_element():
    """The message names what, which element, the range and the value."""
    check_range("decay", [0, 255], 0, 255)
    with pytest.raises(QuantisationError, match="decay, element 1: must be between 0 and 255, not"):
        check_range("decay", [255, 256, -1], 0, 255)
