from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.analysis.lyapunov import input_current, noise_current
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.network import RESETS
from hrsnn_edge.prune.timescales import (
    LyapunovScore,
    TimescaleSearch,
    current_settings,
    mean_rate_hz,
    optimise_timescales,
    reassign_by_rank,
    spectrum_score,
    timescale_space,
)
from tests.prune.networks import make_events, make_network

SHORT = TimescaleSearch(n_directions=3, warm_up=50, n_steps=100, n_initial=3, n_evaluations=5)


def test_reassign_worked():
    """Hand-worked: tau E 30, 10, 20 and no spread get the mean; with spread the order stays."""
    net = make_network(n=4)
    net = replace(net, inhibitory=np.array([False, False, True, False]))
    net = replace(net, tau_mem=np.array([30.0, 10.0, 7.0, 20.0]))
    point = {"tau_e_mean": 40.0, "tau_e_cv": 0.0, "tau_i_mean": 12.0, "tau_i_cv": 0.0}
    assert reassign_by_rank(net, point).tau_mem == pytest.approx([40, 40, 12, 40])
    spread = reassign_by_rank(net, {**point, "tau_e_cv": 0.5}).tau_mem
    assert spread[1] < spread[3] < spread[0]
    # The median of a Gamma distribution of shape 4 and mean 40.
    assert spread[3] == pytest.approx(36.72, abs=0.01)


def test_reassign_clips():
    """No time constant leaves 2 ms .. 200 ms, or falls below two steps."""
    net = make_network(n=400)
    point = {"tau_e_mean": 80.0, "tau_e_cv": 1.0, "tau_i_mean": 5.0, "tau_i_cv": 1.0}
    tau = reassign_by_rank(net, point).tau_mem
    assert (tau.min(), tau.max()) == (2, 200)
    assert reassign_by_rank(replace(net, dt=2.5), point).tau_mem.min() == 5


@pytest.mark.parametrize("reset", RESETS)
def test_mean_rate_is_that_of_the_engine(reset):
    """A run on currents has as many spikes as the engine's run on the events behind them."""
    for seed in range(5):
        net, events = make_network(seed=seed), make_events(n_samples=1, seed=seed)
        net = replace(net, reset=reset)
        spikes = run_counts(net, events).sum()
        assert spikes > 0
        rate = mean_rate_hz(net, input_current(net, events))
        assert rate == pytest.approx(1000 * spikes / (80 * net.n_neurons))


def test_score_worked():
    """Hand-worked: the square of the distance, and a tenth of the mean positive exponent."""
    assert spectrum_score(np.array([-0.03, -0.2]), -0.01) == pytest.approx(-4e-4)
    assert spectrum_score(np.array([0.02, -0.2]), -0.01) == pytest.approx(-9e-4 - 1e-3)


def test_only_types_that_exist_are_searched():
    """Without inhibitory neurons there is no distribution for them."""
    names = timescale_space(np.zeros(5, bool)).names
    assert names == ("tau_e_mean", "tau_e_cv")
    assert len(timescale_space(np.arange(5) == 0).names) == 4


def test_search_improves_on_its_start():
    """The best point scores no less than the present mean and spread, on the same noise."""
    net = make_network(n=20, seed=4)
    better, result = optimise_timescales(net, SHORT, seed=1)
    again, _ = optimise_timescales(net, SHORT, seed=1)
    assert result.observations[0].point == pytest.approx(current_settings(net))
    assert result.best.score >= result.observations[0].score
    assert np.array_equal(better.tau_mem, again.tau_mem)
    assert np.array_equal(better.w_rec.weights, net.w_rec.weights)
    for members in (net.inhibitory, ~net.inhibitory):
        order = np.argsort(net.tau_mem[members])
        assert (np.diff(better.tau_mem[members][order]) >= 0).all()


@pytest.mark.parametrize(
    ("scale", "rate"), [(0.0, "not 0"), (100.0, r"not (2\d\d|[3-9]\d\d)")], ids=["silent", "full"]
)
def test_silent_and_saturated_networks_are_named(scale, rate):
    """A network outside of 0.1 .. 200 Hz has no score."""
    net = replace(make_network(n=20), refractory_steps=np.zeros(20, int))
    current = scale * np.abs(noise_current(net, 150, 0))
    score = LyapunovScore(net, current, SHORT, 0)
    with pytest.raises(TrainingError, match="between 0.1 and 200 Hz, " + rate):
        score(current_settings(net))


def test_wrong_settings_are_refused():
    """No directions are no spectrum."""
    with pytest.raises(ValueError, match="n_directions must be 1 or more, not 0"):
        TimescaleSearch(n_directions=0)
