"""A readout fitted to what the integer network computes."""

from __future__ import annotations

from dataclasses import replace

from hrsnn_edge.data.events import Split
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.model.config import ReadoutConfig
from hrsnn_edge.model.readout import fit_readout
from hrsnn_edge.network import IntNetwork
from hrsnn_edge.quantise.convert import quantise_readout


def refit(net: IntNetwork, data: Split, n_classes: int, config: ReadoutConfig) -> IntNetwork:
    """Return the network with a readout fitted to its own spike counts on `data`, then rounded.

    The readout's number of bins must be that of `config`; the fit is that of the float network.
    """
    counts = run_batch(net, data.events).spike_counts
    readout = fit_readout(counts, data.labels, n_classes, config)
    return replace(net, readout=quantise_readout(readout, net.fmt.out_weight_width))


def accuracy(net: IntNetwork, data: Split) -> float:
    """Return the share of samples of `data` that the integer network names rightly, 0..1."""
    outputs = run_batch(net, data.events).outputs
    return float((outputs.argmax(axis=1) == data.labels).mean())
