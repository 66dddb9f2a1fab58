import numpy as np
import pytest

from hrsnn_edge.analysis.forecast import (
    closed_loop,
    nrmse,
    rmse_over_time,
    score_forecasts,
    teacher_forced,
    valid_time,
)
from hrsnn_edge.errors import DataError


class AddOne:
    """Expects the last sample plus one, and counts the samples it has seen."""

    def start(self):
        return 0

    def step(self, state, sample):
        return state + 1, sample + 1


def ramp(n):
    """Samples 0, 1, 2, ..., (n, 1)."""
    return np.arange(n, dtype=float)[:, None]


def test_worked_rmse():
    """Hand-worked: errors of 1 and 2 deviations in two coordinates are sqrt(5/2)."""
    truth, forecast = np.array([[0.0, 0], [1, 1]]), np.array([[2.0, 2], [1, 1]])
    assert rmse_over_time(truth, forecast, [2, 1]) == pytest.approx([np.sqrt(2.5), 0])
    with pytest.raises(DataError, match="coordinate 1 must be above 0, not 0"):
        rmse_over_time(truth, forecast, [2, 0])


def test_worked_valid_time():
    """Hand-worked: three below the limit, then above: 3, even if it falls again; never: all."""
    assert valid_time([0.01, 0.05, 0.09, 0.1, 0.02]) == 3
    assert valid_time([0.2, 0.0]) == 0
    assert valid_time([0.0, 0.0]) == 2
    assert valid_time([0.0, np.nan, 0.0]) == 1


def test_worked_nrmse():
    """Hand-worked: the mean as forecast gives 1; half the deviation away gives 1/2."""
    truth = np.array([[1.0], [-1], [1], [-1]])
    assert nrmse(truth, np.zeros((4, 1))) == 1
    assert nrmse(truth, truth / 2) == 0.5


def test_closed_loop_feeds_back():
    """Adding one continues a ramp; teacher forcing sees the truth, limits hold."""
    assert closed_loop(AddOne(), ramp(3), 4).ravel().tolist() == [3, 4, 5, 6]
    assert teacher_forced(AddOne(), [[5.0], [0.0]]).ravel().tolist() == [6, 1]
    assert closed_loop(AddOne(), ramp(3), 3, limits=(0, 4)).ravel().tolist() == [3, 4, 4]
    with pytest.raises(ValueError, match="must be at least 1, not 0, 4"):
        closed_loop(AddOne(), np.zeros((0, 1)), 4)


def test_score():
    """On a ramp the forecast is exact from every start; on a bent one it is valid to the bend."""
    perfect = score_forecasts(AddOne(), ramp(60), n_starts=3, spacing=10, n_history=5, horizon=20)
    assert perfect.valid_times.tolist() == [20, 20, 20]
    assert (perfect.mean_rmse, perfect.mean_valid_time) == (0, 20)
    bent = np.minimum(ramp(60), 24)
    score = score_forecasts(
        AddOne(), bent, n_starts=2, spacing=10, n_history=5, horizon=30, deviation=[1.0]
    )
    assert score.valid_times.tolist() == [20, 10]
    with pytest.raises(DataError, match="at least 60 samples, not 59"):
        score_forecasts(AddOne(), ramp(59), n_starts=3, spacing=10, n_history=10, horizon=30)
