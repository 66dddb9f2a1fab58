"""Event-driven inference of a float network, compiled, in parallel over samples.

The order within a step is that of ``docs/numeric-contract.md``: deliver the events of `t` and the
spikes of `t - 1`, update every neuron, count. Each sample is summed in a fixed order by one
thread, so results do not depend on the number of threads.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import FloatNetwork


@nb.njit(cache=True, parallel=True, error_model="numpy")
def _run(
    sample_ptr, ev_t, ev_addr, n_steps,
    in_ptr, in_col, in_w, rec_ptr, rec_col, rec_w,
    alpha, beta, threshold, reset, drop, floor, refractory,
    counts, spike_ptr, spike_t, spike_addr,
):  # fmt: skip
    """Fill `counts` (S, B, N); with a non-empty `spike_t` write the spikes of each sample too.

    `beta` is empty with delta synapses.
    """
    n_samples, n_bins, n = counts.shape
    record, lasts = spike_t.size > 0, beta.size > 0
    for s in nb.prange(n_samples):
        v = np.zeros(n)
        syn, current = np.zeros(n), np.zeros(beta.size)
        wait = np.zeros(n, np.int32)
        fired = np.empty(n, np.int32)
        n_fired = 0
        event, last = sample_ptr[s], sample_ptr[s + 1]
        out = spike_ptr[s]
        for t in range(n_steps[s]):
            while event < last and ev_t[event] == t:
                k = ev_addr[event]
                for p in range(in_ptr[k], in_ptr[k + 1]):
                    syn[in_col[p]] += in_w[p]
                event += 1
            for q in range(n_fired):
                i = fired[q]
                for p in range(rec_ptr[i], rec_ptr[i + 1]):
                    syn[rec_col[p]] += rec_w[p]
            n_fired = 0
            b = t * n_bins // n_steps[s]
            for j in range(n):
                drive = syn[j]
                syn[j] = 0.0
                if lasts:
                    drive += beta[j] * current[j]
                    current[j] = drive
                x = alpha[j] * v[j] + drive
                if wait[j] > 0:
                    wait[j] -= 1
                    x = v[j] if drop.size else reset[j]
                elif x >= threshold[j]:
                    x = max(x - drop[j], floor[j]) if drop.size else reset[j]
                    wait[j] = refractory[j]
                    fired[n_fired] = j
                    n_fired += 1
                    counts[s, b, j] += 1
                elif x < floor[j]:
                    x = floor[j]
                v[j] = x
            if record:
                for q in range(n_fired):
                    spike_t[out] = t
                    spike_addr[out] = fired[q]
                    out += 1


def _call(net: FloatNetwork, events: EventBatch, counts, spike_ptr, spike_t, spike_addr) -> None:
    """Unpack the values and run the kernel."""
    gain = step_gain(net)
    _run(
        events.sample_ptr, events.t, events.address, events.n_steps,
        net.w_in.row_ptr, net.w_in.col_idx, net.w_in.weights * gain[net.w_in.col_idx],
        net.w_rec.row_ptr, net.w_rec.col_idx, net.w_rec.weights * gain[net.w_rec.col_idx],
        net.alpha, current_decay(net), net.v_threshold, net.v_reset, net.v_drop,
        floor_of(net),
        net.refractory_steps.astype(np.int32),
        counts, spike_ptr, spike_t, spike_addr,
    )  # fmt: skip


def step_gain(net: FloatNetwork) -> np.ndarray:
    """Return the factor of the summed input in one step, (N,): 1, or ``1 - alpha``."""
    return np.ones(net.n_neurons) if net.gain_mode == "jump" else 1 - net.alpha


def current_decay(net: FloatNetwork) -> np.ndarray:
    """Return the decay of the synaptic currents as the kernels take it: empty for delta ones."""
    return np.zeros(0) if net.tau_syn is None else net.beta


def floor_of(net: FloatNetwork) -> np.ndarray:
    """Return the lower bound of each membrane, (N,)."""
    return np.ascontiguousarray(np.broadcast_to(np.float64(net.v_floor), (net.n_neurons,)))


def run_counts(net: FloatNetwork, events: EventBatch, n_bins: int = 1) -> np.ndarray:
    """Return the spikes of every neuron in each of `n_bins` equal parts of its run.

    Returns
    -------
    counts : (S, n_bins, N) int32
        Bin ``b`` of a sample of T steps holds the steps with ``t * n_bins // T == b``.
    """
    _check_inputs(net, events)
    counts = np.zeros((len(events), n_bins, net.n_neurons), np.int32)
    none = np.zeros(0, np.int32)
    _call(net, events, counts, np.zeros(len(events) + 1, np.int64), none, none)
    return counts


def run_spikes(net: FloatNetwork, events: EventBatch) -> EventBatch:
    """Return the spikes of every sample as events whose address is the neuron."""
    totals = run_counts(net, events).sum(axis=(1, 2))
    ptr = np.concatenate([[0], np.cumsum(totals)]).astype(np.int64)
    t, address = np.empty(ptr[-1], np.int32), np.empty(ptr[-1], np.int32)
    counts = np.zeros((len(events), 1, net.n_neurons), np.int32)
    _call(net, events, counts, ptr, t, address)
    return EventBatch(ptr, t, address, events.n_steps, net.n_neurons)


def _check_inputs(net: FloatNetwork, events: EventBatch) -> None:
    """Raise `ValueError` when the events have other channels than the network."""
    if events.n_inputs != net.n_inputs:
        raise ValueError(
            f"Events must have {net.n_inputs} channels like the network, not {events.n_inputs}"
        )
