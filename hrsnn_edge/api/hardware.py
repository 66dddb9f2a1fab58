"""The verbs of the hardware half as functions; part of `hrsnn_edge.api`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hrsnn_boards.estimate import Activity, Estimate
    from hrsnn_boards.result import BuildResult
    from hrsnn_sim.scoreboard import Verdict

    from hrsnn_edge.data.events import EventBatch
    from hrsnn_edge.network import IntNetwork


def rtl(net: IntNetwork, lanes: int = 1, n_steps: int = 1024) -> str:
    """Return the core as Verilog, its memories filled.

    Parameters
    ----------
    lanes : int
        1, 2, 4 or 8.
    n_steps : int
        Longest run that the readout must not overflow in.

    Examples
    --------
    >>> from hrsnn_edge.reference.random import random_network
    >>> text = rtl(random_network(3)[0])
    >>> "module core" in text
    True
    """
    from hrsnn_rtl.config import CoreConfig
    from hrsnn_rtl.core import Core
    from hrsnn_rtl.generate import emit_verilog
    from hrsnn_rtl.image import memory_images
    from hrsnn_rtl.placer import place

    config = CoreConfig.for_network(net, lanes=lanes, n_steps=n_steps)
    images = memory_images(net, config, place(net, config.lanes, config.n_slots))
    return emit_verilog(Core(config=config, images=images), "core")


def verify(
    net: IntNetwork, events: EventBatch, *, lanes: int = 1, sim: str = "bulk", seed: int = 1
) -> Verdict:
    """Compare the generated design with the reference in every step of some samples.

    Parameters
    ----------
    sim : str
        ``'bulk'``, the compiled design; or cocotb on ``'icarus'``, ``'verilator'``, ``'cxxrtl'``.
    seed : int
        Of the host's pauses.

    Returns
    -------
    verdict : Verdict
        With the first divergence and its waveform, if there is one.
    """
    from hrsnn_sim.verify import verify_network

    return verify_network(net, events, lanes=lanes, sim=sim, seed=seed)


def cosim(net: IntNetwork, events: EventBatch, *, lanes: int = 1) -> tuple[Verdict, int]:
    """Run many samples through the compiled design; return the verdict and the clock cycles."""
    from hrsnn_sim.verify import verify_split

    return verify_split(net, events, lanes=lanes)


def estimate(
    net: IntNetwork,
    board: str,
    *,
    lanes: int = 1,
    n_steps: int | None = None,
    activity: Activity | None = None,
) -> Estimate:
    """Return what a board would say before synthesis: memory, logic, cycles, what does not fit.

    Examples
    --------
    >>> from hrsnn_edge.reference.random import random_network
    >>> found = estimate(random_network(3)[0], "icebreaker")
    >>> found.fits, found.reasons
    (True, ())
    """
    from hrsnn_boards import estimate as station
    from hrsnn_boards.boards import BOARDS, find_board

    steps = station.DEFAULT_STEPS if n_steps is None else n_steps
    return station.estimate(
        net, find_board(board), lanes, n_steps=steps, activity=activity, boards=BOARDS.values()
    )


def build(
    net: IntNetwork,
    board: str,
    folder: Path | str,
    *,
    lanes: int | None = None,
    n_steps: int | None = None,
    seed: int = 1,
) -> BuildResult:
    """Synthesise, place, route and pack a network for a board into `folder`.

    Raises
    ------
    CapacityError
        The network does not fit; says what would make it fit.
    ToolMissingError, ToolFailedError
        A tool is not there, or ran and failed.
    """
    from hrsnn_boards import build as station
    from hrsnn_boards.boards import find_board

    steps = station.DEFAULT_STEPS if n_steps is None else n_steps
    return station.build(
        net, find_board(board), Path(folder), n_steps=steps, lanes=lanes, seed=seed
    )
