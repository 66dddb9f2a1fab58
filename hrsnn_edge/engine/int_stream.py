"""Integer runs with a trace readout: a stream of outputs, and runs that go on where one ended.

Equal bit for bit to `hrsnn_edge.reference.network.run` with a state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numba as nb
import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_kernels import update
from hrsnn_edge.engine.int_readout import stream_outputs
from hrsnn_edge.engine.int_rows import GROUP, deliver
from hrsnn_edge.network import IntNetwork, TraceReadout


@dataclass(frozen=True, eq=False)
class StreamState:
    """All that a run needs to go on.

    Attributes
    ----------
    v, i_syn : (N,) and (N,) or (0,) int
        Membranes and, with exponential synapses, currents; in the engine's word.
    refractory : (N,) int32
        Refractory counters.
    spikes : (N,) bool
        Who fired in the last step.
    filters : (F, N) int64
        Of the readout.
    t : int
        Steps so far.
    """

    v: np.ndarray
    i_syn: np.ndarray
    refractory: np.ndarray
    spikes: np.ndarray
    filters: np.ndarray
    t: int

    @classmethod
    def cleared(cls, net: IntNetwork, word) -> StreamState:
        """Return the state after CLEAR, membranes and currents in the given word."""
        n = net.n_neurons
        return cls(
            v=np.zeros(n, word),
            i_syn=np.zeros(0 if net.synapses is None else n, word),
            refractory=np.zeros(n, np.int32),
            spikes=np.zeros(n, bool),
            filters=np.zeros(net.readout.decay.shape, np.int64),
            t=0,
        )


@dataclass(frozen=True, eq=False)
class StreamRun:
    """What a run did.

    Attributes
    ----------
    filters : (M, F, N) int32
        After each complete sample.
    outputs : (M, C) int64
        The stream.
    spike_counts : (N,) int32
        Spikes of each neuron.
    spikes, v : (T, N) uint8, (T, N) int
        Every step, where it was asked for; else without rows.
    state : StreamState
        At the end.
    """

    filters: np.ndarray
    outputs: np.ndarray
    spike_counts: np.ndarray
    spikes: np.ndarray
    v: np.ndarray
    state: StreamState


def advance(
    network: tuple, readout: TraceReadout, events: EventBatch, sample: int, state, *, record: bool
) -> StreamRun:
    """Run one sample of events from a state, which is not changed; see `int_run.run_stream`.

    Parameters
    ----------
    network : tuple
        The network as the kernels take it.
    """
    end = StreamState(
        **{k: v.copy() if isinstance(v, np.ndarray) else v for k, v in vars(state).items()}
    )
    n_steps, n = int(events.n_steps[sample]), end.v.size
    part = slice(*events.sample_ptr[sample : sample + 2])
    n_samples = (end.t + n_steps) // readout.hold - end.t // readout.hold
    filters = np.empty((n_samples, *end.filters.shape), np.int32)
    counts = np.zeros(n, np.int32)
    kept = (n_steps if record else 0, n)
    rec_spikes, rec_v = np.zeros(kept, np.uint8), np.zeros(kept, end.v.dtype)
    _advance(
        events.t[part], events.address[part], n_steps, *network,
        readout.decay.astype(np.int64), readout.trace_step.astype(np.int64),
        readout.decay_width, readout.trace_top, readout.hold, end.t,
        end.v, end.i_syn, end.refractory, end.spikes, end.filters,
        filters, counts, rec_spikes, rec_v,
    )  # fmt: skip
    end = replace(end, t=end.t + n_steps)
    return StreamRun(filters, stream_outputs(readout, filters), counts, rec_spikes, rec_v, end)


@nb.njit(cache=True, nogil=True)
def _filter(filters, decay, step, decay_width, top, fired, n_fired):
    """Decay the filters, rounded down, and add the spikes of a step, saturating."""
    for f in range(filters.shape[0]):
        row, factor = filters[f], decay[f]
        for j in range(row.size):
            row[j] = (row[j] * factor[j]) >> decay_width
        for q in range(n_fired):
            row[fired[q]] = min(row[fired[q]] + step[f], top)


@nb.njit(cache=True, nogil=True)
def _advance(
    ev_t, ev_addr, n_steps,
    n_inputs, row_ptr, col_idx, weights, dense, row_gain, unit,
    decay, v_threshold, v_reset, v_drop, refractory_steps, holds, gain,
    syn_decay, syn_gain, syn_low, syn_high, low, high,
    filter_decay, filter_step, filter_width, filter_top, hold, start,
    v, i_syn, refractory, is_fired, filters,
    sampled, counts, rec_spikes, rec_v,
):  # fmt: skip
    """Change the state in place; fill `sampled`, add to `counts`, record where there is room."""
    n = v.size
    sums = np.zeros(max(n, dense.shape[1]), v_threshold.dtype)
    acc = sums[:n]
    sources = np.empty(n_inputs + n + GROUP, np.int32)
    spikes = np.zeros((n + 7) // 8 * 8, np.uint8)
    fired = np.empty(n, np.int32)
    n_fired, event, m = 0, 0, 0
    for j in range(n):
        if is_fired[j]:
            fired[n_fired] = j
            n_fired += 1
    for t in range(n_steps):
        for q in range(n_fired):
            sources[q] = n_inputs + fired[q]
        while event < ev_t.size and ev_t[event] == t:
            sources[n_fired] = ev_addr[event]
            n_fired += 1
            event += 1
        deliver(sums, sources, n_fired, row_ptr, col_idx, weights, dense, row_gain, unit)
        n_fired = update(
            v, acc, refractory, i_syn, spikes, fired,
            decay, v_threshold, v_reset, v_drop, refractory_steps, holds, gain,
            syn_decay, syn_gain, syn_low, syn_high, low, high,
        )  # fmt: skip
        for q in range(n_fired):
            counts[fired[q]] += 1
        _filter(filters, filter_decay, filter_step, filter_width, filter_top, fired, n_fired)
        if (start + t) % hold == hold - 1:
            sampled[m] = filters
            m += 1
        if rec_spikes.size:
            rec_spikes[t] = spikes[:n]
            rec_v[t] = v
    for j in range(n):
        is_fired[j] = spikes[j] != 0
