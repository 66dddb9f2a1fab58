"""Trace STDP of a float network, compiled, sample after sample (eq. (3)-(5)).

Order within a step as in ``docs/numeric-contract.md``: deliver, update the membranes, then
plasticity: decay the traces, change the weights with the traces of past spikes, add this step's
spikes to the traces. Weights are magnitudes here; the sign belongs to the source.
"""

from __future__ import annotations

import numba as nb
import numpy as np


@nb.njit(cache=True, error_model="numpy")
def learn(
    sample_ptr, ev_t, ev_addr, n_steps, eta_scale,
    row_ptr, col_idx, sign, kind, plastic, magnitude, magnitude_max,
    post_ptr, post_syn, pre_idx,
    decay_plus, class_plus, eta_plus, decay_minus, class_minus, eta_minus, trace_step,
    alpha, beta, gain, threshold, reset, drop, floor, refractory, normalise,
):  # fmt: skip
    """Change `magnitude` in place, one pass over the samples; return the spikes of each.

    Parameters
    ----------
    sample_ptr, ev_t, ev_addr, n_steps
        The events, as in `EventBatch`.
    eta_scale : (S,) float64
        Factor of all changes during each sample.
    row_ptr, col_idx : sparse rows of all sources, inputs first
    sign, kind, plastic : (n_sources,)
        +1 or -1; 0 input, 1 excitatory, 2 inhibitory; whether the row learns.
    magnitude, magnitude_max, eta_plus, eta_minus : (nnz,) float64
        Of each synapse; the etas already in units of weight.
    post_ptr, post_syn, pre_idx : the same synapses by target, and the source of each
    decay_plus, decay_minus : (n_sources, C), (N, C) float64
        Factor of the C traces of each source and neuron in one step.
    class_plus, class_minus : (nnz,) int
        Which of the C traces a synapse reads.
    beta : (N,) or (0,) float64
        Decay of the synaptic currents; empty with delta synapses.
    normalise : bool
        Rescale, after each sample, the incoming sum of each kind to its value at the start.

    Returns
    -------
    spikes : (S,) int64
        Spikes of the recurrent layer in each sample.
    """
    n = alpha.size
    n_sources = sign.size
    n_inputs = n_sources - n
    n_class = decay_plus.shape[1]
    goal = np.zeros((n, 3))
    for p in range(col_idx.size):
        goal[col_idx[p], kind[pre_idx[p]]] += magnitude[p]
    spikes = np.zeros(n_steps.size, np.int64)
    v, syn, wait = np.zeros(n), np.zeros(n), np.zeros(n, np.int32)
    current, lasts = np.zeros(beta.size), beta.size > 0
    x, y = np.zeros((n_sources, n_class)), np.zeros((n, n_class))
    fired, n_fired = np.empty(n, np.int32), 0
    total = np.zeros((n, 3))
    for s in range(n_steps.size):
        v[:], syn[:], wait[:], current[:] = 0.0, 0.0, 0, 0.0
        x[:], y[:] = 0.0, 0.0
        n_fired = 0
        event = sample_ptr[s]
        for t in range(n_steps[s]):
            first = event
            while event < sample_ptr[s + 1] and ev_t[event] == t:
                k = ev_addr[event]
                for p in range(row_ptr[k], row_ptr[k + 1]):
                    syn[col_idx[p]] += magnitude[p]
                event += 1
            for q in range(n_fired):
                i = n_inputs + fired[q]
                for p in range(row_ptr[i], row_ptr[i + 1]):
                    syn[col_idx[p]] += sign[i] * magnitude[p]
            n_fired = 0
            for j in range(n):
                drive = syn[j]
                syn[j] = 0.0
                if lasts:
                    drive += beta[j] * current[j]
                    current[j] = drive
                u = alpha[j] * v[j] + gain[j] * drive
                if wait[j] > 0:
                    wait[j] -= 1
                    u = v[j] if drop.size else reset[j]
                elif u >= threshold[j]:
                    u = max(u - drop[j], floor[j]) if drop.size else reset[j]
                    wait[j] = refractory[j]
                    fired[n_fired] = j
                    n_fired += 1
                elif u < floor[j]:
                    u = floor[j]
                v[j] = u
            spikes[s] += n_fired
            for i in range(n_sources):
                for c in range(n_class):
                    x[i, c] *= decay_plus[i, c]
            for j in range(n):
                for c in range(n_class):
                    y[j, c] *= decay_minus[j, c]
            for q in range(n_fired):
                j = fired[q]
                for r in range(post_ptr[j], post_ptr[j + 1]):
                    p = post_syn[r]
                    i = pre_idx[p]
                    if plastic[i]:
                        up = eta_scale[s] * eta_plus[p] * x[i, class_plus[p]]
                        magnitude[p] = min(magnitude[p] + up, magnitude_max[p])
            # Sources that fired in this step: its input events, then the neurons.
            for q in range(event - first + n_fired):
                if q < event - first:
                    i = ev_addr[first + q]
                else:
                    i = n_inputs + fired[q - (event - first)]
                if plastic[i]:
                    for p in range(row_ptr[i], row_ptr[i + 1]):
                        down = eta_scale[s] * eta_minus[p] * y[col_idx[p], class_minus[p]]
                        magnitude[p] = max(magnitude[p] - down, 0.0)
                for c in range(n_class):
                    x[i, c] += trace_step
            for q in range(n_fired):
                for c in range(n_class):
                    y[fired[q], c] += trace_step
        if normalise:
            total[:] = 0.0
            for p in range(col_idx.size):
                total[col_idx[p], kind[pre_idx[p]]] += magnitude[p]
            for p in range(col_idx.size):
                j, k = col_idx[p], kind[pre_idx[p]]
                if plastic[pre_idx[p]] and total[j, k] > 0.0:
                    magnitude[p] = min(magnitude[p] * goal[j, k] / total[j, k], magnitude_max[p])
    return spikes
