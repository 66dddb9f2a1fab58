"""Programming a board: what is called, and what is refused before."""

from __future__ import annotations

import pytest
from hrsnn_boards.boards import BOARDS
from hrsnn_boards.build import build_component
from hrsnn_boards.flash import flash

from hrsnn_edge import tools
from hrsnn_edge.errors import ToolFailedError, ToolMissingError
from tests.boards.toggle import Toggle

LOADER = "openFPGALoader"


@pytest.fixture
def loader(monkeypatch):
    """A machine with openFPGALoader."""
    found = tools.find_tool

    def find(name):
        if name != LOADER:
            return found(name)
        return tools.Tool(LOADER, "", "", False, None, LOADER, None, True, (LOADER,))

    monkeypatch.setattr(tools, "find_tool", find)


def built(no_tools, folder, name="tang-nano-9k", fmax_mhz=200.0):
    no_tools.fmax_mhz = fmax_mhz
    build_component(Toggle(), BOARDS[name], folder, lanes=1)
    no_tools.calls.clear()
    return folder


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda b: b.name)
def test_command(no_tools, loader, tmp_path, board):
    """The loader is given the board by its own name for it, and the bitstream of the build."""
    folder = built(no_tools, tmp_path / "out", board.name)
    result = flash(folder)
    assert no_tools.calls == [[LOADER, "-b", board.loader, result.bitstream]]
    flash(folder, permanent=True)
    assert no_tools.calls[1] == [LOADER, "-b", board.loader, "-f", result.bitstream]


def test_network_goes_into_the_flash(no_tools, loader, tmp_path):
    """With the design goes the network, to its place behind it; a changed one is refused."""
    no_tools.fmax_mhz, folder = 200.0, tmp_path / "out"
    board = BOARDS["icebreaker"]
    build_component(Toggle(), board, folder, lanes=1, model=b"network")
    no_tools.calls.clear()
    flash(folder)
    assert no_tools.calls == [[LOADER, "-b", board.loader, "top.bin"]]
    no_tools.calls.clear()
    flash(folder, permanent=True)
    command = [LOADER, "-b", board.loader, "-f"]
    assert no_tools.calls == [[*command, "-o", "131072", "model.bin"], [*command, "top.bin"]]
    (folder / "model.bin").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"model\.bin must be what was built"):
        flash(folder, permanent=True)


def test_missing_loader(no_tools, tmp_path, monkeypatch):
    """Without the loader the error names it and what supplies it."""
    gone = tools.Need(LOADER, "programming a board", "a shop", (), required=False)
    needs = [need for need in tools.NEEDS if need.name != LOADER]
    monkeypatch.setattr(tools, "NEEDS", (*needs, gone))
    folder = built(no_tools, tmp_path / "out")
    with pytest.raises(ToolMissingError, match=r"openFPGALoader .* Supplied by a shop") as caught:
        flash(folder)
    assert caught.value.exit_code == 3


def test_refusals(no_tools, loader, tmp_path):
    """A folder without a build, a changed bitstream, and a design too slow are not programmed."""
    with pytest.raises(FileNotFoundError):
        flash(tmp_path)
    (tmp_path / "build.json").write_text("{}")
    with pytest.raises(ValueError, match=r"build\.json must be of a build"):
        flash(tmp_path)
    folder = built(no_tools, tmp_path / "slow", fmax_mhz=10.0)
    with pytest.raises(ToolFailedError, match="fmax must be at least 54 MHz"):
        flash(folder)
    folder = built(no_tools, tmp_path / "out")
    (folder / "top.fs").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"top\.fs must be what was built"):
        flash(folder)
    assert not no_tools.calls


def test_loader_fails(no_tools, loader, tmp_path):
    """A loader that finds no board is a tool that failed."""
    folder = built(no_tools, tmp_path / "out")
    no_tools.log = "unable to open ftdi device"
    with pytest.raises(ToolFailedError):
        flash(folder)
