"""Delivery of spikes over sparse rows, and the currents of exponential synapses."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.fixed import saturate, scale_toward_zero
from hrsnn_edge.network import IntNetwork, SparseRows


def deliver(rows: SparseRows, shift, fired) -> np.ndarray:
    """Return the sum that the fired sources add to every target.

    Parameters
    ----------
    rows : SparseRows of int
        Weights, a row a source.
    shift : (n_pre,) int
        Left shift of each row's weights.
    fired : (n_pre,) bool
        Sources with a spike or event.

    Returns
    -------
    (n_post,) int64
        ``sum_i fired[i] * (weight[i, j] << shift[i])``; exact, so the order does not matter.
    """
    syn_sum = np.zeros(rows.n_post, np.int64)
    for source in np.flatnonzero(fired):
        row = slice(rows.row_ptr[source], rows.row_ptr[source + 1])
        syn_sum[rows.col_idx[row]] += rows.weights[row].astype(np.int64) << int(shift[source])
    return syn_sum


def current_step(i_syn, syn_sum, net: IntNetwork) -> np.ndarray:
    """Return the (N,) int64 synaptic currents of a network with exponential synapses.

    Parameters
    ----------
    i_syn, syn_sum : (N,) int64
        Currents before the step [LSB of ``v``]; sum delivered in it [LSB of a weight].

    Notes
    -----
    ``saturate(trunc(i_syn * syn_decay / 2**decay_width) + (syn_sum << v_shift), syn_width)``.
    """
    decay = net.synapses.syn_decay.astype(np.int64)
    left = scale_toward_zero(i_syn, decay, net.fmt.decay_width)
    return saturate(left + (syn_sum << net.fmt.v_shift), net.synapses.syn_width)
