"""Integer readouts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.artifact.schema import Artifact, from_bytes, to_bytes
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import QuantisationError, TrainingError
from hrsnn_edge.model.config import ReadoutConfig
from hrsnn_edge.model.readout import fit_value, scores
from hrsnn_edge.network import DenseLayer, IntFormat, LinearReadout, MlpReadout
from hrsnn_edge.quantise.readout import (
    accuracy,
    quantise_mlp,
    quantise_readout,
    refit_readout,
    refit_value,
)
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.readout import mlp_outputs


@given(st.integers(0, 10**6), st.integers(2, 16))
def test_rounds_to_half_a_step(seed, width):
    """The greatest weight is the top of the format; nothing is off by more than half a step."""
    rng = np.random.default_rng(seed)
    exact = LinearReadout(rng.normal(size=(2, 4, 3)), rng.normal(size=3))
    got = quantise_readout(exact, width)
    top = (1 << (width - 1)) - 1
    scale = top / np.abs(exact.w_out).max()
    assert np.abs(got.w_out).max() == top
    assert np.abs(got.w_out - exact.w_out * scale).max() <= 0.5 + 1e-9
    assert np.abs(got.bias - exact.bias * scale).max() <= 0.5 + 1e-9


def test_a_rare_count_does_not_take_the_range():
    """A weight of 64 on a count that hardly varies is clipped, so that the others keep 127 steps.

    At the scale of the greatest weight the others would be 1 or 2 steps.
    """
    weights = np.array([[[1.0, -0.6], [64.0, 0.0]]])
    readout = LinearReadout(weights, np.array([0.5, 0.0]))
    rare = quantise_readout(readout, 8, np.array([[1.0, 1e-4]]))
    assert rare.w_out.tolist() == [[[127, -76], [127, 0]]] and rare.bias.tolist() == [64, 0]
    usual = quantise_readout(readout, 8, np.array([[1.0, 1.0]]))
    assert usual.w_out.tolist() == quantise_readout(readout, 8).w_out.tolist()
    assert usual.w_out.tolist() == [[[2, -1], [127, 0]]]


def test_bias_without_weights_and_beyond_the_adders():
    """A bias alone is kept as it is; one that dwarfs the weights is refused."""
    zero = np.zeros((1, 2, 2))
    assert quantise_readout(LinearReadout(zero, np.array([3.0, -2])), 8).bias.tolist() == [3, -2]
    tiny = LinearReadout(zero + 1e-6, np.array([0.0, 1e9]))
    with pytest.raises(QuantisationError, match="output 1: bias must be below"):
        quantise_readout(tiny, 8)


def test_mlp_by_hand():
    """Greatest weights become 7 of 4 bits; the shift fits the greatest sum to 4-bit activations.

    First layer: 1 and -1/2 times 7 are 7 and -3.5, to even -4; bias 1 is 7. The greatest count of 9
    gives 7 * 9 + 7 = 70 and 0; a shift of 2 would leave (70 + 2) >> 2 = 18, so it is 3, and 4 is
    half of what it cuts off. An activation is then worth 7 / 8; the last bias 2 is 2 * 7 * 7 / 8.
    """
    layers = (
        DenseLayer(np.array([[1.0, -0.5]]), np.array([1.0, 0])),
        DenseLayer(np.array([[1.0, 0.5], [0, -1]]), np.array([2.0, 0])),
    )
    exact = MlpReadout(np.array([1]), 1, layers)
    got = quantise_mlp(exact, 4, np.array([[[99, 9]], [[99, 2]]]), act_width=4)
    first, last = got.layers
    assert (first.weights.tolist(), first.bias.tolist(), first.shift) == ([[7, -4]], [11, 4], 3)
    assert (last.weights.tolist(), last.bias.tolist(), last.shift) == (
        [[7, 4], [0, -7]],
        [12, 0],
        0,
    )
    assert mlp_outputs(np.array([[99, 9]]), got).tolist() == [7 * 9 + 12, 4 * 9]


def test_refit_of_a_perceptron():
    """A perceptron of few neurons, fitted to integer counts and rounded, still separates them."""
    net, _ = random_network(12, 40, 8, 5, fmt=IntFormat(), density=0.4)
    rng = np.random.default_rng(1)
    labels = np.arange(60) % 3
    rate = 0.05 + 0.15 * labels
    data = Split(EventBatch.from_rasters([rng.random((40, 8)) < r for r in rate]), labels)
    config = ReadoutConfig(kind="mlp", n_bins=2, strength=3.0, read_share=0.25)
    fitted = refit_readout(net, data, 3, config)
    assert [layer.weights.shape for layer in fitted.readout.layers] == [(20, 10), (10, 20), (20, 3)]
    assert accuracy(fitted, data) > 0.8
    assert run_batch(fitted, data.events).total.sop_out == 60 * (200 + 200 + 60)


def test_a_value_by_hand():
    """Weights 1.75 and -0.5 in 4 bits take the factor 4, 2 takes 2: outputs count in eighths.

    Counts of 3 and 3 give hidden 5.25 - 1.5 = 3.75, in quarters 15, which needs no shift; 2 * 3.75
    + 0.25 is 62 eighths.
    """
    layers = (
        DenseLayer(np.array([[1.75], [-0.5]]), np.array([0.0])),
        DenseLayer(np.array([[2.0]]), np.array([0.25])),
    )
    exact = MlpReadout(np.array([0, 1]), 1, layers)
    got = quantise_mlp(exact, 4, np.array([[[3, 3]]]), act_width=4)
    first, last = got.layers
    assert (first.weights.tolist(), first.shift) == ([[7], [-2]], 0)
    assert (last.weights.tolist(), last.bias.tolist(), got.out_frac) == ([[4]], [2], 3)
    assert mlp_outputs(np.array([[3, 3]]), got).tolist() == [62]
    assert scores(exact, np.array([[[3, 3]]])).tolist() == [[62 / 8]]


def test_a_predicted_value_survives_integers_and_file():
    """Reference, engine and artifact say what the float perceptron says, but for rounding."""
    net, _ = random_network(12, 40, 8, 5, fmt=IntFormat(out_weight_width=16), density=0.4)
    rng = np.random.default_rng(1)
    values = rng.uniform(-3, 5, 80)
    events = EventBatch.from_rasters([rng.random((40, 8)) < 0.05 + 0.04 * (v + 3) for v in values])
    config = ReadoutConfig(kind="mlp", n_bins=1, strength=3.0, read_share=0.5)
    fitted = refit_value(net, events, values, config)
    assert fitted.readout.n_out == 1 and fitted.readout.out_frac > 0
    back = from_bytes(to_bytes(Artifact(fitted, ("value",))), "x").network
    outputs = run_batch(back, events).outputs[:, 0]
    said = outputs / 2.0**back.readout.out_frac
    counts = run_batch(fitted, events).spike_counts
    exact = scores(fit_value(counts, values, config, fitted.readout.neurons), counts)[:, 0]
    assert np.corrcoef(exact, values)[0, 1] > 0.8
    assert np.sqrt(np.mean((said - exact) ** 2)) < 0.05 * values.std()
    assert run(back, events.raster(3)).out[-1, 0] == outputs[3]


def test_a_value_beyond_the_format_is_refused():
    """A value of a unit so small that 31 bits do not reach it, or so great, is named."""
    for unit, bits in ((1e12, "not -"), (1e-12, "not 4")):
        layers = (DenseLayer(np.array([[unit]]), np.array([0.0])),)
        with pytest.raises(QuantisationError, match=f"between 0 and 31, {bits}.*Scale the values"):
            quantise_mlp(MlpReadout(np.array([0]), 1, layers), 8, np.array([[[3]]]))


def test_refit_reads_what_the_device_counts():
    """A readout fitted to integer counts separates classes that differ in their counts."""
    net, _ = random_network(12, 40, 8, 5, fmt=IntFormat(), density=0.4)
    rng = np.random.default_rng(1)
    labels = np.arange(60) % 3
    rate = 0.05 + 0.15 * labels
    data = Split(EventBatch.from_rasters([rng.random((40, 8)) < r for r in rate]), labels)
    fitted = refit_readout(net, data, 3, ReadoutConfig(n_bins=2, strength=1.0))
    assert accuracy(fitted, data) > 0.8
    assert fitted.readout.w_out.shape == (2, 40, 3)
    assert np.array_equal(
        run_batch(fitted, data.events).spike_counts.sum(axis=1),
        run_batch(net, data.events).spike_counts.sum(axis=1),
    )


def test_a_silent_network_is_refused():
    """A readout cannot be fitted to a network that never fires."""
    net, _ = random_network(3, 10, 4, 5, fmt=IntFormat(), has_reset=False)
    quiet = Split(EventBatch.from_rasters([np.zeros((5, 4), bool)] * 4), np.array([0, 1, 0, 1]))
    with pytest.raises(TrainingError, match="must fire, not stay silent in 4 samples"):
        refit_readout(net, quiet, 2, ReadoutConfig())
