import json
from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.errors import PruneError
from hrsnn_edge.network import SparseRows
from hrsnn_edge.prune.algorithm import LnpSchedule, lnp
from hrsnn_edge.prune.edges import AddRule
from hrsnn_edge.prune.evolution import measure
from hrsnn_edge.prune.graph import weak_components
from hrsnn_edge.prune.nodes import NodeRule, alive
from hrsnn_edge.prune.record import LnpConfig
from hrsnn_edge.prune.timescales import TimescaleSearch
from tests.prune.networks import make_network

STEP_ONE = LnpConfig(node_exponents="leak")
SHORT = LnpSchedule(
    sparsity=0.6, rounds=6, edges=STEP_ONE, nodes=NodeRule(0.03, 10), added=AddRule(share=0.02)
)


def run(seed=0, net=None, **change):
    """A short run on a network of 60 neurons."""
    net = make_network(n=60, density=0.3, seed=seed) if net is None else net
    return net, lnp(net, replace(SHORT, **change), seed)


def pairs_of(rows, kept=None):
    """The synapses as (pre, post), numbered as before pruning."""
    number = np.arange(rows.n_pre) if kept is None else np.flatnonzero(kept)
    return set(zip(number[rows.pre_idx].tolist(), number[rows.col_idx].tolist(), strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_invariants(seed):
    """The target is met, the graph whole, neurons are old ones, limits and signs hold."""
    limit = 12
    net, result = run(seed, added=AddRule(share=0.02, max_fan_out=limit))
    pruned, rows = result.network, result.network.w_rec
    assert result.stop == "sparsity"
    assert rows.nnz <= round(0.4 * net.w_rec.nnz)
    assert weak_components(rows)[0] == 1
    assert alive(pruned).all()
    assert np.array_equal(pruned.tau_mem, net.tau_mem[result.kept])
    assert np.array_equal(rows.weights < 0, pruned.inhibitory[rows.pre_idx])
    assert 0.75 <= (~pruned.inhibitory).mean() <= 0.85
    assert (rows.fan_out <= np.maximum(limit, net.w_rec.fan_out[result.kept])).all()
    new = pairs_of(rows, result.kept) - pairs_of(net.w_rec)
    assert 0 < len(new) <= sum(r.n_added for r in result.rounds)
    assert pruned.readout is None


def test_records_say_what_happened():
    """Counts of the records follow from each other and end with the network."""
    net, result = run()
    n, e = result.start.n_neurons, result.start.n_synapses
    assert (n, e) == (net.n_neurons, net.w_rec.nnz)
    for index, record in enumerate(result.rounds, 1):
        assert record.index == index
        assert record.n_drawn == max(round(0.4 * net.w_rec.nnz), round(0.4 ** (1 / 6) * e))
        assert record.graph.n_neurons == n - record.n_removed
        assert record.graph.n_synapses <= record.n_drawn + record.n_added
        n, e = record.graph.n_neurons, record.graph.n_synapses
        assert record.sparsity == pytest.approx(1 - e / net.w_rec.nnz)
        assert record.graph.density == pytest.approx(e / n**2)
        assert record.lambda_1 < 0
        assert 1 / n <= record.graph.ipr.mean <= 1
        assert record.errors["rayleigh_median"] > 0
    assert (n, e) == (result.network.n_neurons, result.network.w_rec.nnz)
    assert result.rounds[-1].graph == measure(result.network)
    assert json.loads(json.dumps(result.to_dict()))["stop"] == "sparsity"


def test_seed_decides_all():
    """The same seed gives the same bytes, another seed another network."""
    _, first = run(seed=1)
    net, again = run(seed=1)
    other = lnp(net, SHORT, 2)
    for name in ("row_ptr", "col_idx", "weights"):
        assert np.array_equal(
            getattr(first.network.w_rec, name), getattr(again.network.w_rec, name)
        )
    assert first.rounds == again.rounds
    assert pairs_of(other.network.w_rec, other.kept) != pairs_of(first.network.w_rec, first.kept)


def test_steps_can_be_left_out():
    """Without steps II and III only synapses go, and the target is met exactly."""
    net, result = run(nodes=None, added=None)
    assert result.kept.all()
    assert result.network.w_rec.nnz == round(0.4 * net.w_rec.nnz)
    assert len(result.rounds) == 6
    assert pairs_of(result.network.w_rec) < pairs_of(net.w_rec)


def test_every_round_is_reported():
    """`on_round` sees each record that counts, in order."""
    seen = []
    net = make_network(n=60, density=0.3)
    result = lnp(net, SHORT, 0, seen.append)
    assert tuple(seen) == result.rounds


def test_rescale_and_preserved_input():
    """Rescaled old weights grow by 1 to 4; preserved input keeps the mean onto a neuron."""
    _, masked = run()
    net, scaled = run(edges=replace(STEP_ONE, weights="rescale"))
    ratio = scaled.network.w_rec.weights / masked.network.w_rec.weights
    assert ratio.min() == 1
    assert 1.5 < ratio.max() <= 4
    _, kept = run(preserve_input=True)

    def mean_input(network):
        unit = network.v_threshold[network.w_rec.col_idx]
        return (np.abs(network.w_rec.weights) / unit).sum() / network.n_neurons

    factor = kept.network.w_rec.weights / masked.network.w_rec.weights
    assert factor == pytest.approx(np.full(factor.size, factor[0]))
    assert mean_input(kept.network) == pytest.approx(mean_input(net))


def test_stops_before_too_few_neurons():
    """A round that would leave fewer than `n_min` neurons, the dead ones gone, does not count."""
    net = make_network(n=60, density=0.05, seed=3)
    _, result = run(net=net, sparsity=0.97, rounds=3, nodes=NodeRule(0, 50))
    assert result.stop == "few neurons"
    assert result.network.n_neurons >= 50
    assert result.network.n_neurons == result.kept.sum()


def test_stops_before_the_graph_falls_apart():
    """Two groups over one bridge, cut at random: the result is still whole."""
    net, result = run(
        net=make_network(n=60, density=0.02, seed=5), sparsity=0.9, rounds=10, nodes=None
    )
    assert result.stop == "disconnected"
    assert weak_components(result.network.w_rec)[0] == 1
    assert result.network.w_rec.nnz > 0.1 * net.w_rec.nnz


def test_stops_when_the_rounds_are_spent():
    """Synapses that step III adds can leave the target unmet; the record says so."""
    net, result = run(nodes=None, added=AddRule(share=0.3))
    assert result.stop == "rounds"
    assert len(result.rounds) == 6
    assert result.network.w_rec.nnz > 0.4 * net.w_rec.nnz


def test_time_constants_come_last():
    """Step IV changes the time constants of the pruned network and nothing else."""
    search = TimescaleSearch(n_directions=2, warm_up=20, n_steps=60, n_initial=2, n_evaluations=3)
    _, plain = run()
    _, tuned = run(timescales=search)
    assert len(tuned.search.observations) == 3
    assert np.array_equal(plain.network.w_rec.weights, tuned.network.w_rec.weights)
    assert not np.array_equal(plain.network.tau_mem, tuned.network.tau_mem)


SHARES = replace(
    STEP_ONE, noise="input", score="share", selection="largest", unit="steady", leak="membrane"
)


def test_shares_of_the_input():
    """With the noise of the input and the membranes' leak the same invariants hold, seed or not."""
    net, result = run(seed=2, edges=SHARES)
    again = lnp(net, replace(SHORT, edges=SHARES), 2)
    assert result.stop == "sparsity"
    assert np.array_equal(result.network.w_rec.weights, again.network.w_rec.weights)
    assert weak_components(result.network.w_rec)[0] == 1


def test_current_is_an_input():
    """A network without input synapses is pruned by the power of a current; none is named."""
    net = make_network(n=60, density=0.3)
    net = replace(net, w_in=SparseRows.from_dense(np.zeros((1, 60))))
    schedule = replace(SHORT, edges=SHARES, nodes=replace(SHORT.nodes, protect_input=True))
    current = np.where(np.arange(60) < 20, 1.0, 0.0)
    result = lnp(net, schedule, 0, current=current)
    assert result.kept[:20].all()
    assert not result.kept.all()
    with pytest.raises(PruneError, match="must reach a neuron for noise='input', not none of 60"):
        lnp(net, schedule, 0)


def test_disconnected_start_is_named():
    """A graph in two parts is refused with their number and the size of the largest."""
    net = make_network(n=6)
    dense = np.zeros((6, 6))
    dense[0, 1] = dense[1, 2] = dense[3, 4] = dense[4, 5] = 0.1
    dense[2, 0] = 0.1
    parts = replace(net, w_rec=SparseRows.from_dense(dense), inhibitory=np.zeros(6, bool))
    with pytest.raises(PruneError, match="not in 2 parts, the largest of 3 of 6 neurons"):
        lnp(parts, SHORT, 0)
    with pytest.raises(PruneError, match="must have synapses to prune, not 0"):
        lnp(replace(net, w_rec=SparseRows.from_dense(np.zeros((6, 6)))), SHORT, 0)


def test_lost_input_is_named(monkeypatch):
    """A network whose only input neuron goes is refused with the round."""
    net = make_network(n=60, density=0.3)
    only = np.zeros((6, 60))
    only[0, 11] = 1.0
    net = replace(net, w_in=SparseRows.from_dense(only))
    score = np.where(np.arange(60) == 11, -1.0, np.arange(60.0))
    monkeypatch.setattr("hrsnn_edge.prune.nodes.betweenness", lambda rows, seed: score)
    with pytest.raises(PruneError, match="must reach a neuron after round 1, not none of 58"):
        lnp(net, SHORT, 0)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"sparsity": 1.0}, "below 1, not 1.0"),
        ({"sparsity": 0}, "above 0 and below 1, not 0"),
        ({"rounds": 0}, "1 or more, not 0"),
        ({"edges": LnpConfig(rounds=2)}, "Rounds of step I must be 1, not 2"),
    ],
)
def test_wrong_schedules_are_refused(change, text):
    """A schedule out of range is a wrong call."""
    with pytest.raises(ValueError, match=text):
        LnpSchedule(**change)
