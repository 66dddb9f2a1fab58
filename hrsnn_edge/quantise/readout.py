"""Integer readouts of counts: rounding a float one, and fitting one to what the device computes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import QuantisationError, TrainingError
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.model.config import ReadoutConfig
from hrsnn_edge.model.readout import fit_readout, fit_value, read_neurons
from hrsnn_edge.network import DenseLayer, IntNetwork, LinearReadout, MlpReadout
from hrsnn_edge.readouts import BIAS_WIDTH

#: Bits of a count and of an activation of a perceptron.
ACT_WIDTH = 8


def silent_readout(n_neurons: int) -> LinearReadout:
    """Return the readout of a network without one: a single output that stays 0."""
    return LinearReadout(np.zeros((1, n_neurons, 1), np.int32), np.zeros(1, np.int32))


def quantise_readout(readout: LinearReadout, width: int, spread=None) -> LinearReadout:
    """Return the readout rounded to `width` bits, with one scale for weights and biases.

    A common factor does not change which output is greatest, so the scale need not be kept.

    Parameters
    ----------
    readout : LinearReadout
        Float, on raw counts.
    width : int
        Bits of a weight.
    spread : (n_bins, N) float, optional
        Deviation of each count. A count that hardly ever varies may have a weight many times any
        other's; with `spread` the scale is, of the powers of two above that of the greatest weight,
        the one of least mean square error of the outputs, and what is beyond is clipped.
    """
    bad = np.argwhere(~np.isfinite(readout.w_out))
    if bad.size:
        b, j, c = bad[0]
        raise QuantisationError(
            f"readout, bin {b}, neuron {j}, output {c}: weight must be finite, "
            f"not {readout.w_out[b, j, c]}"
        )
    top = signed_range(width)[1]
    # A readout without weights, of a silent network, keeps its bias as it is.
    scale = weight_factor(readout.w_out, width)

    def rounded(scale):
        return np.clip(np.rint(readout.w_out * scale), -top, top)

    def error(scale):
        return (((rounded(scale) / scale - readout.w_out) * spread[..., None]) ** 2).sum()

    if spread is not None:
        scale = min((scale * 2.0**k for k in range(width - 1)), key=error)
    bias = rounded_bias(readout.bias * scale, "readout")
    return LinearReadout(rounded(scale).astype(np.int32), bias.astype(np.int32))


def quantise_mlp(readout: MlpReadout, width: int, counts, act_width: int = ACT_WIDTH) -> MlpReadout:
    """Return a perceptron in integers.

    Parameters
    ----------
    readout : MlpReadout
        Float, on raw counts.
    width : int
        Bits of a weight; the greatest of each layer takes them all.
    counts : (S, n_bins, N) int
        Calibration samples, from which each hidden layer gets the least shift with which its
        greatest activation fits `act_width` bits.

    Notes
    -----
    Activations of layer `k` are worth ``scale_k`` integers; a bias is scaled like its sum, and half
    of what the shift cuts off is added to it, so that activations round to nearest. The last
    layer's scale is free: it does not change which output is greatest. Where the one output is a
    value it is a power of two, so that the value has a whole number of bits below the point.

    Raises
    ------
    QuantisationError
        For a value whose unit is not worth 1 to 2**31 steps of the output.
    """
    single, out_frac = readout.n_out == 1, 0
    act_top, scale = (1 << act_width) - 1, 1.0
    a = np.minimum(counts[:, :, readout.neurons].reshape(len(counts), -1), act_top).astype(np.int64)
    layers = []
    for k, layer in enumerate(readout.layers):
        last, shift = k == len(readout.layers) - 1, 0
        factor = weight_factor(layer.weights, width)
        if last and single:
            out_frac = int(np.floor(np.log2(factor * scale)))
            factor = 2.0**out_frac / scale
        weights = np.rint(layer.weights * factor).astype(np.int64)
        bias = rounded_bias(layer.bias * factor * scale, f"readout layer {k}")
        if not last:
            peak = int((a @ weights + bias).max(initial=0))
            while (peak + (1 << shift >> 1)) >> shift > act_top:
                shift += 1
            bias = bias + (1 << shift >> 1)
            a = np.clip((a @ weights + bias) >> shift, 0, act_top)
            scale = factor * scale / (1 << shift)
        layers.append(DenseLayer(weights.astype(np.int32), bias.astype(np.int32), shift))
    low, high = MlpReadout.OUT_FRACS
    if not low <= out_frac <= high:
        raise QuantisationError(
            f"Bits of a predicted value below the point must be between {low} and {high}, not "
            f"{out_frac}. Scale the values."
        )
    return MlpReadout(readout.neurons, readout.n_bins, tuple(layers), act_width, out_frac)


def weight_factor(weights, width: int) -> float:
    """Return what float weights are multiplied with so that the greatest fills `width` bits."""
    greatest = np.abs(weights).max(initial=0)
    return signed_range(width)[1] / greatest if greatest > 1e-100 else 1.0


def rounded_bias(bias, name: str) -> np.ndarray:
    """Return biases rounded, int64, or say which does not fit `BIAS_WIDTH` bits."""
    bias = np.rint(bias)
    limit = 1 << (BIAS_WIDTH - 1)
    for c in np.flatnonzero(~(np.abs(bias) < limit)):
        raise QuantisationError(
            f"{name}, output {c}: bias must be below {limit} weight steps, not {bias[c]:.3g}"
        )
    return bias.astype(np.int64)


def refit_readout(
    net: IntNetwork, data: Split, n_classes: int, config: ReadoutConfig
) -> IntNetwork:
    """Return the network with a readout fitted to its own integer spike counts, then rounded."""
    counts = _read_counts(net, data.events, config.n_bins)
    neurons = read_neurons(net.w_rec, config)
    fitted = fit_readout(counts, data.labels, n_classes, config, neurons)
    return replace(net, readout=quantise_fitted(fitted, net.fmt.out_weight_width, counts))


def refit_value(net: IntNetwork, events: EventBatch, values, config: ReadoutConfig) -> IntNetwork:
    """Return the network with a perceptron that predicts a value, (S,) float, of each sample.

    It is fitted to the network's own integer spike counts, then rounded; see `fit_value`. An
    output of the network is worth ``2**-out_frac``.
    """
    counts = _read_counts(net, events, config.n_bins)
    fitted = fit_value(counts, values, config, read_neurons(net.w_rec, config))
    return replace(net, readout=quantise_mlp(fitted, net.fmt.out_weight_width, counts))


def _read_counts(net: IntNetwork, events: EventBatch, n_bins: int) -> np.ndarray:
    """Return the integer spike counts, (S, n_bins, N), of a network that fires."""
    blank = np.zeros((n_bins, net.n_neurons, 1), np.int32)
    net = replace(net, readout=LinearReadout(blank, np.zeros(1, np.int32)))
    counts = run_batch(net, events).spike_counts
    if not counts.any():
        raise TrainingError(
            f"Integer network must fire, not stay silent in {len(events)} samples. "
            "Use a wider weight or membrane."
        )
    return counts


def quantise_fitted(readout: LinearReadout | MlpReadout, width: int, counts):
    """Return a readout of counts in integers; see `quantise_readout` and `quantise_mlp`."""
    if isinstance(readout, MlpReadout):
        return quantise_mlp(readout, width, counts)
    return quantise_readout(readout, width, counts.std(axis=0))


def accuracy(net: IntNetwork, data: Split) -> float:
    """Return the share of samples that the integer network classifies rightly."""
    return float((run_batch(net, data.events).predictions == data.labels).mean())
