"""Random networks on every core that learns, what they exercised, and netlists of such cores."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from hrsnn_rtl.config import CoreConfig

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.plastic import initial_magnitudes
from hrsnn_edge.reference.network import run as run_reference
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.design import core_design
from hrsnn_sim.learning import CoreLearner
from hrsnn_sim.learning_shapes import (
    LEARNING_SHAPES,
    first_difference,
    hurried_difference,
    learning_difference,
    random_learning,
    weight_pairs,
)
from hrsnn_sim.netlist import netlist_design
from hrsnn_sim.rung import Rung

#: What random networks that learn have to meet. Names of `hrsnn_sim.design.cover_points` among
#: them.
LEARNING_POINTS = (
    *("replay of 0 steps", "replay of 1 step", "replay of the whole history"),
    *("spike of the greatest age is paid", "two spikes are paid in a cycle", "clock of ages wraps"),
    *("rows back to back", "row in a sweep", "row in a sweep during a scan"),
    "event and spike in one step",
    *("traces forgotten between samples", "magnitude rises to its limit", "magnitude falls to 0"),
    *("magnitude leaves 0", "network too small for the core"),
)
#: Cores whose netlists are simulated, by family; only the UP5K has single-port RAM.
NETLISTS = {"ecp5": ("learning",), "ice40": ("learning", "learning-spram")}
#: Steps of which every one is compared on a netlist.
NETLIST_STEPS = 12


def learner(name: str, root: Path) -> CoreLearner:
    """Return a compiled core of `LEARNING_SHAPES`."""
    config = LEARNING_SHAPES[name]
    return CoreLearner(root, model=BulkModel(core_design(config), config, root / "models"))


def gaps_of(seed: int) -> Gaps:
    """Return the pauses of the host with a random network."""
    return Gaps(0.3 * (seed % 3), 0.0, seed + 1, wait_steps=seed % 5 == 0)


def learning_met(config: CoreConfig, net, stdp, batch: EventBatch) -> dict[str, int]:
    """Return how often a network met the points that show from outside, by the reference."""
    magnitudes, met = initial_magnitudes(net, stdp), Counter()
    limits = {
        "w_in": stdp.magnitude_max[: net.n_inputs][net.w_in.pre_idx],
        "w_rec": stdp.magnitude_max[net.n_inputs :][net.w_rec.pre_idx],
    }
    learns = {"w_in": stdp.plastic_in, "w_rec": stdp.plastic_rec}
    for s in range(len(batch)):
        raster = batch.raster(s)
        run = run_reference(net, raster, stdp, magnitudes)
        after = run.magnitudes
        if stdp.plastic_in:
            pairs = raster[:, net.w_in.pre_idx] & run.spikes[:, net.w_in.col_idx].astype(bool)
            met["event and spike in one step"] += int(pairs.sum())
        for name in filter(learns.get, learns):
            old, new = getattr(magnitudes, name), getattr(after, name)
            limit = limits[name]
            met["magnitude rises to its limit"] += int(((old < limit) & (new == limit)).sum())
            met["magnitude falls to 0"] += int(((old > 0) & (new == 0)).sum())
            met["magnitude leaves 0"] += int(((old == 0) & (new > 0)).sum())
        magnitudes = after
    met["traces forgotten between samples"] = len(batch) - 1
    met["network too small for the core"] = int(net.n_neurons < config.n_hw)
    return met


def learning_rung(root: Path, n: int) -> Rung:
    """Run `n` random networks on each core that learns, and count what they met."""
    counts, failures, samples = Counter(), [], 0
    for name in LEARNING_SHAPES:
        core = learner(name, root)
        for seed in range(n):
            case = random_learning(core.model.config, seed)
            core.gaps = gaps_of(seed)
            found = learning_difference(core, *case) or hurried_difference(core, *case)
            if found:
                failures.append(f"core {name}, network {seed}: {found}")
            counts.update(learning_met(core.model.config, *case))
        counts.update(core.model.hits)
        samples += core.work.samples
    met = {name: counts[name] for name in LEARNING_POINTS}
    failures += [f"{name}: must be met, not never" for name, count in met.items() if not count]
    covered = {"networks": n * len(LEARNING_SHAPES), "samples": samples, "points": len(met)}
    return Rung(
        "learning",
        "random networks that learn equal the reference: spikes, membranes, weights, counts",
        covered | {"points met": sum(map(bool, met.values()))},
        tuple(failures),
        details=met,
    )


def step_difference(core: CoreLearner, net, stdp, raster: np.ndarray) -> str:
    """Return the first difference of the weights after any step of a sample, '' for none."""
    start = initial_magnitudes(net, stdp)
    for t in range(len(raster)):
        part = raster[: t + 1]
        want = run_reference(net, part, stdp, start).magnitudes
        got = core.learn(net, stdp, EventBatch.from_rasters([part]), start).magnitudes
        if found := first_difference(f"step {t}", weight_pairs(got, want)):
            return found
    return ""


def learning_netlist_rung(root: Path, n: int) -> Rung:
    """Simulate the netlists of cores that learn on `n` networks each, weights after every step."""
    covered, failures = Counter(), []
    for family, names in NETLISTS.items():
        for name in names:
            config = LEARNING_SHAPES[name]
            model = BulkModel(
                netlist_design(config, family, root / "models"), config, root / "models"
            )
            core = CoreLearner(root, model=model)
            for seed in range(n):
                net, stdp, batch = random_learning(config, 300 + seed)
                found = step_difference(core, net, stdp, batch.raster(0)[:NETLIST_STEPS])
                found = found or learning_difference(core, net, stdp, batch)
                if found:
                    failures.append(f"{family}, core {name}, network {300 + seed}: {found}")
                covered[f"{family} networks"] += 1
            covered[f"{family} weight updates"] += core.work.weight_updates
    return Rung(
        "learning-netlist",
        "the netlists of cores that learn equal the reference, weights after every step",
        dict(covered),
        tuple(failures),
    )
