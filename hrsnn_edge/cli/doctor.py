"""``hrsnn doctor``: every tool, found or not, and what supplies it."""

from __future__ import annotations

import typer

from hrsnn_edge.cli.common import (
    Json,
    Quiet,
    Verbose,
    emit,
    set_verbosity,
)


def verb(json: Json = False, verbose: Verbose = False, quiet: Quiet = False) -> None:
    """List every tool: found, version, good enough, what supplies it. Exit 3 if one is missing."""
    from hrsnn_edge.tools import doctor

    set_verbosity(verbose, quiet)
    found = doctor()
    rows = [(_state(tool), tool["name"], tool["version"] or "-") for tool in found["tools"]]
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    lines = []
    for row, tool in zip(rows, found["tools"], strict=True):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join([*cells, tool["purpose"]]))
        if not tool["good"]:
            lines.append(f"{'':{widths[0]}}  supplied by: {tool['supplied_by']}")
    emit(found, json, "\n".join(lines))
    if not found["ok"]:
        raise typer.Exit(3)


def _state(tool: dict) -> str:
    """Return one word on a tool: an absent one is not needed, a missing one is."""
    if tool["good"]:
        return "ok"
    if tool["found"]:
        return "too old" if tool["required"] else "old"
    return "missing" if tool["required"] else "absent"
