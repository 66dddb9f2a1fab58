"""The arrays behind the plots of a run's report."""

from __future__ import annotations

from typing import Any

import numpy as np

from hrsnn_edge.analysis.communities import communities
from hrsnn_edge.analysis.lyapunov import input_current, network_spectrum
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.flow.record import EXAMPLE
from hrsnn_edge.network import FloatNetwork
from hrsnn_edge.report.traces import NetworkArrays, RunTraces

#: Neurons whose membranes the report draws.
N_MEMBRANES = 4
#: Lyapunov exponents of the report, and the steps of training samples they are taken over.
N_EXPONENTS, WARM_UP, N_STEPS = 12, 100, 1000
#: Fewer steps give no exponents.
LEAST_STEPS = 40


def make_traces(
    experiment: Experiment, data: Dataset, networks, figures: dict[str, Any]
) -> RunTraces:
    """Return the arrays behind the plots."""
    net, pruned = networks.integer.network, networks.pruned.network
    sample = data.test.events.select([EXAMPLE])
    recording = run_batch(net, sample, record=(0,)).recordings[0]
    busiest = np.sort(np.argsort(-recording.spikes.sum(axis=0), kind="stable")[:N_MEMBRANES])
    steps = data.test.events.n_steps.sum()
    exact = run_counts(pruned, data.test.events)
    return RunTraces(
        input_raster=sample.raster(0),
        recurrent_raster=recording.spikes,
        membranes=recording.v[:, busiest],
        membrane_neurons=busiest,
        membrane_thresholds=net.v_threshold[busiest],
        inhibitory=net.inhibitory,
        confusion=figures["evaluations"]["integer"].confusion,
        rates_float=exact.sum(axis=(0, 1)) / steps,
        rates_integer=figures["evaluations"]["integer"].rates,
        lyapunov_float=_exponents(networks.float_net.network, data.train.events),
        lyapunov_pruned=_exponents(pruned, data.train.events),
        graph_pre=pruned.w_rec.pre_idx,
        graph_post=pruned.w_rec.col_idx,
        graph_cluster=communities(pruned.w_rec) if pruned.cluster is None else pruned.cluster,
        networks={
            "float": NetworkArrays.of(networks.float_net.network),
            "pruned": NetworkArrays.of(pruned),
            "integer": NetworkArrays.of(net, experiment.data.dt_ms),
        },
    )


def _exponents(net: FloatNetwork, events: EventBatch) -> np.ndarray | None:
    """Return the leading exponents under the first samples.

    None for synapses with a current and for less than `LEAST_STEPS` of input. A membrane starts at
    rest with the first sample only: one trajectory runs through all.
    """
    if net.tau_syn is not None or events.n_steps.sum() < LEAST_STEPS:
        return None
    needed = WARM_UP + N_STEPS
    n_samples = int(np.searchsorted(np.cumsum(events.n_steps), needed)) + 1
    current = input_current(net, events.select(slice(0, n_samples)))[:needed]
    warm_up = min(WARM_UP, current.shape[0] // 2)
    k = min(N_EXPONENTS, net.n_neurons)
    return network_spectrum(net, current, k=k, warm_up=warm_up).exponents
