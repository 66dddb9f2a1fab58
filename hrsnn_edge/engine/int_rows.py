"""Rows of weights as the kernels take them, and their delivery: sparse, or dense in 8 bits.

Inputs and neurons are sources of one matrix, inputs first. Sums of integers do not depend on their
order, so a step may add its rows in groups. Where at least one synapse in 16 is there, a dense row
of 8-bit weights that is added with vector instructions costs less than a sparse row whose targets
are visited one by one (measured in ``docs/decisions.md``).
"""

from __future__ import annotations

import numba as nb
import numpy as np

from hrsnn_edge.network import IntNetwork, SparseRows

#: Rows that are added at once: their sum is formed in 16 bits and stored once.
GROUP = 8
#: A dense row has a multiple of so many columns: whole vectors, without a remainder.
COLUMNS = 64
#: Least share of synapses for which dense rows pay, and the greatest matrix [bytes].
DENSE_SHARE, DENSE_BYTES = 1 / 16, 1 << 26


def kernel_rows(rows: SparseRows, shift):
    """Return row pointer, narrow targets and the weights with their shift, for the kernels."""
    narrow = np.uint16 if rows.n_post <= 1 << 16 else np.uint32
    weights = (rows.weights << shift[rows.pre_idx]).astype(np.int16)
    return rows.row_ptr, rows.col_idx.astype(narrow), weights


def delivery_args(net: IntNetwork, word) -> tuple:
    """Return the rows of all sources in the order that `deliver` takes them.

    Either the sparse or the dense ones are empty.
    """
    parts = [(net.w_in, net.shift_in), (net.w_rec, net.shift_rec)]
    dense, row_gain, unit = dense_rows(net)
    if dense.size:
        parts = [
            (SparseRows.from_dense(np.zeros((0, net.n_neurons), bool)), shift[:0])
            for _, shift in parts
        ]
    (in_ptr, in_col, in_w), (rec_ptr, rec_col, rec_w) = (kernel_rows(*part) for part in parts)
    return (
        np.concatenate([in_ptr, in_ptr[-1] + rec_ptr[1:]]),
        np.concatenate([in_col, rec_col]), np.concatenate([in_w, rec_w]),
        dense, row_gain, word(unit),
    )  # fmt: skip


def dense_rows(net: IntNetwork) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the weights of all sources and one empty row, and each row's gain; or no rows.

    Returns
    -------
    dense : (n_inputs + N + 1, columns) int8
        Empty where sparse rows are faster or the sum of a group could leave 16 bits.
    row_gain : (n_inputs + N + 1,) int16
        Factor of a row.
    unit : int
        Factor of all rows.
    """
    none = np.zeros((0, 0), np.int8), np.zeros(0, np.int16), 1
    n_sources, n = net.n_inputs + net.n_neurons, net.n_neurons
    columns = -(-n // COLUMNS) * COLUMNS
    share = (net.w_in.nnz + net.w_rec.nnz) / max(n_sources * n, 1)
    if share < DENSE_SHARE or (n_sources + 1) * columns > DENSE_BYTES:
        return none
    shift = np.concatenate([net.shift_in, net.shift_rec]).astype(np.int64)
    gain = 1 << (shift - shift.min())
    weights = np.concatenate([net.w_in.weights, net.w_rec.weights]).astype(np.int64)
    source = np.concatenate([net.w_in.pre_idx, net.n_inputs + net.w_rec.pre_idx])
    if GROUP * np.abs(weights * gain[source]).max() > 32767:
        return none
    dense = np.zeros((n_sources + 1, columns), np.int8)
    dense[source, np.concatenate([net.w_in.col_idx, net.w_rec.col_idx])] = weights
    return dense, np.append(gain, 0).astype(np.int16), 1 << int(shift.min())


@nb.njit(cache=True, nogil=True)
def add_group(acc, dense, row_gain, unit, sources, q):
    """Add the dense rows of the eight sources from place `q` of a list.

    The weighted sum of eight rows fits 16 bits, which the packing has seen to.
    """
    word, half = acc.dtype.type, np.int16
    a, b, c, d = sources[q], sources[q + 1], sources[q + 2], sources[q + 3]
    e, f, g, h = sources[q + 4], sources[q + 5], sources[q + 6], sources[q + 7]
    row_a, row_b, row_c, row_d = dense[a], dense[b], dense[c], dense[d]
    row_e, row_f, row_g, row_h = dense[e], dense[f], dense[g], dense[h]
    gain_a, gain_b, gain_c, gain_d = row_gain[a], row_gain[b], row_gain[c], row_gain[d]
    gain_e, gain_f, gain_g, gain_h = row_gain[e], row_gain[f], row_gain[g], row_gain[h]
    for j in range(acc.size):
        # Every partial sum is cut to 16 bits, else Numba goes on in 64 and the vectors are short.
        s = half(half(half(row_a[j]) * gain_a) + half(half(row_b[j]) * gain_b))
        s = half(s + half(half(half(row_c[j]) * gain_c) + half(half(row_d[j]) * gain_d)))
        s = half(s + half(half(half(row_e[j]) * gain_e) + half(half(row_f[j]) * gain_f)))
        s = half(s + half(half(half(row_g[j]) * gain_g) + half(half(row_h[j]) * gain_h)))
        acc[j] += word(word(s) * unit)


@nb.njit(cache=True, nogil=True)
def scatter(acc, row_ptr, col_idx, weights, source):
    """Add the sparse row of one source to the accumulators."""
    for k in range(row_ptr[source], row_ptr[source + 1]):
        acc[col_idx[k]] += weights[k]


@nb.njit(cache=True, nogil=True)
def deliver(acc, sources, n_active, row_ptr, col_idx, weights, dense, row_gain, unit):
    """Add the rows of the first `n_active` of a list of sources.

    `acc` has as many values as a dense row, `sources` room for `GROUP` - 1 more.
    """
    if not dense.size:
        for q in range(n_active):
            scatter(acc, row_ptr, col_idx, weights, sources[q])
        return
    for q in range(n_active, n_active + GROUP - 1):
        sources[q] = dense.shape[0] - 1
    for q in range(0, n_active, GROUP):
        add_group(acc, dense, row_gain, unit, sources, q)
