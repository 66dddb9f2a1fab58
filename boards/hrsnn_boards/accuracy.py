"""How far the estimate is off: from placed cores, and from the cycles of simulated ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from hrsnn_rtl.config import QUEUE_MARGIN
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.placer import place
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.commands import asked_steps
from hrsnn_sim.design import core_design
from hrsnn_sim.shapes import SHAPES, network_for
from hrsnn_sim.verify import BUILD_ROOT

from hrsnn_boards import speed
from hrsnn_boards.boards import BOARDS
from hrsnn_boards.logic_fit import counted, families, read_samples, unseen_errors
from hrsnn_boards.resources import blocks
from hrsnn_boards.schedule import Schedule
from hrsnn_edge.data.events import EventBatch

#: Random networks whose cycles are compared.
N_NETWORKS = 24


def resource_errors() -> list[dict]:
    """Return, for every family, the error of block RAM and logic on cores the fit has not seen."""
    samples = read_samples()
    rows = []
    for family in families():
        own = [sample for sample in samples if sample.board.model == family]
        exact = [s.value("block_ram") == blocks(s.config, s.board) for s in own]
        row = {"family": family, "cores": len(own), "block_ram_exact": sum(exact)}
        for name in ("logic", "registers"):
            of = [s.board.model == family for s in counted(samples, name)]
            errors = 100 * np.abs(unseen_errors(samples, name)[of])
            row |= {
                f"{name}_mean_percent": float(errors.mean()) if errors.size else None,
                f"{name}_most_percent": float(errors.max()) if errors.size else None,
            }
        rows.append(row)
    return rows


def cycle_errors(count: int, say: Callable[[str], None], root: Path = BUILD_ROOT) -> Iterator[dict]:
    """Give the error of the cycles of random networks on compiled cores of several shapes."""
    # The schedule does not know of an event queue that fills up.
    deep = {name: replace(c, queue_depth=256) for name, c in SHAPES.items() if c.readout}
    shapes = {name: c for name, c in SHAPES.items() if c.queue_depth > c.n_hw + QUEUE_MARGIN} | deep
    for name, config in shapes.items():
        say(f"simulation: {name}")
        model = BulkModel(core_design(config), config, root / "models")
        for seed in range(-(-count // len(shapes))):
            net, raster = network_for(config, seed)
            placement = place(net, config.lanes, config.n_slots)
            model.load(memory_images(net, config, placement))
            batch = EventBatch.from_rasters([raster])
            asked = asked_steps(net.readout, batch)
            record = model.run(batch, net.readout.n_bins, Gaps(), asked)
            spikes = record.spikes[:, placement.index]
            estimated = Schedule.of(net, config, placement).sample(raster, spikes)
            yield {
                "core": name,
                "seed": seed,
                "cycles": int(record.done[-1]),
                "estimated": estimated,
                "error_percent": 100 * (estimated / int(record.done[-1]) - 1),
            }


def speed_errors() -> list[dict]:
    """Return, for every board, the error of the clock of builds that the fit has not seen."""
    rows = []
    for name in BOARDS:
        errors = [
            100 * abs(e) for s, e in speed.unseen_errors(speed.read_samples()) if s.board == name
        ]
        if errors:
            rows.append(
                {
                    "board": name,
                    "builds": len(errors),
                    "fmax_mean_percent": float(np.mean(errors)),
                    "fmax_most_percent": max(errors),
                }
            )
    return rows


def bench_estimate(say: Callable[[str], None], networks: int = N_NETWORKS) -> dict[str, list[dict]]:
    """Return the errors of resources by family, of clocks by board, and of cycles by network."""
    return {
        "resources": resource_errors(),
        "clocks": speed_errors(),
        "cycles": list(cycle_errors(networks, say)),
    }
