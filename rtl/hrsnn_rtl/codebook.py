"""A codebook: the different sets of parameters that the neurons of a network have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.network import IntNetwork

#: Rows of the least and of the greatest codebook that a core is built with by itself.
MIN_CODEBOOK_ROWS, MAX_CODEBOOK_ROWS = 8, 32


@dataclass(frozen=True, eq=False)
class Codebook:
    """The rows of a network's codebook.

    Attributes
    ----------
    code : (N,) int64
        Row of each neuron.
    first : (R,) int64
        First neuron of each row, which has its parameters.
    """

    code: np.ndarray
    first: np.ndarray

    @classmethod
    def of(cls, net: IntNetwork) -> Codebook:
        """Return the codebook of all parameters that a step of a neuron takes."""
        columns = [net.decay, net.v_threshold, net.refractory_steps, net.v_reset]
        if net.synapses is not None:
            columns.append(net.synapses.syn_decay)
        _, first, code = np.unique(
            np.stack(columns, axis=1), axis=0, return_index=True, return_inverse=True
        )
        return cls(code.reshape(-1), first)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.first.size

    @property
    def size(self) -> int | None:
        """Rows of the codebook to build for the network, a power of two; None if too many."""
        rows = max(MIN_CODEBOOK_ROWS, 1 << (self.n_rows - 1).bit_length())
        return rows if rows <= MAX_CODEBOOK_ROWS else None
