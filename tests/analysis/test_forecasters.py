import numpy as np
import pytest

from hrsnn_edge.analysis.forecast import nrmse, score_forecasts, teacher_forced
from hrsnn_edge.analysis.forecasters import (
    LastValue,
    fit_autoregression,
    fit_echo_state,
    fit_spiking,
    monomials,
    spiking_features,
)
from hrsnn_edge.analysis.reservoir import draw_reservoir, forecast_recipe, integrator_recipe
from hrsnn_edge.data.chaotic import lorenz63, scale_to_unit
from hrsnn_edge.errors import DataError


@pytest.fixture(scope="module")
def lorenz():
    """Lorenz63 scaled on 600 training samples: (train, unseen)."""
    series, _, _ = scale_to_unit(lorenz63(600 + 600, seed=3), 600)
    return series[:600], series[600:]


def score(model, unseen):
    """Ten closed-loop forecasts."""
    return score_forecasts(
        model, unseen, n_starts=10, spacing=40, n_history=100, horizon=100, limits=(-0.2, 1.2)
    )


def test_last_value():
    """It expects the same again; its NRMSE on white noise is the root of two."""
    x = np.random.default_rng(0).normal(size=(5000, 1))
    said = teacher_forced(LastValue(), x)
    np.testing.assert_array_equal(said, x)
    assert nrmse(x[1:], said[:-1]) == pytest.approx(np.sqrt(2), rel=0.05)


def test_autoregression_solves_a_sine():
    """Two delays forecast a sine exactly, in closed loop for all of the horizon."""
    x = np.sin(0.3 * np.arange(600))[:, None]
    model = fit_autoregression(x[:300], 2)
    found = score_forecasts(model, x[300:], n_starts=3, spacing=20, n_history=10, horizon=100)
    assert found.valid_times.tolist() == [100, 100, 100]
    # One sample is enough to start: it stands for the older ones.
    state, said = model.step(model.start(), np.array([0.5]))
    assert state.shape == (1, 1) and np.isfinite(said).all()


def test_quadratic_autoregression_is_a_quadratic_map():
    """A line cannot forecast the logistic map one step ahead, products of degree 2 do exactly."""
    x = [0.3]
    while len(x) < 300:
        x.append(3.9 * x[-1] * (1 - x[-1]))
    x = np.array(x)[:, None]
    line, curve = (
        nrmse(x[201:], teacher_forced(fit_autoregression(x[:200], 1, degree), x[200:-1]))
        for degree in (1, 2)
    )
    assert line > 0.5 and curve < 1e-5


def test_monomials_count_and_values():
    """Degree 3 of two columns: 2 + 3 + 4 products, in order."""
    got = monomials([[2.0, 5.0]], 3)
    assert got.tolist() == [[2, 5, 4, 10, 25, 8, 20, 50, 125]]


def test_integrators_forecast_further(lorenz):
    """At equal size neurons that integrate stay valid longer than fast leaky ones."""
    train, unseen = lorenz
    fast, slow = (
        score(fit_spiking(draw_reservoir(config, 3, seed=0), train, squares=True), unseen)
        for config in (forecast_recipe(60, neurons="hom"), integrator_recipe(60))
    )
    assert slow.mean_valid_time > fast.mean_valid_time + 15


def test_chaos_ranks_the_models(lorenz):
    """On Lorenz63 the last value fails at once, a line soon, an echo state network far later."""
    train, unseen = lorenz
    last = score(LastValue(), unseen).mean_valid_time
    line = score(fit_autoregression(train, 2), unseen).mean_valid_time
    echo = score(fit_echo_state(train, n_units=100, radii=(0.3,), seed=1), unseen).mean_valid_time
    assert last < 2 < line + 1 < echo
    assert echo > 15


def test_spiking_forecaster(lorenz):
    """The compiled state goes on from sample to sample: stepping equals one long run."""
    train, unseen = lorenz
    reservoir = draw_reservoir(forecast_recipe(60), 3, seed=0)
    model = fit_spiking(reservoir, train, squares=True)
    said = teacher_forced(model, unseen[:30])
    run = reservoir.run(2 * unseen[:30] - 1)
    features = spiking_features(run.traces, unseen[:30], squares=True)
    np.testing.assert_allclose(said, unseen[:30] + model.ridge.predict(features))
    assert nrmse(unseen[101:400], teacher_forced(model, unseen[:399])[100:]) < 0.15


def test_features():
    """Hand-worked: traces, their squares, the sample."""
    traces = np.array([[[1.0, 2.0]]])
    assert spiking_features(traces, [[7.0]], squares=True).tolist() == [[1, 2, 1, 4, 7]]
    assert spiking_features(traces, [[7.0]], squares=False).tolist() == [[1, 2, 7]]


def test_short_series_is_refused():
    """A series that leaves nothing to train on is named with its size."""
    with pytest.raises(DataError, match=r"at least 105 samples, not \(50, 1\)"):
        fit_echo_state(np.zeros((50, 1)))
