"""What Bayesian optimisation over distributions brings: its objectives, and the most memory."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.analysis.efficiency import prediction_efficiency
from hrsnn_edge.analysis.forecast import nrmse
from hrsnn_edge.analysis.reservoir import (
    Reservoir,
    ReservoirConfig,
    draw_reservoir,
    memory_recipe,
)
from hrsnn_edge.analysis.ridge import fit_ridge
from hrsnn_edge.reproduce.memory import (
    CAPACITY_METRICS,
    FIXED_MS,
    WASHOUT,
    MemorySettings,
    input_figures,
    memory_figures,
    memory_series,
)
from hrsnn_edge.reproduce.statistics import paired
from hrsnn_edge.reproduce.table import Column, Gate, Metric, Place, Plot, Row, Table
from hrsnn_edge.tune.loop import tune
from hrsnn_edge.tune.objectives import Drive, ReservoirScore, float_drive, reservoir_at
from hrsnn_edge.tune.space import Delta, Gamma, Marginal, Normal, Parameter, SearchSpace

#: Objective of the search -> measure of `ReservoirScore`.
OBJECTIVES = {"C": "capacity", "-S": "spikes", "E": "efficiency"}
#: Rows of the search for E and of the one that draws its points at random.
SEARCHED_E, RANDOM_E = "optimised for E", "random search for E"
#: Seeds of the networks that judge a winner lie this far from those of the search.
FRESH = 1000


@dataclass(frozen=True)
class SearchSettings(MemorySettings):
    """Sizes of the searches: evaluations, networks an evaluation, networks that judge."""

    n_neurons: int = 100
    n_evaluations: int = 40
    n_searched: int = 2
    n_judged: int = 3


#: Ranges of the searches for the objectives; gain and scale on log axes.
WIDE = {
    "network.tau_e_mean": (5, 150), "network.tau_i_mean": (5, 100), "bias_mean": (0.7, 1.4),
    "bias_cv": (0, 0.3), "input_gain": (0.05, 10), "network.input_share": (0.1, 1),
    "network.recurrent_scale": (0.05, 8),
}  # fmt: skip
#: Ranges of the search for the most memory, around the threshold.
NEAR_THRESHOLD = {
    "network.tau_e_mean": (5, 80), "network.tau_i_mean": (5, 80), "bias_mean": (0.95, 1.25),
    "bias_cv": (0, 0.15), "input_gain": (0.03, 1), "network.input_share": (0.3, 1),
    "network.recurrent_scale": (0.02, 2),
}  # fmt: skip


def space(neurons: str = "het", ranges=WIDE) -> SearchSpace:
    """Return the box of a driven network; without the spreads of tau for ``'hom'``.

    Parameters
    ----------
    neurons : str
        ``'het'`` or ``'hom'``.
    ranges : mapping
        Least and greatest value by name: `WIDE` or `NEAR_THRESHOLD`.
    """

    def number(name, **axis):
        return Parameter(name, *ranges[name], **axis)

    tau = []
    for kind in "ei":
        mean = number(f"network.tau_{kind}_mean")
        if neurons == "het":
            tau.append(Marginal(Gamma, mean, Parameter(f"network.tau_{kind}_cv", 0, 1)))
        else:
            tau.append(Marginal(Delta, mean))
    return SearchSpace(
        (
            *tau,
            Marginal(Normal, number("bias_mean"), number("bias_cv")),
            Marginal(Delta, number("input_gain", log=True)),
            Marginal(Delta, number("network.input_share")),
            Marginal(Delta, number("network.recurrent_scale", log=True)),
        )
    )


def winner(
    config: ReservoirConfig,
    measure: str,
    settings: SearchSettings,
    seed: int,
    *,
    ranges=WIDE,
    surrogate: bool = True,
    drive: Drive = float_drive,
):
    """Return the settings that a search found from the recipe's own, and its best score.

    Without a surrogate all of its points are those of a random Latin hypercube.
    """
    objective = ReservoirScore(
        config,
        measure,
        seeds=tuple(range(settings.n_searched)),
        rate_range_hz=(1.0, 100.0),
        drive=drive,
    )
    box = space(config.network.neurons, ranges)
    n = settings.n_evaluations
    n_initial = min(10, n) if surrogate else n
    start = objective.settings(box.names)
    found = tune(objective, box, n_initial, n, seed, start=start).best
    return reservoir_at(config, found.point), found


def fresh_networks(config: ReservoirConfig, settings: SearchSettings, seed: int):
    """Yield seed and network of those that no search has seen, with all filters."""
    for k in range(settings.n_judged):
        fresh = FRESH + settings.n_judged * seed + k
        yield fresh, draw_reservoir(replace(config, fixed_traces=FIXED_MS), 1, fresh)


def mean_figures(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each figure over networks."""
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def narma(x) -> np.ndarray:
    """Return NARMA-10 of a series, (T,): the next value from ten past ones and inputs.

    ``y[t+1] = 0.3 y[t] + 0.05 y[t] sum_{k<10} y[t-k] + 1.5 u[t-9] u[t] + 0.1``, with the input
    ``u = (x + 1) / 4`` in 0..0.5; entry t is ``y[t+1]``.
    """
    u = (np.asarray(x, float).ravel() + 1) / 4
    y = np.zeros(u.size + 1)
    for t in range(9, u.size):
        y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * y[t - 9 : t + 1].sum() + 1.5 * u[t - 9] * u[t] + 0.1
    return y[1:]


def narma_figures(net: Reservoir, x, settings: SearchSettings) -> dict[str, float]:
    """Return the test error of NARMA-10 and its efficiency, 1 / (NRMSE x spikes of a neuron)."""
    run = net.run(x)
    features, target = run.traces[:, 0], narma(x)[:, None]
    train = slice(WASHOUT, WASHOUT + settings.n_train)
    test = slice(WASHOUT + settings.n_train, None)
    expected = fit_ridge(features[train], target[train]).predict(features[test])
    error = nrmse(target[test], expected)
    spikes = float(run.counts[test].sum(axis=0).mean())
    return {"narma": error, "narma_efficiency": 1e3 * prediction_efficiency(error, spikes)}


def measure_objectives(seed: int, settings: SearchSettings, place: Place) -> list[Row]:
    """Return the recipe and the winner of a search for each objective, on fresh networks."""
    recipe = memory_recipe(settings.n_neurons)
    configs, scores = {"recipe": recipe}, {}
    for name, measure in OBJECTIVES.items():
        row = f"optimised for {name}"
        configs[row], scores[row] = winner(recipe, measure, settings, seed)
    configs[RANDOM_E], scores[RANDOM_E] = winner(
        recipe, "efficiency", settings, seed, surrogate=False
    )
    rows = []
    for name, config in configs.items():
        found = []
        for fresh, net in fresh_networks(config, settings, seed):
            x = memory_series(settings, fresh)
            found.append(memory_figures(net, x, settings, fresh) | narma_figures(net, x, settings))
        of_e = name in (SEARCHED_E, RANDOM_E)
        score = {"searched_efficiency": scores[name].score} if of_e else {}
        versus = "" if name == SEARCHED_E else SEARCHED_E
        rows.append(Row(name, mean_figures(found) | score, versus))
    return rows


def _random_gate(column: Column) -> tuple[bool, str]:
    """Judge the search for E against a random one of equal budget, seed by seed."""
    texts, held = [], []
    for key, where in (("searched_efficiency", "the searched"), ("efficiency", "fresh")):
        found = paired(column(SEARCHED_E, key), column(RANDOM_E, key))
        held.append(found.difference > 0)
        texts.append(
            f"on {where} networks x{found.ratio:.2f}, {found.wins}/{found.n} higher, "
            f"p {found.t_p:.2g}"
        )
    return all(held), "; ".join(texts)


OBJECTIVE_TABLE = Table(
    name="objectives",
    title="objective of the Bayesian optimisation",
    shows=(
        "Search over the distributions of recipe R (time constants of E and I, bias, input gain "
        "and share, recurrent scale) for memory capacity C, for few spikes -S and for efficiency "
        "E, at equal budget from the same start; winners on networks and series that no search "
        "saw. 'random search': as many points, all of a random Latin hypercube. NARMA-10 stands "
        "for an application: NRMSE, and 1 / (NRMSE x spikes). Published: E "
        "lies on the corner of best accuracy and fewest spikes. The search for -S only has the "
        "bound of 1 Hz to stop it."
    ),
    measure=measure_objectives,
    scaled=SearchSettings(),
    full=SearchSettings(n_neurons=1000, n_evaluations=60, n_searched=3, n_judged=5),
    metrics=(
        CAPACITY_METRICS[0],
        Metric("spikes", "spikes of a neuron", "less", 1),
        Metric("efficiency", "E", "more", 4),
        Metric("searched_efficiency", "score of the search for E", "more", 1),
        Metric("rate_hz", "rate [Hz]", "", 1),
        Metric("narma", "NARMA-10 NRMSE", "less", 3),
        Metric("narma_efficiency", "NARMA efficiency [1e-3]", "more", 2),
        Metric("active", "active share", "", 2),
    ),
    gates=(
        Gate(
            "BO", "the search for E beats a random one at equal budget, in the mean", _random_gate
        ),
    ),
    plots=(Plot("strip", "efficiency"), Plot("strip", "narma_efficiency")),
)


@dataclass(frozen=True)
class MostMemorySettings(SearchSettings):
    """Sizes of the search for capacity alone."""

    n_neurons: int = 300
    n_evaluations: int = 40
    n_searched: int = 1


def threshold_recipe(n_neurons: int, neurons: str) -> ReservoirConfig:
    """Return where the search for the most memory starts, for ``'hom'`` and ``'het'`` alike.

    All neurons receive a weak input at the edge of firing, samples are short beside the membranes
    and the refractory period, and a spike takes a threshold off the membrane instead of clearing
    it, so that what the membrane holds survives the spike. Found by random search on seeds 11 and
    12, on both kinds of neurons.
    """
    base = memory_recipe(n_neurons, neurons=neurons, tau_e_mean=25.0, tau_i_mean=15.0)
    network = replace(
        base.network,
        tau_e_cv=0.8,
        tau_i_cv=0.8,
        input_share=1.0,
        recurrent_scale=0.1,
        reset="subtract",
        refractory_mean=8,
    )
    return replace(base, network=network, bias_mean=1.07, bias_spread=0.07, input_gain=0.15, hold=7)


def measure_most(seed: int, settings: MostMemorySettings, place: Place) -> list[Row]:
    """Return start and winner for heterogeneous and homogeneous neurons at equal budget."""
    rows = []
    for neurons, short in (("hom", "HoN"), ("het", "HeN")):
        start = threshold_recipe(settings.n_neurons, neurons)
        config, _ = winner(start, "capacity", settings, seed, ranges=NEAR_THRESHOLD)
        unconnected = replace(config, network=replace(config.network, recurrent_scale=0.0))
        configs = {"start": start, "searched": config, "its W = 0": unconnected}
        for label, one in configs.items():
            found = [
                memory_figures(net, memory_series(settings, fresh), settings, fresh)
                for fresh, net in fresh_networks(one, settings, seed)
            ]
            network = {
                "tau_e": one.network.tau_e_mean,
                "tau_i": one.network.tau_i_mean,
                "gain": one.input_gain,
                "share": one.network.input_share,
                "scale": one.network.recurrent_scale,
            }
            name, versus = f"{short}, {label}", "HoN, searched"
            versus = versus if label != "start" and name != versus else ""
            rows.append(Row(name, mean_figures(found) | network, versus))
        filtered = [
            input_figures(net, memory_series(settings, fresh), settings, fresh)
            for fresh, net in fresh_networks(config, settings, seed)
        ]
        rows.append(Row(f"{short}: input, filtered", mean_figures(filtered)))
    return rows


def _searched_gate(column: Column) -> tuple[bool, str]:
    """Judge G1 once more, after the distributions of both were optimised."""
    ratio = column("HeN, searched", "capacity_own") / column("HoN, searched", "capacity_own")
    return bool((ratio > 1.05).mean() >= 0.8), (
        f"x{ratio.mean():.2f}, {(ratio > 1.05).sum()}/{ratio.size} searches; best C of HeN "
        f"{column('HeN, searched', 'capacity_own').max():.2f}"
    )


MOST_MEMORY = Table(
    name="most-memory",
    title="most memory that a search finds",
    shows=(
        "Search for the greatest memory capacity with the readout of own time constants, over the "
        "distributions as in the table of objectives, in a box around the threshold; "
        "heterogeneous and homogeneous neurons from the same start at equal budget, each winner a "
        "mean over networks and series that no search saw. Subtractive reset, 7 steps a sample, 8 "
        "refractory. 'its W = 0': the winner unconnected, which says whether recurrence earns its "
        "place. 'input, filtered': no neuron, the input itself through the winner's filters, "
        "without noise or threshold."
    ),
    measure=measure_most,
    scaled=MostMemorySettings(),
    full=MostMemorySettings(n_neurons=1000, n_evaluations=100, n_searched=3, n_judged=5),
    metrics=(
        *CAPACITY_METRICS[:6],
        Metric("tau_e", "mean τ E [ms]", "", 1),
        Metric("tau_i", "mean τ I [ms]", "", 1),
        Metric("gain", "input gain", "", 2),
        Metric("share", "input share", "", 2),
        Metric("scale", "recurrent scale", "", 2),
    ),
    gates=(
        Gate("G1", "C(HeN)/C(HoN) > 1.05 on 80 % of the searches, both searched", _searched_gate),
    ),
    plots=(Plot("strip", "capacity_own"),),
)
