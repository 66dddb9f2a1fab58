"""The verification ladder reports what each rung covered, and skips name what is missing."""

import json

import pytest
from hrsnn_sim.rung import Rung
from typer.testing import CliRunner

from hrsnn_edge.cli.app import app
from hrsnn_edge.errors import ToolMissingError
from hrsnn_edge.flow import ladder
from hrsnn_edge.flow.ladder import FULL, QUICK, climb


def passes(effort, root):
    return [Rung("good", "all is well", {"networks": effort.networks})]


def fails(effort, root):
    return [Rung("bad", "all is well", {"networks": 1}, ("network 3: is wrong",))]


def lacks(effort, root):
    raise ToolMissingError("yices-smt2 (proofs) must be installed, not missing.")


@pytest.fixture
def rungs(monkeypatch):
    """Three rungs of each kind in place of the real ones."""
    made = {"good": passes, "bad": fails, "lacking": lacks}
    monkeypatch.setattr(ladder, "RUNGS", made)
    return made


def test_climb(rungs, tmp_path):
    """Every rung is done in order with its effort; a missing tool skips one."""
    heard = []
    found = climb(list(rungs), FULL, tmp_path, heard.append)
    assert heard[::2] == ["good ...", "bad ...", "lacking ..."]
    # Each result is told when it is known.
    assert [line.split()[1] for line in heard[1:4:2]] == ["passed", "FAILED"]
    assert "yices-smt2" in heard[5]
    good, bad, lacking = (rung for rung, _ in found)
    assert good.passed and good.covered == {"networks": 1000}
    assert not bad.passed and bad.failures
    assert not lacking.passed and "yices-smt2" in lacking.skipped and not lacking.failures
    assert all(seconds >= 0 for _, seconds in found)


def test_verb(rungs):
    """`hrsnn verify --ladder` prints counts, and leaves with 1 when a rung failed."""
    runner = CliRunner()
    done = runner.invoke(app, ["verify", "--ladder", "--json"])
    result = json.loads(done.stdout)
    assert done.exit_code == 1 and not result["passed"]
    assert result["rungs"]["good"]["covered"] == {"networks": 1000}
    assert result["rungs"]["bad"]["failures"] == ["network 3: is wrong"]
    done = runner.invoke(app, ["verify", "--rung", "good", "--quick", "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["rungs"]["good"]["covered"] == {"networks": QUICK.networks}


def test_wrong_calls(rungs):
    """An unknown rung and a ladder beside an artifact are refused."""
    runner = CliRunner()
    for arguments in (["--rung", "nosuch"], ["--ladder", "--random", "3"]):
        done = runner.invoke(app, ["verify", *arguments])
        assert done.exit_code == 2
