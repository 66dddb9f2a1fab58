"""What the quantiser needs to know of a float network in operation, measured on samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import floor_of, step_gain
from hrsnn_edge.model.lif import membrane_after
from hrsnn_edge.network import FloatNetwork


@dataclass(frozen=True, eq=False)
class MembraneRange:
    """Membranes of a float network over calibration samples, in units of each threshold.

    Attributes
    ----------
    low : (N,) float64
        Quantile `tail` of each membrane over all samples and steps.
    high : (N,) float64
        Quantile ``1 - tail``: below 1 with a hard reset, what spikes leave with a subtractive one.
    floor : (N,) float64
        The float network's own lower bound, ``-inf`` for none.
    tail : float
        Share of membrane values below `low`, and above `high`.
    current : (N,) float64
        Greatest magnitude of each synaptic current times its gain, in thresholds; with delta
        synapses that of what arrived in a step.
    """

    low: np.ndarray
    high: np.ndarray
    floor: np.ndarray
    tail: float
    current: np.ndarray

    @property
    def depth(self) -> np.ndarray:
        """How many thresholds below 0 the integer membrane must reach, (N,), 0 or more."""
        return np.maximum(0, -np.maximum(self.low, self.floor))


def membrane_range(net: FloatNetwork, events: EventBatch, tail: float = 1e-3) -> MembraneRange:
    """Run the samples and return the range of the membranes after each step.

    All samples advance together in dense arrays: meant for tens of samples, not for a data set.
    """
    gain, floor, alpha, beta = step_gain(net), floor_of(net), net.alpha, net.beta
    w_in, w_rec = net.w_in.to_dense() * gain, net.w_rec.to_dense() * gain
    steps = int(events.n_steps.max())
    raster = np.zeros((steps, len(events), net.n_inputs))
    owner = np.repeat(np.arange(len(events)), np.diff(events.sample_ptr))
    raster[events.t, owner, events.address] = 1
    v = np.zeros((len(events), net.n_neurons))
    wait = np.zeros(v.shape, np.int64)
    spikes, current = np.zeros(v.shape), np.zeros(v.shape)
    seen, peak = np.empty((steps, *v.shape)), np.zeros(v.shape)
    for t in range(steps):
        arrived = raster[t] @ w_in, spikes @ w_rec
        x = np.maximum(v * alpha + arrived[0] + arrived[1] + beta * current, floor)
        current = beta * current + arrived[0] + arrived[1]
        peak = np.maximum(peak, np.abs(current))
        held = wait > 0
        fired = (x >= net.v_threshold) & ~held
        v = membrane_after(x, v, held, fired, net)
        wait = np.where(fired, net.refractory_steps, np.maximum(wait - 1, 0))
        spikes = fired.astype(float)
        seen[t] = v
    alive = np.arange(steps)[:, None] < events.n_steps[None, :]
    ends = np.quantile(seen[alive], [tail, 1 - tail], axis=0)
    low, high, floor = (values / net.v_threshold for values in (*ends, floor))
    return MembraneRange(low, high, floor, tail, peak.max(axis=0) / net.v_threshold)
