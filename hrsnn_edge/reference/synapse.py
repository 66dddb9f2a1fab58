"""Delivery of spikes over sparse rows."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.network import SparseRows


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
