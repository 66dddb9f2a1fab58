"""Integer readouts: rounding a float one, and fitting one to what the device computes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hrsnn_edge.data.events import Split
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import QuantisationError, TrainingError
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.model.config import ReadoutConfig
from hrsnn_edge.model.readout import fit_readout
from hrsnn_edge.network import IntNetwork, LinearReadout

#: Bits of the accumulators' start; keeps a bias that dwarfs the weights out of the adders.
BIAS_WIDTH = 31


def silent_readout(n_neurons: int) -> LinearReadout:
    """Return the readout of a network without one: a single output that stays 0."""
    return LinearReadout(np.zeros((1, n_neurons, 1), np.int32), np.zeros(1, np.int32))


def quantise_readout(readout: LinearReadout, width: int) -> LinearReadout:
    """Return the readout rounded to `width` bits, with one scale for weights and biases.

    A common factor does not change which output is greatest, so the scale need not be kept.
    """
    bad = np.argwhere(~np.isfinite(readout.w_out))
    if bad.size:
        b, j, c = bad[0]
        raise QuantisationError(
            f"readout, bin {b}, neuron {j}, output {c}: weight must be finite, "
            f"not {readout.w_out[b, j, c]}"
        )
    top = signed_range(width)[1]
    greatest = np.abs(readout.w_out).max(initial=0)
    # A readout without weights, of a silent network, keeps its bias as it is.
    scale = top / greatest if greatest > 1e-100 else 1.0
    bias = np.rint(readout.bias * scale)
    limit = 1 << (BIAS_WIDTH - 1)
    for c in np.flatnonzero(~(np.abs(bias) < limit)):
        raise QuantisationError(
            f"readout, output {c}: bias must be below {limit} weight steps, not {bias[c]:.3g}"
        )
    return LinearReadout(np.rint(readout.w_out * scale).astype(np.int32), bias.astype(np.int32))


def refit_readout(
    net: IntNetwork, data: Split, n_classes: int, config: ReadoutConfig
) -> IntNetwork:
    """Return the network with a readout fitted to its own integer spike counts, then rounded."""
    blank = np.zeros((config.n_bins, net.n_neurons, n_classes), np.int32)
    net = replace(net, readout=LinearReadout(blank, np.zeros(n_classes, np.int32)))
    counts = run_batch(net, data.events).spike_counts
    if not counts.any():
        raise TrainingError(
            f"Integer network must fire, not stay silent in {len(data.labels)} samples. "
            "Use a wider weight or membrane."
        )
    fitted = fit_readout(counts, data.labels, n_classes, config)
    return replace(net, readout=quantise_readout(fitted, net.fmt.out_weight_width))


def accuracy(net: IntNetwork, data: Split) -> float:
    """Return the share of samples that the integer network classifies rightly."""
    return float((run_batch(net, data.events).predictions == data.labels).mean())
