"""Held values as events: the bit planes of a signed number, one channel a bit.

The integer contract needs nothing new for an analogue input: plane `k` of a value drives a row of
weights ``u << k``, the plane of the sign bit the negative row, and an event in every step holds the
value. The row of a constant has an event in every step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.data.events import EventBatch


@dataclass(frozen=True)
class Planes:
    """The form of a signed number in two's complement.

    Attributes
    ----------
    n_bits : int
        Bits, the sign bit included.
    frac : int
        Bits below the point: values are ``-2**(n_bits - 1 - frac) .. 2**(n_bits - 1 - frac)``
        without the upper end, in steps of ``2**-frac``.
    """

    n_bits: int
    frac: int

    def __post_init__(self):
        """Check the widths."""
        if not 2 <= self.n_bits <= 24:
            raise ValueError(f"Bits of a value must be between 2 and 24, not {self.n_bits}")
        if not 0 <= self.frac <= 24:
            raise ValueError(f"Bits below the point must be between 0 and 24, not {self.frac}")

    @property
    def worth(self) -> np.ndarray:
        """What a set bit adds to the value, (n_bits,) float64: the last one is negative."""
        worth = 2.0 ** (np.arange(self.n_bits) - self.frac)
        worth[-1] *= -1
        return worth

    def integers(self, values, frac: int | None = None) -> np.ndarray:
        """Return values as integers of `n_bits` bits, rounded down, saturated.

        Parameters
        ----------
        values : float, or int where `frac` is given
            Real values, or integers with `frac` bits below the point, at least the planes' own.
        """
        if frac is None:
            whole = np.floor(np.asarray(values, np.float64) * 2.0**self.frac).astype(np.int64)
        else:
            whole = np.asarray(values, np.int64) >> (frac - self.frac)
        return np.clip(whole, -(1 << (self.n_bits - 1)), (1 << (self.n_bits - 1)) - 1)

    def bits(self, whole) -> np.ndarray:
        """Return the bits of integers (M, D), (M, D * n_bits) bool, coordinate by coordinate.

        >>> Planes(3, 0).bits([[-2, 3]]).astype(int)
        array([[0, 1, 1, 1, 1, 0]])
        """
        whole = np.asarray(whole, np.int64)
        set_bits = (whole[..., None] >> np.arange(self.n_bits)) & 1
        return set_bits.reshape(len(whole), -1).astype(bool)

    def events(self, whole, hold: int) -> EventBatch:
        """Return one sample of events that hold each row of integers (M, D) for `hold` steps.

        The last channel is the constant.
        """
        bits = self.bits(whole)
        rows = np.concatenate([bits, np.ones((len(bits), 1), bool)], axis=1)
        return EventBatch.from_rasters([np.repeat(rows, hold, axis=0)])

    def weights(self, u, constant) -> np.ndarray:
        """Return dense input weights, (D * n_bits + 1, N), that drive with ``x @ u + constant``.

        Parameters
        ----------
        u : (D, N) float
            Weights of the coordinates.
        constant : (N,) float
            Of the constant.
        """
        planes = np.asarray(u)[:, None, :] * self.worth[None, :, None]
        return np.concatenate([planes.reshape(-1, planes.shape[2]), np.asarray(constant)[None]])
