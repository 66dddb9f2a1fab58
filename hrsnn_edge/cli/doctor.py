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
    lines = []
    for tool in found["tools"]:
        state = "ok" if tool["good"] else ("missing" if tool["required"] else "absent")
        lines.append(f"{state:<8}{tool['name']:<18}{tool['version'] or '-':<16}{tool['purpose']}")
        if not tool["good"]:
            lines.append(f"{'':<8}  supplied by: {tool['supplied_by']}")
    emit(found, json, "\n".join(lines))
    if not found["ok"]:
        raise typer.Exit(3)
