"""What a step costs: cycles per synaptic operation, per spike and per step, from simulated runs.

A step is run with a chosen work and its cycles are counted from the STEP command to the end of all
that its spikes cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import memory_images

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import IntFormat, IntNetwork, LinearReadout, SparseRows
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.design import core_design
from hrsnn_sim.record import STROBES
from hrsnn_sim.verify import BUILD_ROOT

#: The measured network: neurons, each with an input channel of its own, classes, steps.
N_NEURONS, N_OUT, N_STEPS = 256, 10, 400
#: Greatest share of neurons that fires in a step.
ACTIVITY = 0.3


def relay_network(density: float, seed: int) -> tuple[IntNetwork, np.ndarray]:
    """Return a network in which channel `k` fires neuron `k` alone, and a raster for it.

    So the raster says who fires in each step, and the recurrent rows, too weak to fire anybody, how
    much work that is. Rows have 0.1 to 1.9 times the density, and the neurons of a step have rows
    of like length, so that spikes and synaptic operations do not rise together. Some steps are
    silent; in the others up to `ACTIVITY` of all neurons fire, neuron 0 among them, so that the
    scan has work for the lanes from its first cycle on.
    """
    rng = np.random.default_rng(seed)
    by_length = np.concatenate([[0], 1 + rng.permutation(N_NEURONS - 1)])
    share = np.empty(N_NEURONS)
    share[by_length] = density * np.linspace(0.1, 1.9, N_NEURONS)
    mask = rng.random((N_NEURONS, N_NEURONS)) < share[:, None]
    # A decay of 0 forgets everything in each step. Weights of -1 fire nobody, and the channel's
    # weight, raised by its row's shift, outweighs as many of them as there are neurons.
    fmt = IntFormat(shift_width=3)
    shift, strong = (1 << fmt.shift_width) - 1, (1 << (fmt.weight_width - 1)) - 1
    net = IntNetwork(
        w_in=SparseRows.from_dense(strong * np.eye(N_NEURONS, dtype=np.int32)),
        w_rec=SparseRows.from_dense(-mask.astype(np.int32)),
        shift_in=np.full(N_NEURONS, shift, np.int32),
        shift_rec=np.zeros(N_NEURONS, np.int32),
        inhibitory=np.ones(N_NEURONS, bool),
        decay=np.zeros(N_NEURONS, np.int32),
        v_threshold=np.full(N_NEURONS, (strong << shift) - N_NEURONS, np.int32),
        v_reset=np.zeros(N_NEURONS, np.int32),
        refractory_steps=np.zeros(N_NEURONS, np.int32),
        readout=LinearReadout(np.ones((1, N_NEURONS, N_OUT), np.int32), np.zeros(N_OUT, np.int32)),
        fmt=fmt,
    )
    raster = np.zeros((N_STEPS, N_NEURONS), bool)
    for row in raster[N_STEPS // 10 :]:
        count = int(rng.integers(1, ACTIVITY * N_NEURONS))
        window = int(rng.integers(count, N_NEURONS + 1))
        first = int(rng.integers(N_NEURONS - window + 1))
        row[by_length[first + rng.permutation(window)[:count]]] = True
        row[0] = True
    return net, raster


def bench_core(
    lanes: Sequence[int] = (1, 2, 4, 8),
    densities: Sequence[float] = (0.05, 0.1, 0.5),
    *,
    seed: int = 1,
    root: Path = BUILD_ROOT,
) -> list[dict]:
    """Measure the core, readout of 10 classes included, on a network of 256 neurons.

    Cycles of a step are counted from its beginning to the end of the deliveries of its spikes.

    Returns
    -------
    list of dict
        One for every number of lanes and density, with

        ``lanes``, ``density``
            Lanes P and mean density of the recurrent rows.
        ``cycles_per_sop``, ``cycles_per_spike_overhead``
            Fit over the steps in which delivery and not the scan is the longer work; the first is
            multiplied by P, so that 1 is one synapse a cycle in every lane.
        ``cycles_per_step_overhead``
            Mean, over all steps, of the cycles beyond the longer of scan, N / P, and SOPs / P.
        ``cycles_per_sop_with_scan``
            All cycles over all SOPs, times P, in the steps of the fit.
        ``silent_step_cycles``
            Of a step without a spike.
        ``spikes``, ``sops``
            Of the whole run.
    """
    rows = []
    densest, _ = relay_network(max(densities), seed)
    for count in lanes:
        # One core for all densities: it is compiled once.
        config = CoreConfig.for_network(densest, lanes=count, n_steps=N_STEPS)
        model = BulkModel(core_design(config), config, root / "models")
        for density in densities:
            net, raster = relay_network(density, seed)
            rows.append({"lanes": count, "density": density} | _measure(net, raster, config, model))
    return rows


def step_costs(cycles, sops, spikes, lanes: int, n_slots: int) -> dict:
    """Return the costs, as `bench_core` names them, of steps with known cycles and work.

    >>> sops, spikes = np.array([0, 300, 400, 600]), np.array([0, 10, 20, 15])
    >>> cost = step_costs(np.maximum(100, 1.5 * sops + 2 * spikes) + 7, sops, spikes, 1, 100)
    >>> round(cost["cycles_per_sop"], 6), round(cost["cycles_per_spike_overhead"], 6)
    (1.5, 2.0)
    """
    longer = sops > 2 * lanes * n_slots
    if longer.sum() < 3:
        raise ValueError("At least 3 steps must deliver for longer than they scan")
    terms = np.stack([sops[longer] / lanes, spikes[longer], np.ones(longer.sum())], axis=1)
    per_sop, per_spike, _ = np.linalg.lstsq(terms, cycles[longer].astype(float), rcond=None)[0]
    return {
        "cycles_per_sop": float(per_sop),
        "cycles_per_spike_overhead": float(per_spike),
        "cycles_per_step_overhead": float(np.mean(cycles - np.maximum(n_slots, sops / lanes))),
        "cycles_per_sop_with_scan": float(cycles[longer].sum() / sops[longer].sum() * lanes),
        "silent_step_cycles": float(np.median(cycles[spikes == 0])),
        "spikes": int(spikes.sum()),
        "sops": int(sops.sum()),
    }


def _measure(net: IntNetwork, raster, config: CoreConfig, model: BulkModel) -> dict:
    """Return the costs on one core."""
    model.load(memory_images(net, config))
    batch = EventBatch.from_rasters([raster])
    record = model.run(batch, net.readout.n_bins, Gaps(wait_steps=True))
    work = np.diff(record.counts, axis=0, prepend=0)
    column = {name: work[:, k] for k, name in enumerate(STROBES)}
    return step_costs(
        record.done - record.begun,
        column["sop_rec"],
        column["spikes"],
        config.lanes,
        config.n_slots,
    )
