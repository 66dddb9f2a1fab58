"""Random networks on the few cores of `hrsnn_sim.shapes`, under random pauses of the host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from hrsnn_rtl.config import CoreConfig

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import IntNetwork
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.cxxrtl import Design
from hrsnn_sim.design import design_for
from hrsnn_sim.record import CoreRecord
from hrsnn_sim.scoreboard import Verdict
from hrsnn_sim.shapes import network_for, shapes_for
from hrsnn_sim.verify import BUILD_ROOT, Job, verify_job

#: Share of the random networks, on cores with a stored reset, in which nearly everybody fires; on
#: cores with counts or filters, which then saturate.
BUSY_SHARE, BUSY_READOUT_SHARE = 0.1, 0.4
#: Share of the random networks whose inputs drive everything to one end of its range; on cores with
#: synaptic currents or a subtractive reset, which seldom get there.
DRIVEN_SHARE, DRIVEN_FAR_SHARE = 0.1, 0.3
#: The host's pauses that random networks take turns in.
GAPS = (
    Gaps(),
    Gaps(command=0.3, spike=0.5),
    Gaps(spike=0.9),
    Gaps(command=0.8),
    Gaps(wait_steps=True),
)


def random_job(config: CoreConfig, seed: int) -> Job:
    """Return a random network for a core, samples and pauses; all follow from the seed."""
    net, raster = network_for(config, seed)
    rng = np.random.default_rng([seed, 1])
    # Samples of different lengths, one of them silent at the end, follow each other.
    cut = int(rng.integers(1, len(raster) + 1))
    batch = EventBatch.from_rasters([raster, raster[::-1][:cut], np.roll(raster, 1, axis=1)])
    gaps = replace(GAPS[int(rng.integers(len(GAPS)))], seed=seed + 1)
    share = BUSY_READOUT_SHARE if config.readout else BUSY_SHARE
    if config.has_reset and rng.random() < share:
        net = busy_network(net)
    if rng.random() < (DRIVEN_FAR_SHARE if config.syn_width or config.subtracts else DRIVEN_SHARE):
        net = driven_network(net, least=bool(rng.random() < 0.5))
    return Job(str(seed), net, config, batch, gaps)


def busy_network(net: IntNetwork) -> IntNetwork:
    """Return a network with thresholds and resets so low that nearly everybody fires always."""
    low, _ = signed_range(net.fmt.v_width)
    return replace(
        net,
        v_reset=np.full_like(net.v_reset, low),
        v_threshold=np.full_like(net.v_threshold, low + 1),
        refractory_steps=np.zeros_like(net.refractory_steps),
    )


def driven_network(net: IntNetwork, *, least: bool) -> IntNetwork:
    """Return a network whose input weights are all the least, or the greatest, with their shift.

    Synaptic currents decay as slowly as they can, so that they pile up; so do membranes from which
    a spike takes off a threshold, and that is 1.
    """
    low, high = signed_range(net.fmt.weight_width)
    weights = np.full_like(net.w_in.weights, low if least else high)
    shifts = np.full_like(net.shift_in, (1 << net.fmt.shift_width) - 1)
    changes = {"w_in": replace(net.w_in, weights=weights), "shift_in": shifts}
    if net.synapses is not None:
        slow = np.full_like(net.synapses.syn_decay, (1 << net.fmt.decay_width) - 1)
        changes["synapses"] = replace(net.synapses, syn_decay=slow)
    if net.reset == "subtract":
        changes["decay"] = np.full_like(net.decay, (1 << net.fmt.decay_width) - 1)
        changes |= {
            "v_reset": np.zeros_like(net.v_reset),
            "v_threshold": np.ones_like(net.v_threshold),
        }
    return replace(net, **changes)


def verify_random(
    n: int,
    *,
    seed: int = 0,
    lanes: int | None = None,
    sim: str = "bulk",
    root: Path = BUILD_ROOT,
    observe: Callable[[Job, CoreRecord, BulkModel | None], None] = lambda *_: None,
) -> Verdict:
    """Co-simulate `n` random networks, of the seeds ``seed .. seed + n - 1``.

    They take turns on the cores of `hrsnn_sim.shapes`, with random pauses of the host.

    Parameters
    ----------
    lanes : int, optional
        Only cores with so many lanes.
    observe : callable
        Called after every network, with what it did and the model in bulk.
    """
    shapes = list(shapes_for(lanes).values())
    designs: dict[int, Design] = {}
    models: dict[int, BulkModel] = {}
    verdict = Verdict()
    for k in range(n):
        turn = (seed + k) % len(shapes)
        config = shapes[turn]
        if turn not in designs:
            designs[turn] = design_for(config, sim)
            if sim == "bulk":
                models[turn] = BulkModel(designs[turn], config, root / "models")
        job, model = random_job(config, seed + k), models.get(turn)
        found, record = verify_job(job, sim, root=root, design=designs[turn], model=model)
        observe(job, record, model)
        verdict += found
    return verdict
