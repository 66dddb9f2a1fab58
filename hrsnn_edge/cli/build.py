"""``hrsnn build``: an artifact to a bitstream."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrsnn_edge.cli.common import (
    Codebook,
    Halt,
    Json,
    Learn,
    Quiet,
    Seed,
    Verbose,
    core_options,
    emit,
    learning_options,
    log,
    set_verbosity,
    table,
)

if TYPE_CHECKING:
    from hrsnn_boards.build import BoardAnswer

#: Name that stands for every board, and the folder of builds.
ALL, FOLDER = "all", Path("build/boards")


def verb(
    artifact: Annotated[Path, typer.Argument(help="Artifact of `hrsnn quantise`.")],
    board: Annotated[str, typer.Option(help="Board, e.g. ulx3s-85f or icebreaker; or all.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder to write, with all that of the boards' own."),
    ] = None,
    lanes: Annotated[
        int | None, typer.Option(help="Lanes: 1, 2, 4 or 8; default: the fewest that fit.")
    ] = None,
    soc: Annotated[
        bool, typer.Option("--soc", help="With a processor and its program (ulx3s-85f).")
    ] = False,
    codebook: Codebook = None,
    halt: Halt = False,
    learn: Learn = False,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Synthesise, place, route and pack; a network that does not fit is refused before that."""
    from dataclasses import asdict

    from hrsnn_boards.boards import BOARDS, find_board
    from hrsnn_boards.build import build, build_each
    from hrsnn_boards.build_soc import build_soc, find_soc_board

    from hrsnn_edge.artifact.io import read_artifact

    set_verbosity(verbose, quiet)
    found = read_artifact(artifact)
    net = found.network
    options = {"lanes": lanes, "seed": 1 if seed is None else seed, **core_options(codebook, halt)}
    options |= learning_options(learn, found, artifact)
    if board == ALL and soc:
        raise typer.BadParameter("Give one board for a system on chip.")
    if learn and soc:
        raise typer.BadParameter("Give --learn without --soc: its program does not learn.")
    if board == ALL:
        answers = []
        for answer in build_each(net, BOARDS.values(), output or FOLDER, **options):
            log.print(f"{answer.board.title}: {answer.refusal or 'built'}")
            answers.append(answer)
        emit(
            {"boards": [_row(answer) for answer in answers]},
            json,
            table([_row(answer, short=True) for answer in answers]),
        )
        good = all(answer.good for answer in answers)
    else:
        target = find_soc_board(board) if soc else find_board(board)
        folder = output or FOLDER / (f"{target.name}-soc" if soc else target.name)
        log.print(f"building for {target.title}; synthesis and routing take about a minute")
        result = (build_soc if soc else build)(net, target, folder, **options)
        model = result.model
        flash = (
            f"\n{folder}/{model.name}: the network, at {model.address:#x} of the flash"
            if model
            else ""
        )
        used = ", ".join(f"{n} {u.used}/{u.available}" for n, u in result.utilisation.items())
        emit(
            asdict(result) | {"output": folder},
            json,
            f"{folder}/{result.bitstream}: fmax {result.fmax_mhz:.1f} MHz at a clock of "
            f"{result.clock_mhz:g} MHz\n{used}{flash}",
        )
        good = result.timing_met
    if not good:
        raise typer.Exit(1)


def _row(answer: BoardAnswer, *, short: bool = False) -> dict:
    """Return a board's answer as plain values; `short` for a line of a table."""
    result, board = answer.result, answer.board
    row = {"board": board.name, "part": board.part, "fits": result is not None}
    for name, resource in (("logic", board.logic), ("block_ram", board.block_ram)):
        use = result and result.utilisation.get(resource)
        row[name] = f"{use.used}/{use.available}" if use else "-"
    row |= {
        "lanes": result.lanes if result else "-",
        "clock_mhz": board.clock_hz / 1e6,
        "fmax_mhz": result.fmax_mhz if result else "-",
        "timing_met": result.timing_met if result else "-",
    }
    if short:
        return row
    return row | {"refusal": answer.refusal, "bitstream": result.bitstream if result else None}
