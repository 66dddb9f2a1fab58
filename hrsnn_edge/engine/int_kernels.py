"""Compiled inner loops of the integer engine.

Every loop does one simple thing to few arrays: LLVM then turns the membrane update into vector
instructions, which four arrays that are all written in one loop would prevent. The word of the
accumulator and the membrane (int32 or int64) is chosen by the caller such that nothing overflows.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from hrsnn_edge.engine.int_rows import GROUP, deliver

#: Bits of the decays that the kernels take: the widest of the contract. Narrower ones are shifted
#: up by the caller, which changes nothing.
LEAK_SHIFT = 12
LEAK_MASK = (1 << LEAK_SHIFT) - 1


@nb.njit(cache=True, nogil=True)
def leak_and_add(v, acc, decay, gain):
    """Set ``acc = trunc(v * decay / 2**LEAK_SHIFT) + acc * gain``.

    A constant shift and a product in place of a left shift: Numba widens a shift by a variable to
    64 bits, which halves the vector and has no instruction for the right shift.
    """
    word = acc.dtype.type
    for j in range(v.size):
        product = word(v[j] * decay[j])
        # A shift rounds down; what is negative needs almost one more to round toward zero.
        product = word(product + (LEAK_MASK if product < 0 else 0))
        acc[j] = word(word(product >> LEAK_SHIFT) + word(acc[j] * gain))


@nb.njit(cache=True, nogil=True)
def add_to_currents(i_syn, acc, syn_decay, syn_gain, syn_low, syn_high):
    """Advance the currents of exponential synapses by a step and set `acc` to them.

    ``i_syn = saturate(trunc(i_syn * syn_decay / 2**LEAK_SHIFT) + acc * syn_gain)``.
    """
    leak_and_add(i_syn, acc, syn_decay, syn_gain)
    for j in range(acc.size):
        x = acc[j]
        x = syn_low if x < syn_low else x
        x = syn_high if x > syn_high else x
        i_syn[j] = x
        acc[j] = x


@nb.njit(cache=True, nogil=True)
def compare(acc, v_threshold, spikes):
    """Set `spikes` where the sum reaches the threshold."""
    for j in range(acc.size):
        spikes[j] = acc[j] >= v_threshold[j]


@nb.njit(cache=True, nogil=True)
def store(v, acc, spikes, v_reset, low, high):
    """Set the membranes: reset where fired, else the saturated sum."""
    for j in range(acc.size):
        x = acc[j]
        x = low if x < low else x
        x = high if x > high else x
        v[j] = v_reset[j] if spikes[j] else x


@nb.njit(cache=True, nogil=True)
def store_subtracted(v, acc, refractory, spikes, v_drop, low, high):
    """Set the membranes but those held: the saturated sum, less what a spike takes off."""
    for j in range(acc.size):
        x = acc[j] - v_drop[j] if spikes[j] else acc[j]
        x = low if x < low else x
        x = high if x > high else x
        v[j] = v[j] if refractory[j] > 0 else x


@nb.njit(cache=True, nogil=True)
def hold(v, refractory, spikes, v_reset, v_drop, refractory_steps):
    """Undo the step of the neurons whose counter is above 0, and start those of the fired."""
    for j in range(v.size):
        if refractory[j] > 0:
            refractory[j] -= 1
            spikes[j] = 0
            if not v_drop.size:
                v[j] = v_reset[j]
        elif spikes[j]:
            refractory[j] = refractory_steps[j]


@nb.njit(cache=True, nogil=True)
def fired_list(spikes, fired):
    """Write the indices of the set flags to `fired`; return their number.

    `spikes` is uint8 with a multiple of 8 values, read 8 at a time: most are 0.
    """
    n = 0
    for block, word in enumerate(spikes.view(np.uint64)):
        if word:
            for j in range(8 * block, 8 * block + 8):
                if spikes[j]:
                    fired[n] = j
                    n += 1
    return n


@nb.njit(cache=True, nogil=True)
def update(
    v, acc, refractory, i_syn, spikes, fired,
    decay, v_threshold, v_reset, v_drop, refractory_steps, holds, gain,
    syn_decay, syn_gain, syn_low, syn_high, low, high,
):  # fmt: skip
    """Advance every neuron by one step and clear the sums; return how many fired.

    `i_syn` is empty with delta synapses, `v_drop` with hard resets.
    """
    if i_syn.size:
        add_to_currents(i_syn, acc, syn_decay, syn_gain, syn_low, syn_high)
    leak_and_add(v, acc, decay, gain)
    compare(acc, v_threshold, spikes)
    if v_drop.size:
        store_subtracted(v, acc, refractory, spikes, v_drop, low, high)
    else:
        store(v, acc, spikes, v_reset, low, high)
    if holds:
        hold(v, refractory, spikes, v_reset, v_drop, refractory_steps)
    acc[:] = 0
    return fired_list(spikes, fired)


@nb.njit(cache=True, nogil=True)
def run_samples(
    first, last, sample_ptr, ev_t, ev_addr, n_steps,
    n_inputs, row_ptr, col_idx, weights, dense, row_gain, unit,
    decay, v_threshold, v_reset, v_drop, refractory_steps, holds, gain,
    syn_decay, syn_gain, syn_low, syn_high, low, high,
    spike_counts, slot, rec_spikes, rec_v,
):  # fmt: skip
    """Run the samples first..last-1 into `spike_counts` (S, B, N).

    A sample `s` with ``slot[s] >= 0`` also leaves its raster and membranes at that place of
    `rec_spikes` and `rec_v`, (R, T, N).
    """
    n_bins, n = spike_counts.shape[1:]
    v = np.zeros(n, v_threshold.dtype)
    sums = np.zeros(max(n, dense.shape[1]), v_threshold.dtype)
    acc = sums[:n]
    sources = np.empty(n_inputs + n + GROUP, np.int32)
    refractory = np.zeros(n, np.int32)
    i_syn = np.zeros(syn_decay.size, v_threshold.dtype)
    spikes = np.zeros((n + 7) // 8 * 8, np.uint8)
    fired = np.empty(n, np.int32)
    for s in range(first, last):
        v[:] = 0
        refractory[:] = 0
        i_syn[:] = 0
        n_fired = 0
        event, end = sample_ptr[s], sample_ptr[s + 1]
        for t in range(n_steps[s]):
            for q in range(n_fired):
                sources[q] = n_inputs + fired[q]
            while event < end and ev_t[event] == t:
                sources[n_fired] = ev_addr[event]
                n_fired += 1
                event += 1
            deliver(sums, sources, n_fired, row_ptr, col_idx, weights, dense, row_gain, unit)
            n_fired = update(
                v, acc, refractory, i_syn, spikes, fired,
                decay, v_threshold, v_reset, v_drop, refractory_steps, holds, gain,
                syn_decay, syn_gain, syn_low, syn_high, low, high,
            )  # fmt: skip
            part = spike_counts[s, t * n_bins // n_steps[s]]
            for q in range(n_fired):
                part[fired[q]] += 1
            if slot[s] >= 0:
                rec_spikes[slot[s], t] = spikes[:n]
                rec_v[slot[s], t] = v
