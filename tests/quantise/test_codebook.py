"""Neurons that share their parameters: groups by hand, and networks with so many rows at most."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.network import FloatNetwork
from hrsnn_edge.quantise.codebook import group_neurons, shared_network
from hrsnn_edge.quantise.convert import quantise
from tests.quantise.test_convert import FMT, network, samples


def sets_of(net) -> int:
    """Return how many different sets of parameters an integer network has."""
    columns = [net.decay, net.v_threshold, net.v_reset, net.refractory_steps]
    if net.synapses is not None:
        columns.append(net.synapses.syn_decay)
    return len(np.unique(np.stack(columns, axis=1), axis=0))


def four() -> FloatNetwork:
    """Return a network of two fast and two slow neurons."""
    net = network(n=4)
    return replace(
        net,
        tau_mem=np.array([4.0, 16.0, 100.0, 400.0]),
        v_threshold=np.array([1.0, 2.0, 1.0, 1.0]),
        v_reset=np.array([0.0, 0.0, 0.5, 0.0]),
        refractory_steps=np.array([1, 1, 2, 3]),
    )


def test_groups_by_hand():
    """Two groups of four neurons: geometric mean of 4 and 16 is 8, of 100 and 400 200."""
    net = four()
    group = group_neurons(net, np.array([1000.0, 900.0, 1000.0, 1000.0]), 2)
    assert group[0] == group[1] != group[2] == group[3]
    shared = shared_network(net, group)
    assert shared.tau_mem == pytest.approx([8, 8, 200, 200])
    assert shared.refractory_steps.tolist() == [1, 1, 2, 2]
    assert shared.v_reset.tolist() == [0, 0, 0.25, 0.25]
    assert shared.v_threshold.tolist() == [1, 2, 1, 1]


def test_enough_rows_change_nothing():
    """With a row for every different neuron the parameters stay."""
    net = four()
    shared = shared_network(net, group_neurons(net, np.full(4, 1000.0), 4))
    assert shared.tau_mem == pytest.approx(net.tau_mem)
    assert (shared.refractory_steps == net.refractory_steps).all()


@settings(max_examples=12)
@given(st.integers(0, 99), st.integers(1, 12), st.booleans())
def test_no_more_sets_than_rows(seed, rows, has_currents):
    """A quantised network has at most so many different neurons, and no greater threshold."""
    net = network(seed, n=24)
    if has_currents:
        tau = np.random.default_rng(seed).uniform(2, 20, 24)
        net = replace(net, tau_syn=tau)
    free, _ = quantise(net, FMT, samples(seed))
    shared, _ = quantise(net, FMT, samples(seed), codebook=rows)
    assert sets_of(shared) <= rows and sets_of(free) > 12
    assert (shared.v_threshold <= free.v_threshold * 1.5).all()


def test_the_seed_is_fixed():
    """The same network gives the same rows."""
    first, second = (quantise(network(3), FMT, samples(3), codebook=4)[0] for _ in range(2))
    assert (first.decay == second.decay).all() and (first.v_threshold == second.v_threshold).all()
