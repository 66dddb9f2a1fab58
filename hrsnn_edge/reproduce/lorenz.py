"""How near a driven spiking network comes to an echo state network on Lorenz63, by size."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hrsnn_edge.analysis.forecasters import fit_autoregression, fit_echo_state
from hrsnn_edge.analysis.reservoir import draw_reservoir, forecast_recipe, integrator_recipe
from hrsnn_edge.data.chaotic import lorenz63
from hrsnn_edge.reproduce.forecasting import chaotic_task, forecaster
from hrsnn_edge.reproduce.table import Metric, Place, Plot, Row, Table

#: Greatest echo state network: its spectral radius costs the cube of its units.
MAX_UNITS = 1000
#: Name -> samples and degree of the polynomial of the input itself.
WITHOUT_NETWORK = {
    "quadratic in 2 samples": (2, 2),
    "cubic in 1 sample": (1, 3),
    "cubic in 2 samples": (2, 3),
}


@dataclass(frozen=True)
class LorenzSettings:
    """Sizes: numbers of neurons or units, training samples, closed-loop starts."""

    n_neurons: tuple[int, ...] = (100, 300, 1000)
    n_train: int = 500
    n_starts: int = 20


def measure(seed: int, settings: LorenzSettings, place: Place) -> list[Row]:
    """Return the forecasts of one seed without a network and with networks of every size."""
    task = chaotic_task(lorenz63, settings.n_train, seed, settings.n_starts)
    drive = 2 * task.train - 1
    rows = [
        Row(f"no network: {name}", task.figures(fit_autoregression(task.train, *form)))
        for name, form in WITHOUT_NETWORK.items()
    ]
    for n in settings.n_neurons:
        fast = forecast_recipe(n, neurons="hom")
        kinds = {
            "HoN": integrator_recipe(n),
            "HeN": integrator_recipe(n, neurons="het"),
            "HoN, W = 0": integrator_recipe(n, weight=0.0),
            "Table V, W = 0": replace(fast, network=replace(fast.network, recurrent_scale=0.0)),
        }
        if n <= MAX_UNITS:
            echo = f"echo state, N = {n}"
            model = fit_echo_state(task.train, n_units=n, seed=seed)
            rows.append(Row(echo, task.figures(model), x=float(n), series="echo state"))
        for name, config in kinds.items():
            net = draw_reservoir(config, task.train.shape[1], seed)
            figures = task.figures(forecaster(net, task))
            figures["spikes"] = float(net.run(drive).counts.mean())
            figures["sop"] = net.operations(drive)
            rows.append(Row(f"{name}, N = {n}", figures, echo, x=float(n), series=name))
    return rows


LORENZ = Table(
    name="lorenz",
    title="Lorenz63 against an echo state network, by size",
    shows=(
        "Neurons that integrate: current added as it is, subtractive reset, τ 100 ms (mean for "
        "HeN), 160 steps a sample, one filter of 400 ms and its square in the readout, no STDP; "
        "chosen on seeds 100 to 104. 'Table V': fast leaky neurons with hard reset and three "
        "filters. Beside them an echo state network of as many units, at most 1,000 (its spectral "
        "radius chosen on the last quarter of the training samples), and polynomials of the input "
        "itself, which need no network for this task. 500 training samples; at most 100 steps are "
        "forecast, which caps the VPT. Spikes: of a neuron, a sample."
    ),
    measure=measure,
    scaled=LorenzSettings(),
    full=LorenzSettings((100, 300, 1000, 3000, 5000)),
    metrics=(
        Metric("vpt", "VPT", "more", 1),
        Metric("vpt_wide", "VPT, 0.4", "more", 1),
        Metric("rmse", "RMSE", "less", 3),
        Metric("one_step", "one-step NRMSE", "less", 4),
        Metric("spikes", "spikes", "", 1),
        Metric("sop", "recurrent operations a sample", "", 0),
    ),
    plots=(Plot("curve", "vpt", "N", log_x=True),),
)
