"""Integer arithmetic of the numeric contract: ranges, saturation and rounding.

The whole contract is in ``docs/numeric-contract.md``. Functions work on Python integers and on
NumPy integer arrays alike and never use floating point.
"""

from __future__ import annotations

import numpy as np

from hrsnn_edge.errors import QuantisationError


def signed_range(width: int) -> tuple[int, int]:
    """Return the least and the greatest value of a two's complement word of `width` bits."""
    return -(1 << (width - 1)), (1 << (width - 1)) - 1


def saturate(x, width: int):
    """Clamp `x` to the range of a signed word of `width` bits.

    >>> saturate(200, 8), saturate(-200, 8)
    (127, -128)
    """
    low, high = signed_range(width)
    if isinstance(x, int):
        return min(max(x, low), high)
    return np.clip(x, low, high)


def scale_toward_zero(x, factor, shift: int):
    """Return ``x * factor / 2**shift`` rounded toward zero; `factor` is unsigned.

    >>> scale_toward_zero(-5, 128, 8), scale_toward_zero(5, 128, 8)
    (-2, 2)
    """
    product = x * factor
    if isinstance(product, int):
        return product >> shift if product >= 0 else -(-product >> shift)
    # An arithmetic shift rounds toward minus infinity: add one where that cut something off.
    return np.where(product >= 0, product >> shift, -((-product) >> shift))


def width_for(low: int, high: int) -> int:
    """Return the bits of the narrowest signed word that holds `low` and `high`.

    >>> width_for(-128, 127), width_for(0, 128), width_for(0, 0)
    (8, 9, 1)
    """
    return max((~x if x < 0 else x).bit_length() for x in (int(low), int(high))) + 1


def check_range(name: str, values, low: int, high: int) -> None:
    """Raise `QuantisationError` that names the first element of `values` outside low..high."""
    values = np.asarray(values)
    bad = np.flatnonzero((values < low) | (values > high))
    if bad.size:
        raise QuantisationError(
            f"{name}, element {bad[0]}: must be between {low} and {high}, "
            f"not {values.ravel()[bad[0]]}"
        )
