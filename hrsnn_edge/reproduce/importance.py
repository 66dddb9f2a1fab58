"""SAGE: how much the heterogeneity of each parameter adds to capacity, spikes and efficiency."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.analysis.efficiency import spike_efficiency
from hrsnn_edge.analysis.memory import memory_capacity
from hrsnn_edge.analysis.reservoir import draw_reservoir, memory_recipe
from hrsnn_edge.analysis.reservoir_stdp import learn_driven, memory_plasticity
from hrsnn_edge.analysis.shapley import exact_shapley
from hrsnn_edge.model.stdp import FloatStdp, draw_stdp
from hrsnn_edge.reproduce.memory import WASHOUT, MemorySettings, memory_series
from hrsnn_edge.reproduce.plasticity import learning_series
from hrsnn_edge.reproduce.table import Metric, Place, Plot, Row, Table

#: Players: the parameters that may be heterogeneous.
NEURON, SYNAPSE = ("τ_m", "v_th"), ("η+", "η-", "τ+", "τ-")
#: Spread of the thresholds: the biases lie 0.1 above them, and 0.1 apart.
THRESHOLD_CV = 0.1
FIGURES = ("capacity", "spikes", "efficiency")


@dataclass(frozen=True)
class ImportanceSettings(MemorySettings):
    """Sizes of the networks of every coalition."""

    n_neurons: int = 200
    n_train: int = 1500
    n_test: int = 1000
    n_learn: int = 1000


def partly_heterogeneous(stdp: FloatStdp, coalition: frozenset[str]) -> FloatStdp:
    """Return constants of which those outside the coalition are all equal to their mean."""
    book, changed = stdp.codebook, {}
    for name, key in (("τ+", "tau_plus"), ("τ-", "tau_minus")):
        if name not in coalition:
            index = getattr(book, f"index_{key[4:]}")
            mean = getattr(book, key)[index].mean()
            changed[key] = np.full_like(getattr(book, key), mean)
    for name, key in (("η+", "eta_plus"), ("η-", "eta_minus")):
        if name not in coalition:
            changed[key] = np.full_like(getattr(book, key), getattr(book, key).mean())
    return replace(stdp, codebook=replace(book, **changed))


def coalition_figures(
    coalition: frozenset[str], settings: ImportanceSettings, seed: int
) -> dict[str, float]:
    """Return C, spikes of a neuron and E of the network in which the coalition is heterogeneous."""
    recipe = memory_recipe(settings.n_neurons, weight=settings.weight)
    network = replace(
        recipe.network,
        threshold_cv=THRESHOLD_CV * ("v_th" in coalition),
        **({} if "τ_m" in coalition else {"tau_e_cv": 0.0, "tau_i_cv": 0.0}),
    )
    net = draw_reservoir(replace(recipe, network=network), 1, seed)
    stdp = draw_stdp(memory_plasticity("het"), net.net, seed)
    lesson = learning_series(settings.n_learn, seed)
    net = learn_driven(net, partly_heterogeneous(stdp, coalition), lesson)
    x = memory_series(settings, seed)
    run = net.run(x)
    features = run.traces.reshape(len(x), -1)
    capacity = memory_capacity(features, x[:, 0], n_train=settings.n_train, seed=seed).above_chance
    spikes = run.counts[WASHOUT + settings.n_train :].sum(axis=0)
    return {
        "capacity": capacity,
        "spikes": float(spikes.mean()),
        "efficiency": spike_efficiency(capacity, spikes),
    }


def measure(seed: int, settings: ImportanceSettings, place: Place) -> list[Row]:
    """Return the Shapley values of each parameter for one seed, and both ends."""
    players, known = (*NEURON, *SYNAPSE), {}

    def figures(coalition):
        if coalition not in known:
            known[coalition] = coalition_figures(coalition, settings, seed)
        return known[coalition]

    found = {
        key: exact_shapley(players, lambda c, key=key: figures(c)[key]).importance
        for key in FIGURES
    }
    rows = [Row(p, {f"phi_{key}": found[key][p] for key in FIGURES}) for p in players]
    none, every = figures(frozenset()), figures(frozenset(players))
    rows.append(Row("all", {f"phi_{key}": every[key] - none[key] for key in FIGURES} | every))
    rows.append(Row("none", none))
    return rows


SAGE = Table(
    name="sage",
    title="importance of each heterogeneity (SAGE)",
    shows=(
        "Exact Shapley values over all 64 coalitions of heterogeneous parameters: what each adds "
        "on average to memory capacity, to the spikes of a neuron and to spike efficiency. Recipe "
        "R after STDP; parameters outside a coalition are at their means; thresholds spread by "
        "10 %. Rates are not matched. Published: τ_m first for C, STDP parameters first for "
        "spikes."
    ),
    measure=measure,
    scaled=ImportanceSettings(),
    full=ImportanceSettings(n_neurons=5000, n_train=20000, n_test=5000, n_learn=1500),
    metrics=(
        Metric("phi_capacity", "φ for C", "", 3),
        Metric("phi_spikes", "φ for spikes", "", 2),
        Metric("phi_efficiency", "φ for E", "", 5),
        Metric("capacity", "C", "", 2),
        Metric("spikes", "spikes of a neuron", "", 1),
        Metric("efficiency", "E", "", 4),
    ),
    plots=(Plot("strip", "phi_capacity"), Plot("strip", "phi_spikes")),
)
