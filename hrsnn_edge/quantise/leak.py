"""Decays that a part without multipliers can apply: two shifts and an addition."""

from __future__ import annotations

from itertools import combinations

import numpy as np


def two_power_decays(decay, width: int) -> np.ndarray:
    """Return the nearest decays that are sums of at most two powers of two.

    Parameters
    ----------
    decay : (N,) int
        Unsigned, 0 .. ``2**width - 1``.
    width : int
        Bits of a decay.

    Returns
    -------
    (N,) int32
        Of two equally near ones the greater. The arithmetic of the contract stays as it is.

    Examples
    --------
    >>> two_power_decays([0, 7, 13, 255], 8).tolist()
    [0, 8, 12, 192]
    """
    powers = [1 << k for k in range(width)]
    allowed = np.array(sorted({0, *powers, *(a + b for a, b in combinations(powers, 2))}))
    decay = np.asarray(decay)
    above = np.minimum(np.searchsorted(allowed, decay), allowed.size - 1)
    below = np.maximum(above - 1, 0)
    nearer = np.abs(decay - allowed[below]) < np.abs(allowed[above] - decay)
    return np.where(nearer, allowed[below], allowed[above]).astype(np.int32)
