"""What a float network does on a few samples: the ranges that its integer form must hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.model.lif import lif_step
from hrsnn_edge.network import FloatNetwork

#: Samples whose membranes are followed step by step; ranges settle after a few.
TRACED_SAMPLES = 4


@dataclass(frozen=True, eq=False)
class Calibration:
    """Ranges and spike counts of a float network on calibration samples.

    Attributes
    ----------
    v_low : (N,) float64
        Lowest membrane potential of each neuron in the traced samples.
    spikes : (N,) int64
        Spikes of each neuron in all samples.
    n_steps : int
        Steps of all samples.
    """

    v_low: np.ndarray
    spikes: np.ndarray
    n_steps: int


def calibrate(net: FloatNetwork, events: EventBatch) -> Calibration:
    """Run the calibration samples and return what the conversion needs to know."""
    v_low = np.zeros(net.n_neurons)
    for sample in range(min(TRACED_SAMPLES, len(events))):
        v_low = np.minimum(v_low, membranes(net, events.raster(sample)).min(axis=0))
    return Calibration(
        v_low, run_counts(net, events).sum(axis=(0, 1), dtype=np.int64), int(events.n_steps.sum())
    )


def membranes(net: FloatNetwork, raster) -> np.ndarray:
    """Return the membrane potentials after each step of one sample, (T, N) float64."""
    v, wait = np.zeros(net.n_neurons), np.zeros(net.n_neurons, np.int64)
    spikes = np.zeros(net.n_neurons, bool)
    rows = (
        csr_array((w.weights, w.col_idx, w.row_ptr), (w.n_pre, w.n_post))
        for w in (net.w_in, net.w_rec)
    )
    from_inputs, from_neurons = (matrix.T.tocsr() for matrix in rows)
    history = []
    for events in np.asarray(raster, bool):
        syn_sum = from_inputs @ events + from_neurons @ spikes
        v, wait, spikes = lif_step(v, wait, syn_sum, net)
        history.append(v)
    return np.array(history).reshape(-1, net.n_neurons)
