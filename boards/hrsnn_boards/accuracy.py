"""How far the estimate is off: from placed cores, and from the cycles of simulated ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.placer import place
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.design import core_design
from hrsnn_sim.shapes import SHAPES, network_for
from hrsnn_sim.verify import BUILD_ROOT

from hrsnn_boards.estimate import blocks
from hrsnn_boards.logic_fit import DEFAULT_SAMPLES, families, samples_of, unseen_errors
from hrsnn_boards.schedule import Schedule
from hrsnn_edge.data.events import EventBatch

#: Random networks whose cycles are compared.
N_NETWORKS = 24


def resource_errors(count: int, say: Callable[[str], None]) -> Iterator[dict]:
    """Give, for every family, the error of block RAM and logic on cores the fit has not seen.

    Parameters
    ----------
    count : int
        Cores of each family.
    say : callable
        Is told what is being measured.
    """
    for family, boards in families().items():
        say(f"synthesis and packing: {count} cores of {family}")
        samples = list(samples_of(boards, count))
        exact = [
            sample.used.get(sample.board.block_ram, 0) == blocks(sample.config, sample.board)
            for sample in samples
        ]
        row = {"family": family, "cores": count, "block_ram_exact": f"{sum(exact)}/{count}"}
        for name in ("logic", "registers"):
            errors = np.abs(unseen_errors(samples, getattr(boards[0], name)))
            row |= {
                f"{name}_mean_percent": float(100 * errors.mean()),
                f"{name}_most_percent": float(100 * errors.max()),
            }
        yield row


def cycle_errors(count: int, say: Callable[[str], None], root: Path = BUILD_ROOT) -> Iterator[dict]:
    """Give the error of the cycles of random networks on compiled cores of several shapes."""
    shapes = {name: c for name, c in SHAPES.items() if c.queue_depth > c.n_hw}
    for name, config in shapes.items():
        say(f"simulation: {name}")
        model = BulkModel(core_design(config), config, root / "models")
        for seed in range(-(-count // len(shapes))):
            net, raster = network_for(config, seed)
            placement = place(net, config.lanes, config.n_slots)
            model.load(memory_images(net, config, placement))
            record = model.run(EventBatch.from_rasters([raster]), net.readout.n_bins, Gaps())
            spikes = record.spikes[:, placement.index]
            estimated = Schedule.of(net, config, placement).sample(raster, spikes)
            yield {
                "core": name,
                "seed": seed,
                "cycles": int(record.done[-1]),
                "estimated": estimated,
                "error_percent": 100 * (estimated / int(record.done[-1]) - 1),
            }


def bench_estimate(
    say: Callable[[str], None], cores: int = DEFAULT_SAMPLES, networks: int = N_NETWORKS
) -> dict[str, list[dict]]:
    """Return the errors of resources, by family, and of cycles, by network."""
    return {
        "resources": list(resource_errors(cores, say)),
        "cycles": list(cycle_errors(networks, say)),
    }
