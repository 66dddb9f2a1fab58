"""Gradients of a float network through time, event-driven, with a surrogate of the spike's slope.

For one sample, with ``u = (x - th) / th`` and ``psi = 1 / (1 + slope |u|)**2 / th``, backward in
time and with nothing passed through the reset or the refractory period::

    gs[t] = dL/dcount[bin(t)] + sum_j w[i, j] gain_j gx[t + 1, j]
    gx[t] = gs[t] psi[t] + alpha gx[t + 1]          (the second where the membrane went on freely)

Weights of an event take part once, where their event falls, so a sample costs one sweep over the
recurrent synapses a step and nothing else that grows with them.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import floor_of, step_gain
from hrsnn_edge.network import FloatNetwork

#: Parts of a batch whose gradients are summed apart, so that no sum depends on the threads.
_PARTS = 8
#: What happened to a membrane in a step.
_FREE, _FLOORED, _FIRED, _HELD = 0, 1, 2, 3


@nb.njit(cache=True, parallel=True, error_model="numpy")
def _gradients(
    sample_ptr, ev_t, ev_addr, n_steps,
    in_ptr, in_col, in_w, rec_ptr, rec_col, rec_w,
    alpha, gain, leaky, threshold, reset, floor, refractory, slope,
    by_count, g_in, g_rec, g_alpha, g_threshold,
):  # fmt: skip
    """Add the gradients of the samples to the parts `g_...` (P, size)."""
    n_samples, n_bins, n = by_count.shape
    n_parts = g_in.shape[0]
    longest = n_steps.max()
    for part in nb.prange(n_parts):
        x = np.empty((longest, n))
        before = np.empty((longest, n))
        drive = np.empty((longest, n))
        fate = np.empty((longest, n), np.uint8)
        fired = np.empty(longest * n, np.int32)
        fired_ptr = np.zeros(longest + 1, np.int64)
        for s in range(part, n_samples, n_parts):
            steps = n_steps[s]
            first, last = sample_ptr[s], sample_ptr[s + 1]
            # Forward, in the order of the engine.
            v, syn, wait = np.zeros(n), np.zeros(n), np.zeros(n, np.int32)
            event, n_fired = first, 0
            for t in range(steps):
                while event < last and ev_t[event] == t:
                    k = ev_addr[event]
                    for p in range(in_ptr[k], in_ptr[k + 1]):
                        syn[in_col[p]] += in_w[p]
                    event += 1
                if t > 0:
                    for q in range(fired_ptr[t - 1], fired_ptr[t]):
                        i = fired[q]
                        for p in range(rec_ptr[i], rec_ptr[i + 1]):
                            syn[rec_col[p]] += rec_w[p]
                fired_ptr[t] = n_fired
                for j in range(n):
                    before[t, j], drive[t, j] = v[j], syn[j]
                    new = alpha[j] * v[j] + gain[j] * syn[j]
                    syn[j] = 0.0
                    x[t, j] = new
                    if wait[j] > 0:
                        wait[j] -= 1
                        fate[t, j], v[j] = _HELD, reset[j]
                    elif new >= threshold[j]:
                        wait[j] = refractory[j]
                        fate[t, j], v[j] = _FIRED, reset[j]
                        fired[n_fired] = j
                        n_fired += 1
                    elif new < floor[j]:
                        fate[t, j], v[j] = _FLOORED, floor[j]
                    else:
                        fate[t, j], v[j] = _FREE, new
                fired_ptr[t + 1] = n_fired
            # Backward.
            later, now = np.zeros(n), np.zeros(n)
            event = last - 1
            for t in range(steps - 1, -1, -1):
                b = t * n_bins // steps
                for i in range(n):
                    state = fate[t, i]
                    if state == _HELD:
                        now[i] = 0.0
                        continue
                    gs = by_count[s, b, i]
                    for p in range(rec_ptr[i], rec_ptr[i + 1]):
                        j = rec_col[p]
                        gs += rec_w[p] * gain[j] * later[j]
                    th = threshold[i]
                    u = (x[t, i] - th) / th
                    psi = 1.0 / (1.0 + slope * abs(u)) ** 2 / th
                    gx = gs * psi
                    g_threshold[part, i] -= gx * x[t, i] / th
                    carried = alpha[i] * later[i]
                    if state == _FREE:
                        gx += carried
                    elif state == _FLOORED:
                        g_threshold[part, i] += carried * floor[i] / th
                    now[i] = gx
                    change = before[t, i]
                    if leaky:
                        change -= drive[t, i]
                    g_alpha[part, i] += gx * change
                while event >= first and ev_t[event] == t:
                    k = ev_addr[event]
                    for p in range(in_ptr[k], in_ptr[k + 1]):
                        g_in[part, p] += gain[in_col[p]] * now[in_col[p]]
                    event -= 1
                if t > 0:
                    for q in range(fired_ptr[t - 1], fired_ptr[t]):
                        i = fired[q]
                        for p in range(rec_ptr[i], rec_ptr[i + 1]):
                            g_rec[part, p] += gain[rec_col[p]] * now[rec_col[p]]
                later, now = now, later


def surrogate_gradients(
    net: FloatNetwork, events: EventBatch, by_count: np.ndarray, slope: float
) -> dict[str, np.ndarray]:
    """Return the gradients of a loss by everything a neuron and a synapse can learn.

    Parameters
    ----------
    net : FloatNetwork
        With delta synapses.
    events : EventBatch
        The samples.
    by_count : (S, n_bins, N) float64
        Derivative of the loss by the spikes of each neuron in each part of each sample.
    slope : float
        Of the surrogate.

    Returns
    -------
    gradients : dict
        By ``w_in`` and ``w_rec`` (of each synapse), ``alpha`` and ``v_threshold`` (N,); the floor
        of the membrane follows its threshold. The same for any number of threads.
    """
    sizes = {
        "w_in": net.w_in.nnz,
        "w_rec": net.w_rec.nnz,
        "alpha": net.n_neurons,
        "v_threshold": net.n_neurons,
    }
    parts = {name: np.zeros((_PARTS, size)) for name, size in sizes.items()}
    _gradients(
        events.sample_ptr, events.t, events.address, events.n_steps,
        net.w_in.row_ptr, net.w_in.col_idx, net.w_in.weights,
        net.w_rec.row_ptr, net.w_rec.col_idx, net.w_rec.weights,
        net.alpha, step_gain(net), net.gain_mode == "leaky", net.v_threshold, net.v_reset,
        floor_of(net), net.refractory_steps.astype(np.int32), float(slope),
        np.ascontiguousarray(by_count, np.float64), *parts.values(),
    )  # fmt: skip
    return {name: part.sum(axis=0) for name, part in parts.items()}
