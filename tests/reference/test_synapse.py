"""Delivery over sparse rows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import ExpSynapses, IntFormat, SparseRows
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.random_features import random_synapses
from hrsnn_edge.reference.synapse import current_step, deliver
from tests.strategies import network_cases, seeds


def test_hand_worked():
    """Rows 0 and 2 fire: (1, 0, -3) and (0, 5, 2) << 1 add up to (1, 10, 1)."""
    rows = SparseRows.from_dense(np.array([[1, 0, -3], [9, 9, 9], [0, 5, 2]]))
    shift, fired = np.array([0, 3, 1]), np.array([True, False, True])
    assert deliver(rows, shift, fired).tolist() == [1, 10, 1]


@given(network_cases())
def test_equals_matrix_product(case):
    """A delivery equals the product with the dense, shifted matrix."""
    net, raster = case
    dense = net.w_in.to_dense().astype(np.int64) << net.shift_in[:, None]
    for events in raster[:5]:
        expected = events.astype(np.int64) @ dense
        assert deliver(net.w_in, net.shift_in, events).tolist() == expected.tolist()


@given(network_cases())
def test_sum_width_holds_the_worst_case(case):
    """No choice of events leaves sum_width, and the worst choice needs all its bits."""
    net, _ = case
    dense = np.concatenate(
        [
            net.w_in.to_dense().astype(np.int64) << net.shift_in[:, None],
            net.w_rec.to_dense().astype(np.int64) << net.shift_rec[:, None],
        ]
    )
    worst = np.minimum(dense, 0).sum(axis=0).min(), np.maximum(dense, 0).sum(axis=0).max()
    low, high = signed_range(net.sum_width)
    assert low <= worst[0] and worst[1] <= high
    if net.sum_width > 1:
        low, high = signed_range(net.sum_width - 1)
        assert worst[0] < low or worst[1] > high


@pytest.mark.parametrize(
    ("i_syn", "syn_sum", "expected"),
    [
        (21, 0, 10),  # 21 * 128 / 256 = 10.5, toward zero
        (-21, 0, -10),
        (-1, 0, 0),
        (21, 5, 30),  # 10 + (5 << 2)
        (100, 20, 127),  # 50 + 80 = 130 saturates
        (-100, -20, -128),  # -50 - 80 = -130 saturates
    ],
)
def test_current_hand_worked(i_syn, syn_sum, expected):
    """A current halves toward zero, takes the shifted sum and saturates at its own 8 bits."""
    net, _ = random_network(1, n_neurons=1, fmt=IntFormat(v_shift=2, decay_width=8))
    net = replace(net, synapses=ExpSynapses(np.array([128]), 8))
    assert current_step(np.array([i_syn]), np.array([syn_sum]), net).tolist() == [expected]


def test_current_runs_on_while_refractory():
    """A spike's current still drives the neuron after its refractory steps.

    One event of weight 8 at t = 0 and a current that halves: 8, 4, 2, 1. The neuron (threshold 8,
    no leak of its own kept) fires at t = 0, is held at t = 1 and takes 2 at t = 2, then 1 + 1.
    """
    net, _ = random_network(1, 1, 1, fmt=IntFormat(decay_width=8, weight_width=6))
    net = replace(
        net,
        w_in=SparseRows.from_dense(np.array([[8]], np.int32)),
        w_rec=SparseRows.from_dense(np.zeros((1, 1), np.int32)),
        shift_in=np.array([0]),
        decay=np.array([128]),
        v_threshold=np.array([8]),
        v_reset=np.array([0]),
        refractory_steps=np.array([1]),
        synapses=ExpSynapses(np.array([128]), 8),
    )
    trace = run(net, np.array([[1], [0], [0], [0]], bool))
    assert trace.i_syn[:, 0].tolist() == [8, 4, 2, 1]
    assert trace.v[:, 0].tolist() == [0, 0, 2, 2]
    assert trace.spikes[:, 0].tolist() == [True, False, False, False]


@given(network_cases(max_steps=15), seeds)
def test_no_decay_means_delta_synapses(case, seed):
    """With syn_decay 0 and room for every sum the network is the one with delta synapses."""
    net, raster = case
    wide = net.sum_width + net.fmt.v_shift <= 24
    none = replace(net, synapses=ExpSynapses(np.zeros(net.n_neurons, np.int32), 24))
    plain, with_currents = run(net, raster), run(none, raster)
    if wide:
        assert np.array_equal(plain.v, with_currents.v)
        assert np.array_equal(plain.spikes, with_currents.spikes)
    # Any currents stay within their own width.
    net = random_synapses(seed, net)
    low, high = signed_range(net.synapses.syn_width)
    i_syn = run(net, raster).i_syn
    assert low <= i_syn.min() and i_syn.max() <= high
