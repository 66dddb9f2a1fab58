"""A build into a board, with openFPGALoader."""

from __future__ import annotations

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
        Write the board's flash, so that it starts with the design, and not only the part's own
        memory; with the design goes the network, where it is loaded from there.

    Raises
    ------
    ToolMissingError
        openFPGALoader is not there.
    ToolFailedError
        It ran and failed, e.g. because no board is attached; its log is in the folder.
    ValueError
        The folder holds no build, or a file of it is not the one that was built.
    """
    try:
        result = BuildResult.from_json((folder / RESULT).read_text())
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{folder / RESULT} must be of a build, not {error}") from error
    result.check_files(folder)
    result.check_timing()
    loader = tools.require("openFPGALoader")
    command = [*loader.command, "-b", find_board(result.board).loader]
    if permanent:
        command.append("-f")
        # The network first: the design looks for it as soon as it starts.
        if result.model:
            place = ["-o", str(result.model.address)]
            tools.run_tool([*command, *place, result.model.name], cwd=folder, log=folder / LOG)
    tools.run_tool([*command, result.bitstream], cwd=folder, log=folder / LOG)
    return result
