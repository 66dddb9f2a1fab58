from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.engine.current_surrogate import current_gradients
from hrsnn_edge.engine.float_current import rest, run_current, trace_decays
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.model.config import NetworkConfig
from hrsnn_edge.model.lif import build_network
from tests.engine.test_surrogate import one_neuron


def test_two_samples_by_hand():
    """Current 0.4 for two steps: x is 0.4, then 0.6; a filter of a half passes both on.

    The loss is the trace after the second sample: r = s[0] / 2 + s[1].
    """
    net, decay = one_neuron(0.0), np.array([[0.5]])
    by_trace = np.array([[[0.0]], [[1.0]]])
    found = current_gradients(
        net, np.full((2, 1), 0.4), 1, decay, rest(net, 1), by_trace, slope=1.0
    )
    late, early = 1 / 1.4**2, 0.5 / 1.6**2  # u = -0.4, u = -0.6
    assert found["current"].ravel() == pytest.approx([early + 0.5 * late, late])
    assert found["alpha"] == pytest.approx([late * 0.4])
    assert found["v_threshold"] == pytest.approx([-late * 0.6 - early * 0.4])
    assert found["decay"] == pytest.approx(0)  # no spike, no trace to decay


def test_decay_by_hand():
    """A trace of 3 at the start counts: the derivative of 3 d + ... by d is 3."""
    net = one_neuron(0.0)
    state = replace(rest(net, 1), traces=np.full((1, 1), 3.0))
    found = current_gradients(
        net, np.zeros((1, 1)), 1, np.array([[0.5]]), state, np.ones((1, 1, 1)), slope=1.0
    )
    assert found["decay"] == pytest.approx(3.0)


@pytest.mark.parametrize("gain_mode", ["jump", "leaky"])
@pytest.mark.parametrize("seed", range(3))
def test_equals_autograd(gain_mode, seed):
    """Traces and gradients are those of an independent form by automatic differentiation."""
    pytest.importorskip("torch", reason="needs PyTorch, the oracle of the gradients")
    from tests.model.torch_surrogate import traces_and_gradients

    rng = np.random.default_rng(seed)
    config = NetworkConfig(
        n_neurons=14, weight_e=0.6, gain_mode=gain_mode, wiring="small_world", ring_density=0.5,
        tau_e_mean=6, tau_i_mean=4, floor=-0.3,
    )  # fmt: skip
    net = build_network(config, 1, seed)
    scale = 0.5 if gain_mode == "jump" else 3.0
    decay = trace_decays(net, (8.0,))
    # A start in the middle of a run: spikes on their way, refractory neurons, traces.
    state = run_current(net, scale * rng.normal(0.5, 1, (3, 14)), 4, decay).state
    assert state.fired.any() and state.wait.any()
    current = scale * rng.normal(0.5, 1, (5, 14))
    by_trace = rng.normal(size=(5, 2, 14))
    traces, exact = traces_and_gradients(net, current, 4, decay, state, by_trace, 10.0, 0.1)
    run = run_current(net, current, 4, decay, state)
    assert traces == pytest.approx(run.traces, rel=1e-12) and run.counts.any()
    found = current_gradients(net, current, 4, decay, state, by_trace, 10.0, 0.1)
    for name, gradient in exact.items():
        assert found[name] == pytest.approx(gradient, rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tau_syn": np.full(1, 5.0)}, "must be delta synapses for backpropagation"),
        ({"reset": "subtract"}, "must be 'hard' for backpropagation through a stream, not 'sub"),
    ],
)
def test_what_has_no_gradient_is_refused(change, words):
    """Gradients through synaptic currents and subtractive resets are not there."""
    net = replace(one_neuron(0.0), **change)
    with pytest.raises(TrainingError, match=words):
        current_gradients(
            net, np.zeros((1, 1)), 1, np.ones((1, 1)), rest(net, 1), np.ones((1, 1, 1)), 10.0
        )
