import json
import logging
from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.prune.algorithm import LnpSchedule
from hrsnn_edge.prune.edges import AddRule
from hrsnn_edge.prune.nodes import NodeRule
from hrsnn_edge.prune.record import INPUT_SHARES, LnpConfig
from hrsnn_edge.prune.whole import prune_whole
from tests.prune.networks import make_network

SHORT = LnpSchedule(0.6, 5, LnpConfig(node_exponents="leak"), NodeRule(0.05, 10), AddRule())


def test_record_of_both_projections():
    """Neurons go, input synapses of those that stay go in the same share, all is plain JSON."""
    net = make_network(n=60, density=0.3)
    activity = {"in": np.linspace(0.1, 1, 6), "rec": np.ones(60)}
    schedule = replace(SHORT, edges=INPUT_SHARES, preserve_input=True)
    pruned, record = prune_whole(net, schedule, 1, ("rec", "in"), activity=activity)
    assert record.neurons == (60, pruned.n_neurons)
    assert pruned.n_neurons < 60
    assert record.synapses["rec"] == (net.w_rec.nnz, pruned.w_rec.nnz)
    assert record.synapses["in"][1] == pruned.w_in.nnz < 0.45 * net.w_in.nnz
    assert set(record.factors) == {"rec", "in"}
    assert min(record.factors.values()) > 1
    assert record.stop == "sparsity"
    plain = json.loads(json.dumps(record.to_dict()))
    assert plain["rounds"][-1]["graph"]["n_neurons"] == pruned.n_neurons


def test_unmet_target_is_said(caplog):
    """Rounds that end before the target are named with what they reached."""
    net = make_network(n=60, density=0.3)
    with caplog.at_level(logging.WARNING):
        _, record = prune_whole(net, replace(SHORT, added=AddRule(share=0.4)), 0)
    assert record.stop == "rounds"
    assert "Pruning ended after 5 rounds (rounds) at recurrent sparsity" in caplog.text
    with pytest.raises(ValueError, match="Projections must be 'rec'"):
        prune_whole(net, SHORT, 0, ("in",))
