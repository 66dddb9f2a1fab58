"""An ONNX perceptron as the readout of a network of ours."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.interchange.ann import INPUT, Ann
from hrsnn_edge.network import FloatNetwork
from hrsnn_edge.readouts import DenseLayer, LinearReadout, MlpReadout, Readout


def readout_of_ann(ann: Ann, net: FloatNetwork) -> Readout:
    """Return the readout that computes an ONNX chain of Gemm and ReLU on spike counts.

    Its inputs are the counts of all neurons, bins first: input ``b * N + j`` is the count of neuron
    `j` in bin `b`. One layer gives a linear readout, more a perceptron.

    Raises
    ------
    InterchangeError
        Inputs that are no whole number of bins, or layers that are no chain.
    """
    n = net.n_neurons
    if ann.n_inputs % n:
        raise InterchangeError(
            f"Readout must take a multiple of {n} inputs, one a neuron and bin, not {ann.n_inputs}"
        )
    layers, before = [], INPUT
    for name, signal in (*ann.layers.items(), ("output", ann.out)):
        if set(signal.terms) != {(before, 0)}:
            raise InterchangeError(
                f"Readout layer {name!r} must read {before!r} alone, not "
                f"{', '.join(repr(source) for source, _ in signal.terms)}"
            )
        layers.append(DenseLayer(signal.terms[before, 0].toarray(), np.array(signal.bias)))
        before = name
    n_bins = ann.n_inputs // n
    if len(layers) == 1:
        weights = layers[0].weights.reshape(n_bins, n, -1)
        return LinearReadout(weights, layers[0].bias)
    return MlpReadout(np.arange(n, dtype=np.int32), n_bins, tuple(layers))
