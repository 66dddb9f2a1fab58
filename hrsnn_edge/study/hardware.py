"""The hardware of a study's points: estimated for all, placed and routed for some."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hrsnn_boards.board import Board
from hrsnn_boards.boards import BOARDS, find_board
from hrsnn_boards.build import build
from hrsnn_boards.estimate import Activity, Estimate, estimate
from hrsnn_boards.resources import configure
from hrsnn_boards.result import Usage

from hrsnn_edge import tools
from hrsnn_edge.artifact.io import read_artifact
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import CapacityError, ToolFailedError
from hrsnn_edge.network import Counts, IntNetwork
from hrsnn_edge.report import energy

#: Index in `energy.COEFFICIENTS` of the set that covers arithmetic and memory.
WHOLE_SET = 1
#: Columns of a board's resources, and the field of `Board` that names each.
RESOURCES = {
    "logic": "logic",
    "registers": "registers",
    "block_ram": "block_ram",
    "multipliers": "multiplier",
    "single_port_ram": "single_port_ram",
}
#: What places and packs for a family of parts, beside yosys.
TOOLS = {
    "ecp5": ("nextpnr-ecp5", "ecppack"),
    "ice40": ("nextpnr-ice40", "icepack"),
    "gowin": ("nextpnr-himbaechel-gowin", "gowin_pack"),
}


def check_tools(boards: Iterable[str]) -> None:
    """Raise `ToolMissingError` unless all that builds for some boards is here."""
    families = {find_board(name).family for name in boards}
    for tool in ("yosys", *(tool for family in sorted(families) for tool in TOOLS[family])):
        tools.require(tool)


def work_of(found: dict[str, Any], **core) -> dict[str, Any]:
    """Return the work of one inference from the counts of `networks.measure_network`.

    `core` is what `hrsnn_edge.report.energy.accesses` must know of it.
    """
    counts, samples = Counts(**found["counts"]), found["samples"]
    joules = energy.estimate(
        counts,
        energy.COEFFICIENTS[WHOLE_SET],
        n_inferences=samples,
        **core,
    )
    return {
        "sop": energy.sops(counts) / samples,
        "spikes": counts.spikes / samples,
        "energy_uj": joules.total_uj,
    }


def activity_of(net: IntNetwork, events: EventBatch, count: int) -> Activity:
    """Return what a network does in the first `count` samples."""
    few = events.select(slice(0, count))
    result = run_batch(net, few, record=range(len(few)))
    rasters = [few.raster(k) for k in range(len(few))]
    return Activity(rasters, [result.recordings[k].spikes for k in range(len(few))])


def estimate_point(
    found: dict[str, Any], board: str, lanes: int, events: EventBatch, cycle_samples: int
) -> dict[str, Any]:
    """Return the columns of a point's hardware.

    Parameters
    ----------
    found : dict
        Of `networks.measure_network`.
    board : str
        Name of the board.
    lanes : int
        Lanes of the core.
    events : EventBatch
        The train part; its longest sample sets the width of the readout.
    cycle_samples : int
        Samples whose cycles are counted.

    Returns
    -------
    dict
        Columns of the table, and ``memories``: bits by what they hold. Of a network that no core
        can hold: its work, ``fits`` and ``reasons`` alone.
    """
    net, target = read_artifact(Path(found["network"])).network, find_board(board)
    has = {"has_reset": bool(net.v_reset.any()), "has_currents": net.synapses is not None}
    work = work_of(found, lanes=lanes, **has)
    n_steps = int(events.n_steps.max())
    activity = activity_of(net, events, cycle_samples)
    try:
        result = estimate(
            net, target, lanes, n_steps=n_steps, activity=activity, boards=BOARDS.values()
        )
        config = configure(net, target, lanes, n_steps)
    except CapacityError as error:
        return work | {"fits": False, "reasons": [str(error)], "remedies": []}
    return work | _columns(result, target) | {"scan_cycles": config.n_slots}


def _columns(result: Estimate, board: Board) -> dict[str, Any]:
    """Return an estimate as columns."""
    used = {
        name: result.utilisation.get(getattr(board, field)) for name, field in RESOURCES.items()
    }
    return {
        "cycles": result.cycles_per_inference,
        "step_cycles": result.cycles_per_step,
        "latency_ms": result.latency_ms,
        "link_ms": result.link_ms,
        "memory_kbit": sum(spec.bits for spec in result.memories) / 1000,
        **{name: None if usage is None else usage.used for name, usage in used.items()},
        "logic_share": used["logic"].share,
        "block_ram_share": used["block_ram"].share,
        "single_port_ram_share": used["single_port_ram"].share if used["single_port_ram"] else None,
        "fits": result.fits,
        "reasons": list(result.reasons),
        "remedies": list(result.remedies),
        "clock_mhz": board.clock_hz / 1e6,
        "memories": {spec.name: spec.bits for spec in result.memories},
    }


def _used(utilisation: Mapping[str, Usage], board: Board) -> dict[str, Usage | None]:
    """Return what is used of each resource; None for one that the board or the design has not.

    Where a logic cell is a LUT with its flip-flop they are one resource, `logic`.
    """
    found = {name: utilisation.get(getattr(board, field)) for name, field in RESOURCES.items()}
    return found | {"registers": None} if board.registers == board.logic else found


def build_point(network: str, board: str, lanes: int, n_steps: int, folder: Path) -> dict[str, Any]:
    """Place and route a point; a build that is there already is taken.

    Returns
    -------
    dict
        Columns of the table; of a build that failed, ``build`` alone, with the reason.
    """
    target = find_board(board)
    try:
        result = build(
            read_artifact(Path(network)).network, target, folder, n_steps=n_steps, lanes=lanes
        )
    except (CapacityError, ToolFailedError) as error:
        return {"build": str(error).splitlines()[0]}
    used = {
        name: result.utilisation.get(getattr(target, field)) for name, field in RESOURCES.items()
    }
    return {
        **{f"real_{name}": None if usage is None else usage.used for name, usage in used.items()},
        "fmax_mhz": result.fmax_mhz,
        "build": "timing met" if result.timing_met else "timing missed",
    }
