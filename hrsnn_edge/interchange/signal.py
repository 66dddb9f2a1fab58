"""Linear maps of spike trains: what a graph computes between its populations.

Everything between two populations of neurons (weights, scales, convolutions, delays, sums) is one
linear map of the spikes of its sources, some steps ago, plus a constant. Values are immutable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

#: Source of one value that is always 1: a constant that starts late, behind a delay.
CONSTANT = "(constant)"


@dataclass(frozen=True, eq=False)
class Signal:
    """``y(t) = bias + sum over sources s and delays d of terms[s, d]^T x_s(t - d)``.

    Attributes
    ----------
    terms : mapping of (str, int) to (n_source, size) sparse array
        Weights from a source, by name and delay in steps.
    bias : (size,) float64
        Constant part, from the first step on; what starts later is a term of `CONSTANT`.
    """

    terms: Mapping[tuple[str, int], sparse.csr_array]
    bias: np.ndarray

    @classmethod
    def of(cls, source: str, size: int) -> Signal:
        """Return the spikes of a source themselves."""
        return cls({(source, 0): sparse.eye_array(size, format="csr")}, np.zeros(size))

    @classmethod
    def zero(cls, size: int) -> Signal:
        """Return the signal that stays 0."""
        return cls({}, np.zeros(size))

    @property
    def size(self) -> int:
        """Number of values in a step."""
        return self.bias.size

    def __add__(self, other: Signal) -> Signal:
        """Return the sum, value by value."""
        terms = dict(self.terms)
        for key, matrix in other.terms.items():
            terms[key] = terms[key] + matrix if key in terms else matrix
        return Signal(terms, self.bias + other.bias)

    def through(self, matrix, bias=0.0) -> Signal:
        """Return ``matrix^T y + bias`` for a (size, m) matrix."""
        matrix = sparse.csr_array(matrix)
        terms = {key: sparse.csr_array(m @ matrix) for key, m in self.terms.items()}
        return Signal(terms, self.bias @ matrix + np.broadcast_to(bias, matrix.shape[1:]))

    def compact(self) -> Signal:
        """Return the same signal without weights of 0."""
        terms = {}
        for key, matrix in self.terms.items():
            kept = sparse.csr_array(matrix, copy=True)
            kept.eliminate_zeros()
            if kept.nnz:
                terms[key] = kept
        return Signal(terms, self.bias)

    def scaled(self, factor) -> Signal:
        """Return ``factor * y``, value by value."""
        return self.through(sparse.diags_array(np.broadcast_to(factor, self.size).astype(float)))

    def delayed(self, steps) -> Signal:
        """Return each value as many steps later as `steps`, (size,) int, says; 0 before that."""
        steps = np.broadcast_to(steps, self.size)
        out = Signal({}, np.where(steps == 0, self.bias, 0))
        for delay in np.unique(steps):
            mask = sparse.diags_array((steps == delay).astype(float))
            terms = {
                (source, d + int(delay)): sparse.csr_array(m @ mask)
                for (source, d), m in self.terms.items()
            }
            if delay > 0 and self.bias[steps == delay].any():
                late = np.where(steps == delay, self.bias, 0)
                terms[CONSTANT, int(delay)] = sparse.csr_array(late[None])
            out = out + Signal(terms, np.zeros(self.size))
        return out

    def pick(self, index) -> Signal:
        """Return the values of `index`, in that order."""
        terms = {key: sparse.csr_array(m[:, index]) for key, m in self.terms.items()}
        return Signal(terms, self.bias[index])


def joined(signals) -> Signal:
    """Return the values of several signals one after the other."""
    signals = list(signals)
    size = sum(s.size for s in signals)
    out, start = Signal.zero(size), 0
    for s in signals:
        place = sparse.eye_array(s.size, size, k=start, format="csr")
        out = out + s.through(place)
        start += s.size
    return out
