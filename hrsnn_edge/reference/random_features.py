"""Random optional features for random networks: exponential synapses and other readouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import (
    DenseLayer,
    ExpSynapses,
    IntNetwork,
    MlpReadout,
    TraceReadout,
)
from hrsnn_edge.reference.random import edgy


def random_synapses(seed: int, net: IntNetwork) -> IntNetwork:
    """Return the network with exponential synapses, from no decay in a step to almost none."""
    rng = np.random.default_rng(seed)
    top = (1 << net.fmt.decay_width) - 1
    decay = edgy(rng, 0, top, net.n_neurons).astype(np.int32)
    low, high = ExpSynapses.WIDTHS
    return replace(net, synapses=ExpSynapses(decay, int(rng.integers(low, high + 1))))


def random_mlp(
    seed: int,
    net: IntNetwork,
    *,
    n_read: int | None = None,
    n_bins: int | None = None,
    hidden: Sequence[int] | None = None,
    act_width: int | None = None,
) -> IntNetwork:
    """Return the network with a perceptron of one to three layers in place of its readout.

    Its outputs are as many as before; counts and activations that saturate are common. Sizes that
    are not given are drawn.
    """
    rng = np.random.default_rng(seed)
    n_read = n_read or int(rng.integers(1, net.n_neurons + 1))
    n_bins = n_bins or int(rng.integers(1, 4))
    if hidden is None:
        hidden = rng.integers(1, 9, rng.integers(0, 3)).tolist()
    sizes = [n_bins * n_read, *hidden, net.readout.n_out]
    width, act_width = net.fmt.out_weight_width, act_width or int(rng.integers(4, 9))
    layers = []
    for k, (n_in, n_out) in enumerate(pairwise(sizes)):
        weights = edgy(rng, *signed_range(width), (n_in, n_out)).astype(np.int32)
        bias = rng.integers(-(1 << width), 1 << width, n_out).astype(np.int32)
        shift = 0 if k == len(sizes) - 2 else int(rng.integers(0, width + 4))
        layers.append(DenseLayer(weights, bias, shift))
    neurons = np.sort(rng.permutation(net.n_neurons)[:n_read]).astype(np.int32)
    return replace(net, readout=MlpReadout(neurons, n_bins, tuple(layers), act_width))


def random_traces(
    seed: int,
    net: IntNetwork,
    *,
    n_filters: int | None = None,
    squares: bool | None = None,
    trace_width: int | None = None,
    decay_width: int | None = None,
) -> IntNetwork:
    """Return the network with a stream of its filtered spikes in place of its readout.

    Sizes that are not given are drawn.
    """
    rng = np.random.default_rng(seed)
    n_filters = n_filters or int(rng.integers(1, 4))
    n, n_out = net.n_neurons, net.readout.n_out
    squares = bool(rng.random() < 0.5) if squares is None else squares
    trace_width = trace_width or int(rng.integers(8, 17))
    decay_width = decay_width or int(rng.integers(4, 17))
    top = (1 << decay_width) - 1
    step_top = int(rng.choice([(1 << trace_width) - 1, 1 << (trace_width - 3)]))
    shape = ((1 + squares) * n_filters, n, n_out)
    return replace(
        net,
        readout=TraceReadout(
            decay=edgy(rng, top // 2, top, (n_filters, n)).astype(np.int32),
            w_out=edgy(rng, *signed_range(net.fmt.out_weight_width), shape).astype(np.int32),
            bias=rng.integers(-(1 << 20), 1 << 20, n_out).astype(np.int32),
            hold=int(rng.integers(1, 8)),
            trace_step=edgy(rng, 1, step_top, n_filters).astype(np.int32),
            trace_width=trace_width,
            decay_width=decay_width,
            out_shift=int(rng.integers(0, 12)),
            out_frac=int(rng.integers(0, 20)),
        ),
    )


def random_features(seed: int, net: IntNetwork) -> IntNetwork:
    """Return the network with one or both kinds of optional feature; never with none."""
    rng = np.random.default_rng(seed)
    change = [None, random_mlp, random_traces][rng.integers(3)]
    if change is None or rng.random() < 0.5:
        net = random_synapses(seed + 1, net)
    return net if change is None else change(seed + 2, net)
