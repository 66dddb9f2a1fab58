"""Lyapunov noise pruning, step IV: time constants for the pruned graph, from the spectrum alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.analysis.lyapunov import (
    network_spectrum,
    noise_current,
    spectrum_score,
    transposed,
)
from hrsnn_edge.engine.float_run import step_gain
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.model.lif import membrane_after
from hrsnn_edge.network import FloatNetwork
from hrsnn_edge.prune.record import TimescaleSearch
from hrsnn_edge.tune.loop import Observation, TuneResult, tune
from hrsnn_edge.tune.space import Gamma, Marginal, Parameter, SearchSpace

#: Mean firing rates outside of this range make a network useless [Hz].
RATE_RANGE_HZ = (0.1, 200.0)
#: Time constants are clipped to this range [ms], and to two steps at least.
TAU_RANGE_MS = (2.0, 200.0)


def timescale_space(inhibitory: np.ndarray) -> SearchSpace:
    """Return the box of Gamma distributions of tau, for the types of neurons that exist."""
    types = [name for name, there in (("e", ~inhibitory), ("i", inhibitory)) if there.any()]
    return SearchSpace(
        tuple(
            Marginal(
                Gamma,
                Parameter(f"tau_{name}_mean", 5, 80),
                Parameter(f"tau_{name}_cv", 0, 1),
            )
            for name in types
        )
    )


def reassign_by_rank(network: FloatNetwork, point: dict[str, float]) -> FloatNetwork:
    """Return the network with time constants of other distributions, in the old order.

    Within each type the neuron of rank r of n gets the quantile ``(r + 0.5) / n``, clipped to
    `TAU_RANGE_MS` and two steps; equals keep the order of their numbers.
    """
    tau = network.tau_mem.copy()
    low, high = max(TAU_RANGE_MS[0], 2 * network.dt), TAU_RANGE_MS[1]
    for name, members in (("e", ~network.inhibitory), ("i", network.inhibitory)):
        n = int(members.sum())
        if n:
            law = Gamma(point[f"tau_{name}_mean"], point[f"tau_{name}_cv"])
            rank = np.argsort(np.argsort(tau[members], kind="stable"))
            tau[members] = np.clip(law.quantile((rank + 0.5) / n), low, high)
    return replace(network, tau_mem=tau)


def current_settings(network: FloatNetwork) -> dict[str, float]:
    """Return mean and coefficient of variation of tau by type, moved into the box if outside."""
    space = timescale_space(network.inhibitory)
    values = {}
    for name, members in (("e", ~network.inhibitory), ("i", network.inhibitory)):
        if members.any():
            tau = network.tau_mem[members]
            values |= {f"tau_{name}_mean": tau.mean(), f"tau_{name}_cv": tau.std() / tau.mean()}
    return {p.name: float(np.clip(values[p.name], p.low, p.high)) for p in space.parameters}


def mean_rate_hz(network: FloatNetwork, current: np.ndarray) -> float:
    """Return the mean firing rate under an input of each step, (T, N), in units of weights [Hz]."""
    alpha, gain = network.alpha, step_gain(network)
    incoming = transposed(network.w_rec, gain)
    n = network.n_neurons
    v, spikes, wait, total = np.zeros(n), np.zeros(n), np.zeros(n, np.int64), 0
    for step_input in current:
        x = alpha * v + gain * step_input + incoming @ spikes
        held = wait > 0
        fired = (x >= network.v_threshold) & ~held
        v = membrane_after(x, v, held, fired, network)
        wait = np.where(fired, network.refractory_steps, np.maximum(wait - 1, 0))
        spikes = fired.astype(float)
        total += int(fired.sum())
    return 1000 * total / (len(current) * n * network.dt)


@dataclass(frozen=True, eq=False)
class LyapunovScore:
    """Score of distributions of tau on a fixed graph under a fixed input; see `spectrum_score`.

    Attributes
    ----------
    network : FloatNetwork
        Pruned.
    current : (T, N) float64
        Input of each step, the same for every point.
    search : TimescaleSearch
        Target and size of the spectrum.
    seed : int
        Of the first directions, the same for every point.
    """

    network: FloatNetwork
    current: np.ndarray
    search: TimescaleSearch
    seed: int

    def __call__(self, point: dict[str, float]) -> tuple[float, None]:
        """Return the score and no variance.

        Raises
        ------
        TrainingError
            When the network is silent or saturated: the search counts it as its worst point.
        """
        network = reassign_by_rank(self.network, point)
        rate = mean_rate_hz(network, self.current)
        low, high = RATE_RANGE_HZ
        if not low <= rate <= high:
            raise TrainingError(
                f"Mean firing rate must be between {low:g} and {high:g} Hz, not {rate:.3g}. "
                f"Change the noise, the weights or the range of time constants."
            )
        spectrum = network_spectrum(
            network,
            self.current,
            k=min(self.search.n_directions, network.n_neurons),
            warm_up=self.search.warm_up,
            seed=self.seed,
        )
        return spectrum_score(spectrum.exponents, self.search.target), None


def optimise_timescales(
    network: FloatNetwork,
    search: TimescaleSearch,
    seed: int,
    on_result: Callable[[Observation], None] | None = None,
) -> tuple[FloatNetwork, TuneResult]:
    """Return the network with the time constants of the best score, and the search.

    The structure, the weights and the order of the time constants stay. The first point is the
    present mean and spread. The noise is that of the network as given, for all points. The
    readout, if any, is dropped.
    """
    current = noise_current(network, search.warm_up + search.n_steps, seed)
    result = tune(
        LyapunovScore(network, current, search, seed),
        timescale_space(network.inhibitory),
        search.n_initial,
        search.n_evaluations,
        seed,
        on_result=on_result,
        start=current_settings(network),
    )
    return replace(reassign_by_rank(network, result.best.point), readout=None), result
