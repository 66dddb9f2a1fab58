"""Further series in closed loop and one step ahead: Rossler, Lorenz96, wind speed and a share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hrsnn_edge.analysis.forecasters import LastValue, fit_autoregression, fit_echo_state
from hrsnn_edge.analysis.reservoir import (
    ReservoirConfig,
    draw_reservoir,
    forecast_recipe,
    integrator_recipe,
)
from hrsnn_edge.data.chaotic import lorenz96, rossler
from hrsnn_edge.data.series import COLUMNS
from hrsnn_edge.reproduce.forecasting import Task, chaotic_task, forecaster, measured_task
from hrsnn_edge.reproduce.lorenz import WITHOUT_NETWORK
from hrsnn_edge.reproduce.table import Column, Gate, Metric, Place, Plot, Row, Table

#: The baselines that every forecast must beat.
LAST, LINE = "last value", "linear, 10 delays"
#: The networks: integrators as in the table of Lorenz63, fast leaky neurons as in Table V.
RECIPES = {"integrators": integrator_recipe, "Table V": forecast_recipe}


#: The series, in the order of the table.
SERIES = ("Rossler", "Lorenz96", "wind", "Google")


@dataclass(frozen=True)
class SeriesSettings:
    """Sizes: neurons or units, training samples (Lorenz96 has its own), closed-loop starts."""

    n_neurons: int = 300
    n_train: int = 500
    n_train_96: int = 2000
    n_starts: int = 20


def tasks(seed: int, settings: SeriesSettings, place: Place) -> dict[str, Task]:
    """Return the series by name."""
    # A shorter step than the default: at 0.05 a forecast is lost within a step or two.
    fine = partial(lorenz96, dt=0.01, substeps=5, burn_in=1000)
    n, starts = settings.n_train, settings.n_starts
    return {
        "Rossler": chaotic_task(rossler, n, seed, starts),
        "Lorenz96": chaotic_task(fine, settings.n_train_96, seed, starts),
        "wind": measured_task(place, "wind", n, starts),
        "Google": measured_task(place, "goog", n, starts),
    }


def without_network(task: Task, n_units: int, seed: int) -> dict[str, Callable]:
    """Return by name what fits each forecaster that has no spiking network."""
    fits: dict[str, Callable] = {
        LAST: LastValue,
        LINE: partial(fit_autoregression, task.train, 10),
        "echo state": partial(fit_echo_state, task.train, n_units=n_units, seed=seed),
    }
    forms = WITHOUT_NETWORK.items()
    return fits | {name: partial(fit_autoregression, task.train, *form) for name, form in forms}


def measure(seed: int, settings: SeriesSettings, place: Place) -> list[Row]:
    """Return the forecasts of one seed: every series by every forecaster."""
    rows, n = [], settings.n_neurons
    for series, task in tasks(seed, settings, place).items():
        found = {name: task.figures(f()) for name, f in without_network(task, n, seed).items()}
        drive = 2 * task.train - 1
        for name, config in networks(n).items():
            net = draw_reservoir(config, task.train.shape[1], seed)
            spikes = float(net.run(drive).counts.mean())
            work = {"spikes": spikes, "sop": net.operations(drive)}
            found[name] = task.figures(forecaster(net, task)) | work
        rows += [
            Row(f"{series}: {name}", figures, "" if name == LAST else f"{series}: {LAST}")
            for name, figures in found.items()
        ]
    return rows


def networks(n_neurons: int) -> dict[str, ReservoirConfig]:
    """Return the recipes by row."""
    return {
        f"{short}, {recipe}": make(n_neurons, neurons=kind)
        for recipe, make in RECIPES.items()
        for kind, short in (("hom", "HoN"), ("het", "HeN"))
    }


def _last_report(column: Column) -> tuple[None, str]:
    """Report for each series the best without a network, and the best network."""
    spiking = tuple(networks(2))
    others = (LINE, "echo state", *WITHOUT_NETWORK)
    said = []
    for series in SERIES:

        def ratio(name, key, series=series):
            return column(f"{series}: {name}", key).mean() / column(f"{series}: {LAST}", key).mean()

        parts = []
        for key, label, best in (
            ("one_step", "one step", min),
            ("rmse", "RMSE", min),
            ("vpt_wide", "VPT at 0.4", max),
        ):
            names = [best(kind, key=lambda n, k=key: ratio(n, k)) for kind in (others, spiking)]
            found = ", ".join(f"{name} x{ratio(name, key):.3g}" for name in names)
            parts.append(f"{label} {found}")
        said.append(f"{series}: {'; '.join(parts)}")
    return None, ". ".join(said)


TABLE_SERIES = Table(
    name="series",
    title="further series: Rossler, Lorenz96, wind speed, Google share",
    shows=(
        "Rossler (dt 0.1), the eight slow variables of Lorenz96 in three levels (dt 0.01, "
        "2,000 training samples), hourly wind speed and the daily close of the Google share; 500 "
        "training samples but for Lorenz96. One step ahead, and closed loop from 20 starts over "
        "100 steps: RMSE in long-term deviations, VPT: steps below 0.1 (and below 0.4). 'linear' "
        "and the polynomials are ridge regressions. "
        "'integrators': the neurons of the table of Lorenz63; 'Table V': its fast leaky neurons; "
        "300 of each, no STDP, recipes unchanged. Every row is paired with the last value. Of "
        "the measured series a seed draws the networks only: forecasters without chance have no "
        "spread. Spikes: of a neuron, a sample."
    ),
    measure=measure,
    scaled=SeriesSettings(),
    full=SeriesSettings(n_neurons=1000, n_train=2000, n_train_96=5000),
    metrics=(
        Metric("one_step", "one-step NRMSE", "less", 4),
        Metric("rmse", "RMSE", "less", 3),
        Metric("vpt", "VPT", "more", 1),
        Metric("vpt_wide", "VPT, 0.4", "more", 1),
        Metric("spikes", "spikes", "", 1),
        Metric("sop", "recurrent operations a sample", "", 0),
    ),
    gates=(Gate("series", "best over the last value (reported only)", _last_report),),
    plots=(Plot("strip", "vpt_wide"), Plot("strip", "rmse")),
    files=tuple(f"series/{COLUMNS[name].file}" for name in ("wind", "goog")),
)
