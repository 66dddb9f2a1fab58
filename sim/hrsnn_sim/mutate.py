"""The mutation check: break the RTL in every way of `hrsnn_sim.mutants`, and see who notices."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from hrsnn_rtl.config import CoreConfig

from hrsnn_edge.errors import MismatchError, ToolFailedError
from hrsnn_edge.network import IntFormat
from hrsnn_edge.parallel import run_parallel
from hrsnn_edge.tools import run_tool, tool_environment
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.cxxrtl import Design
from hrsnn_sim.design import TOP
from hrsnn_sim.formal import prove
from hrsnn_sim.learning import CoreLearner
from hrsnn_sim.learning_shapes import (
    LEARNING_SHAPES,
    hurried_difference,
    learning_difference,
    random_learning,
)
from hrsnn_sim.mutants import EQUIVALENT, MUTANTS
from hrsnn_sim.mutation import Change, changed_module
from hrsnn_sim.netlist import CORES
from hrsnn_sim.proofs import GOALS
from hrsnn_sim.random_runs import random_job
from hrsnn_sim.rung import Rung
from hrsnn_sim.shapes import fitting_core
from hrsnn_sim.verify import verify_job

#: The cores that a changed design is built as: small ones, which compile fast.
BROKEN_CORES: dict[str, CoreConfig] = CORES | {
    "single-bank": fitting_core(
        1,
        9,
        6,
        IntFormat(10, 4, 4, 0, 0, 2, 5),
        double_buffer=False,
        syn_width=9,
        halt=True,
        n_out=3,
        out_lanes=2,
        queue_depth=32,
    ),
    "distances": fitting_core(
        2,
        32,
        8,
        IntFormat(10, 4, 4, 1, 0, 2, 5),
        distance_width=2,
        n_out=3,
        queue_depth=32,
        # Words that travel for a cycle.
        block_ram="ICESTORM_RAM",
    ),
}
#: The cores for a change of what only a core that learns has.
BROKEN_LEARNERS: dict[str, CoreConfig] = {
    name: LEARNING_SHAPES[name]
    for name in ("learning", "learning-lanes", "learning-spram", "learning-recurrent")
}
#: Modules that only a core that learns has.
LEARNING_MODULES = ("stdp", "replay", "walk", "flush", "plastic_lane", "paired", "delay")
#: Random networks on each of them.
SEEDS = range(12)
#: A wrong design may address what is not there; that shows soon enough without an abort.
FLAGS = ("-O0", "-DCXXRTL_NDEBUG")
#: What the process of a changed package runs; the package is found before the right one.
EMIT = """
import json, sys
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.core import Core
from hrsnn_rtl.generate import emit_rtlil
config = CoreConfig.from_dict(json.loads(sys.argv[1]))
print(emit_rtlil(Core(config=config, poison=True), "core"))
"""


def networks_catch(core: str, design: Design, root: Path) -> str | None:
    """Return how random networks show that a design is wrong, None when they do not."""
    if core in BROKEN_LEARNERS:
        return learning_catches(core, design, root)
    model = BulkModel(design, BROKEN_CORES[core], root / "models")
    for seed in SEEDS:
        job, name = random_job(BROKEN_CORES[core], seed), f"random network {seed} on {core}"
        try:
            verdict, _ = verify_job(job, "bulk", root=root, design=design, model=model, waves=False)
        except (ToolFailedError, MismatchError) as error:
            return f"{name}: {error}"
        if verdict.first_divergence:
            return f"{name}: {verdict.first_divergence.quantity}"
    return None


def learning_catches(name: str, design: Design, root: Path) -> str | None:
    """Return how random networks on a core that learns show that a design is wrong.

    In a process of its own: a wrong design may write where nothing is, and end it.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(_learning_difference, name, design, root).result()
        except BrokenProcessPool:
            return f"random networks on {name}: the compiled core died"


def _learning_difference(name: str, design: Design, root: Path) -> str | None:
    config = BROKEN_LEARNERS[name]
    core = CoreLearner(root, model=BulkModel(design, config, root / "models"))
    for seed in SEEDS:
        core.gaps = Gaps(0.3 * (seed % 3), 0.0, seed + 1, wait_steps=seed % 5 == 0)
        case = random_learning(config, seed)
        try:
            found = learning_difference(core, *case) or hurried_difference(core, *case)
        except (ToolFailedError, MismatchError) as error:
            found = str(error)
        if found:
            return f"random network {seed} on {name}: {found}"
    return None


def cores_for(change: Change) -> dict[str, CoreConfig]:
    """Return the cores that a changed design is built as, for a change."""
    if change.module in LEARNING_MODULES:
        return BROKEN_LEARNERS
    # What all cores share may be needed only where one learns.
    return BROKEN_CORES | {"learning": BROKEN_LEARNERS["learning"]}


def proof_catches(change: Change, root: Path) -> str | None:
    """Return the proof that fails for a change, None when none does."""
    goals = [goal for goal in GOALS if goal.module == change.module and goal.bugs]
    for goal in goals:
        circuit = goal.make(changed_module(change))
        try:
            proof = prove(circuit, goal, root / "proof")
        except ToolFailedError:
            # The register that an induction looks at may be gone.
            continue
        if not proof.holds:
            return f"proof {goal.name}"
    return None


def changed_designs(change: Change, root: Path) -> Iterator[tuple[str, Design]]:
    """Yield the cores of `cores_for` as the changed package generates them, each when asked for.

    A copy of the package with the change is imported by a process of its own.
    """
    package = root / "hrsnn_rtl"
    shutil.copytree(change.path.parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / change.path.name).write_text(change.text())
    (root / "emit.py").write_text(EMIT)
    env = tool_environment()
    env["PYTHONPATH"] = os.pathsep.join([str(root), *(path for path in sys.path if path)])
    for name, config in cores_for(change).items():
        values = json.dumps(asdict(config))
        log = root / name
        run_tool([sys.executable, "emit.py", values], cwd=root, log=log, env=env)
        yield name, Design(TOP, log.read_text(), flags=FLAGS)


def caught_by(change: Change, root: Path) -> str | None:
    """Return the first check that notices a change: a proof, or random networks on a core."""
    digest = hashlib.sha256(f"{change} {change.text()}".encode()).hexdigest()[:12]
    folder = (root / "mutants" / digest).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        found = proof_catches(change, folder)
        designs = () if found else changed_designs(change, folder)
        caught = (networks_catch(core, design, folder) for core, design in designs)
        return found or next(filter(None, caught), None)
    finally:
        shutil.rmtree(folder)


def _caught(change: Change, root: Path) -> tuple[Change, str | None]:
    return change, caught_by(change, root)


def mutation_rung(
    root: Path,
    mutants: Sequence[Change] = MUTANTS,
    say: Callable[[str], None] = lambda _: None,
    n_jobs: int = 1,
) -> Rung:
    """Try every mutant; one that nobody notices and that is not argued to be equal is a failure.

    Parameters
    ----------
    root : Path
        Build folder.
    mutants : sequence of Change
        What to try.
    say : callable
        Called with one line for every mutant, as soon as it is known.
    n_jobs : int
        Mutants at a time, each in a process of its own.
    """
    seen, failures = {}, []
    for change, check in run_parallel(_caught, [(change, root) for change in mutants], n_jobs):
        seen[str(change)] = check
        argued = EQUIVALENT.get(change)
        say(f"{change}\n    {check or argued or 'not noticed'}")
        if check is None and argued is None:
            failures.append(f"{change}: must be noticed by some check")
        if check is not None and argued is not None:
            failures.append(f"{change}: is argued to be equal, but {check} tells it apart")
    caught = sum(check is not None for check in seen.values())
    by_proof = sum(bool(check) and check.startswith("proof") for check in seen.values())
    return Rung(
        "mutants",
        "every wrong version of the RTL is noticed",
        {
            "mutants": len(seen),
            "caught": caught,
            "caught by a proof": by_proof,
            "argued to be equal": sum(change in EQUIVALENT for change in mutants),
        },
        tuple(failures),
        details=seen,
    )
