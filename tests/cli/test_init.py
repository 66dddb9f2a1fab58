"""``hrsnn init`` writes a file that runs, and asks for what it was not told."""

import json
from pathlib import Path

import pytest

from hrsnn_edge.cli import execute, init
from hrsnn_edge.flow.experiment import load_experiment


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder."""
    monkeypatch.chdir(tmp_path)


def test_flags_alone_write_the_file(capsys):
    """With three flags nothing is asked."""
    flags = ["--data", "digits", "--board", "ulx3s-85f,icebreaker", "--effort", "quick"]
    assert execute(["init", "mine.toml", *flags, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["boards"] == ["ulx3s-85f", "icebreaker"]
    plan = load_experiment(Path("mine.toml"))
    assert (plan.name, plan.build.boards) == ("mine", ("ulx3s-85f", "icebreaker"))


def test_questions_are_asked_until_they_are_answered(monkeypatch, capsys):
    """A wrong answer is named and asked again; an empty one is the default."""
    answers = iter(["mnist", "arty", "none", ""])
    monkeypatch.setattr(init, "interactive", lambda: True)
    monkeypatch.setattr(init.typer, "prompt", lambda what, default, err: next(answers) or default)
    assert execute(["init"]) == 0
    plan = load_experiment(Path("experiment.toml"))
    assert (plan.data.name, plan.build.boards) == ("mnist", ())
    assert plan.model.network.n_neurons == 256
    assert "Board must be one of" in capsys.readouterr().err


def test_nobody_to_ask_means_the_usual(monkeypatch):
    """Off a terminal the defaults are taken."""
    monkeypatch.setattr(init, "interactive", lambda: False)
    assert execute(["init", "-q"]) == 0
    assert load_experiment(Path("experiment.toml")).data.name == "digits"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--data", "nothing"], "Data set must be one of digits"),
        (["--board", "arty"], "arty"),
        (["--effort", "much"], "Effort must be one of quick"),
    ],
)
def test_a_wrong_flag_writes_nothing(argv, message, monkeypatch, capsys):
    """The exit code is 1, the flag is named, and no file appears."""
    monkeypatch.setattr(init, "interactive", lambda: False)
    assert execute(["init", "mine.toml", *argv]) == 1
    assert message in capsys.readouterr().err
    assert not Path("mine.toml").exists()


def test_an_existing_file_stays(capsys):
    """Without --force a file is left as it was."""
    Path("mine.toml").write_text("mine")
    assert execute(["init", "mine.toml", "--effort", "quick"]) == 1
    assert "must not exist" in capsys.readouterr().err
    assert Path("mine.toml").read_text() == "mine"
    flags = ["--data", "digits", "--board", "none", "--effort", "quick"]
    assert execute(["init", "mine.toml", *flags, "--force"]) == 0


def test_the_file_runs(capsys, monkeypatch, tmp_path):
    """encode and train take the quick file as it is."""
    monkeypatch.setenv("HRSNN_STORE", str(tmp_path / "store"))
    flags = ["--data", "digits", "--board", "none", "--effort", "quick"]
    assert execute(["init", "mine.toml", *flags]) == 0
    capsys.readouterr()
    assert execute(["train", "mine.toml", "--json", "-q"]) == 0
    # Ten classes: five times chance is learning.
    assert json.loads(capsys.readouterr().out)["test_accuracy"] > 0.5
