"""What learning costs: cycles per touched synapse of a core that learns, from simulated runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import IntNetwork, IntStdp
from hrsnn_sim.learning import CoreLearner, CoreWork
from hrsnn_sim.measure import relay_network
from hrsnn_sim.verify import BUILD_ROOT

#: Density of the measured network, and steps of 1 ms it is run for.
DENSITY, N_STEPS = 0.1, 300
#: Rates of its neurons [Hz]: that of the design's figures, and that of the digits.
RATES = (20.0, 80.0)
#: Memory of the measured cores, and whether they sweep during the scan; the UP5K cannot.
CORES = (("bram", True), ("spram", True), ("spram", False))


def learning_network(seed: int) -> tuple[IntNetwork, IntStdp]:
    """Return a network in which channel `k` fires neuron `k` alone, and constants to learn by.

    Time constants and rates of the recurrent synapses are spread as in a heterogeneous network:
    20 steps and a gain of 4 after a single spike in the mean. A magnitude cannot exceed that of the
    weight -1 it starts from, so who fires follows from the channels whatever is learnt.
    """
    net, _ = relay_network(DENSITY, seed)
    rng, n = np.random.default_rng([seed, 3]), net.n_neurons
    sources = net.n_inputs + n

    def decays(count: int) -> np.ndarray:
        return (np.exp(-1 / rng.uniform(10, 30, count)) * (1 << 12)).astype(np.int32)

    def etas(count: int) -> np.ndarray:
        return rng.integers(1 << 14, 3 << 14, count).astype(np.int32)

    return net, IntStdp(
        plastic_in=False,
        plastic_rec=True,
        learn_shift=10,
        trace_width=10,
        trace_step=128,
        decay_width=12,
        eta_shift=20,
        decay_plus=decays(sources),
        eta_plus=etas(sources),
        magnitude_max=np.full(sources, 1 << 10, np.int32),
        decay_minus=decays(n),
        eta_minus=etas(n),
    )


def bench_plastic(
    cores: Sequence[tuple[str, bool]] = CORES,
    rates: Sequence[float] = RATES,
    *,
    history: int = 32,
    seed: int = 1,
    root: Path = BUILD_ROOT,
) -> list[dict]:
    """Measure a learning core on 256 neurons, 10 % dense, that fire at random.

    Parameters
    ----------
    cores : sequence of (str, bool)
        ``synapse_memory`` and ``overlap`` of the cores, the latter as in
        `hrsnn_rtl.plasticity.Plasticity`.
    rates : sequence of float
        Of every neuron [Hz], at 1 ms a step.
    history : int
        As in `hrsnn_rtl.plasticity.Plasticity`.

    Returns
    -------
    list of dict
        One for every core and rate, with ``cycles_per_touched_synapse``: all cycles but those of
        the scans, sweeps included, over the synapses that spikes and events walked; and with
        ``cycles_per_step``, the same over the steps.
    """
    net, stdp = learning_network(seed)
    rows = []
    for memory, overlap in cores:
        options = {"synapse_memory": memory, "history": history, "overlap": overlap}
        core = CoreLearner(root, options=options)
        for rate in rates:
            rng = np.random.default_rng([seed, int(rate)])
            raster = rng.random((N_STEPS, net.n_inputs)) < rate / 1000
            core = replace(core, work=CoreWork())
            core.learn(net, stdp, EventBatch.from_rasters([raster]))
            work, silent = core.work, core.silent_step_cycles()
            cycles = work.cycles - work.steps * silent
            rows.append(
                {
                    "core": "ours",
                    "synapse_memory": memory,
                    "rate_hz": rate,
                    "history": history,
                    "overlap": overlap,
                    "touched": work.touched,
                    "weight_updates": work.weight_updates,
                    "cycles_per_touched_synapse": cycles / work.touched,
                    "cycles_per_step": cycles / work.steps,
                    "note": "beside the scan, sweeps included",
                }
            )
    return rows
