"""``hrsnn estimate``: what a board would say, before synthesis."""

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
    set_verbosity,
    table,
)
from hrsnn_edge.errors import CapacityError

if TYPE_CHECKING:
    from hrsnn_boards.board import Board
    from hrsnn_boards.estimate import Activity, Estimate

    from hrsnn_edge.artifact.schema import Artifact
    from hrsnn_edge.network import IntNetwork

#: Name that stands for every board.
ALL = "all"


def verb(
    artifact: Annotated[Path, typer.Argument(help="Artifact of `hrsnn quantise`.")],
    board: Annotated[str, typer.Option(help="Board, e.g. ulx3s-85f or icebreaker; or all.")],
    lanes: Annotated[int, typer.Option(help="Lanes: 1, 2, 4 or 8.")] = 1,
    samples: Annotated[
        int,
        typer.Option(min=0, help="Count the cycles of so many test samples of the artifact."),
    ] = 0,
    codebook: Codebook = None,
    halt: Halt = False,
    learn: Learn = False,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Predict memory, logic, clock and cycles; say what would make a network fit that does not."""
    from dataclasses import asdict

    from hrsnn_boards.boards import BOARDS, find_board
    from hrsnn_boards.estimate import estimate

    from hrsnn_edge.artifact.io import read_artifact

    set_verbosity(verbose, quiet)
    found = read_artifact(artifact)
    options = {"lanes": lanes, "boards": BOARDS.values(), **core_options(codebook, halt)}
    options |= learning_options(learn, found, artifact)
    if samples:
        options["activity"] = _activity(found, artifact, samples, seed)
    if board == ALL:
        answers = [_answer(found.network, each, options) for each in BOARDS.values()]
        text = table([row for _, row in answers])
        emit({"boards": [result for result, _ in answers]}, json, text)
    else:
        result = asdict(estimate(found.network, find_board(board), **options))
        emit(result, json, "\n".join(f"{name}: {value}" for name, value in result.items()))


def _activity(found: Artifact, path: Path, count: int, seed: int | None) -> Activity:
    """Return what the network does in the first test samples of its data."""
    from hrsnn_boards.estimate import Activity

    from hrsnn_edge.cli.context import dataset_of, experiment_of
    from hrsnn_edge.reference.network import run

    events = dataset_of(experiment_of(found, path, seed)).test.events
    rasters = [events.raster(k) for k in range(min(count, len(events)))]
    return Activity(rasters, [run(found.network, raster).spikes for raster in rasters])


def _answer(net: IntNetwork, board: Board, options: dict) -> tuple[dict, dict]:
    """Return an estimate whole and as a line of a table, also where no core can be for a board."""
    from dataclasses import asdict

    from hrsnn_boards.estimate import estimate

    try:
        result = estimate(net, board, **options)
    except CapacityError as error:
        names = ("board", "fits", "lanes", "used", "fmax_mhz", "cycles", "latency_ms")
        row = dict.fromkeys(names, "-") | {"board": board.name, "fits": False, "used": "no core"}
        return {"board": board.name, "fits": False, "reasons": (str(error),)}, row
    return asdict(result), _row(result)


def _row(result: Estimate) -> dict:
    """Return an estimate as a line of a table."""
    used = [f"{name} {u.used}/{u.available}" for name, u in result.utilisation.items()]
    return {
        "board": result.board,
        "fits": result.fits,
        "lanes": result.lanes,
        "used": ", ".join(used),
        "fmax_mhz": result.fmax_mhz,
        "cycles": result.cycles_per_inference,
        "latency_ms": result.latency_ms,
    }
