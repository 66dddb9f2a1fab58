from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.analysis.reservoir import memory_recipe
from hrsnn_edge.data.digits import load_digits
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.model.config import ModelConfig
from hrsnn_edge.tune.loop import tune
from hrsnn_edge.tune.objectives import ReservoirScore, ValidationScore, reservoir_at
from hrsnn_edge.tune.space import network_space, reservoir_space

CONFIG = ModelConfig().with_values(
    {
        "network.n_neurons": 60,
        "plasticity.synapses": "off",
        "rate.target_hz": 60.0,
        "rate.homeostasis_rounds": 3,
        "readout.n_bins": 1,
    }
)


@pytest.fixture(scope="module")
def digits():
    return load_digits(code="regular")


def test_repeats_and_ignores_the_test_part(digits):
    """The same point has the same score, and the test part has no influence on it."""
    point = {"network.tau_e_mean": 20.0}
    score, noise = ValidationScore(CONFIG, digits)(point)
    assert 0.6 < score <= 1
    assert noise is None
    scrambled = replace(digits, test=digits.train)
    assert ValidationScore(CONFIG, scrambled)(point) == (score, None)


def test_noise_is_the_spread_of_seeds(digits):
    """The variance of the score is that of the seeds' means over their number."""
    point = {"network.tau_e_mean": 20.0}
    single = [ValidationScore(CONFIG, digits, (0,), (s,))(point)[0] for s in (0, 1)]
    score, noise = ValidationScore(CONFIG, digits, (0,), (0, 1))(point)
    assert score == pytest.approx(np.mean(single))
    assert noise == pytest.approx(np.var(single, ddof=1) / 2)


def test_learning_is_a_choice(digits):
    """Unless asked for, networks are judged before STDP."""
    learning = CONFIG.with_values({"plasticity.synapses": "het", "plasticity.eta": 3e-3})
    plain = ValidationScore(CONFIG, digits)({})
    assert ValidationScore(learning, digits)({}) == plain
    assert ValidationScore(learning, digits, plastic=True)({}) != plain


def test_settings(digits):
    """The settings in use are a point of the space: a search can start from them."""
    objective = ValidationScore(CONFIG, digits)
    start = objective.settings(network_space().names)
    assert start["network.tau_e_mean"] == 30
    assert objective(start) == objective({})


def test_untrainable(digits):
    """A point whose network stays silent is a `TrainingError`, which a search survives."""
    silent = CONFIG.with_values({"rate.target_hz": None, "network.input_weight": 1e-6})
    with pytest.raises(TrainingError):
        ValidationScore(silent, digits)({})


def test_searches_the_network(digits):
    """Every name of the network's space is a setting of the model."""
    result = tune(ValidationScore(CONFIG, digits), network_space(), 2, 3, 0)
    assert len(result.observations) == 3
    assert result.best.score > 0.5


def test_wrong_folds(digits):
    """A fold that does not exist is refused."""
    with pytest.raises(ValueError, match=r"Folds must be among 0 .. 3 and seeds present"):
        ValidationScore(CONFIG, digits, (4,))


SMALL = memory_recipe(60)


def test_measures_of_a_driven_network():
    """E is C over the mean spikes, which the measure of spikes gives with a minus sign."""
    scores = {
        name: ReservoirScore(SMALL, name, (3,), n_samples=700, n_train=400, n_delays=20)({})[0]
        for name in ("capacity", "spikes", "efficiency", "lyapunov")
    }
    assert scores["capacity"] > 0.3 and scores["spikes"] < 0 and scores["lyapunov"] < 0
    assert scores["efficiency"] == pytest.approx(scores["capacity"] / -scores["spikes"])


def test_driven_network_is_the_same_for_every_call():
    """Networks and inputs are common to all points; seeds give the noise of the score."""
    score = ReservoirScore(SMALL, "spikes", (0, 1))
    point = score.settings(reservoir_space().names)
    value, noise = score(point)
    assert score({}) == (pytest.approx(value), pytest.approx(noise)) and noise > 0
    faster, _ = score(point | {"bias_mean": 1.4})
    assert faster < value


def test_rates_that_say_nothing_are_refused():
    """A silent driven network is a failed point, with its rate."""
    with pytest.raises(TrainingError, match=r"rate must be between 0.1 and 200 Hz, not 0"):
        ReservoirScore(SMALL, seeds=(0,))({"bias_mean": 0.1, "input_gain": 0.1})


def test_reservoir_settings_by_name():
    """Dotted names reach the network, bias_cv is relative, and a wrong name is named."""
    found = reservoir_at(
        SMALL, {"bias_mean": 2.0, "bias_cv": 0.25, "hold": 5, "network.tau_e_mean": 7.0}
    )
    assert (found.bias_spread, found.hold, found.network.tau_e_mean) == (0.5, 5, 7.0)
    with pytest.raises(ValueError, match="field of the network, not 'holds'"):
        reservoir_at(SMALL, {"holds": 5})
    with pytest.raises(ValueError, match="Measure must be one of capacity, spikes"):
        ReservoirScore(SMALL, "memory")


def test_a_judge_gives_the_score(digits):
    """The judge sees the trained network, the samples it was fitted to and the others."""

    def judge(net, fitted, held_out):
        assert net.readout is not None
        return len(held_out.labels) / len(fitted.labels)

    score, _ = ValidationScore(CONFIG, digits, judge=judge)({})
    assert score == pytest.approx(1 / 3, abs=0.02)
