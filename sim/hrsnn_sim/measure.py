"""Cycles of the core per synaptic operation, spike and step, from its own counters.

Behind ``hrsnn bench core``. A random network runs on the compiled model of the generated core with
a host that never pauses; what a step cost is the time from the end of the last step's work to the
end of its own, and its operations are what the counters added in that time.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.placer import place

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import IntFormat, IntNetwork, LinearReadout, SparseRows
from hrsnn_edge.reference.network import run as run_reference
from hrsnn_sim.bulk import BulkModel
from hrsnn_sim.design import core_design
from hrsnn_sim.record import STROBES, CoreRecord
from hrsnn_sim.verify import BUILD_ROOT

#: Share of the neurons that fire in a step, about.
RATE = 0.15
#: Spread of the fan-outs: standard deviation of the logarithm of a row's density.
FAN_OUT_SIGMA = 0.7
#: Steps of a measurement, and those in which the thresholds are found.
N_STEPS, N_TRIAL_STEPS = 1000, 30


def bench_core(
    lanes: Iterable[int] = (1, 2, 4, 8),
    densities: Iterable[float] = (0.05, 0.1, 0.5),
    *,
    n_neurons: int = 256,
    n_out: int = 10,
    seed: int = 1,
    root: Path = BUILD_ROOT,
) -> list[dict]:
    """Measure cores of all these lanes on networks of all these densities.

    Returns
    -------
    list of dict
        One a core and network. ``cycles_per_sop`` is all cycles over all synaptic operations, the
        scan included, and ``lane_cycles_per_sop`` that times the lanes;
        ``cycles_per_spike_overhead`` and ``cycles_per_step_overhead`` come from a least-squares fit
        of the steps' cycles to operations per lane, sources (spikes and events) and 1, over the
        steps with more operations than neurons; ``silent_step_cycles`` is the cost of a step
        without any spike or event.
    """
    nets = {density: bench_network(n_neurons, density, n_out, seed) for density in densities}
    rows = []
    for count in lanes:
        # One core that holds the densest network of all: it is compiled once.
        largest = [
            CoreConfig.for_network(net, lanes=count, n_steps=N_STEPS) for net, _ in nets.values()
        ]
        names = ("synapse_depth", "sum_width", "out_width")
        widest = {name: max(getattr(config, name) for config in largest) for name in names}
        config = CoreConfig.for_network(
            next(iter(nets.values()))[0], lanes=count, n_steps=N_STEPS, **widest
        )
        model = BulkModel(core_design(config, poison=False), config, root / "models")
        rows += [
            {"lanes": count, "density": density, **measure(model, net, raster)}
            for density, (net, raster) in nets.items()
        ]
    return rows


def measure(model: BulkModel, net: IntNetwork, raster) -> dict:
    """Return the figures of one network on one compiled core; see `bench_core`."""
    config = model.config
    placement = place(net, config.lanes, config.n_slots)
    model.load(memory_images(net, config, placement))
    record = model.run(EventBatch.from_rasters([raster]), net.readout.n_bins)
    cycles, sops, sources = per_step(record)
    busy = sops > net.n_neurons
    columns = np.stack([sops / config.lanes, sources, np.ones(sops.size)], axis=1)
    _, per_source, per_step_ = np.linalg.lstsq(columns[busy], cycles[busy], rcond=None)[0]
    silent = model.run(EventBatch.from_rasters([np.zeros((9, net.n_inputs), bool)]), 1)
    return {
        "neurons": net.n_neurons,
        "outputs": net.readout.n_out,
        "steps": int(cycles.size),
        "spikes_per_step": float(record.spikes.sum(axis=1).mean()),
        "sops_per_step": float(sops.mean()),
        "balance": placement.balance(net),
        "cycles_per_sop": float(cycles.sum() / sops.sum()),
        "lane_cycles_per_sop": float(cycles.sum() / sops.sum() * config.lanes),
        "cycles_per_spike_overhead": float(per_source),
        "cycles_per_step_overhead": float(per_step_),
        "silent_step_cycles": int(np.diff(silent.done)[1:].max()),
    }


def per_step(record: CoreRecord) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cycles, synaptic operations and sources between the ends of successive steps.

    All are (T - 1,); the readout's operations are not counted, for they cost no cycles of their
    own.
    """
    column = {name: k for k, name in enumerate(STROBES)}
    counts = np.diff(record.counts, axis=0)
    sops = counts[:, column["sop_in"]] + counts[:, column["sop_rec"]]
    sources = counts[:, column["spikes"]] + counts[:, column["input_event"]]
    return np.diff(record.done), sops, sources


def bench_network(
    n_neurons: int, density: float, n_out: int, seed: int
) -> tuple[IntNetwork, np.ndarray]:
    """Return a heterogeneous network that fires at about `RATE`, and a raster of `N_STEPS`.

    80 % of the neurons are excitatory; a quarter as many inputs as neurons fire at 10 % a step;
    fan-outs are log-normal about the density.
    """
    rng = np.random.default_rng(seed)
    n_inputs = n_neurons // 4
    fmt = IntFormat(weight_width=8)
    top = signed_range(fmt.weight_width)[1]
    inhibitory = rng.random(n_neurons) < 0.2
    sign = np.where(inhibitory, -3, 1)[:, None]
    readout = rng.integers(-100, 101, (1, n_neurons, n_out)).astype(np.int32)
    parts = {
        "w_in": _random_rows(
            rng, n_inputs, n_neurons, density, rng.integers(1, top, (n_inputs, 1))
        ),
        "w_rec": _random_rows(
            rng, n_neurons, n_neurons, density, sign * rng.integers(1, top // 3, (n_neurons, 1))
        ),
        "shift_in": np.zeros(n_inputs, np.int32),
        "shift_rec": np.zeros(n_neurons, np.int32),
        "inhibitory": inhibitory,
        "decay": rng.integers(180, 250, n_neurons).astype(np.int32),
        "v_reset": np.zeros(n_neurons, np.int32),
        "refractory_steps": rng.integers(0, 3, n_neurons).astype(np.int32),
        "readout": LinearReadout(readout, np.zeros(n_out, np.int32)),
        "fmt": fmt,
    }
    spread = rng.lognormal(0, 0.5, n_neurons)
    raster = rng.random((N_STEPS, n_inputs)) < 0.1

    def with_threshold(scale: float) -> IntNetwork:
        threshold = np.clip(scale * spread, 1, signed_range(fmt.v_width)[1])
        return IntNetwork(v_threshold=threshold.astype(np.int32), **parts)

    low, high = 1.0, float(signed_range(fmt.v_width)[1])
    while high > 1.05 * low:
        middle = np.sqrt(low * high)
        rate = run_reference(with_threshold(middle), raster[:N_TRIAL_STEPS]).spikes.mean()
        low, high = (middle, high) if rate > RATE else (low, middle)
    return with_threshold(high), raster


def _random_rows(rng, n_pre: int, n_post: int, density: float, weights) -> SparseRows:
    """Return rows of log-normal density with the given weight a row."""
    share = np.minimum(density * rng.lognormal(0, FAN_OUT_SIGMA, (n_pre, 1)), 1)
    share *= density / share.mean()
    mask = rng.random((n_pre, n_post)) < share
    return SparseRows.from_dense(np.where(mask, weights, 0).astype(np.int32), mask)
