"""Sections of the page that another verb measures: accuracies of the whole flow, core, engine."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hrsnn_edge.errors import ToolFailedError
from hrsnn_edge.flow.speed import speed_rows
from hrsnn_edge.report.record import ACCURACY_LABELS
from hrsnn_edge.reproduce.page import grid, stamp

#: From the JSON of a verb to heading and rows.
Reading = Callable[[dict[str, Any]], list[list[str]]]


@dataclass(frozen=True)
class Command:
    """A section that a verb of ours measures.

    Attributes
    ----------
    name, title : str
        On the command line, and as heading.
    command : str
        What is run; it prints one JSON object.
    read : callable
        Makes heading and rows of it.
    """

    name: str
    title: str
    command: str
    read: Reading


def measure_command(command: Command) -> dict[str, Any]:
    """Run the verb and return its JSON.

    Raises
    ------
    ToolFailedError
        When it fails; what it said stands on stderr already.
    """
    argv = [sys.executable, "-m", "hrsnn_edge", *shlex.split(command.command)[1:]]
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=False, text=True)
    if done.returncode:
        raise ToolFailedError(f"{command.command}: must end with code 0, not {done.returncode}")
    return json.loads(done.stdout)


def command_section(command: Command, found: dict[str, Any]) -> str:
    """Return the section of what a verb measured."""
    head = [f"## {command.name}: {command.title}", "", f"`{command.command}`", ""]
    return "\n".join([*head, *grid(command.read(found)), "", stamp("As printed")])


def accuracy_rows(found: dict[str, Any]) -> list[list[str]]:
    """Return accuracies in per cent, mean and standard deviation over the seeds."""
    rows = [["network", f"test accuracy, {len(found['seeds'])} seeds [%]"]]
    for name, label in ACCURACY_LABELS.items():
        if name in found["accuracy"]:
            a = found["accuracy"][name]
            rows.append([label, f"{100 * a['mean']:.1f} ± {100 * a['sd']:.1f}"])
    ratio = found["sop_ratio"]
    rows.append(["SOPs unpruned / pruned", f"{ratio['mean']:.2f} ± {ratio['sd']:.2f}"])
    return rows


def plain_rows(key: str | None) -> Reading:
    """Return a reading that prints the rows under `key`, or the whole object as one row."""

    def read(found: dict[str, Any]) -> list[list[str]]:
        rows = [found] if key is None else found[key]
        cells = [[_cell(value) for value in row.values()] for row in rows]
        return [[name.replace("_", " ") for name in rows[0]], *cells]

    return read


def _cell(value: Any) -> str:
    """Return a value as the text of a cell."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def verdict_rows(found: dict[str, Any]) -> list[list[str]]:
    """Return what a verdict compared."""
    keys = ("networks", "steps", "mismatches")
    return [list(keys), [str(found[key]) for key in keys]]


def study_rows(found: dict[str, Any]) -> list[list[str]]:
    """Return the front of a study, best accuracy last, and how long all its points took."""
    heading = ["neurons", "pruning", "sparsity", "weight [bit]", "board", "validation [%]",
               "test [%]", "SOPs", "cycles", "memory [kbit]", "energy, estimate [µJ]"]  # fmt: skip
    lines = [
        [
            *(str(row[name]) for name in ("n_neurons", "method", "sparsity", "weight_width")),
            row["board"],
            *(f"{100 * row[n]:.1f} ± {100 * row[f'{n}_sd']:.1f}" for n in ("accuracy", "test")),
            *(f"{row[name]:.0f}" for name in ("sop", "cycles", "memory_kbit")),
            f"{row['energy_uj']:.3f}",
        ]
        for row in sorted(found["rows"], key=lambda row: row["sop"])
    ]
    words = f"{found['points']} points, {len(found['failed'])} without figures, in all "
    return [heading, *lines, [words + f"{found['seconds']:.0f} s", *[""] * 10]]


COMMANDS = {
    command.name: command
    for command in (
        Command(
            "digits", "handwritten digits, the whole flow, N = 256",
            "hrsnn bench accuracy experiments/digits.toml --seeds 5 --json", accuracy_rows,
        ),
        Command(
            "fsdd", "spoken digits, published split, the whole flow, N = 300",
            "hrsnn bench accuracy experiments/fsdd.toml --seeds 5 --json", accuracy_rows,
        ),
        Command(
            "fsdd1000", "spoken digits, published split, the whole flow, N = 1,000",
            "hrsnn bench accuracy experiments/fsdd-1000.toml --seeds 3 --json", accuracy_rows,
        ),
        Command(
            "random", "random networks, generated design against the reference",
            "hrsnn verify --random 200 --seed 1 --json", verdict_rows,
        ),
        Command(
            "core", "cycles of the core, 256 neurons; no board was measured",
            "hrsnn bench core --json", plain_rows("core"),
        ),
        Command(
            "engine", "inference: CPU time of the integer engine and of other simulators",
            "hrsnn bench engine --workload W1 --peers --json", speed_rows,
        ),
        Command(
            "engine-stdp", "learning: CPU time of the integer engine and of other simulators",
            "hrsnn bench engine --workload W2 --peers --json", speed_rows,
        ),
        Command(
            "hardware", "the core on real parts, place and route; no board was measured",
            "hrsnn bench hardware --json", plain_rows("targets"),
        ),
        Command(
            "hardware-parts", "the core and other cores, on the same tools",
            "hrsnn bench hardware --json", plain_rows("parts"),
        ),
        Command(
            "study", "what-if study of the digits, engine only: front of SOPs and accuracy",
            "hrsnn study experiments/study-digits.toml --build none --json", study_rows,
        ),
    )
}  # fmt: skip
