"""``hrsnn flash``: a build into a board."""

from __future__ import annotations

from dataclasses import asdict
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
    folder: Annotated[Path, typer.Argument(help="Folder of `hrsnn build`.")],
    permanent: Annotated[
        bool, typer.Option("--permanent", help="Into the flash memory, to stay there.")
    ] = False,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Program the board of a build with openFPGALoader."""
    from hrsnn_boards.flash import flash

    set_verbosity(verbose, quiet)
    result = flash(folder, permanent=permanent)
    emit(asdict(result), json, f"{result.board} runs {folder / result.bitstream}")
