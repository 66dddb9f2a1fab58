"""Trace STDP of the recurrent synapses of a network that a held current drives, compiled.

The rule and its order are those of `float_stdp` (eq. (3)-(5)): decay the traces, change the
weights with the traces of past spikes, then add this step's spikes. Every synapse has constants of
its own; its two traces are brought up to date only when a spike touches it, which costs nothing
in a step without one.
"""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(cache=True, error_model="numpy")
def learn_current(
    current, hold, row_ptr, col_idx, pre_idx, post_ptr, post_syn, sign, magnitude, magnitude_max,
    tau_plus, tau_minus, eta_plus, eta_minus, trace_step, dt,
    alpha, gain, threshold, reset, drop, floor, refractory,
):  # fmt: skip
    """Change `magnitude` in place over one run from rest; return the spikes of each neuron.

    Parameters
    ----------
    current : (M, N) float64
        Of each sample, held for `hold` steps.
    row_ptr, col_idx, pre_idx : the recurrent rows, and the source of each synapse
    post_ptr, post_syn : the same synapses by target
    sign : (N,) float64
        +1 or -1 of each source.
    magnitude, magnitude_max : (nnz,) float64
        Weight of each synapse without its sign, and the greatest it may have.
    tau_plus, tau_minus : (nnz,) float64
        Time constants of the trace of the source and of the target [ms].
    eta_plus, eta_minus : (nnz,) float64
        Change per unit of trace, in units of weight.

    Returns
    -------
    spikes : (N,) int64
    """
    n, nnz = alpha.size, col_idx.size
    v, syn, wait = np.zeros(n), np.zeros(n), np.zeros(n, np.int32)
    fired, n_fired = np.empty(n, np.int32), 0
    x, y = np.zeros(nnz), np.zeros(nnz)
    x_step, y_step = np.zeros(nnz, np.int64), np.zeros(nnz, np.int64)
    spikes = np.zeros(n, np.int64)
    for t in range(current.shape[0] * hold):
        m = t // hold
        for q in range(n_fired):
            i = fired[q]
            for p in range(row_ptr[i], row_ptr[i + 1]):
                syn[col_idx[p]] += sign[i] * magnitude[p]
        n_fired = 0
        for j in range(n):
            u = alpha[j] * v[j] + gain[j] * (syn[j] + current[m, j])
            syn[j] = 0.0
            if wait[j] > 0:
                wait[j] -= 1
                u = v[j] if drop.size else reset[j]
            elif u >= threshold[j]:
                u = max(u - drop[j], floor[j]) if drop.size else reset[j]
                wait[j] = refractory[j]
                fired[n_fired] = j
                n_fired += 1
                spikes[j] += 1
            elif u < floor[j]:
                u = floor[j]
            v[j] = u
        for q in range(n_fired):
            j = fired[q]
            for r in range(post_ptr[j], post_ptr[j + 1]):
                p = post_syn[r]
                up = eta_plus[p] * x[p] * np.exp(-(t - x_step[p]) * dt / tau_plus[p])
                magnitude[p] = min(magnitude[p] + up, magnitude_max[p])
        for q in range(n_fired):
            i = fired[q]
            for p in range(row_ptr[i], row_ptr[i + 1]):
                down = eta_minus[p] * y[p] * np.exp(-(t - y_step[p]) * dt / tau_minus[p])
                magnitude[p] = max(magnitude[p] - down, 0.0)
                x[p] = x[p] * np.exp(-(t - x_step[p]) * dt / tau_plus[p]) + trace_step
                x_step[p] = t
        for q in range(n_fired):
            j = fired[q]
            for r in range(post_ptr[j], post_ptr[j + 1]):
                p = post_syn[r]
                y[p] = y[p] * np.exp(-(t - y_step[p]) * dt / tau_minus[p]) + trace_step
                y_step[p] = t
    return spikes
