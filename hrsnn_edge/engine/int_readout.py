"""Integer readouts of a batch: outputs from spike counts, filters and streams from rasters.

Equal bit for bit to `hrsnn_edge.reference.readout`.
"""

from __future__ import annotations

import numpy as np

from hrsnn_edge.network import IntNetwork, LinearReadout, MlpReadout, Readout, TraceReadout


def outputs_of(net: IntNetwork, spike_counts) -> np.ndarray:
    """Return the (S, C) int64 outputs of a readout of (S, n_bins, N) spike counts."""
    readout = net.readout
    if isinstance(readout, MlpReadout):
        return mlp_outputs(readout, spike_counts)
    weights = readout.w_out.reshape(-1, readout.n_out).astype(np.int64)
    flat = spike_counts.reshape(-1, len(weights)).astype(np.int64)
    return flat @ weights + readout.bias.astype(np.int64)


def mlp_outputs(readout: MlpReadout, spike_counts) -> np.ndarray:
    """Return the (S, C) int64 outputs of a perceptron for (S, n_bins, N) spike counts."""
    chosen = np.minimum(spike_counts[:, :, readout.neurons].astype(np.int64), readout.act_top)
    a = chosen.reshape(len(chosen), readout.n_bins * readout.neurons.size)
    for layer in readout.layers:
        total = a @ layer.weights.astype(np.int64) + layer.bias.astype(np.int64)
        a = np.clip(total >> layer.shift, 0, readout.act_top)
    return total


def stream_outputs(readout: TraceReadout, filters) -> np.ndarray:
    """Return the (M, C) int64 samples of a stream for its (M, F, N) filters."""
    filters = filters.astype(np.int64)
    features = [filters, filters**2 >> readout.trace_width][: 1 + readout.squares]
    weights = readout.w_out.reshape(-1, readout.n_out).astype(np.int64)
    flat = np.concatenate(features, axis=1).reshape(len(filters), len(weights))
    return (flat @ weights + readout.bias.astype(np.int64)) >> readout.out_shift


def operations_of(readout: Readout, spikes, n_steps) -> np.ndarray:
    """Return ``sop_out`` of samples, (S,), from their spikes and steps, (S,)."""
    if isinstance(readout, LinearReadout):
        return spikes * readout.n_out
    evaluations = (
        np.ones_like(n_steps) if isinstance(readout, MlpReadout) else (n_steps // readout.hold)
    )
    return evaluations.astype(np.int64) * readout.macs


def outputs_by_step(readout: Readout, spikes) -> np.ndarray:
    """Return the (T, C) int64 outputs after each step of a (T, N) bool raster."""
    n_steps = len(spikes)
    if isinstance(readout, TraceReadout):
        return _stream_by_step(readout, spikes)
    bins = np.arange(n_steps) * readout.n_bins // n_steps
    if isinstance(readout, MlpReadout):
        here = bins[:, None] == np.arange(readout.n_bins)
        counts = np.cumsum(here[:, :, None] * spikes[:, None, :].astype(np.int32), axis=0)
        return mlp_outputs(readout, counts)
    added = np.array(
        [readout.w_out[b][fired].sum(axis=0) for b, fired in zip(bins, spikes, strict=True)]
    )
    return readout.bias.astype(np.int64) + np.cumsum(added, axis=0, dtype=np.int64)


def _stream_by_step(readout: TraceReadout, spikes) -> np.ndarray:
    """Return the last sample of the stream after each step, 0 before the first."""
    decay, step = readout.decay.astype(np.int64), readout.trace_step.astype(np.int64)[:, None]
    filters = np.zeros(decay.shape, np.int64)
    sampled = []
    for t, fired in enumerate(spikes):
        filters = ((filters * decay) >> readout.decay_width) + step * fired
        filters = np.minimum(filters, readout.trace_top)
        if t % readout.hold == readout.hold - 1:
            sampled.append(filters)
    stream = np.zeros((1 + len(sampled), readout.n_out), np.int64)
    if sampled:
        stream[1:] = stream_outputs(readout, np.array(sampled))
    return stream[np.arange(1, len(spikes) + 1) // readout.hold]
