"""How near a driven spiking network comes to an echo state network on Lorenz63, by size."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hrsnn_edge.analysis.forecasters import fit_echo_state
from hrsnn_edge.analysis.reservoir import draw_reservoir, forecast_recipe
from hrsnn_edge.reproduce.forecasting import forecaster, lorenz_task
from hrsnn_edge.reproduce.table import Metric, Place, Plot, Row, Table

#: Mean recurrent fan-in; the wiring of the recipe would have a tenth of all neurons.
FAN_IN = 30
#: Filters beside each neuron's own [ms]: chosen on seeds 100 to 102, not those of the table.
LONG_TRACES = (30.0, 100.0, 200.0)
#: Greatest echo state network: its spectral radius costs the cube of its units.
MAX_UNITS = 1000


@dataclass(frozen=True)
class LorenzSettings:
    """Sizes: numbers of neurons or units, training samples, closed-loop starts."""

    n_neurons: tuple[int, ...] = (100, 300, 1000, 3000)
    n_train: int = 500
    n_starts: int = 20


def measure(seed: int, settings: LorenzSettings, place: Place) -> list[Row]:
    """Return the forecasts of one seed at every size."""
    task = lorenz_task(settings.n_train, seed, settings.n_starts)
    rows = []
    for n in settings.n_neurons:
        density = min(0.1, FAN_IN / n)
        recipe = replace(forecast_recipe(n, neurons="hom"), fixed_traces=LONG_TRACES)
        scale = (0.1 / density) ** 0.5
        connected = replace(recipe.network, ring_density=density, recurrent_scale=scale)
        kinds = {
            "HoN": connected,
            "HeN": replace(connected, neurons="het"),
            "HoN, W = 0": replace(recipe.network, recurrent_scale=0.0),
        }
        if n <= MAX_UNITS:
            echo = f"echo state, N = {n}"
            model = fit_echo_state(task.train, n_units=n, seed=seed)
            rows.append(Row(echo, task.figures(model), x=float(n), series="echo state"))
        for name, network in kinds.items():
            net = draw_reservoir(replace(recipe, network=network), task.train.shape[1], seed)
            figures = task.figures(forecaster(net, task))
            figures["rate_hz"] = net.rate_hz(2 * task.train - 1)
            rows.append(Row(f"{name}, N = {n}", figures, echo, x=float(n), series=name))
    return rows


LORENZ = Table(
    name="lorenz",
    title="Lorenz63 against an echo state network, by size",
    shows=(
        "The forecasts of Table V without STDP, with a trace of 200 ms more in the readout, beside "
        "an echo state network of as many units, at most 1,000 (its spectral radius chosen on the "
        "last quarter of the training samples). 500 training samples; at most 100 steps are "
        "forecast, which caps the VPT."
    ),
    measure=measure,
    scaled=LorenzSettings(),
    full=LorenzSettings((100, 300, 1000, 3000, 5000)),
    metrics=(
        Metric("vpt", "VPT", "more", 1),
        Metric("vpt_wide", "VPT, 0.4", "more", 1),
        Metric("rmse", "RMSE", "less", 3),
        Metric("one_step", "one-step NRMSE", "less", 4),
        Metric("rate_hz", "rate [Hz]", "", 1),
    ),
    plots=(Plot("curve", "vpt", "N", log_x=True),),
)
