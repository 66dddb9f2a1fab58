"""Integer readouts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import QuantisationError, TrainingError
from hrsnn_edge.model.config import ReadoutConfig
from hrsnn_edge.network import IntFormat, LinearReadout
from hrsnn_edge.quantise.readout import accuracy, quantise_readout, refit_readout
from hrsnn_edge.reference.random import random_network


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


def test_bias_without_weights_and_beyond_the_adders():
    """A bias alone is kept as it is; one that dwarfs the weights is refused."""
    zero = np.zeros((1, 2, 2))
    assert quantise_readout(LinearReadout(zero, np.array([3.0, -2])), 8).bias.tolist() == [3, -2]
    tiny = LinearReadout(zero + 1e-6, np.array([0.0, 1e9]))
    with pytest.raises(QuantisationError, match="output 1: bias must be below"):
        quantise_readout(tiny, 8)


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
