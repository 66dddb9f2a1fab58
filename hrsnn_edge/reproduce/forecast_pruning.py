"""Gates G8 and G9 on forecasts in which recurrence carries the input to most neurons."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hrsnn_edge.analysis.forecasters import LastValue, fit_autoregression, fit_echo_state
from hrsnn_edge.analysis.reservoir import ReservoirConfig, draw_reservoir, integrator_recipe
from hrsnn_edge.data.chaotic import lorenz63
from hrsnn_edge.reproduce.forecasting import (
    ForecastSettings,
    Task,
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
    share, share_x : float
        Share of the neurons that receive all coordinates, and that receive x alone.
    weight, inhibition : float
        Of the recurrent synapses; see `carried_recipe`.
    """

    share: float = 0.1
    share_x: float = 0.3
    weight: float = 3.0
    inhibition: float = 2.0
    n_starts: int = 10


def carried_recipe(
    settings: CarriedSettings, share: float, traces: tuple[float, ...]
) -> ReservoirConfig:
    """Return `integrator_recipe` with input to a `share` of the neurons and strong recurrence.

    `traces` are the filters of the readout [ms]; inhibitory weights are `inhibition` times the
    excitatory ones, half of balance, or neurons without input would stay silent.
    """
    recipe = integrator_recipe(settings.n_neurons, weight=settings.weight)
    network = replace(
        recipe.network,
        input_share=share,
        weight_i=settings.inhibition * recipe.network.weight_e,
    )
    return replace(recipe, network=network, fixed_traces=traces)


def seen(task: Task, n_dims: int, prefix: str) -> Task:
    """Return a task of which only the first coordinates are known and forecast."""
    return replace(task, prefix=prefix, train=task.train[:, :n_dims], test=task.test[:, :n_dims])


def measure(seed: int, settings: CarriedSettings, place: Place) -> list[Row]:
    """Return the rows of one seed: x alone, and all coordinates, whose counts are shown."""
    whole = chaotic_task(lorenz63, settings.n_train, seed, settings.n_starts)
    kinds = (
        (seen(whole, 1, "x_"), carried_recipe(settings, settings.share_x, (60.0, 200.0, 600.0))),
        (whole, carried_recipe(settings, settings.share, (400.0,))),
    )
    figures: dict[str, dict[str, float]] = {}
    for task, recipe in kinds:
        plain = {
            "last value": LastValue(),
            "linear, 10 delays": fit_autoregression(task.train, 10),
            "echo state network": fit_echo_state(task.train, n_units=settings.n_units, seed=seed),
        }
        for name, model in plain.items():
            figures.setdefault(name, {}).update(task.figures(model))
        for name, net in networks(task, recipe, settings, seed).items():
            figures.setdefault(name, {}).update(network_figures(net, task))
    versus = VERSUS | {"unpruned": "W = 0"}
    return [Row(name, found, versus.get(name, "")) for name, found in figures.items()]


def networks(task: Task, recipe: ReservoirConfig, settings: CarriedSettings, seed: int) -> dict:
    """Return the networks of a task, without recurrence, unpruned and by rule."""
    n_dims, drive = task.train.shape[1], 2 * task.train - 1
    silent = replace(recipe, network=replace(recipe.network, recurrent_scale=0.0))
    net = draw_reservoir(recipe, n_dims, seed)
    alone = draw_reservoir(silent, n_dims, seed)
    found = {"W = 0": alone, "unpruned": net}
    return found | pruned_networks(net, drive, settings, seed, tuple(VERSUS))


def _means(column: Column, names, key: str) -> str:
    """Return names and means of a figure."""
    return ", ".join(f"{name} {column(name, key).mean():.3f}" for name in names)


def _random_gate(prefix: str):
    """Return the judge of G9: LNP as published against random graphs of its size."""
    key = f"{prefix}rmse"

    def judge(column: Column) -> tuple[bool, str]:
        found, random = (column(name, key) for name in ("LNP", "random graph"))
        return bool(found.mean() < random.mean()), (
            f"RMSE {found.mean():.3f} against {random.mean():.3f}, "
            f"{(found < random).sum()}/{found.size} seeds lower; "
            + _means(column, ("LNP, lyapunov", "W = 0", "unpruned"), key)
        )

    return judge


#: What the shares of the input must beat: each at equal operations, or with as many synapses.
RIVALS = ("magnitude, all neurons", "uniform, all neurons", "random graph, all neurons")


def _share_gate(prefix: str):
    """Return the judge of the shares of the input against all rules that keep all neurons."""
    key = f"{prefix}rmse"

    def judge(column: Column) -> tuple[bool, str]:
        found = column("LNP, share", key)
        lower = [f"{(found < column(name, key)).sum()}/{found.size}" for name in RIVALS]
        passed = all(found.mean() < column(name, key).mean() for name in RIVALS)
        return bool(passed), (
            f"RMSE {found.mean():.3f}; {_means(column, RIVALS, key)} "
            f"({', '.join(lower)} seeds lower); {_means(column, ('W = 0', 'unpruned'), key)}"
        )

    return judge


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


FORECAST_PRUNING = Table(
    name="forecast-pruning",
    title="forecasts after pruning where recurrence carries the input (G8, G9)",
    shows=(
        "Lorenz63 as in Table V from ten starts, with neurons that integrate (table lorenz), of "
        "which a tenth receives the input, so that the others see it through the graph alone; and "
        "x alone, known and forecast, received by 30 % of the neurons and read by three filters: "
        "this asks for memory. Recurrent weight 3, inhibition half of balance, no STDP; chosen on "
        "seeds 100 and 101 by how far the unpruned network is above W = 0. Pruning takes 90 % of "
        "the recurrent synapses of the untrained network in 20 rounds. LNP, magnitude, uniform "
        "and AP remove neurons, and so does 'LNP, share, neurons too', which keeps those with "
        "input; 'random graph' has LNP's neurons and synapses. The others keep all neurons. "
        "'share': step I by the shares of the input; 'driven first': magnitude, but synapses from "
        "a neuron with input to one without before all others. All rules have LNP's operations "
        "but the random graphs, equal in counts, and the other LNP rows of its rounds (its "
        "sparsity). Neurons and synapses: with a tenth driven."
    ),
    measure=measure,
    scaled=CarriedSettings(),
    full=CarriedSettings(n_neurons=2000, rounds=100, sparsity=0.95, n_units=1000),
    metrics=(
        Metric("rmse", "RMSE, a tenth driven", "less", 3),
        Metric("vpt", "VPT", "more", 1),
        Metric("one_step", "one-step NRMSE", "less", 4),
        Metric("sop", "operations a sample", "", 0),
        Metric("rate_hz", "rate [Hz]", "", 1),
        Metric("neurons", "neurons", "", 0),
        Metric("synapses", "synapses", "", 0),
        Metric("x_rmse", "RMSE, x alone", "less", 3),
        Metric("x_vpt", "VPT, x alone", "more", 1),
        Metric("x_one_step", "one-step NRMSE, x alone", "less", 4),
        Metric("x_sop", "operations, x alone", "", 0),
    ),
    gates=(
        Gate(
            "G8",
            "at least 5x fewer operations at >= 80 % synapses, RMSE at most 3x (LNP, share)",
            _work_gate,
        ),
        *(
            Gate("G9", f"{claim}, Lorenz63 {where}", make(prefix))
            for prefix, where in (("", "with a tenth driven"), ("x_", "by x alone"))
            for claim, make in (
                ("LNP has a lower mean RMSE than random graphs of its size", _random_gate),
                (
                    "by shares of the input it is below every rule that keeps all neurons",
                    _share_gate,
                ),
            )
        ),
    ),
    plots=(Plot("strip", "rmse"), Plot("strip", "x_rmse")),
)
