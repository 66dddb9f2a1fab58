"""The learning rule of the numeric contract (eq. (3)-(5) in integers)."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.network import IntStdp, SparseRows


def decay_traces(trace, decay, decay_width: int) -> np.ndarray:
    """Return ``(trace * decay) >> decay_width``: rounded down, so a trace dies out."""
    return (trace * decay.astype(np.int64)) >> decay_width


def bump_traces(trace, fired, stdp: IntStdp) -> np.ndarray:
    """Return the traces after the spikes of a step; they saturate at ``trace_width`` bits."""
    return np.where(fired, np.minimum(trace + stdp.trace_step, (1 << stdp.trace_width) - 1), trace)


def plasticity_step(rows: SparseRows, magnitudes, first: int, pre, post, x, y, stdp: IntStdp):
    """Return the magnitudes after one step, and how many increments were not 0.

    Parameters
    ----------
    rows : SparseRows
        The projection.
    magnitudes : (nnz,) int64
        Before the step.
    first : int
        Number of the projection's first source.
    pre, post : (n_pre,), (n_post,) bool
        Sources and targets that fired in this step.
    x, y : (n_inputs + N,), (N,) int64
        Traces after decay and before this step's spikes: coincident spikes stay apart.

    Notes
    -----
    Potentiation of the synapses whose target fired comes before depression of those whose source
    fired; both clip, to the source's `magnitude_max` and to 0.
    """
    source, target = rows.pre_idx, rows.col_idx
    updates = 0

    hit = post[target]
    number = first + source[hit]
    gain = (stdp.eta_plus[number].astype(np.int64) * x[number]) >> stdp.eta_shift
    magnitudes = magnitudes.copy()
    magnitudes[hit] = np.minimum(magnitudes[hit] + gain, stdp.magnitude_max[number])
    updates += np.count_nonzero(gain)

    hit = pre[source]
    loss = (stdp.eta_minus[target[hit]].astype(np.int64) * y[target[hit]]) >> stdp.eta_shift
    magnitudes[hit] = np.maximum(magnitudes[hit] - loss, 0)
    updates += np.count_nonzero(loss)
    return magnitudes, updates
