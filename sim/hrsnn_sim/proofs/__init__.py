"""What is proven about the blocks, one module for each module of `hrsnn_rtl`."""

from __future__ import annotations

from pathlib import Path

from hrsnn_sim.formal import Goal, prove
from hrsnn_sim.proofs import (
    current,
    history,
    lif,
    perceptron,
    scheduler,
    stdp,
    stream,
    synapse,
    walk,
)
from hrsnn_sim.rung import Rung

#: Every goal.
GOALS: tuple[Goal, ...] = tuple(
    goal
    for module in (lif, current, stream, scheduler, synapse, stdp, history, walk, perceptron)
    for goal in module.GOALS
)


def check_goal(goal: Goal, root: Path, bugs: int | None = None) -> tuple[int, tuple[str, ...]]:
    """Prove a goal, and see that it fails for wrong blocks.

    Parameters
    ----------
    root : Path
        Build folder.
    bugs : int, optional
        How many of the goal's bugs to try; by default all.

    Returns
    -------
    tried : int
        Bugs tried.
    failures : tuple of str
        What is not as it should be.
    """
    failures = []
    if not prove(goal.right(), goal, root / goal.name).holds:
        failures.append(f"{goal.name}: must be proven, not refuted: {goal.claim}")
    chosen = goal.bugs[:bugs]
    for k, bug in enumerate(chosen):
        if prove(goal.wrong(bug), goal, root / f"{goal.name}-bug{k}").holds:
            failures.append(f"{goal.name}: must fail for {bug[1]!r} in place of {bug[0]!r}")
    return len(chosen), tuple(failures)


def formal_rung(root: Path, bugs: int | None = None) -> Rung:
    """Prove every goal; see `check_goal`."""
    tried, failures = 0, []
    for goal in GOALS:
        more, found = check_goal(goal, root, bugs)
        tried += more
        failures += found
    return Rung(
        "formal",
        "the blocks obey the contract and the rules of their streams for every input, by induction",
        {"proofs": len(GOALS), "bugs that make a proof fail": tried},
        tuple(failures),
        details={goal.name: goal.claim for goal in GOALS},
    )
