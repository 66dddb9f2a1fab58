"""The stations that need the accelerator."""

from hrsnn_edge.flow.hardware import verify_hardware
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.random_features import random_mlp


def test_a_feature_without_hardware_is_said_and_not_compared():
    """A network that no core computes has no verdict of a core, and the reason is said."""
    net, _ = random_network(1)
    deep, said = random_mlp(2, net, hidden=(2, 2, 2)), []
    found = verify_hardware(None, None, deep, None, None, said.append)
    assert (found.verdicts, found.cycles) == ({}, None)
    assert len(said) == 1 and "no generated design: Layers of the readout" in said[0]
