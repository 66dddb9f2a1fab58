"""A large network with uneven rows on several lanes: what the lanes lose to imbalance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.placer import place

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import IntFormat, IntNetwork, LinearReadout, SparseRows
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.design import core_design
from hrsnn_sim.record import STROBES
from hrsnn_sim.verify import BUILD_ROOT

#: The large network of the design figures.
N_NEURONS, N_INPUTS, N_SYNAPSES, N_OUT = 2000, 256, 150_000, 10
#: Synapses a lane, at most: few lanes cannot hold the whole network.
DEPTH = 60_000
#: Outputs added in a cycle: more take block RAMs that the largest part has not.
OUT_LANES = 2
#: Spread of the in- and out-degrees: standard deviation of their logarithms.
SIGMA = 0.5
#: Steps of a run, those at its beginning that take the neurons out of step, and the share of input
#: channels that are active in them.
N_STEPS, SETTLING_STEPS, SETTLING_RATE = 600, 400, 0.1


def uneven_network(
    activity: float = 0.02,
    *,
    n_neurons: int = N_NEURONS,
    n_inputs: int = N_INPUTS,
    n_synapses: int = N_SYNAPSES,
    sigma: float = SIGMA,
    seed: int = 1,
) -> IntNetwork:
    """Return a network with lognormal degrees whose neurons fire by themselves.

    Every neuron fires when its refractory period is over, whatever it receives from others, so
    the work of a step is known beforehand: periods are uniform in 0.75 to 1.25 times ``1 /
    activity``. An input event holds its targets up for a step: random events at the beginning
    take neurons of the same period out of step.

    Parameters
    ----------
    activity : float
        Share of the neurons that fires in a step, at least 0.02.
    n_neurons, n_inputs, n_synapses : int
        Size; the synapses are those of inputs and neurons together, exactly so many.
    sigma : float
        Standard deviation of the logarithms of in- and out-degrees.
    seed : int
        Of everything random.
    """
    rng = np.random.default_rng(seed)
    n_sources = n_neurons + n_inputs
    out_degree, in_degree = rng.lognormal(0, sigma, n_sources), rng.lognormal(0, sigma, n_neurons)
    # The greatest of log p plus Gumbel noise are a draw without replacement by p.
    keys = np.log(np.outer(out_degree, in_degree)) + rng.gumbel(size=(n_sources, n_neurons))
    chosen = np.argpartition(-keys.ravel(), n_synapses)[:n_synapses]
    fmt = IntFormat(refractory_width=6)
    weights = np.zeros(n_sources * n_neurons, np.int32)
    weights[chosen] = 1
    weights = weights.reshape(n_sources, n_neurons)
    # More than the spikes of a step can make up for.
    weights[n_neurons:] *= -(1 << (fmt.weight_width - 1))
    zeros = np.zeros(n_neurons, np.int32)
    period = rng.uniform(0.75, 1.25, n_neurons) / activity
    return IntNetwork(
        w_in=SparseRows.from_dense(weights[n_neurons:]),
        w_rec=SparseRows.from_dense(weights[:n_neurons]),
        shift_in=np.zeros(n_inputs, np.int32),
        shift_rec=zeros,
        inhibitory=np.zeros(n_neurons, bool),
        decay=zeros,
        v_threshold=zeros,
        v_reset=zeros - 1,
        refractory_steps=period.round().astype(np.int32) - 1,
        readout=LinearReadout(np.ones((1, n_neurons, N_OUT), np.int32), np.zeros(N_OUT, np.int32)),
        fmt=fmt,
    )


def bench_lanes(
    lanes: Sequence[int] = (2, 4, 8),
    activities: Sequence[float] = (0.02, 0.05),
    *,
    seed: int = 1,
    root: Path = BUILD_ROOT,
) -> list[dict]:
    """Measure the cycles of a step of the large network, readout of 10 classes included.

    On 2 lanes it has fewer synapses, as many as they can address.

    Returns
    -------
    list of dict
        One for every number of lanes and activity, with

        ``lanes``, ``activity``
            Lanes P, and the share of neurons that fired in a step.
        ``balance``
            Mean over greatest number of synapses of a lane.
        ``cycles_per_sop_with_scan``
            All cycles over all synaptic operations, times P: 1 is one a cycle in every lane.
        ``cycles_per_step``, ``sops_per_step``
            Means.
    """
    rows = []
    for count in lanes:
        for activity in activities:
            net = uneven_network(activity, n_synapses=min(N_SYNAPSES, DEPTH * count), seed=seed)
            placement = place(net, count)
            config = CoreConfig.for_network(
                net,
                lanes=count,
                n_steps=N_STEPS,
                placement=placement,
                out_lanes=OUT_LANES,
                # As it would be built: cut into segments, whose words travel for a cycle.
                block_ram="DP16KD",
            )
            model = BulkModel(core_design(config), config, root / "models")
            model.load(memory_images(net, config, placement))
            raster = np.random.default_rng(seed).random((N_STEPS, net.n_inputs)) < SETTLING_RATE
            raster[SETTLING_STEPS:] = False
            batch = EventBatch.from_rasters([raster])
            record = model.run(batch, net.readout.n_bins, Gaps(wait_steps=True))
            work = np.diff(record.counts, axis=0, prepend=0)[SETTLING_STEPS:]
            cycles = (record.done - record.begun)[SETTLING_STEPS:]
            column = {name: work[:, k] for k, name in enumerate(STROBES)}
            sops = column["sop_rec"].sum()
            rows.append(
                {
                    "lanes": count,
                    "activity": float(column["spikes"].mean() / net.n_neurons),
                    "balance": 1 / placement.balance(net),
                    "cycles_per_sop_with_scan": float(cycles.sum() / sops * count),
                    "cycles_per_step": float(cycles.mean()),
                    "sops_per_step": float(sops / len(cycles)),
                }
            )
    return rows
