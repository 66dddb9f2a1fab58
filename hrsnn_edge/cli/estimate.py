"""``hrsnn estimate``: what a board would say, before synthesis."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrsnn_edge.cli.common import (
    Json,
    Quiet,
    Verbose,
    emit,
    set_verbosity,
)


def verb(
    artifact: Annotated[Path, typer.Argument(help="Artifact of `hrsnn quantise`.")],
    board: Annotated[str, typer.Option(help="Board, e.g. ulx3s-85f or icebreaker.")],
    lanes: Annotated[int, typer.Option(help="Lanes: 1, 2, 4 or 8.")] = 1,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Predict memory, logic and cycles; say what would make a network fit that does not."""
    from dataclasses import asdict

    from hrsnn_boards.boards import find_board
    from hrsnn_boards.estimate import estimate

    from hrsnn_edge.artifact.io import read_artifact

    set_verbosity(verbose, quiet)
    result = asdict(estimate(read_artifact(artifact).network, find_board(board), lanes=lanes))
    emit(result, json, "\n".join(f"{name}: {value}" for name, value in result.items()))
