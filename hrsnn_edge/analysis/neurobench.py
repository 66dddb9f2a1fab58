"""The complexity metrics of NeuroBench for an integer network.

Defined as the NeuroBench harness (Yik et al. 2025) computes them, so that figures can stand in one
table: shares are of what a dense description of the network has, and operations are those executed
within the run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.network import IntNetwork, LinearReadout

#: Samples that are recorded at a time, for their last step.
CHUNK = 16


@dataclass(frozen=True)
class NeurobenchMetrics:
    """Metrics of one network on one set of samples.

    Attributes
    ----------
    footprint : int
        Bytes of `stored_arrays`: what the network takes as it is.
    footprint_dense : int
        Bytes of its dense weights in single precision: what a training library would hold.
    connection_sparsity : float
        Share of zeros among all possible weights, to 4 decimals.
    activation_sparsity : float
        Share of neurons and steps without a spike.
    effective_acs : float
        Accumulations with a weight other than 0 for an event or spike, of a sample.
    effective_macs : float
        Multiplications: none, as every activation is a spike.
    dense : float
        Accumulations of a sample without any sparsity.
    """

    footprint: int
    footprint_dense: int
    connection_sparsity: float
    activation_sparsity: float
    effective_acs: float
    effective_macs: float
    dense: float


def neurobench_metrics(net: IntNetwork, events: EventBatch) -> NeurobenchMetrics:
    """Return the metrics of a network with a linear readout.

    Notes
    -----
    `Counts` count a spike's synapses with the step that emits it; here those of the last step are
    left out, as they are delivered to nobody. Stored weights of 0 are no operations. Each readout
    bin counts as weights of its own, of which a step uses those of its bin.
    """
    if not isinstance(net.readout, LinearReadout):
        raise ValueError(f"Readout must be linear for these counts, not {net.readout.kind!r}")
    n, k, c = net.n_neurons, net.n_inputs, net.readout.n_out
    fan_in, fan_rec = (_active(rows) for rows in (net.w_in, net.w_rec))
    fan_out = (net.readout.w_out != 0).sum(axis=2)
    spikes = acs = 0
    for start in range(0, len(events), CHUNK):
        part = events.select(slice(start, start + CHUNK))
        found = run_batch(net, part, record=range(len(part)))
        counts = found.spike_counts.astype(np.int64)
        last = sum(found.recordings[s].spikes[-1].astype(np.int64) for s in range(len(part)))
        fired = counts.sum(axis=(0, 1))
        spikes += int(fired.sum())
        acs += int(fan_in[part.address].sum() + (fired - last) @ fan_rec)
        acs += int((counts.sum(axis=0) * fan_out).sum())
    steps = int(events.n_steps.sum())
    weights = k * n + n * n + net.readout.w_out.size
    zeros = weights - int(fan_in.sum() + fan_rec.sum() + fan_out.sum())
    return NeurobenchMetrics(
        footprint=sum(array.nbytes for array in stored_arrays(net).values()),
        footprint_dense=4 * (weights + c),
        connection_sparsity=round(zeros / weights, 4),
        activation_sparsity=1 - spikes / (steps * n),
        effective_acs=acs / len(events),
        effective_macs=0.0,
        dense=steps * (k * n + n * n + n * c) / len(events),
    )


def _active(rows) -> np.ndarray:
    """Return the synapses of each row whose weight is not 0."""
    return np.bincount(rows.pre_idx, rows.weights != 0, rows.n_pre).astype(np.int64)


def stored_arrays(net: IntNetwork) -> dict[str, np.ndarray]:
    """Return sparse weights, neuron parameters and state in whole-byte types of their widths."""
    fmt, n = net.fmt, net.n_neurons
    v_type, out_type = (_signed(width) for width in (fmt.v_width, fmt.out_weight_width))
    index = np.uint8 if n <= 1 << 8 else np.uint16 if n <= 1 << 16 else np.uint32
    found: dict[str, np.ndarray] = {}
    for name, rows in (("w_in", net.w_in), ("w_rec", net.w_rec)):
        found[f"{name}.row_ptr"] = rows.row_ptr.astype(np.uint32)
        found[f"{name}.col_idx"] = rows.col_idx.astype(index)
        found[f"{name}.weights"] = rows.weights.astype(np.int8)
    if fmt.shift_width:
        found |= {name: getattr(net, name).astype(np.uint8) for name in ("shift_in", "shift_rec")}
    found["decay"] = net.decay.astype(np.uint8 if fmt.decay_width <= 8 else np.uint16)
    found |= {name: getattr(net, name).astype(v_type) for name in ("v_threshold", "v_reset")}
    found["v"] = np.zeros(n, v_type)
    if fmt.refractory_width:
        found["refractory_steps"] = net.refractory_steps.astype(np.uint8)
        found["refractory"] = np.zeros(n, np.uint8)
    if net.synapses is not None:
        found["syn_decay"] = net.synapses.syn_decay.astype(np.uint16)
        found["i_syn"] = np.zeros(n, _signed(net.synapses.syn_width))
    found["w_out"] = net.readout.w_out.astype(out_type)
    found["bias"] = net.readout.bias.astype(np.int32)
    return found


def _signed(width: int) -> type:
    """Return the narrowest signed type of `width` bits or more."""
    return np.int8 if width <= 8 else np.int16 if width <= 16 else np.int32
