from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.model.config import NetworkConfig
from hrsnn_edge.model.lif import build_network
from hrsnn_edge.model.rate import (
    calibrate_rate,
    check_alive,
    homeostasis,
    neuron_rates,
    scale_inputs,
    with_threshold,
)

NET = build_network(NetworkConfig(n_neurons=60), 12, 7)
EVENTS = EventBatch.from_rasters(
    [np.random.default_rng(k).random((90, 12)) < 0.1 for k in range(6)]
)


def test_rates_count_spikes_per_second():
    """The rate of a neuron is its spikes over the simulated time."""
    rates = neuron_rates(NET, EVENTS)
    spikes = run_counts(NET, EVENTS).sum(axis=(0, 1))
    np.testing.assert_allclose(rates, spikes / (6 * 0.090))


@pytest.mark.parametrize("target", [5.0, 20.0, 60.0])
def test_calibration_reaches_the_target(target):
    """The calibrated mean rate is within 2 % of the target."""
    net = calibrate_rate(NET, EVENTS, target)
    assert neuron_rates(net, EVENTS).mean() == pytest.approx(target, rel=0.05)


def test_calibration_says_what_it_cannot_reach():
    """A silent input, or a layer that excites itself, is refused with numbers and remedy."""
    silent = EventBatch.from_rasters([np.zeros((50, 12), bool)])
    with pytest.raises(TrainingError, match=r"must reach 10.0 Hz, not 0 Hz .* raise the encoder"):
        calibrate_rate(NET, silent, 10.0)
    loop = replace(NET, v_threshold=np.full(60, -1.0), v_reset=np.full(60, -1.001))
    with pytest.raises(TrainingError, match=r"must fall to 10.0 Hz, not .* lower weight_e"):
        calibrate_rate(loop, EVENTS, 10.0)


def test_homeostasis_evens_the_rates():
    """Homeostasis brings the mean to the target and the neurons closer to each other."""
    start = calibrate_rate(NET, EVENTS, 30.0)
    net, history = homeostasis(start, EVENTS, 30.0, 20, (0.05, 20.0))
    before, after = neuron_rates(start, EVENTS), neuron_rates(net, EVENTS)
    assert len(history) == 20 and history[0] == pytest.approx(before.mean())
    assert after.std() < before.std() / 2
    assert after.mean() == pytest.approx(30.0, rel=0.15)


def test_homeostasis_keeps_its_limits():
    """No threshold leaves its range, however far the rate is away."""
    start = scale_inputs(NET, 100.0)
    net, _ = homeostasis(start, EVENTS, 1.0, 30, (0.5, 3.0))
    ratio = net.v_threshold / start.v_threshold
    assert ratio.min() >= 0.5 - 1e-12 and ratio.max() == pytest.approx(3.0)


def test_floor_follows_the_threshold():
    """A floor per neuron keeps its ratio to the threshold; one floor for all stays."""
    net = with_threshold(NET, NET.v_threshold * 3)
    np.testing.assert_allclose(net.v_floor, 3 * NET.v_floor)
    assert with_threshold(replace(NET, v_floor=-1.0), NET.v_threshold * 3).v_floor == -1.0


def test_silent_and_saturated_networks_are_refused():
    """A network that never fires, or fires all the time, is refused with numbers and remedy."""
    with pytest.raises(TrainingError, match=r"after drawing must fire, not stay silent .* Raise"):
        check_alive(scale_inputs(NET, 1e-9), EVENTS, "drawing")
    wild = replace(NET, v_threshold=np.full(60, -1.0), v_reset=np.full(60, -1.001))
    with pytest.raises(TrainingError, match=r"after drawing must be below .* saturated: lower"):
        check_alive(wild, EVENTS, "drawing")
    figures = check_alive(calibrate_rate(NET, EVENTS, 20.0), EVENTS, "drawing")
    assert 0 < figures["active"] <= 1 and figures["rate_hz"] == pytest.approx(20.0, rel=0.05)
