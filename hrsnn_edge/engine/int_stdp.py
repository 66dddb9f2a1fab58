"""Compiled inner loops of integer STDP, event-driven and exact.

A magnitude is needed only when its source fires, and between two spikes of a source it only rises:
what the target's spikes since then would have added is added up at the source's next spike, from
the list of those spikes. Sums of gains commute with the clipping at the greatest magnitude, so the
result equals the step-by-step rule of ``docs/numeric-contract.md`` bit for bit. The traces of the
sources decay lazily in the same way; those of the targets are decayed every step.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from hrsnn_edge.engine.int_kernels import update
from hrsnn_edge.engine.int_rows import scatter


@nb.njit(cache=True, nogil=True)
def gains_since(x, elapsed, decay, decay_width, eta, eta_shift, gain):
    """Let a trace decay for `elapsed` steps and fill ``gain[d]``, what it adds after `d` steps.

    Returns the trace and the number of steps after which it is still above 0; a dead trace gives
    no gain.
    """
    for d in range(1, elapsed + 1):
        x = (x * decay) >> decay_width
        if x == 0:
            return 0, d - 1
        gain[d] = (eta * x) >> eta_shift
    return x, elapsed


@nb.njit(cache=True, nogil=True)
def replay(magnitude, greatest, j, since, alive, gain, head, spike_t, previous):
    """Return the magnitude after the spikes of target `j` later than `since`, and its updates."""
    total = np.int64(magnitude)
    updates = 0
    spike = head[j]
    while spike >= 0 and spike_t[spike] > since:
        d = spike_t[spike] - since
        if d <= alive and gain[d] > 0:
            total += gain[d]
            updates += 1
        spike = previous[spike]
    return min(total, np.int64(greatest)), updates


@nb.njit(cache=True, nogil=True)
def replay_row(
    row_ptr, col_idx, magnitudes, source, greatest, since, alive, gain,
    last_post, head, spike_t, previous,
):  # fmt: skip
    """Replay every synapse of a source; return the updates."""
    updates = 0
    if alive == 0:
        return updates
    for k in range(row_ptr[source], row_ptr[source + 1]):
        j = col_idx[k]
        if last_post[j] > since:
            magnitudes[k], more = replay(
                magnitudes[k], greatest, j, since, alive, gain, head, spike_t, previous
            )
            updates += more
    return updates


@nb.njit(cache=True, nogil=True)
def deliver_row(acc, row_ptr, col_idx, magnitudes, source, sign, learn_shift, shift):
    """Add the weights ``sign * (m >> learn_shift) << shift`` of a source to the accumulators."""
    for k in range(row_ptr[source], row_ptr[source + 1]):
        acc[col_idx[k]] += sign * ((magnitudes[k] >> learn_shift) << shift)


@nb.njit(cache=True, nogil=True)
def depress_row(row_ptr, col_idx, magnitudes, source, loss):
    """Lower the magnitudes of a source that fired; return the updates."""
    updates = 0
    for k in range(row_ptr[source], row_ptr[source + 1]):
        step = loss[col_idx[k]]
        magnitudes[k] = max(magnitudes[k] - step, 0)
        updates += step > 0
    return updates


@nb.njit(cache=True, nogil=True)
def potentiate_now(row_ptr, col_idx, magnitudes, source, gain, greatest, spikes):
    """Raise the magnitudes onto the targets that fired in this step; return the updates."""
    updates = 0
    if gain == 0:
        return updates
    for k in range(row_ptr[source], row_ptr[source + 1]):
        if spikes[col_idx[k]]:
            magnitudes[k] = min(magnitudes[k] + gain, greatest)
            updates += 1
    return updates


@nb.njit(cache=True, nogil=True)
def decay_post(y, loss, decay, decay_width, eta, eta_shift):
    """Decay the traces of the targets and set what a pre spike of this step takes away."""
    for j in range(y.size):
        y[j] = (y[j] * decay[j]) >> decay_width
        loss[j] = (eta[j] * y[j]) >> eta_shift


@nb.njit(cache=True, nogil=True)
def learn_sample(
    ev_t, ev_addr, n_steps,
    in_ptr, in_col, in_w, m_in, in_shift, rec_ptr, rec_col, rec_w, m_rec, rec_shift, rec_sign,
    decay, v_threshold, v_reset, refractory_steps, holds, v_gain,
    syn_decay, syn_gain, syn_low, syn_high, low, high,
    plastic_in, plastic_rec, learn_shift, trace_top, trace_step, trace_decay_width,
    decay_plus, eta_plus, greatest, decay_minus, eta_minus, eta_shift,
    spike_counts, x, y, rec_spikes, rec_v,
):  # fmt: skip
    """Run one sample from the cleared state; change `m_in` and `m_rec` in place.

    Fills `spike_counts` (B, N), the traces `x` and `y` after the run and, where they have room,
    the raster and the membranes (T, N). Returns the weight updates.
    """
    n, n_inputs = v_threshold.size, in_ptr.size - 1
    n_bins = spike_counts.shape[0]
    v, acc = np.zeros(n, v_threshold.dtype), np.zeros(n, v_threshold.dtype)
    refractory, fired = np.zeros(n, np.int32), np.empty(n, np.int32)
    i_syn = np.zeros(syn_decay.size, v_threshold.dtype)
    spikes = np.zeros((n + 7) // 8 * 8, np.uint8)
    loss = np.zeros(n, np.int32)
    gain = np.zeros(n_steps + 1, np.int64)
    now_gain, now_x = np.zeros(n_inputs, np.int64), np.zeros(n_inputs, np.int64)
    last_pre = np.full(n_inputs + n, -1, np.int32)
    last_post, head = np.full(n, -1, np.int32), np.full(n, -1, np.int64)
    spike_t, previous = np.empty(1024, np.int32), np.empty(1024, np.int64)
    n_spikes, updates, event = 0, 0, 0
    x[:] = 0
    y[:] = 0
    for t in range(n_steps):
        first = event
        while event < ev_t.size and ev_t[event] == t:
            k = ev_addr[event]
            now_x[k], alive = gains_since(
                x[k], t - last_pre[k], decay_plus[k], trace_decay_width, eta_plus[k], eta_shift,
                gain,
            )  # fmt: skip
            now_gain[k] = gain[t - last_pre[k]] if now_x[k] > 0 else 0
            if plastic_in:
                updates += replay_row(
                    in_ptr, in_col, m_in, k, greatest[k], last_pre[k], alive, gain,
                    last_post, head, spike_t, previous,
                )  # fmt: skip
                deliver_row(acc, in_ptr, in_col, m_in, k, 1, learn_shift, in_shift[k])
            else:
                scatter(acc, in_ptr, in_col, in_w, k)
            event += 1
        n_fired = update(
            v, acc, refractory, i_syn, spikes, fired,
            decay, v_threshold, v_reset, refractory_steps, holds, v_gain,
            syn_decay, syn_gain, syn_low, syn_high, low, high,
        )  # fmt: skip
        for q in range(n_fired):
            j = fired[q]
            spike_counts[t * n_bins // n_steps, j] += 1
            if n_spikes == spike_t.size:
                spike_t = np.concatenate((spike_t, np.empty_like(spike_t)))
                previous = np.concatenate((previous, np.empty_like(previous)))
            spike_t[n_spikes], previous[n_spikes] = t, head[j]
            head[j], last_post[j] = n_spikes, t
            n_spikes += 1
        decay_post(y, loss, decay_minus, trace_decay_width, eta_minus, eta_shift)
        for e in range(first, event):
            k = ev_addr[e]
            if plastic_in:
                updates += potentiate_now(in_ptr, in_col, m_in, k, now_gain[k], greatest[k], spikes)
                updates += depress_row(in_ptr, in_col, m_in, k, loss)
            x[k] = min(now_x[k] + trace_step, trace_top)
            last_pre[k] = t
        for q in range(n_fired):
            j = fired[q]
            i = n_inputs + j
            x_now, alive = gains_since(
                x[i], t - last_pre[i], decay_plus[i], trace_decay_width, eta_plus[i], eta_shift,
                gain,
            )  # fmt: skip
            if plastic_rec:
                updates += replay_row(
                    rec_ptr, rec_col, m_rec, j, greatest[i], last_pre[i], alive, gain,
                    last_post, head, spike_t, previous,
                )  # fmt: skip
                updates += depress_row(rec_ptr, rec_col, m_rec, j, loss)
                # What step t + 1 delivers: nothing changes these magnitudes before.
                deliver_row(acc, rec_ptr, rec_col, m_rec, j, rec_sign[j], learn_shift, rec_shift[j])
            else:
                scatter(acc, rec_ptr, rec_col, rec_w, j)
            x[i] = min(x_now + trace_step, trace_top)
            last_pre[i] = t
        for q in range(n_fired):
            y[fired[q]] = min(y[fired[q]] + trace_step, trace_top)
        if rec_spikes.size:
            rec_spikes[t] = spikes[:n]
            rec_v[t] = v
    for i in range(n_inputs + n):
        x[i], alive = gains_since(
            x[i], n_steps - 1 - last_pre[i], decay_plus[i], trace_decay_width, eta_plus[i],
            eta_shift, gain,
        )  # fmt: skip
        if plastic_in and i < n_inputs:
            updates += replay_row(
                in_ptr, in_col, m_in, i, greatest[i], last_pre[i], alive, gain,
                last_post, head, spike_t, previous,
            )  # fmt: skip
        if plastic_rec and i >= n_inputs:
            updates += replay_row(
                rec_ptr, rec_col, m_rec, i - n_inputs, greatest[i], last_pre[i], alive, gain,
                last_post, head, spike_t, previous,
            )  # fmt: skip
    return updates
