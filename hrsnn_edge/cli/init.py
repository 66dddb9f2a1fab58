"""``hrsnn init``: a first experiment file, from three questions or from flags."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hrsnn_edge.cli.common import Json, Quiet, Verbose, emit, log, set_verbosity


def verb(
    output: Annotated[Path, typer.Argument(help="Experiment file to write.")] = Path(
        "experiment.toml"
    ),
    data: Annotated[str | None, typer.Option(help="Data set; `hrsnn data` lists them.")] = None,
    board: Annotated[str | None, typer.Option(help="Board, several with commas, or none.")] = None,
    effort: Annotated[str | None, typer.Option(help="quick, usual or thorough.")] = None,
    path: Annotated[
        Path | None, typer.Option(help="Files of the data set, if they are elsewhere.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file.")] = False,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Write a commented experiment file; what no flag says is asked, or usual off a terminal."""
    from hrsnn_boards.boards import BOARDS, find_board

    from hrsnn_edge.files import write_atomic
    from hrsnn_edge.flow.starter import DATA, EFFORTS, NO_BOARD, starter

    set_verbosity(verbose, quiet)
    if output.exists() and not force:
        raise ValueError(f"{output}: must not exist. Name another file, or say --force.")
    efforts = {name: effort.words for name, effort in EFFORTS.items()}
    boards = {name: board.title for name, board in BOARDS.items()} | {NO_BOARD: "build nothing"}
    data = data or ask("Data set", dict.fromkeys(DATA, ""), "digits")
    board = board or ask("Board", boards, "icebreaker")
    effort = effort or ask("Effort", efforts, "usual")
    names = [name.strip() for name in board.split(",") if name.strip() != NO_BOARD]
    chosen = tuple(find_board(name).name for name in names)
    text = starter(output.stem, data, chosen, effort, "" if path is None else str(path))
    write_atomic(output, text.encode())
    result = {"output": output, "data": data, "boards": chosen, "effort": effort}
    emit(result, json, f"{output}: next, hrsnn run {output}")


def interactive() -> bool:
    """Return whether somebody is there to answer."""
    return sys.stdin.isatty()


def ask(what: str, choices: dict[str, str], default: str) -> str:
    """Return the answer to a question, one of `choices`; the default where nobody can answer."""
    if not interactive():
        return default
    for name, words in choices.items():
        log.print(f"  {name:<14}{words}")
    while True:
        answer = typer.prompt(what, default=default, err=True).strip()
        wrong = [part for part in answer.split(",") if part.strip() not in choices]
        if not wrong:
            return answer
        log.print(f"{what} must be one of {', '.join(choices)}, not {wrong[0]!r}")
