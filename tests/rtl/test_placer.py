"""Tests of the placement of neurons on lanes."""

import numpy as np
import pytest
from hrsnn_rtl.placer import Placement, place
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import IntFormat
from hrsnn_edge.reference.random import random_network
from tests.strategies import network_cases


@given(network_cases(), st.sampled_from([1, 2, 4, 8]), st.integers(0, 3))
def test_every_neuron_has_a_place_of_its_own(case, lanes, spare):
    """`index` and `neuron` are inverse, no lane is over-full, one lane changes nothing."""
    net, _ = case
    n_slots = -(-net.n_neurons // lanes) + spare
    placement = place(net, lanes, n_slots)
    assert (placement.neuron[placement.index] == np.arange(net.n_neurons)).all()
    assert (placement.neuron >= 0).sum() == net.n_neurons
    assert (np.bincount(placement.lane, minlength=lanes) <= n_slots).all()
    assert placement.synapses(net).sum() == net.w_in.nnz + net.w_rec.nnz
    if lanes == 1:
        assert (placement.index == np.arange(net.n_neurons)).all()


def test_placement_by_hand():
    """Neuron 2 of three on two lanes with two slots, put at lane 0, slot 1, has index 2."""
    placement = Placement(2, 2, np.array([0, 1, 0]), np.array([0, 0, 1]))
    assert placement.index.tolist() == [0, 1, 2]
    assert placement.neuron.tolist() == [0, 1, 2, -1]


def test_greedy_is_even():
    """Lanes of a random 10 % net differ by less than 3 %, and less than those of j mod P."""
    net, _ = random_network(7, n_neurons=256, n_inputs=64, n_steps=1, fmt=IntFormat(), density=0.1)
    for lanes in (2, 4, 8):
        modulo = Placement(
            lanes, 256 // lanes, np.arange(256) % lanes, np.arange(256) // lanes
        ).balance(net)
        assert place(net, lanes).balance(net) < min(1.03, modulo)


def test_refuses_too_few_slots():
    """A network with more neurons than slots is refused."""
    net, _ = random_network(1, n_neurons=9, n_inputs=2, n_steps=1, fmt=IntFormat())
    message = "Slots a lane must be at least 5 for 9 neurons on 2 lanes, not 4"
    with pytest.raises(CapacityError, match=message):
        place(net, 2, 4)


@pytest.mark.parametrize(
    "lane, slot, message",
    [
        ([0, 2], [0, 0], "Lane must be between 0 and 1"),
        ([0, 1], [0, 5], "Slot must be between 0 and 1"),
        ([0, 0], [1, 1], "Every neuron must have a place of its own"),
    ],
)
def test_placement_checks(lane, slot, message):
    """A placement outside the core or with a shared place is refused."""
    with pytest.raises(ValueError, match=message):
        Placement(2, 2, np.array(lane), np.array(slot))
