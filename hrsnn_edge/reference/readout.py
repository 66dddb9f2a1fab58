"""The integer readout: a linear map of spike counts, one weight set a part of the run."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.network import LinearReadout


def bin_of(t: int, n_steps: int, n_bins: int) -> int:
    """Return the readout bin of step `t` in a run of `n_steps`.

    >>> [bin_of(t, 5, 2) for t in range(5)]
    [0, 0, 0, 1, 1]
    """
    return t * n_bins // n_steps


def readout_step(acc, spikes, bin_idx: int, readout: LinearReadout) -> np.ndarray:
    """Return the (n_out,) int64 accumulators after the spikes of one step."""
    return acc + readout.w_out[bin_idx][spikes].sum(axis=0, dtype=np.int64)


def classify(acc) -> int:
    """Return the class: the lowest index among the greatest accumulators.

    >>> classify([3, 7, 7])
    1
    """
    return int(np.argmax(acc))
