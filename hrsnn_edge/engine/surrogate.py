"""Gradients of a float network through time, event-driven, with a surrogate of the spike's slope.

For one sample, with ``u = (x - th) / th`` and ``psi = 1 / (1 + slope |u|)**2 / th``, backward in
time and with nothing passed through the reset or the refractory period::

    gs[t] = dL/dcount[bin(t)] + sum_j w[i, j] gain_j gx[t + 1, j]
    gx[t] = gs[t] psi[t] + alpha gx[t + 1]          (the second where the membrane went on freely)

With a subtractive reset it goes on through a spike too, and the threshold takes part in what the
spike takes off.

Weights of an event take part once, where their event falls, so a sample costs one sweep over the
recurrent synapses a step and nothing else that grows with them. `_LANES` samples go through a
sweep together, each synapse read once for all of them.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import floor_of, step_gain
from hrsnn_edge.network import FloatNetwork

#: Parts of a batch whose gradients are summed apart, so that no sum depends on the threads.
_PARTS = 8
#: Samples of like length that one thread takes side by side, as one vector.
_LANES = 8
#: What happened to a membrane in a step.
_FREE, _FLOORED, _FIRED, _HELD = 0, 1, 2, 3


@nb.njit(cache=True, parallel=True, error_model="numpy")
def _gradients(
    order, sample_ptr, ev_t, ev_addr, n_steps,
    in_ptr, in_col, in_w, rec_ptr, rec_col, rec_w,
    alpha, gain, leaky, threshold, reset, drop, floor, refractory, slope,
    by_count, g_in, g_rec, g_alpha, g_threshold,
):  # fmt: skip
    """Add the gradients of the samples, `_LANES` at a time, to the parts `g_...` (P, size)."""
    n_samples, n_bins, n = by_count.shape
    n_parts = g_in.shape[0]
    longest = n_steps.max()
    n_blocks = (n_samples + _LANES - 1) // _LANES
    back_w = rec_w * gain[rec_col]
    subtracts = drop.size > 0
    for part in nb.prange(n_parts):
        x = np.empty((longest, n, _LANES))
        fate = np.empty((longest, n, _LANES), np.uint8)
        fired = np.empty((_LANES, longest * n), np.int32)
        fired_ptr = np.zeros((_LANES, longest + 1), np.int64)
        steps = np.zeros(_LANES, np.int64)
        event, last = np.zeros(_LANES, np.int64), np.zeros(_LANES, np.int64)
        sum_alpha, sum_threshold = np.zeros((n, _LANES)), np.zeros((n, _LANES))
        by = np.zeros((n, _LANES))
        for block in range(part, n_blocks, n_parts):
            mine = order[block * _LANES : (block + 1) * _LANES]
            steps[:] = 0
            for k in range(mine.size):
                steps[k] = n_steps[mine[k]]
                event[k], last[k] = sample_ptr[mine[k]], sample_ptr[mine[k] + 1]
            # Forward, in the order of the engine.
            v, syn = np.zeros((n, _LANES)), np.zeros((n, _LANES))
            wait = np.zeros((n, _LANES), np.int32)
            for t in range(steps.max()):
                for k in range(mine.size):
                    if t >= steps[k]:
                        continue
                    while event[k] < last[k] and ev_t[event[k]] == t:
                        address = ev_addr[event[k]]
                        for p in range(in_ptr[address], in_ptr[address + 1]):
                            syn[in_col[p], k] += in_w[p]
                        event[k] += 1
                    if t > 0:
                        for q in range(fired_ptr[k, t - 1], fired_ptr[k, t]):
                            i = fired[k, q]
                            for p in range(rec_ptr[i], rec_ptr[i + 1]):
                                syn[rec_col[p], k] += rec_w[p]
                    fired_ptr[k, t + 1] = fired_ptr[k, t]
                for j in range(n):
                    any_fired = False
                    gone = drop[j] if subtracts else 0.0
                    for k in range(_LANES):
                        new = alpha[j] * v[j, k] + gain[j] * syn[j, k]
                        syn[j, k] = 0.0
                        held = wait[j, k] > 0 or t >= steps[k]
                        fires = not held and new >= threshold[j]
                        floored = not held and not fires and new < floor[j]
                        fate[t, j, k] = (
                            _HELD if held else _FIRED if fires else _FLOORED if floored else _FREE
                        )
                        left = max(new - gone, floor[j]) if subtracts else reset[j]
                        stays = v[j, k] if subtracts else reset[j]
                        # Of a membrane that is held, where it is held.
                        x[t, j, k] = stays if held and subtracts else new
                        v[j, k] = stays if held else left if fires else floor[j] if floored else new
                        wait[j, k] = refractory[j] if fires else max(wait[j, k] - 1, 0)
                        any_fired |= fires
                    if any_fired:
                        for k in range(_LANES):
                            if fate[t, j, k] == _FIRED:
                                fired[k, fired_ptr[k, t + 1]] = j
                                fired_ptr[k, t + 1] += 1
            # Backward.
            later, now = np.zeros((n, _LANES)), np.zeros((n, _LANES))
            gs = np.zeros(_LANES)
            for t in range(steps.max() - 1, -1, -1):
                for k in range(mine.size):
                    b = t * n_bins // max(steps[k], 1)
                    if t == steps[k] - 1 or (t < steps[k] and b != (t + 1) * n_bins // steps[k]):
                        by[:, k] = by_count[mine[k], b]
                for i in range(n):
                    th, a = threshold[i], alpha[i]
                    gone = drop[i] if subtracts else 0.0
                    for k in range(_LANES):
                        gs[k] = by[i, k]
                    for p in range(rec_ptr[i], rec_ptr[i + 1]):
                        w, j = back_w[p], rec_col[p]
                        for k in range(_LANES):
                            gs[k] += w * later[j, k]
                    for k in range(_LANES):
                        state, here = fate[t, i, k], x[t, i, k]
                        u = 1.0 + slope * abs((here - th) / th)
                        gx = 0.0 if state == _HELD else gs[k] / (u * u * th)
                        carried = 0.0 if state == _HELD else a * later[i, k]
                        sum_threshold[i, k] -= gx * here / th
                        sum_threshold[i, k] += carried * floor[i] / th if state == _FLOORED else 0.0
                        passes = subtracts and state == _FIRED and here - gone >= floor[i]
                        sum_threshold[i, k] -= carried if passes else 0.0
                        gx += carried if state == _FREE or passes else 0.0
                        now[i, k] = gx
                    if t > 0:
                        for k in range(_LANES):
                            state = fate[t - 1, i, k]
                            left = x[t - 1, i, k]
                            if state == _FIRED:
                                left = max(left - gone, floor[i])
                            before = (
                                floor[i] if state == _FLOORED
                                else left if subtracts or state == _FREE
                                else reset[i]
                            )  # fmt: skip
                            drive = (x[t, i, k] - a * before) / gain[i] if leaky else 0.0
                            sum_alpha[i, k] += now[i, k] * (before - drive)
                    elif leaky:
                        for k in range(_LANES):
                            sum_alpha[i, k] -= now[i, k] * x[t, i, k] / gain[i]
                for k in range(mine.size):
                    if t >= steps[k]:
                        continue
                    first = sample_ptr[mine[k]]
                    while event[k] > first and ev_t[event[k] - 1] == t:
                        event[k] -= 1
                        address = ev_addr[event[k]]
                        for p in range(in_ptr[address], in_ptr[address + 1]):
                            g_in[part, p] += gain[in_col[p]] * now[in_col[p], k]
                    if t > 0:
                        for q in range(fired_ptr[k, t - 1], fired_ptr[k, t]):
                            i = fired[k, q]
                            for p in range(rec_ptr[i], rec_ptr[i + 1]):
                                g_rec[part, p] += gain[rec_col[p]] * now[rec_col[p], k]
                later, now = now, later
        for k in range(_LANES):
            g_alpha[part] += sum_alpha[:, k]
            g_threshold[part] += sum_threshold[:, k]


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
        np.argsort(events.n_steps, kind="stable"),
        events.sample_ptr, events.t, events.address, events.n_steps,
        net.w_in.row_ptr, net.w_in.col_idx, net.w_in.weights,
        net.w_rec.row_ptr, net.w_rec.col_idx, net.w_rec.weights,
        net.alpha, step_gain(net), net.gain_mode == "leaky", net.v_threshold, net.v_reset,
        net.v_drop, floor_of(net), net.refractory_steps.astype(np.int32), float(slope),
        np.ascontiguousarray(by_count, np.float64), *parts.values(),
    )  # fmt: skip
    return {name: part.sum(axis=0) for name, part in parts.items()}
