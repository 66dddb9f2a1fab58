"""Compiled inner loops of integer STDP, event-driven and exact.

A magnitude is needed only when its source fires, and between two spikes of a source it only rises:
what the spikes of its targets since then would have added is summed per target at the source's next
spike, and the row takes its sums in one pass without a branch. Sums of gains commute with the
clipping at the greatest magnitude, so the result equals the step-by-step rule of
``docs/numeric-contract.md`` bit for bit. The traces of the sources decay lazily in the same way;
those of the targets are decayed every step.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from hrsnn_edge.engine.int_kernels import update
from hrsnn_edge.engine.int_rows import scatter

#: Low bits of a target's sum that count its gains: no trace lives for 2**12 steps.
COUNT_WIDTH = 12
COUNT_MASK = (1 << COUNT_WIDTH) - 1
#: A target whose spikes are looked up one by one costs as much as so many spikes of anyone, and
#: clearing the sums of so many targets as much as one spike.
LOOK_UP_COST, CLEARED = 8, 8


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
def sum_gains(sums, since, alive, gain, step_ptr, spike):
    """Set `sums` to what a source that fired in step `since` gains at each target.

    A sum is shifted left by `COUNT_WIDTH`; its low bits count the gains that are not 0. The spikes
    of step `t` are ``spike[step_ptr[t] : step_ptr[t + 1]]``.
    """
    sums[:] = 0
    for d in range(1, alive + 1):
        if gain[d] == 0:
            return  # a decaying trace gains ever less
        one = (gain[d] << COUNT_WIDTH) + 1
        for q in range(step_ptr[since + d], step_ptr[since + d + 1]):
            sums[spike[q]] += one


@nb.njit(cache=True, nogil=True)
def sum_gains_of_row(
    sums, row_ptr, col_idx, source, since, alive, gain, last_spike, previous, spike_t
):
    """Set the sums of a source's targets alone, from the list of the spikes of each.

    ``last_spike[j]`` is the place of the target's last spike, ``previous`` that of the one before
    a spike, -1 for none, and `spike_t` their steps.
    """
    for k in range(row_ptr[source], row_ptr[source + 1]):
        j = col_idx[k]
        total, q = 0, last_spike[j]
        while q >= 0 and spike_t[q] > since:
            d = spike_t[q] - since
            if d <= alive and gain[d] > 0:
                total += (gain[d] << COUNT_WIDTH) + 1
            q = previous[q]
        sums[j] = total


@nb.njit(cache=True, nogil=True)
def catch_up(
    sums, row_ptr, col_idx, source, since, alive, gain, step_ptr, spike, last_spike, previous,
    spike_t,
):  # fmt: skip
    """Set the sums of a source's targets in the cheaper way."""
    targets = row_ptr[source + 1] - row_ptr[source]
    spikes = step_ptr[since + alive + 1] - step_ptr[since + 1]
    if alive == 0 or spikes + sums.size // CLEARED <= LOOK_UP_COST * targets:
        sum_gains(sums, since, alive, gain, step_ptr, spike)
    else:
        sum_gains_of_row(
            sums, row_ptr, col_idx, source, since, alive, gain, last_spike, previous, spike_t
        )


@nb.njit(cache=True, nogil=True)
def visit_row(
    acc, row_ptr, col_idx, magnitudes, source, sums, loss, greatest, sign, learn_shift, shift
):
    """Bring a source's magnitudes up to date and deliver its weights; return the updates.

    A magnitude takes its target's sum of gains, then its loss; the weight added to the accumulator
    is ``sign * (m >> learn_shift) << shift``. One loop, as the row is the costly thing to read.
    """
    updates = 0
    for k in range(row_ptr[source], row_ptr[source + 1]):
        j = col_idx[k]
        up, down = sums[j], loss[j]
        m = max(min(magnitudes[k] + (up >> COUNT_WIDTH), greatest) - down, 0)
        magnitudes[k] = m
        updates += (up & COUNT_MASK) + (down > 0)
        acc[j] += sign * ((m >> learn_shift) << shift)
    return updates


@nb.njit(cache=True, nogil=True)
def learn_now(row_ptr, col_idx, magnitudes, source, gain, greatest, spikes, loss):
    """Raise the magnitudes onto targets that fired in this step, lower all; return the updates."""
    updates = 0
    for k in range(row_ptr[source], row_ptr[source + 1]):
        j = col_idx[k]
        up, down = gain * spikes[j], loss[j]
        magnitudes[k] = max(min(magnitudes[k] + up, greatest) - down, 0)
        updates += (up > 0) + (down > 0)
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
    in_ptr, in_col, in_w, in_shift, m_in, rec_ptr, rec_col, rec_w, rec_shift, rec_sign, m_rec,
    decay, v_threshold, v_reset, v_drop, refractory_steps, holds, v_gain,
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
    loss, no_loss, sums = np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int64)
    gain = np.zeros(n_steps + 1, np.int64)
    now_gain, now_x = np.zeros(n_inputs, np.int64), np.zeros(n_inputs, np.int64)
    last_pre = np.full(n_inputs + n, -1, np.int32)
    step_ptr, spike = np.zeros(n_steps + 1, np.int64), np.empty(1024, rec_col.dtype)
    spike_t, previous = np.empty(1024, np.int32), np.empty(1024, np.int64)
    last_spike = np.full(n, -1, np.int64)
    updates, event = 0, 0
    x[:] = 0
    y[:] = 0
    for t in range(n_steps):
        first = event
        step_ptr[t + 1] = step_ptr[t]
        while event < ev_t.size and ev_t[event] == t:
            k = ev_addr[event]
            now_x[k], alive = gains_since(
                x[k], t - last_pre[k], decay_plus[k], trace_decay_width, eta_plus[k], eta_shift,
                gain,
            )  # fmt: skip
            now_gain[k] = gain[t - last_pre[k]] if now_x[k] > 0 else 0
            if plastic_in:
                catch_up(
                    sums, in_ptr, in_col, k, last_pre[k], alive, gain, step_ptr, spike,
                    last_spike, previous, spike_t,
                )  # fmt: skip
                updates += visit_row(
                    acc, in_ptr, in_col, m_in, k, sums, no_loss, greatest[k], 1, learn_shift,
                    in_shift[k],
                )  # fmt: skip
            else:
                scatter(acc, in_ptr, in_col, in_w, k)
            event += 1
        n_fired = update(
            v, acc, refractory, i_syn, spikes, fired,
            decay, v_threshold, v_reset, v_drop, refractory_steps, holds, v_gain,
            syn_decay, syn_gain, syn_low, syn_high, low, high,
        )  # fmt: skip
        if step_ptr[t] + n_fired > spike.size:
            more = spike.size + n_fired
            spike = np.concatenate((spike, np.empty(more, spike.dtype)))
            spike_t = np.concatenate((spike_t, np.empty(more, np.int32)))
            previous = np.concatenate((previous, np.empty(more, np.int64)))
        for q in range(n_fired):
            j, place = fired[q], step_ptr[t] + q
            spike_counts[t * n_bins // n_steps, j] += 1
            spike[place], spike_t[place] = j, t
            previous[place], last_spike[j] = last_spike[j], place
        step_ptr[t + 1] = step_ptr[t] + n_fired
        decay_post(y, loss, decay_minus, trace_decay_width, eta_minus, eta_shift)
        for e in range(first, event):
            k = ev_addr[e]
            if plastic_in:
                updates += learn_now(
                    in_ptr, in_col, m_in, k, now_gain[k], greatest[k], spikes, loss
                )
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
                catch_up(
                    sums, rec_ptr, rec_col, j, last_pre[i], alive, gain, step_ptr, spike,
                    last_spike, previous, spike_t,
                )  # fmt: skip
                # It delivers what step t + 1 takes: nothing changes these magnitudes before.
                updates += visit_row(
                    acc, rec_ptr, rec_col, m_rec, j, sums, loss, greatest[i], rec_sign[j],
                    learn_shift, rec_shift[j],
                )  # fmt: skip
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
        if alive == 0:
            continue
        if i < n_inputs:
            catch_up(
                sums, in_ptr, in_col, i, last_pre[i], alive, gain, step_ptr, spike,
                last_spike, previous, spike_t,
            )  # fmt: skip
        else:
            catch_up(
                sums, rec_ptr, rec_col, i - n_inputs, last_pre[i], alive, gain, step_ptr, spike,
                last_spike, previous, spike_t,
            )  # fmt: skip
        if plastic_in and i < n_inputs:
            updates += visit_row(
                acc, in_ptr, in_col, m_in, i, sums, no_loss, greatest[i], 1, learn_shift, 0
            )
        if plastic_rec and i >= n_inputs:
            updates += visit_row(
                acc, rec_ptr, rec_col, m_rec, i - n_inputs, sums, no_loss, greatest[i], 1,
                learn_shift, 0,
            )  # fmt: skip
    return updates
