"""The boards by name."""

from __future__ import annotations

from types import MappingProxyType

from hrsnn_boards import colorlight_i5, ice40_hx8k, icebreaker, orangecrab, tang_nano, ulx3s
from hrsnn_boards.board import Board

BOARDS = MappingProxyType(
    {
        board.name: board
        for board in (
            ulx3s.BOARD,
            ulx3s.BOARD_25F,
            orangecrab.BOARD,
            colorlight_i5.BOARD,
            icebreaker.BOARD,
            ice40_hx8k.BOARD,
            tang_nano.BOARD_9K,
            tang_nano.BOARD_20K,
        )
    }
)


def find_board(name: str) -> Board:
    """Return the board called `name`, or raise `ValueError` with the names there are."""
    if name not in BOARDS:
        raise ValueError(f"Board must be one of {', '.join(BOARDS)}, not {name!r}")
    return BOARDS[name]
