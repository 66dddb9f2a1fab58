"""A first experiment file is valid for every answer, and says what was answered."""

import pytest

from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.flow.starter import DATA, EFFORTS, starter
from hrsnn_edge.flow.toml import load_toml


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("effort", EFFORTS)
def test_every_answer_gives_a_valid_file(data, effort):
    """The file is an experiment with that data set, board and size."""
    plan = load_toml(starter("mine", data, ("icebreaker",), effort), Experiment, "mine.toml")
    assert (plan.name, plan.data.name, plan.build.boards) == ("mine", data, ("icebreaker",))
    assert plan.model.network.n_neurons == EFFORTS[effort].n_neurons
    assert plan.model.network.dt == plan.data.dt_ms
    assert plan.tune.evaluations == EFFORTS[effort].evaluations
    assert plan.verify.bulk_samples == (EFFORTS[effort].bulk_samples or None)


def test_a_path_and_no_board_are_written():
    """`path` lands in the data section, no board in an empty list."""
    plan = load_toml(starter("a", "shd", (), "quick", "my/spikes"), Experiment, "a.toml")
    assert plan.data.path == "my/spikes" and plan.build.boards == ()


def test_every_line_of_settings_is_explained():
    """Each table or key that a reader may not know carries a comment."""
    text = starter("a", "digits", ("icebreaker",), "usual")
    lines = [line for line in text.splitlines() if "=" in line]
    assert sum("#" in line for line in lines) > len(lines) // 2


@pytest.mark.parametrize(
    ("data", "effort", "message"),
    [
        ("goog", "quick", "Data set must be one of digits, .* not 'goog'"),
        ("digits", "huge", "Effort must be one of quick, usual, thorough, not 'huge'"),
    ],
)
def test_a_wrong_answer_is_named(data, effort, message):
    """A series and an unknown effort are refused with what is known."""
    with pytest.raises(ValueError, match=message):
        starter("a", data, (), effort)
