"""Gates G8 and G9 on forecasts in which recurrence carries the input to most neurons."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hrsnn_edge.analysis.forecasters import LastValue, fit_autoregression, fit_echo_state
from hrsnn_edge.analysis.reservoir import ReservoirConfig, draw_reservoir, integrator_recipe
from hrsnn_edge.data.chaotic import lorenz63
from hrsnn_edge.reproduce.forecasting import (
    ForecastSettings,
    chaotic_task,
    network_figures,
    pruned_networks,
)
from hrsnn_edge.reproduce.table import Column, Gate, Metric, Place, Plot, Row, Table

#: Rules of pruning, and what each is paired with.
VERSUS = {
    "LNP": "random graph",
    "LNP, lyapunov": "random graph",
    "LNP, share, neurons too": "random graph",
    "magnitude": "LNP",
    "uniform": "LNP",
    "random graph": "",
    "AP": "LNP",
    "LNP, share": "random graph, all neurons",
    "driven first": "LNP, share",
    "magnitude, all neurons": "LNP, share",
    "uniform, all neurons": "LNP, share",
    "random graph, all neurons": "",
}


@dataclass(frozen=True)
class CarriedSettings(ForecastSettings):
    """Sizes of the table, and where the input enters.

    Attributes
    ----------
    n_dims : int
        Coordinates that are known and forecast, from x on.
    share : float
        Share of the neurons that receive them.
    traces : tuple of float
        Filters of the readout [ms].
    weight, inhibition : float
        Mean excitatory weight times the root of the mean fan-in, in thresholds, and inhibitory
        over excitatory weight: half of balance, or neurons without input would stay silent.
    """

    n_starts: int = 10
    n_dims: int = 3
    share: float = 0.1
    traces: tuple[float, ...] = (400.0,)
    weight: float = 0.3
    inhibition: float = 2.0


def carried_recipe(settings: CarriedSettings) -> ReservoirConfig:
    """Return `integrator_recipe` with input to some neurons and strong recurrence."""
    recipe = integrator_recipe(settings.n_neurons, weight=settings.weight)
    network = replace(
        recipe.network,
        input_share=settings.share,
        weight_i=settings.inhibition * recipe.network.weight_e,
    )
    return replace(recipe, network=network, fixed_traces=settings.traces)


def measure(seed: int, settings: CarriedSettings, place: Place) -> list[Row]:
    """Return the rows of one seed: baselines, no recurrence, unpruned and pruned by every rule."""
    task = chaotic_task(lorenz63, settings.n_train, seed, settings.n_starts)
    n = settings.n_dims
    task = replace(task, train=task.train[:, :n], test=task.test[:, :n])
    plain = {
        "last value": LastValue(),
        "linear, 10 delays": fit_autoregression(task.train, 10),
        "echo state network": fit_echo_state(task.train, n_units=settings.n_units, seed=seed),
    }
    recipe, drive = carried_recipe(settings), 2 * task.train - 1
    silent = replace(recipe, network=replace(recipe.network, recurrent_scale=0.0))
    net = draw_reservoir(recipe, n, seed)
    nets = {"W = 0": draw_reservoir(silent, n, seed), "unpruned": net}
    nets |= pruned_networks(net, drive, settings, seed, tuple(VERSUS))
    versus = VERSUS | {"unpruned": "W = 0"}
    return [
        *(Row(name, task.figures(model)) for name, model in plain.items()),
        *(Row(name, network_figures(r, task), versus.get(name, "")) for name, r in nets.items()),
    ]


def _means(column: Column, names) -> str:
    """Return names and mean errors."""
    return ", ".join(f"{name} {column(name, 'rmse').mean():.3f}" for name in names)


def _random_gate(column: Column) -> tuple[bool, str]:
    """Judge G9: LNP as published against random graphs of its size."""
    found, random = (column(name, "rmse") for name in ("LNP", "random graph"))
    return bool(found.mean() < random.mean()), (
        f"RMSE {found.mean():.3f} against {random.mean():.3f}, "
        f"{(found < random).sum()}/{found.size} seeds lower; "
        + _means(column, ("LNP, lyapunov", "W = 0", "unpruned"))
    )


#: What the shares of the input must beat: each at equal operations, or with as many synapses.
RIVALS = ("magnitude, all neurons", "uniform, all neurons", "random graph, all neurons")


def _share_gate(column: Column) -> tuple[bool, str]:
    """Judge the shares of the input against all rules that keep all neurons."""
    found = column("LNP, share", "rmse")
    lower = [f"{(found < column(name, 'rmse')).sum()}/{found.size}" for name in RIVALS]
    passed = all(found.mean() < column(name, "rmse").mean() for name in RIVALS)
    return bool(passed), (
        f"RMSE {found.mean():.3f}; {_means(column, RIVALS)} ({', '.join(lower)} seeds lower); "
        + _means(column, ("driven first", "W = 0", "unpruned"))
    )


def _work_gate(column: Column) -> tuple[bool, str]:
    """Judge G8 by the shares of the input."""
    ratio, error, synapses = (
        column("unpruned", key) / column("LNP, share", key) for key in ("sop", "rmse", "synapses")
    )
    sparsity = 1 - 1 / synapses
    passed = ratio.mean() >= 5 and sparsity.mean() >= 0.8 and (1 / error).mean() <= 3
    return bool(passed), (
        f"{ratio.mean():.1f}x fewer operations at {100 * sparsity.mean():.1f} % synapse "
        f"sparsity, RMSE x{(1 / error).mean():.2f}"
    )


SHOWS = (
    "Pruning takes 90 % of the recurrent synapses of the untrained network in 20 rounds. LNP, "
    "magnitude, uniform and AP remove neurons, and so does 'LNP, share, neurons too', which keeps "
    "those with input; 'random graph' has LNP's neurons and synapses. The others keep all neurons. "
    "'share': step I by the shares of the input; 'driven first': magnitude, but synapses from a "
    "neuron with input to one without before all others. All rules have LNP's operations but the "
    "random graphs, equal in counts, and the other LNP rows of its rounds (its sparsity)."
)


def _table(name: str, title: str, shows: str, settings: CarriedSettings) -> Table:
    """Return the table of one way in which the input enters."""
    return Table(
        name=name,
        title=f"{title} (G8, G9)",
        shows=f"{shows} {SHOWS}",
        measure=measure,
        scaled=settings,
        full=replace(settings, n_neurons=2000, rounds=100, sparsity=0.95, n_units=1000),
        metrics=(
            Metric("rmse", "RMSE", "less", 3),
            Metric("vpt", "VPT", "more", 1),
            Metric("vpt_wide", "VPT, 0.4", "more", 1),
            Metric("one_step", "one-step NRMSE", "less", 4),
            Metric("sop", "operations a sample", "", 0),
            Metric("rate_hz", "rate [Hz]", "", 1),
            Metric("neurons", "neurons", "", 0),
            Metric("synapses", "synapses", "", 0),
        ),
        gates=(
            Gate(
                "G8",
                "at least 5x fewer operations at >= 80 % synapses, RMSE at most 3x (LNP, share)",
                _work_gate,
            ),
            Gate("G9", "LNP has a lower mean RMSE than random graphs of its size", _random_gate),
            Gate(
                "G9",
                "by the shares of the input it is below every rule that keeps all neurons",
                _share_gate,
            ),
        ),
        plots=(Plot("strip", "rmse"), Plot("strip", "vpt")),
    )


FORECAST_PRUNING = _table(
    "forecast-pruning",
    "Lorenz63 after pruning where recurrence carries the input",
    "Lorenz63 as in Table V from ten starts, with neurons that integrate (table lorenz), of which "
    "a tenth receives the input, so that the others see it through the graph alone. Recurrent "
    "weight 0.3, inhibition half of balance, no STDP; chosen on seeds 100 and 101 by how far the "
    "unpruned network is above W = 0.",
    CarriedSettings(),
)
FORECAST_PRUNING_X = _table(
    "forecast-pruning-x",
    "x of Lorenz63 alone after pruning",
    "As the table forecast-pruning, but x alone is known and forecast, which asks for memory; 30 % "
    "of the neurons receive it, and three filters (60, 200 and 600 ms) read them.",
    CarriedSettings(n_dims=1, share=0.3, traces=(60.0, 200.0, 600.0)),
)
