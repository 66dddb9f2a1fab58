"""A run in a few lines: as text for the terminal, as the object of ``hrsnn run --json``."""

from __future__ import annotations

import textwrap
from typing import Any

from hrsnn_edge.report.record import BoardResult, RunRecord, Verdict
from hrsnn_edge.report.view import (
    NBSP,
    accuracy_rows,
    board_words,
    number,
    percent,
    seconds,
    sop_summary,
    verdict_words,
)


def _wrap(line: str) -> list[str]:
    """Return a line as lines of at most 78 characters, the later ones indented."""
    return textwrap.wrap(line, 78, subsequent_indent="    ", break_on_hyphens=False)


def _verdict_line(name: str, verdict: Verdict) -> str:
    """Return one verdict, with the first divergence if there is one."""
    plural = "" if verdict.networks == 1 else "s"
    size = f"{number(verdict.networks)} network{plural}, {number(verdict.steps)} steps"
    line = f"{name}: {verdict_words(verdict)} ({size})"
    d = verdict.first_divergence
    if d is None:
        return line
    return f"{line}; first at {d.place}: {d.quantity} must be {d.expected}, not {d.got}"


def _board_lines(name: str, board: BoardResult) -> list[str]:
    """Return a board's verdict, speed and utilisation."""
    words = [board_words(board)]
    if board.fmax_mhz is not None:
        words.append(f"fmax {board.fmax_mhz:.1f} MHz")
    if board.clock_mhz is not None:
        words.append(f"clock {board.clock_mhz:.1f} MHz")
    if board.latency_us is not None:
        words.append(f"latency {number(board.latency_us)} us")
    uses = [
        f"{resource} {number(use.used)} of {number(use.available)}"
        for resource, use in board.utilisation.items()
    ]
    lines = [f"{name}: {', '.join(words)}", "  " + ", ".join(uses), f"  {board.remedy or ''}"]
    return [part for line in lines if line.strip() for part in _wrap(line)]


def summary(record: RunRecord, report: str | None = None) -> str:
    """Return the run as plain text: verdicts, accuracy, SOPs, cycles, boards, path of the report.

    Parameters
    ----------
    record : RunRecord
        The run; what it does not hold is left out.
    report : str, optional
        Where the HTML report was written.
    """
    verdicts = [line for item in record.verdicts.items() for line in _wrap(_verdict_line(*item))]
    parts: list[tuple[str, list[str]]] = [("Verdicts", verdicts)]
    if record.accuracy:
        rows = accuracy_rows(record)
        parts.append(("Accuracy", [f"{percent(row.value):>7} {row.label}" for row in rows]))
    if record.work:
        sop = sop_summary(record.work)
        words = f"{number(sop['pruned'])} per inference"
        if sop["ratio"] is not None:
            words += f", {number(sop['unpruned'])} unpruned: {sop['ratio']:.2f} times fewer"
        parts.append(("SOPs", [words]))
    if record.cycles:
        c = record.cycles
        parts.append(
            ("Cycles", [f"{c.per_sop:.3f} per SOP, {number(c.per_inference)} per inference"])
        )
    boards = [line for item in record.boards.items() for line in _board_lines(*item)]
    parts.append(("Boards", boards))
    if record.timings_s:
        parts.append(("Time", [seconds(sum(record.timings_s.values()))]))
    if report is not None:
        parts.append(("Report", [report]))
    out = [f"{record.name}, seed {record.seed}"]
    for title, lines in parts:
        out += [f"{title if k == 0 else '':<10}{line}" for k, line in enumerate(lines)]
    return "\n".join(line.rstrip() for line in out).replace(NBSP, " ") + "\n"


def machine_summary(record: RunRecord, report: str | None = None) -> dict[str, Any]:
    """Return the object that ``hrsnn run --json`` prints; what was not run is None."""
    test = record.accuracy.test if record.accuracy else {}
    fixed = dict.fromkeys(("baseline", "float", "pruned", "integer"))
    no_sop = dict.fromkeys(("unpruned", "pruned", "ratio"))
    verdicts = {name: v.model_dump(mode="json") for name, v in record.verdicts.items()}
    return {
        "accuracy": fixed | test,
        "verdicts": dict.fromkeys(("engine", "cosim", "bulk")) | verdicts,
        "sop": sop_summary(record.work) if record.work else no_sop,
        "cycles": record.cycles.model_dump(mode="json") if record.cycles else None,
        "boards": {name: board.model_dump(mode="json") for name, board in record.boards.items()},
        "report": report,
    }
