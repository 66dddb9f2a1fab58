"""The boards by name."""

from __future__ import annotations

from types import MappingProxyType

from hrsnn_boards import icebreaker, ulx3s
from hrsnn_boards.board import Board

BOARDS = MappingProxyType({board.name: board for board in (ulx3s.BOARD, icebreaker.BOARD)})


def find_board(name: str) -> Board:
    """Return the board called `name`, or raise `ValueError` with the names there are."""
    if name not in BOARDS:
        raise ValueError(f"Board must be one of {', '.join(BOARDS)}, not {name!r}")
    return BOARDS[name]
