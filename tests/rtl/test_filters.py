"""Filtered spikes and their map on chip equal `filter_step` and `filter_outputs`."""

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.network import IntFormat, TraceReadout
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.random_features import random_traces
from hrsnn_edge.reference.readout import filter_outputs, filter_step
from tests.rtl.asked import run_asked


def network(seed: int, **sizes):
    """Return a network of up to 7 neurons with a random stream of its spikes."""
    net, _ = random_network(seed, int(1 + seed % 7), 3, fmt=IntFormat(), n_out=1 + seed % 3)
    return random_traces(seed, net, **sizes)


def expected(readout: TraceReadout, n_neurons: int, samples):
    """Return the outputs after each step: of the last step that asked, 0 before."""
    out = []
    for steps in samples:
        filters, rows = np.zeros((readout.n_filters, n_neurons), np.int64), []
        last = [0] * readout.n_out
        for _, spikes, asks in steps:
            filters = filter_step(filters, spikes, readout)
            if asks:
                last = filter_outputs(filters, readout).tolist()
            rows.append(last)
        out.append(rows)
    return out


@settings(max_examples=25)
@given(st.integers(0, 2**16), st.sampled_from([1, 2]), st.sampled_from([0.0, 0.5]))
def test_matches_reference(seed, lanes, pause):
    """Two samples of steps, some of which ask: outputs and products are right."""
    net, rng = network(seed), np.random.default_rng(seed)
    config = CoreConfig.for_network(net, lanes=lanes, n_steps=12)
    samples = [
        [(0, rng.random(net.n_neurons) < 0.5, k % 3 == 1) for k in range(int(rng.integers(2, 12)))]
        for _ in range(2)
    ]
    got, sops = run_asked(net, config, samples, pause=pause, seed=seed)
    assert got == expected(net.readout, net.n_neurons, samples)
    # The core also multiplies the zeros of slots without a neuron.
    asked = sum(asks for steps in samples for _, _, asks in steps)
    assert sops == asked * config.out_depth
    if config.n_hw == net.n_neurons:
        assert config.out_depth == net.readout.macs


def test_fewer_filters_and_coarser_decays_on_a_larger_core():
    """A core for 3 filters with squares and 12-bit decays runs 2 without squares and 7 bits."""
    net = network(11, n_filters=2, squares=False, trace_width=9, decay_width=7)
    config = CoreConfig.for_network(
        network(11, n_filters=3, squares=True, trace_width=9, decay_width=12), n_steps=9
    )
    wide = type(config.readout)(**vars(config.readout) | {"acc_width": 34})
    config = type(config)(**vars(config) | {"readout": wide, "out_width": 34})
    rng = np.random.default_rng(5)
    steps = [(0, rng.random(net.n_neurons) < 0.5, k > 3) for k in range(9)]
    assert run_asked(net, config, [steps])[0] == expected(net.readout, net.n_neurons, [steps])


def test_by_hand():
    """One neuron fires in steps 0 and 2: filters 100, 50, 125 and 16, 12, 25, of decays 1/2, 3/4.

    125 - 2 * 25 + 3 * (125**2 >> 8) + 4 * (25**2 >> 8) - 100 = 75 + 183 + 8 - 100 = 166, and / 4.
    """
    net, _ = random_network(4, 1, 2, fmt=IntFormat(), n_out=1)
    readout = TraceReadout(
        decay=np.array([[8], [12]]),
        w_out=np.array([[[1]], [[-2]], [[3]], [[4]]]),
        bias=np.array([-100]),
        hold=3,
        trace_step=np.array([100, 16]),
        trace_width=8,
        decay_width=4,
        out_shift=2,
    )
    net = type(net)(**vars(net) | {"readout": readout})
    steps = [(0, np.array([k != 1]), k == 2) for k in range(3)]
    got, sops = run_asked(net, CoreConfig.for_network(net, n_steps=3), [steps])
    assert (got, sops) == ([[[0], [0], [41]]], 4)
