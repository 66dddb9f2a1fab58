"""``hrsnn build``: an artifact to a bitstream."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrsnn_edge.cli.common import (
    Json,
    Quiet,
    Seed,
    Verbose,
    emit,
    log,
    set_verbosity,
)


def verb(
    artifact: Annotated[Path, typer.Argument(help="Artifact of `hrsnn quantise`.")],
    board: Annotated[str, typer.Option(help="Board, e.g. ulx3s-85f or icebreaker.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write; default: the board.")
    ] = None,
    lanes: Annotated[int, typer.Option(help="Lanes: 1, 2, 4 or 8.")] = 1,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Synthesise, place, route and pack; a network that does not fit is refused before that."""
    from dataclasses import asdict

    from hrsnn_boards.boards import find_board
    from hrsnn_boards.build import build

    from hrsnn_edge.artifact.io import read_artifact

    set_verbosity(verbose, quiet)
    target = find_board(board)
    folder = output or Path("build") / "boards" / target.name
    log.print(f"building for {target.title}; synthesis and routing take about a minute")
    net = read_artifact(artifact).network
    result = build(net, target, folder, lanes=lanes, seed=1 if seed is None else seed)
    found = asdict(result) | {"output": folder}
    used = ", ".join(f"{n} {u.used}/{u.available}" for n, u in result.utilisation.items())
    emit(
        found,
        json,
        f"{folder}/{result.bitstream}: fmax {result.fmax_mhz:.1f} MHz at a clock of "
        f"{result.clock_mhz:g} MHz\n{used}",
    )
    if not result.timing_met:
        raise typer.Exit(1)
