from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.analysis.lyapunov import input_current
from hrsnn_edge.data.digits import load_digits
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.engine.float_run import run_spikes
from hrsnn_edge.errors import ExperimentError, TrainingError
from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.flow.objectives import (
    SCORES,
    NetworkScore,
    behaviour,
    objective_of,
    score_words,
    search_label,
    states,
)
from hrsnn_edge.flow.stations import rounded, search
from hrsnn_edge.flow.toml import load_toml
from hrsnn_edge.model.train import evaluate, train
from hrsnn_edge.network import FloatNetwork, LinearReadout, SparseRows
from tests.experiments import small_experiment

MODEL = {
    "network": {"n_neurons": 60},
    "plasticity": {"synapses": "off"},
    "rate": {"target_hz": 60.0, "homeostasis_rounds": 0},
    "readout": {"n_bins": 1},
}
#: The widest format, in which integers differ from floats by little.
WIDE = {
    "v_width": 24, "decay_width": 12, "weight_width": 8, "shift_width": 3, "out_weight_width": 16,
}  # fmt: skip


def experiment(quantise=None, lanes=1, **tune):
    return Experiment(
        name="x",
        data={"name": "digits", "code": "regular"},
        model=MODEL,
        tune=tune,
        quantise=quantise or {},
        build={"lanes": lanes},
    )


@pytest.fixture(scope="module")
def digits():
    return load_digits(code="regular")


@pytest.fixture(scope="module")
def trained(digits):
    """A trained network, the samples it was fitted to and held-out ones."""
    fitted, held_out = digits.fold_parts(0)
    net, _ = train(experiment().model.config(), fitted, n_classes=10, seed=0)
    return net, fitted, held_out


def score(trained, quantise=None, lanes=1, **tune):
    return NetworkScore(experiment(quantise, lanes, **tune))(*trained)


def by_hand() -> tuple[FloatNetwork, Split]:
    """Return two unconnected neurons of decay 1/2 and three samples of 2, 1 and 0 events.

    The event weight is one threshold for neuron 0 and half of one for neuron 1. Sample 0 has
    events in steps 0 and 1: neuron 0 fires twice; neuron 1 reaches 1/2, then 1/4 + 1/2, and stays
    silent. Sample 1 has one event: neuron 0 fires once. The readout says class 1 to two spikes of
    neuron 0 and more, else class 0.
    """
    net = FloatNetwork(
        w_in=SparseRows.from_dense(np.array([[1.0, 0.5]])),
        w_rec=SparseRows.from_dense(np.zeros((2, 2))),
        inhibitory=np.zeros(2, bool),
        tau_mem=np.full(2, 1 / np.log(2)),
        v_threshold=np.ones(2),
        v_reset=np.zeros(2),
        refractory_steps=np.zeros(2, int),
        dt=1.0,
        v_floor=-1.0,
        gain_mode="jump",
        readout=LinearReadout(np.array([[[0.0, 2.0], [0.0, 0.0]]]), np.array([0.0, -3.0])),
    )
    rasters = [np.array([[1], [1], [0], [0]], bool), np.array([[0], [1], [0], [0]], bool)]
    events = EventBatch.from_rasters([*rasters, np.zeros((4, 1), bool)])
    return net, Split(events, np.array([1, 0, 1]))


@pytest.mark.parametrize("network", ["float", "integer"])
def test_worked_by_hand(network):
    """Two of three samples are named rightly, with three spikes of two neurons in three samples."""
    net, data = by_hand()
    judged = net
    if network == "integer":
        w_out, bias = net.readout.w_out.astype(np.int32), net.readout.bias.astype(np.int32)
        judged, _ = rounded(experiment(WIDE), data, 2, net)
        judged = replace(judged, readout=LinearReadout(w_out, bias))
    accuracy, work = behaviour(judged, data)
    assert accuracy == pytest.approx(2 / 3)
    # Each of the three events meets both neurons.
    assert (work.spikes, work.sop_in, work.sop_rec) == (3, 6, 0)
    scores = {
        word: SCORES[word](
            NetworkScore(experiment(objective=word, sop_budget=1, sop_weight=0.1)),
            judged, net, data, data,
        )
        for word in ("accuracy", "spikes", "efficiency", "hardware")
    }  # fmt: skip
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["spikes"] == pytest.approx(-3 / 6)
    assert scores["efficiency"] == pytest.approx((2 / 3) / 0.5)
    # Two operations a sample are one doubling of the budget of one.
    assert scores["hardware"] == pytest.approx(2 / 3 - 0.1)


def test_states_by_hand():
    """A filter of decay 1/2 holds 1 + 1/2 spikes after two in a row, and half of it a step on."""
    net, data = by_hand()
    events = data.events.select(slice(0, 1))
    decay = np.full((1, 2), 0.5)
    integer, _ = rounded(experiment(WIDE), data, 2, net)
    for one, tolerance in ((net, 1e-12), (integer, 1e-3)):
        features, spikes = states(one, events, decay, 2)
        np.testing.assert_allclose(features, [[1.5, 0], [0.375, 0]], atol=tolerance)
        assert spikes == 1.0


@pytest.mark.parametrize("word", sorted(set(SCORES) - {"spikes"}))
def test_wide_integers_score_like_floats(trained, word):
    """In the widest format a score is that of the floats but for rounding; a narrow one differs."""
    exact = score(trained, objective=word)
    wide = score(trained, WIDE, objective=word, network="integer")
    scale = 0.002 if word == "lyapunov" else max(abs(exact), 0.1)
    assert wide == pytest.approx(exact, abs=0.05 * scale)
    narrow = {"v_width": 8, "decay_width": 4, "weight_width": 2, "out_weight_width": 2}
    found = score(trained, narrow, objective=word, network="integer")
    assert abs(found - exact) > abs(wide - exact)


def test_the_judged_network_is_the_one_of_quantise(trained):
    """The integer network has the leak, the codebook and the widths of ``[quantise]``."""
    one = experiment({"leak": "two_powers", "codebook": 4, "weight_width": 5}, network="integer")
    net, _ = rounded(one, trained[1], 10, trained[0])
    assert all(bin(d).count("1") <= 2 for d in net.decay.tolist())
    assert len(np.unique(np.stack([net.decay, net.v_threshold]), axis=1).T) <= 4
    assert score(trained, one.quantise.model_dump(), network="integer") == pytest.approx(
        behaviour(net, trained[2])[0]
    )
    assert score(trained) == evaluate(trained[0], trained[2])


def test_noise_has_the_rates_of_the_data(trained):
    """The noise that measures memory drives the network about as hard as the samples do."""
    net, fitted, held_out = trained
    _, events, hold = NetworkScore(experiment())._noise(1.0, fitted, 300)
    assert (hold, events.n_steps.tolist()) == (10, [3000])
    rates = [
        np.bincount(e.address, minlength=e.n_inputs) / e.n_steps.sum()
        for e in (fitted.events, events)
    ]
    np.testing.assert_allclose(*rates, atol=0.03)
    spikes = [len(run_spikes(net, e).t) / e.n_steps.sum() for e in (held_out.events, events)]
    assert spikes[1] == pytest.approx(spikes[0], rel=0.5)
    assert input_current(net, events).shape == (3000, 60)


def test_operations_cost(trained):
    """A budget of half the operations costs one weight, twice of them costs nothing."""
    costly = {"objective": "hardware", "sop_weight": 0.01}
    for network in ("float", "integer"):
        free, tight, half = (
            score(trained, network=network, sop_budget=b, **costly) for b in (1e9, 100.0, 50.0)
        )
        assert free > tight and tight - half == pytest.approx(0.01)


def test_network_must_fit_the_board(trained):
    """A network beyond the board is a failed point of the search, with the reason."""
    with pytest.raises(TrainingError, match="Network must fit icebreaker, not exceed it: .+"):
        score(trained, lanes=8, objective="hardware", network="integer", board="icebreaker")


@pytest.mark.parametrize("word", ["spikes", "efficiency", "capacity", "lyapunov"])
def test_rates_outside_the_bounds_are_failed_points(trained, word):
    """A measure of a network that is nearly silent says nothing."""
    with pytest.raises(TrainingError, match=r"between 150 and 200 Hz, not .*tune.rate_range_hz"):
        score(trained, objective=word, rate_range_hz=(150, 200))


def test_objective_of_an_experiment(digits):
    """The table gives folds, seeds and the words of the plot."""
    one = experiment(seeds=2, objective="capacity", network="integer")
    assert objective_of(one, digits).seeds == (1, 2)
    assert score_words(one.tune) == "memory capacity under noise, integers"


def test_a_label_tells_searches_apart():
    """A log goes on with more evaluations or machines, not with another objective or format."""
    one = experiment()
    assert search_label(one) == search_label(experiment(evaluations=99, n_jobs=7))
    integer = experiment(network="integer")
    others = [
        experiment(objective="efficiency"),
        experiment(folds=2),
        integer,
        experiment({"weight_width": 4}, network="integer"),
    ]
    assert len({search_label(e) for e in (one, *others)}) == 5
    # What the float network does not see does not count for it.
    assert search_label(one) == search_label(experiment({"weight_width": 4}))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('objective = "integer"', "tune.objective must be 'accuracy', not 'integer'. .*network = "),
        ('board = "icebreaker"', "tune.network must be 'integer' where tune.board is 'icebreaker'"),
        ("rate_range_hz = [5, 5]", "tune.rate_range_hz must be a range from 0 or more, not 5 to 5"),
        ('objective = "spikes"', "must not be 'spikes' where model.rate.target_hz is 20: homeo"),
    ],
)
def test_what_means_nothing_is_refused(lines, message):
    """A word of before and objectives without a meaning are refused with what to write instead."""
    text = small_experiment().replace("evaluations = 0", lines)
    text = text.replace("[model.rate]", "[model.rate]\ntarget_hz = 20.0")
    with pytest.raises(ExperimentError, match=message):
        load_toml(text, Experiment, "x.toml")


def test_currents_have_no_exponents():
    """Exponential synapses are refused for the Lyapunov score before anything runs."""
    with pytest.raises(ValueError, match="'lyapunov' where model.network.tau_syn_mean is 5"):
        Experiment(
            name="x",
            data={"name": "digits"},
            model={"network": {"tau_syn_mean": 5.0}},
            tune={"objective": "lyapunov"},
        )


@pytest.mark.parametrize("network", ["float", "integer"])
@pytest.mark.parametrize("word", sorted(SCORES))
def test_every_objective_can_be_searched(digits, tmp_path, word, network):
    """Two evaluations of each objective on each network; the log continues and refuses another."""
    model = MODEL | {"network": {"n_neurons": 30}}
    one = experiment(objective=word, network=network, evaluations=2, initial=1, folds=1, n_jobs=1)
    one = one.model_copy(update={"model": one.model.model_validate(model)})
    log = tmp_path / "log"
    found = search(one, digits, log)
    scores = [o.score for o in found.observations]
    assert scores[0] is not None and len(scores) == 2
    again = []
    assert search(one, digits, log, again.append).observations == found.observations
    assert not again
    other = one.model_copy(update={"tune": one.tune.model_copy(update={"folds": 2})})
    with pytest.raises(ExperimentError, match="log of another search"):
        search(other, digits, log)
