"""The work of a float network: spikes and synaptic operations, as the integer stations count."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.engine.int_readout import operations_of
from hrsnn_edge.network import Counts, FloatNetwork


def count_operations(net: FloatNetwork, events: EventBatch) -> Counts:
    """Return input events, spikes and synaptic operations of a run over all samples.

    An event or spike costs one operation for each synapse of its row; readout operations are those
    of the numeric contract, 0 without a readout.
    """
    counts = run_counts(net, events)
    spikes = counts.sum(axis=(0, 1), dtype=np.int64)
    arrivals = np.bincount(events.address, minlength=net.n_inputs)
    per_sample = counts.sum(axis=(1, 2), dtype=np.int64)
    read = 0 if net.readout is None else operations_of(net.readout, per_sample, events.n_steps)
    silent_rows = (net.w_in.fan_out == 0), (net.w_rec.fan_out == 0)
    return Counts(
        input_events=int(arrivals.sum()),
        spikes=int(spikes.sum()),
        sop_in=int(arrivals @ net.w_in.fan_out),
        sop_rec=int(spikes @ net.w_rec.fan_out),
        sop_out=int(np.sum(read)),
        neuron_updates=int(events.n_steps.sum()) * net.n_neurons,
        skipped_rows=int(arrivals[silent_rows[0]].sum() + spikes[silent_rows[1]].sum()),
    )


def source_activity(net: FloatNetwork, events: EventBatch) -> dict[str, np.ndarray]:
    """Return the mean events per step of each source over all samples.

    Returns
    -------
    activity : dict
        ``"in"`` of the input channels, (n_inputs,), and ``"rec"`` of the neurons, (N,).
    """
    steps = events.n_steps.sum()
    return {
        "in": np.bincount(events.address, minlength=net.n_inputs) / steps,
        "rec": run_counts(net, events).sum(axis=(0, 1)) / steps,
    }
