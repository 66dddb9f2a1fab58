"""The stations that need the accelerator."""

from hrsnn_edge.flow.hardware import verify_hardware
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.random_features import random_mlp, random_synapses


def test_a_feature_without_hardware_is_said_and_not_compared():
    """A network that no core computes has no verdict of a core, and the reason is said."""
    net, _ = random_network(1)
    for change, name in ((random_mlp, "Readout 'mlp'"), (random_synapses, "tau_syn")):
        said = []
        found = verify_hardware(None, None, change(2, net), None, None, said.append)
        assert (found.verdicts, found.cycles) == ({}, None)
        assert len(said) == 1 and name in said[0] and "not supported by the core yet" in said[0]
