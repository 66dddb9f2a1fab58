from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.analysis.reservoir import draw_reservoir, memory_recipe
from hrsnn_edge.analysis.reservoir_stdp import learn_driven, memory_plasticity
from hrsnn_edge.model.stdp import draw_stdp
from hrsnn_edge.network import SparseRows


@pytest.fixture
def pair():
    """Two neurons, 0 -> 1, that fire when their current says so: alpha is almost 0."""
    config = memory_recipe(4, neurons="hom")
    net = draw_reservoir(config, 1, 0)
    rows = SparseRows(np.array([0, 1, 1, 1, 1]), np.array([1], np.int32), np.array([0.01]), 4)
    inner = replace(
        net.net, w_rec=rows, tau_mem=np.full(4, 0.05), refractory_steps=np.zeros(4, np.int64),
        inhibitory=np.zeros(4, bool),
    )  # fmt: skip
    w = np.zeros((4, 4))
    np.fill_diagonal(w, 2.0)
    return replace(net, net=inner, hold=1, bias=np.zeros(4), w_current=w)


def learned(pair, steps, **constants):
    """The weight of 0 -> 1 after spikes of (0, 1) in the given steps."""
    stdp = draw_stdp(memory_plasticity("hom"), pair.net, 0)
    series = np.zeros((12, 4))
    for neuron, t in steps:
        series[t, neuron] = 1
    stdp = replace(stdp, **constants)
    return learn_driven(pair, stdp, series).net.w_rec.weights[0]


def test_causal_pair_by_hand(pair):
    """0 before 1 by 3 ms adds eta exp(-3 / 10) of the greatest weight, the reverse takes it."""
    change = 0.005 * 0.03 * np.exp(-0.3)
    assert learned(pair, [(0, 2), (1, 5)]) == pytest.approx(0.01 + change, rel=1e-12)
    assert learned(pair, [(1, 2), (0, 5)]) == pytest.approx(0.01 - change, rel=1e-12)


def test_coincident_spikes_change_nothing(pair):
    """Traces hold past spikes only."""
    assert learned(pair, [(0, 4), (1, 4)]) == 0.01


def test_all_pairs_count(pair):
    """Two spikes of the source before one of the target add up, each decayed by its own age."""
    change = 0.005 * 0.03 * (np.exp(-0.1) + np.exp(-0.4))
    assert learned(pair, [(0, 2), (0, 5), (1, 6)]) == pytest.approx(0.01 + change, rel=1e-12)


def test_clipped_at_both_ends(pair):
    """A weight stays between 0 and its greatest value."""
    eta = np.full(5, 100.0)
    assert learned(pair, [(0, 2), (1, 5)], eta_plus=eta) == pytest.approx(0.03)
    assert learned(pair, [(1, 2), (0, 5)], eta_minus=eta[:4]) == 0.0


def test_signs_and_wiring_stay():
    """STDP changes magnitudes only, in 'het' as in 'hom'; without synapses nothing."""
    net = draw_reservoir(memory_recipe(60), 1, 0)
    x = np.random.default_rng(0).uniform(-1, 1, (100, 1))
    for synapses in ("hom", "het"):
        stdp = draw_stdp(memory_plasticity(synapses), net.net, 0)
        after = learn_driven(net, stdp, x).net.w_rec
        before = net.net.w_rec
        assert np.array_equal(after.col_idx, before.col_idx)
        assert not np.array_equal(after.weights, before.weights)
        assert np.all(after.weights * before.weights >= 0)
    frozen = replace(stdp, plastic_rec=False)
    assert learn_driven(net, frozen, x) is net
