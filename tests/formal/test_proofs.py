"""Every goal is proven, and its proof fails for a wrong block."""

from pathlib import Path

import pytest
from hrsnn_sim.formal import prove
from hrsnn_sim.mutation import Change, changed_module
from hrsnn_sim.proofs import GOALS, check_goal

from hrsnn_edge.tools import find_tool

ROOT = Path(__file__).parents[2] / "build/formal"
BY_NAME = {goal.name: goal for goal in GOALS}


@pytest.fixture(autouse=True)
def solver():
    """The tools of the proofs, or a skip that names what is missing."""
    for name in ("yosys", "yosys-smtbmc", "yices-smt2"):
        if not find_tool(name).good:
            pytest.skip(f"needs {name}")


@pytest.mark.tools
@pytest.mark.parametrize("name", BY_NAME)
def test_goal(name):
    """The goal is proven by induction, and not for the first of its bugs."""
    _, failures = check_goal(BY_NAME[name], ROOT, bugs=1)
    assert not failures, failures


@pytest.mark.slow
@pytest.mark.tools
@pytest.mark.parametrize("name", [goal.name for goal in GOALS if goal.bugs])
def test_bugs(name):
    """The goal is not proven for any of its bugs."""
    tried, failures = check_goal(BY_NAME[name], ROOT)
    assert tried == len(BY_NAME[name].bugs) and not failures, failures


@pytest.mark.tools
def test_a_run_that_breaks_a_goal_is_kept():
    """Where a goal fails from the start, a waveform shows how."""
    goal = BY_NAME["small-queue-2"]
    folder = ROOT / "kept"
    assert not prove(goal.wrong(goal.bugs[0]), goal, folder).base
    assert "$enddefinitions" in (folder / "base.vcd").read_text()


def test_blocks_under_proof():
    """The names of goals are unique, and every block that has bugs is one of the core's modules."""
    assert len(BY_NAME) == len(GOALS)
    assert {goal.module for goal in GOALS} >= {"lif", "stream", "scheduler", "synapse"}
    for goal in GOALS:
        for bug in goal.bugs:
            change = Change(goal.module, *bug)
            assert change.text() != change.path.read_text()


def test_change_must_fit():
    """A change whose text is gone is an error, not a change of nothing."""
    with pytest.raises(ValueError, match=r"must stand once in lif\.py, not 0 times"):
        Change("lif", "no such text", "").text()


def test_changed_module_stands_beside_the_right_one():
    """A changed module is another module; the right one stays as it is."""
    import hrsnn_rtl.lif

    wrong = changed_module(Change("lif", "latency = 4", "latency = 5"))
    assert wrong.LifUpdate.latency == 5 and hrsnn_rtl.lif.LifUpdate.latency == 4
