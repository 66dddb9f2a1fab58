from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.engine.surrogate import surrogate_gradients
from hrsnn_edge.model.config import NetworkConfig
from hrsnn_edge.model.lif import build_network
from hrsnn_edge.network import FloatNetwork, SparseRows


def one_neuron(weight: float) -> FloatNetwork:
    """A neuron with one input and a decay of a half."""
    return FloatNetwork(
        w_in=SparseRows.from_dense([[weight]]),
        w_rec=SparseRows.from_dense(np.zeros((1, 1))),
        inhibitory=np.zeros(1, bool),
        tau_mem=np.array([1 / np.log(2)]),
        v_threshold=np.ones(1),
        v_reset=np.zeros(1),
        refractory_steps=np.zeros(1, np.int64),
    )


def test_two_steps_by_hand():
    """Events in both steps at weight 0.4: x is 0.4, then 0.6; slopes 1 / (1 + |u|)**2."""
    batch = EventBatch.from_rasters([np.ones((2, 1), bool)])
    found = surrogate_gradients(one_neuron(0.4), batch, np.ones((1, 1, 1)), slope=1.0)
    late, early = 1 / 1.4**2, 1 / 1.6**2  # u = -0.4, u = -0.6
    by_x = early + 0.5 * late
    assert found["w_in"] == pytest.approx([late + by_x])
    assert found["alpha"] == pytest.approx([late * 0.4])
    assert found["v_threshold"] == pytest.approx([-late * 0.6 - early * 0.4])


def test_a_spike_cuts_the_gradient():
    """Nothing passes through the reset: after a spike only the later step counts."""
    batch = EventBatch.from_rasters([np.ones((2, 1), bool)])
    found = surrogate_gradients(one_neuron(1.0), batch, np.array([[[0.0], [1.0]]]), slope=1.0)
    assert found["w_in"] == pytest.approx([1.0])  # u = 0 in the second step


@pytest.mark.parametrize("gain_mode", ["jump", "leaky"])
@pytest.mark.parametrize(("seed", "reset"), [*((s, "hard") for s in range(3)), (0, "subtract")])
def test_equals_autograd(gain_mode, seed, reset):
    """Counts and gradients are those of an independent form by automatic differentiation."""
    pytest.importorskip("torch", reason="needs PyTorch, the oracle of the gradients")
    from tests.model.torch_surrogate import counts_and_gradients

    rng = np.random.default_rng(seed)
    config = NetworkConfig(
        n_neurons=14, input_share=1, input_weight=0.5, weight_e=0.4, gain_mode=gain_mode,
        wiring="small_world", ring_density=0.5, tau_e_mean=6, tau_i_mean=4, floor=-0.3,
        reset=reset,
    )  # fmt: skip
    net = build_network(config, 5, seed)
    if gain_mode == "leaky":
        net = replace(net, w_in=net.w_in.with_weights(net.w_in.weights * 6))
    rasters = [rng.random((t, 5)) < 0.4 for t in (9, 17, 12)]
    batch = EventBatch.from_rasters(rasters)
    by_count = rng.normal(size=(3, 2, 14))
    counts, exact = counts_and_gradients(net, rasters, by_count, 10.0)
    assert (counts == run_counts(net, batch, 2)).all() and counts.any()
    found = surrogate_gradients(net, batch, by_count, 10.0)
    for name, gradient in exact.items():
        assert found[name] == pytest.approx(gradient, rel=1e-9, abs=1e-12), name


def test_a_batch_is_the_sum_of_its_samples():
    """Samples that share a vector, of whatever lengths, do not touch each other."""
    rng = np.random.default_rng(0)
    config = NetworkConfig(
        n_neurons=12, input_weight=0.5, weight_e=0.4, wiring="small_world", ring_density=0.5
    )
    net = build_network(config, 5, 0)
    lengths = rng.integers(1, 30, 2 * 8 * 8 + 3)
    batch = EventBatch.from_rasters([rng.random((t, 5)) < 0.4 for t in lengths])
    by_count = rng.normal(size=(len(batch), 2, 12))
    whole = surrogate_gradients(net, batch, by_count, 10.0)
    parts = [
        surrogate_gradients(net, batch.select([k]), by_count[[k]], 10.0) for k in range(len(batch))
    ]
    for name, gradient in whole.items():
        wanted = sum(part[name] for part in parts)
        assert gradient == pytest.approx(wanted, rel=1e-9, abs=1e-10), name
        assert wanted.any()
