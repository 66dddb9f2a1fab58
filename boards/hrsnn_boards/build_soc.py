"""From a network to a bitstream that holds a whole system on chip."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from hrsnn_rtl.image import memory_images
from hrsnn_rtl.placer import place
from hrsnn_rtl.soc import Soc
from hrsnn_rtl.soc_program import build_program

from hrsnn_boards import ulx3s
from hrsnn_boards.board import Board
from hrsnn_boards.build import build_component
from hrsnn_boards.estimate import DEFAULT_STEPS, choose_lanes, estimate
from hrsnn_boards.resources import configure
from hrsnn_boards.result import BuildResult
from hrsnn_edge.network import IntNetwork

#: Boards that take a system on chip, by name, under the clock of its processor.
SOC_BOARDS = MappingProxyType({board.name: board for board in (ulx3s.SOC,)})


def find_soc_board(name: str) -> Board:
    """Return the board called `name`, or raise `ValueError` with those that take a SoC."""
    if name not in SOC_BOARDS:
        raise ValueError(
            f"Board for a system on chip must be one of {', '.join(SOC_BOARDS)}, not {name!r}"
        )
    return SOC_BOARDS[name]


def build_soc(
    net: IntNetwork,
    board: Board,
    out_dir: Path,
    *,
    n_steps: int = DEFAULT_STEPS,
    lanes: int | None = None,
    seed: int = 1,
    **options,
) -> BuildResult:
    """Build a system on chip for a network; the bitstream holds network and program.

    Parameters and errors are those of `hrsnn_boards.build.build`, with one of `SOC_BOARDS`. What is
    estimated beforehand is the accelerator alone.
    """
    options = {"spike_stream": True, **options}
    lanes = lanes or choose_lanes(net, board, n_steps=n_steps, **options)
    expected = estimate(net, board, lanes, n_steps=n_steps, **options)
    expected.check()
    placement = place(net, lanes)
    config = configure(net, board, lanes, n_steps, placement=placement, **options)
    soc = Soc(
        config=config,
        program=build_program().words,
        images=memory_images(net, config, placement),
        uart_divisor=board.uart_divisor,
        vendor_cells=True,
    )
    estimated = {name: usage.used for name, usage in expected.utilisation.items()}
    return build_component(soc, board, out_dir, lanes=lanes, seed=seed, estimated=estimated)
