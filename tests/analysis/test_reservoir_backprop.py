from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.analysis.reservoir import draw_reservoir, forecast_recipe
from hrsnn_edge.analysis.reservoir_backprop import DescentConfig, descend_driven, forecast_error
from hrsnn_edge.analysis.ridge import Ridge
from hrsnn_edge.data.chaotic import lorenz63, scale_to_unit
from hrsnn_edge.errors import DataError, TrainingError

QUICK = DescentConfig(epochs=9, learning_rate=0.01)


@pytest.fixture(scope="module")
def series():
    """A scaled Lorenz63 of 300 samples."""
    return scale_to_unit(lorenz63(300, seed=5), 300)[0]


def network(neurons="het", n=30):
    return draw_reservoir(forecast_recipe(n, neurons=neurons), 3, 1)


def test_error_by_hand():
    """Traces 2 and 3 of one neuron, weights 1 and 0.5 of trace and square, variance 4."""
    ridge = Ridge(np.zeros(3), np.array([1.0, 1.0, 1.0]), np.array([[1.0], [0.5], [0.0]]),
                  np.array([0.0]), np.zeros(1))  # fmt: skip
    traces = np.array([[[2.0]], [[3.0]]])
    error, by = forecast_error(
        traces, np.zeros((2, 1)), np.array([[3.0], [8.0]]), ridge, np.array([4.0]), squares=True
    )
    # Forecasts 2 + 2 and 3 + 4.5: missed by 1 and -0.5.
    assert error == pytest.approx((1 / 4 + 0.25 / 4) / 2)
    assert by.ravel() == pytest.approx([2 * 1 / 4 / 2 * (1 + 2), 2 * -0.5 / 4 / 2 * (1 + 3)])


@pytest.mark.parametrize("squares", [False, True])
def test_error_by_differences(squares):
    """The derivative by the traces is the limit of differences, with the scale of the features."""
    rng = np.random.default_rng(0)
    traces, inputs, wanted = (rng.normal(size=shape) for shape in ((4, 2, 3), (4, 2), (4, 2)))
    n = 6 * (1 + squares) + 2
    ridge = Ridge(
        rng.normal(size=n), rng.uniform(0.5, 2, n), rng.normal(size=(n, 2)), rng.normal(size=2),
        np.zeros(2),
    )  # fmt: skip

    def error(traces):
        return forecast_error(traces, inputs, wanted, ridge, np.array([0.5, 2]), squares=squares)

    by, step = error(traces)[1], 1e-6
    for k in np.ndindex(traces.shape):
        up, down = traces.copy(), traces.copy()
        up[k] += step
        down[k] -= step
        assert by[k] == pytest.approx((error(up)[0] - error(down)[0]) / (2 * step), rel=1e-5)


def test_learning_lowers_the_error(series):
    """What the readouts miss on the windows that teach becomes less."""
    config = DescentConfig(epochs=45, window=33, learning_rate=0.01)
    _, errors = descend_driven(network(n=100), series, config, learn_neurons=True)
    assert len(errors) == 45 and np.median(errors[-15:]) < 0.8 * np.median(errors[:9])


@pytest.mark.parametrize(("neurons", "moves"), [("hom", False), ("het", True)])
def test_what_learns(series, neurons, moves):
    """Only HeNB moves neurons and their filter; wiring and signs stay, the seed decides."""
    start = network(neurons)
    net, _ = descend_driven(start, series, QUICK, learn_neurons=moves)
    assert (net.net.tau_mem != start.net.tau_mem).any() == moves
    assert (net.net.v_threshold != start.net.v_threshold).any() == moves
    assert net.decay[0] == pytest.approx(net.net.alpha)
    assert (net.decay[1:] == start.decay[1:]).all()
    rows = net.net.w_rec
    assert (rows.col_idx == start.net.w_rec.col_idx).all()
    assert (rows.weights != start.net.w_rec.weights).any() and (net.bias != start.bias).any()
    sign = np.where(net.net.inhibitory, -1, 1)[rows.pre_idx]
    assert (sign * rows.weights >= 0).all()
    again, _ = descend_driven(start, series, QUICK, learn_neurons=moves)
    assert (again.net.w_rec.weights == rows.weights).all()


def test_neurons_without_input_get_none(series):
    """Input weights that are not there are not learned."""
    recipe = forecast_recipe(30)
    start = draw_reservoir(replace(recipe, network=replace(recipe.network, input_share=0.5)), 3, 1)
    net, _ = descend_driven(start, series, replace(QUICK, epochs=1), learn_neurons=False)
    assert ((net.w_current != 0) == (start.w_current != 0)).all()


def test_refusals(series):
    """Exponential synapses, a short series, silence and a training that diverges are refused."""
    start = network()
    slow = replace(start, net=replace(start.net, tau_syn=np.full(30, 5.0)))
    with pytest.raises(TrainingError, match="must be delta synapses for backpropagation"):
        descend_driven(slow, series, QUICK, learn_neurons=False)
    with pytest.raises(DataError, match="at least 176 samples, not 150"):
        descend_driven(start, series[:150], QUICK, learn_neurons=False)
    with pytest.raises(TrainingError, match="must fire under the series .*, not stay silent"):
        silent = replace(start, bias=np.full(30, -9.0))
        descend_driven(silent, series, QUICK, learn_neurons=False)
    with pytest.raises(TrainingError, match=r"Rate must stay between .* Lower learning_rate"):
        descend_driven(start, series, replace(QUICK, learning_rate=100.0), learn_neurons=False)
    with pytest.raises(ValueError, match="window must be 1 or more, not 0"):
        DescentConfig(window=0)
