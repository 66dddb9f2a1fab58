"""A forecaster wholly in integers."""

import numpy as np
import pytest

from hrsnn_edge.analysis.forecast import closed_loop, nrmse, score_forecasts, teacher_forced
from hrsnn_edge.analysis.forecasters import fit_autoregression
from hrsnn_edge.analysis.reservoir import draw_reservoir, forecast_recipe
from hrsnn_edge.data.chaotic import lorenz63, scale_to_unit
from hrsnn_edge.data.planes import Planes
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.network import IntFormat
from hrsnn_edge.quantise.driven import driven_by_events
from hrsnn_edge.quantise.forecast import fit_integer_forecaster
from hrsnn_edge.reference.loop import closed_loop as reference_loop

FMT = IntFormat(v_width=20, decay_width=12, weight_width=8, shift_width=3, out_weight_width=16)


@pytest.fixture(scope="module")
def case():
    """Lorenz63 scaled on 500 samples, a reservoir of 80 neurons, and its integer forecaster."""
    series, _, _ = scale_to_unit(lorenz63(500 + 600, seed=3), 500)
    reservoir = draw_reservoir(forecast_recipe(80), 3, 3)
    return series, reservoir, fit_integer_forecaster(reservoir, series[:500], FMT, Planes(12, 10))


def test_events_drive_like_the_current(case):
    """In floats, bit planes give the spikes that the value as a current gives."""
    series, reservoir, _ = case
    planes = Planes(12, 10)
    whole = planes.integers(2 * series[:50] - 1)
    counts = run_counts(driven_by_events(reservoir, planes), planes.events(whole, reservoir.hold))
    current = reservoir.run(whole / 2.0**10).counts.sum(axis=0)
    assert np.abs(counts[0, 0] - current).sum() <= 0.01 * current.sum()


def test_forecasts(case):
    """It expects the next sample better than the last value does, and outlasts a line."""
    series, _, model = case
    unseen = series[500:]
    said = teacher_forced(model, unseen[:200])
    assert nrmse(unseen[101:200], said[100:-1]) < 0.3 * nrmse(unseen[101:200], unseen[100:199])
    options = {"n_starts": 4, "spacing": 60, "horizon": 100, "limits": (-0.2, 1.2)}
    valid = score_forecasts(model, unseen, **options).mean_valid_time
    line = score_forecasts(fit_autoregression(series[:500], 2), unseen, **options).mean_valid_time
    assert valid > line + 2


def test_closed_loop_equals_the_reference(case):
    """The loop through the engine is that of the reference, to the bit."""
    series, _, model = case
    history = series[500:503]
    limits = -(1 << 21), 1 << 21
    wanted = reference_loop(model.net, model.planes, model.whole(history), 5, limits)
    got = model.whole(closed_loop(model, history, 5))
    assert got.tolist() == wanted.tolist()
    assert len({tuple(x) for x in got.tolist()}) == 5
