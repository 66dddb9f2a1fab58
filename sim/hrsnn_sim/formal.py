"""Proofs: a circuit with assertions, by k-induction with yosys and an SMT solver.

A goal holds in every state that can be reached from the start, for every input: the solver shows it
for the first `depth` cycles, and that `depth` cycles in which it holds are followed by one more.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from types import MappingProxyType, ModuleType

from amaranth.lib import wiring
from hrsnn_rtl.generate import emit_rtlil

from hrsnn_edge.errors import ToolFailedError
from hrsnn_edge.tools import log_tail, require, run_tool, tool_environment
from hrsnn_sim.mutation import Change, changed_module

#: Name of the top module of a goal.
TOP = "goal"


@dataclass(frozen=True)
class Goal:
    """What is to be proven about one block.

    Attributes
    ----------
    name : str
        Short, for reports and folders.
    claim : str
        What the proof says, one sentence.
    module : str
        Module of `hrsnn_rtl` that holds the block.
    make : callable
        Takes that module, or a changed one, and returns the block with its assertions; the input
        ports are free in every cycle.
    depth : int
        Cycles of the induction.
    bugs : tuple of (str, str)
        Texts of the module and wrong ones in their place: the proof of each must fail.
    peeks : mapping of str to str
        Input port of the circuit -> register inside the block that it shows instead of being free,
        for what an induction must know of the block's state.
    """

    name: str
    claim: str
    module: str
    make: Callable[[ModuleType], wiring.Component]
    depth: int
    bugs: tuple[tuple[str, str], ...]
    peeks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def right(self) -> wiring.Component:
        """Return the circuit around the block as it is."""
        import importlib

        return self.make(importlib.import_module(f"hrsnn_rtl.{self.module}"))

    def wrong(self, bug: tuple[str, str]) -> wiring.Component:
        """Return the circuit around a changed block."""
        return self.make(changed_module(Change(self.module, *bug)))


@dataclass(frozen=True)
class Proof:
    """What the solver said: `base` from the start on, `step` of the induction, and the time [s]."""

    base: bool
    step: bool
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether the goal is proven."""
        return self.base and self.step


def prove(circuit: wiring.Component, goal: Goal, folder: Path) -> Proof:
    """Prove the assertions of a circuit, or find that they do not hold.

    Parameters
    ----------
    circuit : wiring.Component
        Of `Goal.right` or `Goal.wrong`.
    goal : Goal
        For its depth and peeks.
    folder : Path
        For the tools' files; made anew. A run that breaks an assertion is in ``base.vcd``.

    Raises
    ------
    ToolMissingError, ToolFailedError
        A tool is not there, or ended without an answer.
    """
    yosys, smtbmc = require("yosys"), require("yosys-smtbmc")
    require("yices-smt2")
    start = monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "goal.il").write_text(emit_rtlil(circuit, TOP))
    (folder / "goal.ys").write_text(_script(goal))
    run_tool([*yosys.command, "-q", "-s", "goal.ys"], cwd=folder, log=folder / "yosys.log")
    # The base case has to see whatever a wrong state can lead to, the induction what precedes it.
    common = [*smtbmc.command, "-s", "yices", "--presat", "-t", str(goal.depth)]
    base = _holds([*common, "--dump-vcd", "base.vcd", "goal.smt2"], folder, "base")
    step = base and _holds([*common, "-i", "goal.smt2"], folder, "step")
    return Proof(base, step, round(monotonic() - start, 2))


def _script(goal: Goal) -> str:
    """Return the yosys lines that turn the circuit into one for the solver."""
    lines = ["read_rtlil goal.il", f"hierarchy -check -top {TOP}", "proc", "flatten", "opt_clean"]
    lines += ["memory_dff", "memory_collect", "memory_map", "opt_clean", f"cd {TOP}"]
    # A peek is no input: it is the register's own value.
    for port, register in goal.peeks.items():
        lines += [f"delete -input w:{port}", f"connect -set {port} {register}"]
    lines += ["opt -full -share_all", "async2sync", "chformal -lower", "dffunmap", "opt_clean"]
    return "\n".join([*lines, "write_smt2 -wires goal.smt2"]) + "\n"


def _holds(command: list[str], folder: Path, name: str) -> bool:
    """Run the solver; return whether the assertions hold."""
    log = folder / f"{name}.log"
    env = tool_environment()
    env["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), env.get("PATH", "")])
    try:
        run_tool(command, cwd=folder, log=log, env=env)
    except ToolFailedError:
        if "Status: FAILED" not in log.read_text():
            raise
        return False
    if "Status: PASSED" not in log.read_text():
        raise ToolFailedError(f"The solver must pass or fail, not neither:\n{log_tail(log)}")
    return True
