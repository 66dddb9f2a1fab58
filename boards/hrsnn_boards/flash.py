"""A build into a board, with openFPGALoader."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hrsnn_boards.boards import find_board
from hrsnn_boards.build import RESULT
from hrsnn_boards.result import BuildResult
from hrsnn_edge import tools

LOG = "flash.log"


def flash(folder: Path, *, permanent: bool = False) -> BuildResult:
    """Program the board that a build was made for.

    Parameters
    ----------
    folder : Path
        Folder of the build.
    permanent : bool
        Write the configuration flash, so that the board starts with the design, and not only the
        part's own memory.

    Raises
    ------
    ToolMissingError
        openFPGALoader is not there.
    ToolFailedError
        It ran and failed, e.g. because no board is attached; its log is in the folder.
    ValueError
        The folder holds no build, or its bitstream is not the one that was built.
    """
    try:
        result = BuildResult.from_json((folder / RESULT).read_text())
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{folder / RESULT} must be of a build, not {error}") from error
    found = hashlib.sha256((folder / result.bitstream).read_bytes()).hexdigest()
    if found != result.sha256:
        raise ValueError(
            f"{folder / result.bitstream} must be what was built, {result.sha256[:12]}..., not "
            f"{found[:12]}.... Build it again."
        )
    result.check_timing()
    loader = tools.require("openFPGALoader")
    options = ["-b", find_board(result.board).loader, *(["-f"] if permanent else [])]
    command = [*loader.command, *options, result.bitstream]
    tools.run_tool(command, cwd=folder, log=folder / LOG)
    return result
