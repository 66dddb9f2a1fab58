"""The verification ladder: each kind of check of the accelerator, and counts of what it covered."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from xml.etree import ElementTree

from hrsnn_sim.rung import Rung

from hrsnn_edge.errors import ToolMissingError

#: The checkout, where the tests of the link are.
CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Effort:
    """How much of each rung is done.

    Attributes
    ----------
    networks : int
        Random networks through the compiled core.
    cocotb : int
        Random networks under each simulator of cocotb.
    netlists : int
        Random networks on the netlists of each family.
    bitstream : int
        Networks on the bitstream that is read back.
    bugs : int or None
        Bugs tried for each proof; None: all.
    mutants : int or None
        Mutants tried; None: all.
    n_jobs : int
        Mutants at a time.
    """

    networks: int
    cocotb: int
    netlists: int
    bitstream: int
    bugs: int | None
    mutants: int | None
    n_jobs: int = 1

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.mutants is None


FULL = Effort(networks=1000, cocotb=6, netlists=20, bitstream=3, bugs=None, mutants=None)
QUICK = Effort(networks=60, cocotb=1, netlists=2, bitstream=1, bugs=1, mutants=4)


def _formal(effort: Effort, root: Path) -> list[Rung]:
    from hrsnn_sim.proofs import formal_rung

    return [formal_rung(root / "formal", effort.bugs)]


def _random(effort: Effort, root: Path) -> list[Rung]:
    from hrsnn_sim.coverage import Coverage
    from hrsnn_sim.random_runs import verify_random

    coverage = Coverage()
    verdict = verify_random(effort.networks, root=root, observe=coverage.add)
    first = (str(verdict.first_divergence),) if verdict.first_divergence else ()
    # A few networks cannot meet everything: holes count where the full number ran.
    met = sum(map(bool, coverage.counts.values()))
    holes = coverage.holes if effort.is_whole else []
    return [
        Rung(
            "random",
            "random networks under random pauses equal the reference in every step",
            {"networks": verdict.networks, "steps": verdict.steps},
            first,
        ),
        Rung(
            "coverage",
            "the random networks met every kind of stall, row, distance, state and step",
            {"points": len(coverage.counts), "points met": met},
            tuple(f"{name}: must be met, not never" for name in holes),
            details=coverage.counts,
        ),
    ]


def _learning(effort: Effort, root: Path) -> list[Rung]:
    from hrsnn_sim.learning_runs import learning_netlist_rung, learning_rung

    full = effort.is_whole
    return [
        learning_rung(root, 60 if full else 12),
        learning_netlist_rung(root, 4 if full else 1),
    ]


def _cocotb(effort: Effort, root: Path) -> list[Rung]:
    from hrsnn_sim.random_runs import verify_random
    from hrsnn_sim.runner import SIMULATORS, missing_for

    rungs = []
    for sim in SIMULATORS:
        name, claim = f"cocotb-{sim}", f"under cocotb on {sim} the core equals the reference"
        missing = missing_for(sim)
        if missing:
            rungs.append(Rung(name, claim, {}, skipped=f"needs {missing}"))
            continue
        verdict = verify_random(effort.cocotb, seed=100, sim=sim, root=root)
        first = (str(verdict.first_divergence),) if verdict.first_divergence else ()
        covered = {"networks": verdict.networks, "steps": verdict.steps}
        rungs.append(Rung(name, claim, covered, first))
    return rungs


def _netlist(effort: Effort, root: Path) -> list[Rung]:
    from hrsnn_sim.netlist import netlist_rung

    return [netlist_rung(root, effort.netlists)]


def _bitstream(effort: Effort, root: Path) -> list[Rung]:
    from hrsnn_boards.readback import bitstream_rung

    return [bitstream_rung(root, effort.bitstream)]


def _mutants(effort: Effort, root: Path) -> list[Rung]:
    from hrsnn_sim.mutants import MUTANTS
    from hrsnn_sim.mutate import mutation_rung

    step = 1 if effort.mutants is None else max(1, len(MUTANTS) // effort.mutants)
    return [mutation_rung(root, MUTANTS[::step], n_jobs=effort.n_jobs)]


def _link(effort: Effort, root: Path) -> list[Rung]:
    """Run the tests that disturb link and load from flash; they say how often."""
    claim = "random, wrong, cut, repeated and reordered frames are answered as the model does"
    files = ("tests/rtl/test_top.py", "tests/boards/test_flash_load.py")
    if not all((CHECKOUT / file).exists() for file in files):
        return [Rung("link", claim, {}, skipped="needs the tests of a checkout")]
    report = root.resolve() / "link.xml"
    marks = "fuzz or reset or mid_load" if effort.is_whole else "(fuzz or mid_load) and not long"
    command = [sys.executable, "-m", "pytest", "-q", *files, "-k", marks]
    done = subprocess.run(
        # Only the first form of the report holds properties of a test.
        [*command, f"--junitxml={report}", "-o", "junit_family=xunit1"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    counts = dict.fromkeys(("frames", "resets", "loads cut short"), 0)
    for item in ElementTree.parse(report).iter("property"):
        if item.get("name") in counts:
            counts[item.get("name")] += int(item.get("value"))
    failed = re.findall(r"^(?:FAILED|ERROR) (.*)$", done.stdout, re.MULTILINE)
    if done.returncode and not failed:
        failed = [(done.stdout + done.stderr)[-500:]]
    return [Rung("link", claim, counts, tuple(failed))]


#: Rungs by name, the fast ones first.
RUNGS: MappingProxyType[str, Callable[[Effort, Path], list[Rung]]] = MappingProxyType(
    {
        "formal": _formal,
        "random": _random,
        "learning": _learning,
        "link": _link,
        "cocotb": _cocotb,
        "netlist": _netlist,
        "bitstream": _bitstream,
        "mutants": _mutants,
    }
)


def climb(
    names: Sequence[str], effort: Effort, root: Path, say: Callable[[str], None]
) -> list[tuple[Rung, float]]:
    """Do the named rungs; return the result of each and its time [s].

    A rung whose tool is missing is skipped and says so.
    """
    root.mkdir(parents=True, exist_ok=True)
    out = []
    for name in names:
        say(f"{name} ...")
        start = monotonic()
        try:
            found = RUNGS[name](effort, root)
        except ToolMissingError as error:
            found = [Rung(name, "", {}, skipped=str(error))]
        seconds = round((monotonic() - start) / len(found), 1)
        out += [(rung, seconds) for rung in found]
        # A climb takes long: what is known by now should not be lost with its end.
        for rung in found:
            say(rung.line(seconds))
    return out
