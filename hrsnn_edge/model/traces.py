"""The trace readout in floats: filtered spikes after each sample, and the stream they give."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_spikes
from hrsnn_edge.network import FloatNetwork, TraceReadout


def run_filters(net: FloatNetwork, events: EventBatch) -> list[np.ndarray]:
    """Return the (M, F, N) float64 filters of each sample of events, after each `hold` steps.

    Parameters
    ----------
    net : FloatNetwork
        With a trace readout.
    events : EventBatch
        Input.
    """
    spikes, readout = run_spikes(net, events), net.readout
    return [filtered(readout, spikes.raster(s)) for s in range(len(events))]


def filtered(readout: TraceReadout, raster) -> np.ndarray:
    """Return the (M, F, N) float64 filters of a (T, N) raster, after each `hold` steps."""
    filters, kept = np.zeros(readout.decay.shape), []
    for t, fired in enumerate(raster):
        filters = filters * readout.decay + fired
        if t % readout.hold == readout.hold - 1:
            kept.append(filters)
    return np.array(kept).reshape(-1, *readout.decay.shape)


def stream_of(readout: TraceReadout, filters) -> np.ndarray:
    """Return the (M, C) float64 outputs for (M, F, N) filters."""
    features = np.concatenate([filters, filters**2][: 1 + readout.squares], axis=1)
    return np.tensordot(features, readout.w_out, axes=([1, 2], [0, 1])) + readout.bias
