from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.engine.float_run import step_gain
from hrsnn_edge.errors import PruneError
from hrsnn_edge.network import SparseRows
from hrsnn_edge.prune.record import LnpConfig
from hrsnn_edge.prune.synapses import choose_synapses, effect, effective, input_power, radius_unit
from tests.prune.networks import make_network, rows_of

SHARE = LnpConfig(
    node_exponents="leak", noise="input", score="share", selection="largest", unit="steady"
)


def chosen(net, count, config, noise=None, unit=None, seed=0):
    """A round of step I."""
    return choose_synapses(net, count, np.random.default_rng(seed), config, noise, unit)


def test_effect_worked():
    """Hand-worked: leaky, tau such that alpha is 1/2, threshold 4: a step of 1/8, steady 1/4."""
    net = replace(
        make_network(n=3),
        gain_mode="leaky",
        tau_mem=np.full(3, 1 / np.log(2)),
        v_threshold=np.full(3, 4.0),
    )
    assert effect(net, "step") == pytest.approx([1 / 8] * 3)
    assert effect(net, "steady") == pytest.approx([1 / 4] * 3)
    assert effect(replace(net, gain_mode="jump"), "step") == pytest.approx([1 / 4] * 3)
    assert effect(replace(net, gain_mode="jump"), "steady") == pytest.approx([1 / 2] * 3)
    slow = replace(net, tau_syn=np.full(3, 1 / np.log(2)))
    assert effect(slow, "step") == pytest.approx([1 / 8] * 3)
    assert effect(slow, "steady") == pytest.approx([1 / 2] * 3)
    with pytest.raises(ValueError, match="Unit must be one of step, steady, not 'volt'"):
        effect(net, "volt")


def test_effective_is_the_step_in_thresholds():
    """An effective weight is what one spike adds to the membrane, over its threshold."""
    net = replace(make_network(), gain_mode="leaky")
    rows = effective(net, "rec")
    post = net.w_rec.col_idx
    expected = net.w_rec.weights * step_gain(net)[post] / net.v_threshold[post]
    assert rows.weights == pytest.approx(expected)
    with pytest.raises(PruneError, match="v_threshold, neuron 2: must be above 0 to prune, not 0"):
        effective(replace(net, v_threshold=np.where(np.arange(40) == 2, 0, 1.0)), "rec")


def test_input_power_worked():
    """Hand-worked: channels of activity 0.5 and 0 with weights 2 and 3 onto a threshold of 2."""
    net = replace(
        make_network(n=2, n_inputs=2),
        w_in=SparseRows.from_dense(np.array([[2.0, 0], [0, 3]])),
        v_threshold=np.full(2, 2.0),
    )
    assert input_power(net, {}) == pytest.approx([4 / 4, 9 / 4])
    assert input_power(net, {"in": [0.5, 0]}) == pytest.approx([0.5, 0])
    assert input_power(net, {"in": [0.5, 0]}, np.array([0, 8.0])) == pytest.approx([0.5, 2])
    with pytest.raises(PruneError, match="not none of 2: every channel is silent"):
        input_power(net, {"in": [0, 0]})


def test_largest_scores_lead_away_from_the_input():
    """Of a chain and its way back, the synapses that carry the input on are kept."""
    ring = np.zeros((4, 4))
    for k in range(3):
        ring[k, k + 1] = ring[k + 1, k] = 0.5
    net = replace(
        make_network(n=4), w_rec=SparseRows.from_dense(ring), inhibitory=np.zeros(4, bool)
    )
    net = replace(net, v_threshold=np.ones(4), tau_mem=np.full(4, 10.0))
    kept = chosen(net, 3, SHARE, np.array([1.0, 0, 0, 0]))
    pairs = zip(net.w_rec.pre_idx[kept.mask], net.w_rec.col_idx[kept.mask], strict=True)
    assert set(pairs) == {(0, 1), (1, 2), (2, 3)}
    assert kept.probabilities.tolist() == [1] * 6


@pytest.mark.parametrize("seed", range(3))
def test_papers_choice_knows_no_input(seed):
    """With noise into all neurons alike the given power changes nothing; else it does."""
    net = make_network(seed=seed)
    some = np.where(np.arange(40) < 8, 1.0, 0.0)
    for config, same in ((LnpConfig(node_exponents="leak"), True), (SHARE, False)):
        plain = chosen(net, 50, config)
        noisy = chosen(net, 50, config, None if config.noise == "neurons" else some)
        assert np.array_equal(plain.mask, noisy.mask) == same


def test_unit_of_the_start():
    """With the leak of the membranes the first unit holds; a dominant leak has one each round."""
    net = make_network()
    for leak, same in (("membrane", True), ("dominant", False)):
        config = replace(SHARE, leak=leak)
        first = chosen(net, 80, config, np.ones(40))
        less = replace(net, w_rec=net.w_rec.keep(~first.mask))
        assert (chosen(less, 40, config, np.ones(40), first.unit).unit == first.unit) == same


def test_radius_unit_worked():
    """Hand-worked: a cycle of weights 2 and 8 has radius 4, 0.5 in units of 8; a chain none."""
    rows = rows_of(3, [(0, 1), (1, 0), (1, 2)])
    assert radius_unit(rows, np.array([2.0, 8, 100])) == pytest.approx(8)
    chain = rows_of(3, [(0, 1), (1, 2)])
    assert radius_unit(chain, np.array([2.0, -3])) == 3


def test_fast_membranes_carry_more_noise():
    """Hand-worked: of two driven neurons the faster has the variance 1 / (2 tau), so more."""
    net = replace(
        make_network(n=3),
        w_rec=rows_of(3, [(0, 2), (1, 2)]),
        inhibitory=np.zeros(3, bool),
        v_threshold=np.ones(3),
        tau_mem=np.array([40.0, 10.0, 20.0]),
        gain_mode="leaky",
    )
    kept = chosen(net, 1, replace(SHARE, leak="membrane"), np.array([1.0, 1, 0]))
    assert kept.mask.tolist() == [False, True]
