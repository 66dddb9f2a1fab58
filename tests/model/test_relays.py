import dataclasses

import numpy as np
import pytest

from hrsnn_edge.artifact.schema import Artifact, from_bytes, to_bytes
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.model.config import ModelConfig, NetworkConfig, ReadoutConfig
from hrsnn_edge.model.lif import build_network
from hrsnn_edge.model.relays import with_relays
from hrsnn_edge.model.train import input_counts, train
from hrsnn_edge.network import IntFormat
from hrsnn_edge.quantise.convert import quantise
from hrsnn_edge.quantise.readout import refit_readout

N, K = 20, 7


def batch(seed=0, n=12):
    rng = np.random.default_rng(seed)
    return EventBatch.from_rasters([rng.random((30 + s, K)) < 0.3 for s in range(n)])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"gain_mode": "leaky"},
        {"reset": "subtract"},
        {"tau_syn_mean": 5.0},
        {"floor": -np.inf},
        {"clusters": 4},
    ],
)
def test_relays_repeat_the_input(changes):
    """In each kind of network a relay fires with its channel, and no other neuron notices."""
    config = NetworkConfig(n_neurons=N, input_weight=1.5, **changes)
    net, events = build_network(config, K, 0), batch()
    counts = run_counts(with_relays(net), events, 3)
    np.testing.assert_array_equal(counts[:, :, N:], input_counts(events, 3))
    np.testing.assert_array_equal(counts[:, :, :N], run_counts(net, events, 3))
    assert counts[:, :, :N].any()


def trained(kind="logistic"):
    config = ModelConfig().with_values(
        {
            "network.n_neurons": N,
            "network.input_weight": 0.4,
            "rate.target_hz": None,
            "plasticity.synapses": "off",
            "readout.reads_input": True,
            "readout.kind": kind,
        }
    )
    events = batch()
    return train(config, Split(events, np.arange(len(events)) % 3), n_classes=3, seed=0)[0], events


@pytest.mark.parametrize("widths", [(8, 0), (4, 3), (2, 0)])
def test_relays_repeat_the_input_in_integers(widths):
    """Whatever the bits of a weight, and out of an artifact too."""
    net, events = trained()
    assert net.readout.w_out.shape == (4, N + K, 3)
    fmt = dataclasses.replace(IntFormat(), weight_width=widths[0], shift_width=widths[1])
    rounded, _ = quantise(net, fmt, events)
    rounded = refit_readout(rounded, Split(events, np.arange(len(events)) % 3), 3, ReadoutConfig())
    rounded = from_bytes(to_bytes(Artifact(rounded, ("a", "b", "c"))), "x").network
    counts = run_batch(rounded, events).spike_counts
    np.testing.assert_array_equal(counts[:, :, N:], input_counts(events, 4))


def test_perceptron_reads_no_relays():
    """A perceptron that reads central neurons cannot read relays too."""
    with pytest.raises(ValueError, match="reads_input must be false with an mlp"):
        trained("mlp")
