"""The perceptron on chip equals `mlp_outputs`, whenever it is asked."""

import numpy as np
import pytest
from hrsnn_rtl.config import CoreConfig
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.network import DenseLayer, IntFormat, MlpReadout
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.random_features import random_mlp
from hrsnn_edge.reference.readout import mlp_outputs
from tests.rtl.asked import run_asked


def network(seed: int, **sizes):
    """Return a network of up to 14 neurons with a random perceptron."""
    net, _ = random_network(seed, int(1 + seed % 14), 3, fmt=IntFormat(), n_out=1 + seed % 3)
    return random_mlp(seed, net, **sizes)


def expected(readout: MlpReadout, n_neurons: int, samples):
    """Return the outputs after each step: of the last step that asked, 0 before."""
    out = []
    for steps in samples:
        counts, last, rows = np.zeros((readout.n_bins, n_neurons), np.int64), None, []
        for bin_idx, spikes, asks in steps:
            counts[bin_idx] += spikes
            if asks:
                last = mlp_outputs(counts, readout).tolist()
            rows.append(last or [0] * readout.n_out)
        out.append(rows)
    return out


@settings(max_examples=25)
@given(st.integers(0, 2**16), st.sampled_from([1, 2]), st.sampled_from([0.0, 0.5]))
def test_matches_reference(seed, lanes, pause):
    """Two samples of steps of any bin, some of which ask: outputs and products are right."""
    net, rng = network(seed), np.random.default_rng(seed)
    config = CoreConfig.for_network(net, lanes=lanes, n_steps=40)
    samples = [
        [
            (int(rng.integers(net.readout.n_bins)), rng.random(net.n_neurons) < 0.7, k % 3 == 1)
            for k in range(int(rng.integers(2, 25)))
        ]
        for _ in range(2)
    ]
    got, sops = run_asked(net, config, samples, pause=pause, seed=seed)
    assert got == expected(net.readout, net.n_neurons, samples)
    asked = sum(asks for steps in samples for _, _, asks in steps)
    assert sops == asked * net.readout.macs


@pytest.mark.parametrize("core", [{"n_read": 9}, {"n_bins": 3}, {"hidden": (8, 7)}])
def test_a_smaller_perceptron_on_a_larger_core(core):
    """A perceptron that needs less of the core's sizes computes the same on it."""
    sizes = {"n_read": 4, "n_bins": 2, "hidden": (3, 2), "act_width": 5}
    net = network(9, **sizes)
    config = CoreConfig.for_network(network(9, **sizes | core), n_steps=20)
    # Room for any sum of these few inputs.
    wide = type(config.readout)(**vars(config.readout) | {"acc_width": 30})
    config = type(config)(**vars(config) | {"readout": wide, "out_width": 30})
    rng = np.random.default_rng(2)
    steps = [(k % 2, rng.random(net.n_neurons) < 0.6, k == 9) for k in range(10)]
    got, sops = run_asked(net, config, [steps])
    assert got == expected(net.readout, net.n_neurons, [steps])
    assert sops == config.out_depth > net.readout.macs


def test_by_hand():
    """Counts 2 and 20 of 4 bits: 15 saturates; hidden 2 + 6 + 15 = 23 >> 1 = 11 and 0.

    The outputs are then 55 - 10 = 45 and -11 + 7 = -4.
    """
    first = DenseLayer(np.array([[3, -9], [1, 1]]), np.array([2, -1]), shift=1)
    last = DenseLayer(np.array([[5, -1], [2, 2]]), np.array([-10, 7]))
    net, _ = random_network(4, 3, 2, fmt=IntFormat(), n_out=2)
    readout = MlpReadout(np.array([0, 2]), 1, (first, last), act_width=4)
    net = type(net)(**vars(net) | {"readout": readout})
    steps = [(0, np.array([k < 2, True, True]), k == 19) for k in range(20)]
    got, _ = run_asked(net, CoreConfig.for_network(net, n_steps=20), [steps])
    assert got[0][18:] == [[0, 0], [45, -4]]
