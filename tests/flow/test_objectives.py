from dataclasses import replace

import pytest

from hrsnn_edge.data.digits import load_digits
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.flow.objectives import IntegerAccuracy, judge_of, objective_of
from hrsnn_edge.model.config import ModelConfig
from hrsnn_edge.model.train import evaluate, train
from hrsnn_edge.tune.objectives import float_accuracy

CONFIG = ModelConfig().with_values(
    {
        "network.n_neurons": 60,
        "plasticity.synapses": "off",
        "rate.target_hz": 60.0,
        "rate.homeostasis_rounds": 3,
        "readout.n_bins": 1,
    }
)


def experiment(**tune):
    return Experiment(name="x", data={"name": "digits", "code": "regular"}, tune=tune)


@pytest.fixture(scope="module")
def trained():
    """A trained network, the samples it was fitted to and held-out ones."""
    fitted, held_out = load_digits(code="regular").fold_parts(0)
    net, _ = train(CONFIG, fitted, n_classes=10, seed=0)
    return net, fitted, held_out


def test_format_is_in_the_loop(trained):
    """Wide integers score like the float network, readout weights of two bits score less."""
    judge = IntegerAccuracy(experiment().quantise.format(), CONFIG.readout)
    wide = judge(*trained)
    assert wide == pytest.approx(evaluate(trained[0], trained[2]), abs=0.05)
    narrow = replace(judge, fmt=replace(judge.fmt, out_weight_width=2))
    assert narrow(*trained) < wide - 0.02


def test_operations_cost(trained):
    """A budget of half the operations costs one weight, twice of them costs nothing."""
    judge = IntegerAccuracy(experiment().quantise.format(), CONFIG.readout, sop_weight=0.01)
    free = replace(judge, sop_budget=1e9)(*trained)
    tight, half = (replace(judge, sop_budget=b)(*trained) for b in (100.0, 50.0))
    assert free > tight and tight - half == pytest.approx(0.01)


def test_network_must_fit_the_board(trained):
    """A network beyond the board is a failed point of the search, with the reason."""
    judge = IntegerAccuracy(
        experiment().quantise.format(), CONFIG.readout, board="icebreaker", lanes=8
    )
    with pytest.raises(TrainingError, match="Network must fit icebreaker, not exceed it: .+"):
        judge(*trained)


def test_objective_of_an_experiment():
    """The table names the judge; only the hardware's knows cost and board."""
    data = load_digits(code="regular")
    assert objective_of(experiment(seeds=2), data).seeds == (1, 2)
    assert judge_of(experiment()) is float_accuracy
    costly = {"sop_weight": 0.02, "board": "icebreaker"}
    integer = judge_of(experiment(objective="integer", **costly))
    hardware = judge_of(experiment(objective="hardware", **costly))
    assert (integer.sop_weight, integer.board) == (0.0, "")
    assert (hardware.sop_weight, hardware.board) == (0.02, "icebreaker")
