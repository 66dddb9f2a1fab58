"""Table V, gates G7 to G10 on forecasts: Lorenz63 and the Google share in closed loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from hrsnn_edge.analysis.forecast import nrmse, score_forecasts, teacher_forced
from hrsnn_edge.analysis.forecasters import (
    LastValue,
    fit_autoregression,
    fit_echo_state,
    fit_spiking,
)
from hrsnn_edge.analysis.reservoir import Reservoir, draw_reservoir, forecast_recipe
from hrsnn_edge.analysis.reservoir_backprop import DescentConfig, descend_driven
from hrsnn_edge.data.chaotic import lorenz63, scale_to_unit
from hrsnn_edge.data.series import COLUMNS, load_series
from hrsnn_edge.prune.algorithm import LnpSchedule, lnp
from hrsnn_edge.prune.baselines import keep_largest
from hrsnn_edge.prune.controls import same_neurons
from hrsnn_edge.prune.equal import equal_operations
from hrsnn_edge.prune.nodes import NodeRule
from hrsnn_edge.prune.pruning import prune
from hrsnn_edge.prune.record import INPUT_SHARES, LnpConfig
from hrsnn_edge.prune.synapses import effective
from hrsnn_edge.reproduce.plasticity import learned
from hrsnn_edge.reproduce.pruning import activity_network, random_graph
from hrsnn_edge.reproduce.table import (
    Column,
    Gate,
    Metric,
    Place,
    Plot,
    Published,
    Row,
    Table,
)

#: Fed-back samples are clipped to this range of the scaled series.
LIMITS = (-0.2, 1.2)
#: Samples before a closed-loop start, horizon.
N_HISTORY, HORIZON = 100, 100
#: Samples before training that only set the state.
WASHOUT = 100
#: Rules of pruning.
RULES = (
    "LNP", "LNP, lyapunov", "LNP, share", "magnitude", "magnitude, all neurons", "uniform",
    "random graph", "AP",
)  # fmt: skip
#: Factor by which 'driven first' prefers the synapses that carry the input on.
FIRST = 1e3
#: Clusters of CHRSNN, and the mean excitatory time constants of the first and the last [ms]: the
#: ratio of the default ones around the recipe's 10 ms.
N_CLUSTERS = 5
CLUSTER_TAU = (2.5, 40.0)


@dataclass(frozen=True)
class ForecastSettings:
    """Sizes of the forecast table.

    Attributes
    ----------
    n_neurons : int
        N.
    n_train : int
        Samples after the washout.
    sparsity : float
        Share of recurrent synapses that pruning takes.
    rounds : int
        Rounds of pruning.
    n_units : int
        Units of the echo state network.
    n_starts : int
        Closed-loop forecasts.
    """

    n_neurons: int = 300
    n_train: int = 500
    sparsity: float = 0.9
    rounds: int = 20
    n_units: int = 400
    n_starts: int = 20


@dataclass(frozen=True, eq=False)
class Task:
    """A series to forecast.

    Attributes
    ----------
    prefix : str
        Of its figures.
    train, test : (T, D) float64
        Scaled on the train part.
    spacing, n_starts : int
        Samples between two starts, and how many.
    """

    prefix: str
    train: np.ndarray
    test: np.ndarray
    spacing: int
    n_starts: int

    def figures(self, model) -> dict[str, float]:
        """Return one-step error, closed-loop error and valid times on the test part."""
        score = score_forecasts(
            model,
            self.test,
            n_starts=self.n_starts,
            spacing=self.spacing,
            n_history=N_HISTORY,
            horizon=HORIZON,
            limits=LIMITS,
        )
        wide = replace(score, error=0.4)
        expected = teacher_forced(model, self.test[:-1])[WASHOUT:]
        return {
            f"{self.prefix}one_step": nrmse(self.test[WASHOUT + 1 :], expected),
            f"{self.prefix}rmse": score.mean_rmse,
            f"{self.prefix}vpt": score.mean_valid_time,
            f"{self.prefix}vpt_wide": wide.mean_valid_time,
        }


def chaotic_task(make: Callable, n_train: int, seed: int, n_starts: int = 20) -> Task:
    """Return a series made from a seed: washout and training, then starts 60 samples apart.

    `make` maps a number of samples and a seed to the series, (T, D).
    """
    n_first = WASHOUT + n_train
    n_test = (n_starts - 1) * 60 + N_HISTORY + HORIZON
    series, _, _ = scale_to_unit(make(n_first + n_test, seed=seed), n_first)
    return Task("", series[:n_first], series[n_first:], 60, n_starts)


def measured_task(place: Place, name: str, n_train: int, n_starts: int, prefix: str = "") -> Task:
    """Return a measured series: the last samples before the test part, starts all over the test."""
    found = load_series(place.data / "series", name)
    train = found.values[: found.n_train][-(WASHOUT + n_train) :]
    test = found.values[found.n_train :]
    room = len(test) - N_HISTORY - HORIZON
    return Task(prefix, train, test, max(1, room // max(1, n_starts - 1)), n_starts)


def forecaster(net: Reservoir, task: Task):
    """Return the trained forecaster of a network: squared traces in the readout."""
    return fit_spiking(net, task.train, washout=WASHOUT, squares=True)


def descended(net: Reservoir, task: Task, *, learn_neurons: bool) -> Reservoir:
    """Return a network trained one step ahead by backpropagation on the series it is read on."""
    return descend_driven(
        net, task.train, DescentConfig(), learn_neurons=learn_neurons, washout=WASHOUT, squares=True
    )[0]


def network_figures(net: Reservoir, task: Task) -> dict[str, float]:
    """Return the forecasts of a network and its work [operations a sample] and rate."""
    drive = 2 * task.train - 1
    return task.figures(forecaster(net, task)) | {
        f"{task.prefix}sop": net.operations(drive),
        f"{task.prefix}rate_hz": net.rate_hz(drive),
        "neurons": float(net.net.n_neurons),
        "synapses": float(net.net.w_rec.nnz),
    }


def pruned_networks(
    whole: Reservoir, drive, settings: ForecastSettings, seed: int, names=RULES
) -> dict[str, Reservoir]:
    """Return untrained networks by pruning rule, at the operations of LNP on `drive`.

    Random graphs have LNP's counts of neurons and synapses instead, or all neurons and the
    synapses of 'LNP, share'. 'magnitude' and 'uniform' keep LNP's neurons; 'LNP, share', step I
    alone, keeps all, and so does 'driven first', magnitude that prefers synapses from a neuron with
    input to one without. 'LNP, share, neurons too': the rounds of LNP, neurons with input stay.
    """
    net, power = whole.net, (drive @ whole.w_current).var(axis=0)

    def by_lnp(edges, **nodes):
        schedule = LnpSchedule(settings.sparsity, settings.rounds, edges, NodeRule(**nodes))
        result = lnp(net, schedule, seed, current=power)
        return whole.with_network(result.network, result.kept), result.kept

    found, kept = by_lnp(LnpConfig("product", node_exponents="leak"))
    target, inner = found.operations(drive), whole.net.w_rec
    n_inner = int((kept[inner.pre_idx] & kept[inner.col_idx]).sum())

    def at_equal_work(make, high):
        return equal_operations(make, lambda r: r.operations(drive), target, high)[0]

    def by_rule(method):
        return at_equal_work(
            lambda count: whole.with_network(same_neurons(net, kept, count, method, seed), kept),
            n_inner,
        )

    def on_all(method, config=None):
        def make(count):
            share = 1 - max(1, count) / inner.nnz
            pruned, _ = prune(net, method, share, seed, config=config, current=power)
            return whole.with_network(pruned)

        return at_equal_work(make, inner.nnz - 1)

    def driven_first():
        carries = (power[inner.pre_idx] > 0) & (power[inner.col_idx] == 0)
        scores = np.abs(effective(net, "rec", "steady").weights) * np.where(carries, FIRST, 1)

        def make(count):
            mask = keep_largest(scores, max(1, count), np.random.default_rng(seed))
            return whole.with_network(replace(net, w_rec=inner.keep(mask)))

        return at_equal_work(make, inner.nnz - 1)

    @cache
    def by_share():
        return on_all("lnp", INPUT_SHARES)

    rules = {
        "LNP": lambda: found,
        "LNP, lyapunov": lambda: by_lnp(LnpConfig("lyapunov", node_exponents="leak"))[0],
        "LNP, share": by_share,
        "LNP, share, neurons too": lambda: by_lnp(INPUT_SHARES, protect_input=True)[0],
        "driven first": driven_first,
        "magnitude": lambda: by_rule("magnitude"),
        "magnitude, all neurons": lambda: on_all("magnitude"),
        "uniform": lambda: by_rule("uniform"),
        "uniform, all neurons": lambda: on_all("uniform"),
        "random graph": lambda: random_graph(whole, int(kept.sum()), found.net.w_rec.nnz, seed),
        "random graph, all neurons": lambda: random_graph(
            whole, net.n_neurons, by_share().net.w_rec.nnz, seed
        ),
        "AP": lambda: at_equal_work(
            lambda count: activity_network(whole, count, drive, seed), net.n_neurons
        ),
    }
    return {name: rules[name]() for name in names}


def measure(seed: int, settings: ForecastSettings, place: Place) -> list[Row]:
    """Return the rows of one seed."""
    tasks = (
        chaotic_task(lorenz63, settings.n_train, seed, settings.n_starts),
        measured_task(place, "goog", settings.n_train, settings.n_starts, "goog_"),
    )
    figures: dict[str, dict[str, float]] = {}
    for task in tasks:
        plain = {
            "last value": LastValue(),
            "linear, 10 delays": fit_autoregression(task.train, 10),
            "echo state network": fit_echo_state(task.train, n_units=settings.n_units, seed=seed),
        }
        for name, model in plain.items():
            figures.setdefault(name, {}).update(task.figures(model))
        for name, net in _networks(task, settings, seed).items():
            figures.setdefault(name, {}).update(network_figures(net, task))
    versus = {
        "LNP: HRSNN, STDP": "AP: HRSNN, STDP",
        "LNP: CHRSNN, STDP": "LNP: HRSNN, STDP",
        "CHRSNN, STDP": "HRSNN, STDP",
        "CHRSNN, BP": "CHRSNN, STDP",
        "AP: CHRSNN, BP": "AP: CHRSNN, STDP",
        "LNP: CHRSNN, BP": "LNP: CHRSNN, STDP",
        "HRSNN, BP": "HRSNN, STDP",
        "HoNB": "HRSNN, BP",
        "AP: HRSNN, BP": "AP: HRSNN, STDP",
        "LNP: HRSNN, BP": "LNP: HRSNN, STDP",
    }
    return [
        Row(name, found, versus.get(name, "HRSNN, STDP" if ":" in name else ""))
        for name, found in figures.items()
    ]


def _networks(task: Task, settings: ForecastSettings, seed: int) -> dict[str, Reservoir]:
    """Return the networks of the table for a task, trained but for the readout."""
    drive = 2 * task.train - 1
    recipe = forecast_recipe(settings.n_neurons)
    n_dims = task.train.shape[1]

    def drawn(**changes):
        network = replace(recipe.network, **changes)
        return draw_reservoir(replace(recipe, network=network), n_dims, seed)

    whole, hom = drawn(), drawn(neurons="hom")
    out = {
        "HeN, no STDP": whole,
        "HoN, no STDP": hom,
        "HeN, W = 0": drawn(recurrent_scale=0.0),
        "HoNHoS": learned(hom, "hom", drive, seed),
        "HRSNN, STDP": learned(whole, "het", drive, seed),
        "HRSNN, BP": descended(whole, task, learn_neurons=True),
        "HoNB": descended(hom, task, learn_neurons=False),
    }
    for name, net in pruned_networks(whole, drive, settings, seed).items():
        out[f"{name}: HRSNN, STDP"] = learned(net, "het", drive, seed)
        if name in ("AP", "LNP"):
            out[f"{name}: HRSNN, BP"] = descended(net, task, learn_neurons=True)
    clustered = drawn(clusters=N_CLUSTERS, cluster_tau=CLUSTER_TAU)
    out["CHRSNN, STDP"] = learned(clustered, "het", drive, seed)
    out["CHRSNN, BP"] = descended(clustered, task, learn_neurons=True)
    for name, net in pruned_networks(clustered, drive, settings, seed, ("AP", "LNP")).items():
        out[f"{name}: CHRSNN, STDP"] = learned(net, "het", drive, seed)
        out[f"{name}: CHRSNN, BP"] = descended(net, task, learn_neurons=True)
    return out


def _against(column: Column, other: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the ratio of closed-loop errors and the gain in valid time of LNP over a row."""
    lnp_row, other = "LNP: HRSNN, STDP", f"{other}: HRSNN, STDP"
    return (
        column(lnp_row, "rmse") / column(other, "rmse"),
        column(lnp_row, "vpt") - column(other, "vpt"),
    )


def _activity_gate(column: Column) -> tuple[bool, str]:
    """Judge G7."""
    rmse, vpt = _against(column, "AP")
    return bool(rmse.mean() < 1 and vpt.mean() >= 0), (
        f"RMSE x{rmse.mean():.2f} ({(rmse < 1).sum()}/{rmse.size}), VPT {vpt.mean():+.1f} steps"
    )


def _work_gate(column: Column) -> tuple[bool, str]:
    """Judge G8."""
    ratio = column("HRSNN, STDP", "sop") / column("LNP: HRSNN, STDP", "sop")
    error = column("LNP: HRSNN, STDP", "rmse") / column("HRSNN, STDP", "rmse")
    sparsity = 1 - column("LNP: HRSNN, STDP", "synapses") / column("HRSNN, STDP", "synapses")
    passed = ratio.mean() >= 5 and sparsity.mean() >= 0.8 and error.mean() <= 3
    return bool(passed), (
        f"{ratio.mean():.1f}x fewer operations at {100 * sparsity.mean():.1f} % synapse "
        f"sparsity, RMSE x{error.mean():.2f}"
    )


def _random_gate(column: Column) -> tuple[bool, str]:
    """Judge G9 on this task."""
    rmse, _ = _against(column, "random graph")
    a, b = (column(f"{n}: HRSNN, STDP", "rmse") for n in ("LNP", "random graph"))
    return bool(a.mean() < b.mean()), (
        f"RMSE {a.mean():.2f} ± {a.std(ddof=1) if a.size > 1 else 0:.2f} against "
        f"{b.mean():.2f} ± {b.std(ddof=1) if b.size > 1 else 0:.2f}, "
        f"{(rmse < 1).sum()}/{rmse.size} seeds lower"
    )


def _cluster_report(column: Column) -> tuple[None, str]:
    """Report G10: clustered against plain networks after LNP."""
    error, work = (
        column("LNP: CHRSNN, STDP", key) / column("LNP: HRSNN, STDP", key)
        for key in ("rmse", "sop")
    )
    return None, f"CHRSNN over HRSNN: RMSE x{error.mean():.2f}, operations x{work.mean():.2f}"


def _published() -> dict[tuple[str, str], tuple[Published, ...]]:
    """Return Table V by row and figure."""
    keys = ("sop", "rmse", "vpt", "goog_rmse", "goog_vpt")
    cells = {
        "HRSNN, BP": (
            (815.77, 81.51), (0.248, 0.058), (44.17, 6.31), (0.794, 0.096), (42.18, 6.22)),
        "HRSNN, STDP": ((710.76, 79.65), (0.315, 0.042), (35.75, 4.65), None, (32.36, 3.14)),
        "CHRSNN, STDP": ((744.97, 80.09), (0.285, 0.021), (40.17, 5.13), None, None),
        "CHRSNN, BP": (
            (867.42, 93.12), (0.235, 0.052), (47.23, 6.02), (0.782, 0.091), (45.28, 5.98)),
        "AP: HRSNN, BP": (
            (117.52, 14.37), (1.245, 0.554), (31.08, 8.23), (1.457, 0.584), (28.24, 6.98)),
        "AP: HRSNN, STDP": (
            (92.68, 10.11), (1.718, 0.195), (21.10, 7.22), (1.948, 0.179), (19.25, 7.59)),
        "AP: CHRSNN, STDP": (
            (118.77, 10.59), (1.596, 0.194), (29.41, 7.33), (1.987, 0.191), (17.68, 7.38)),
        "AP: CHRSNN, BP": (
            (157.33, 18.87), (1.114, 0.051), (33.97, 7.56), (1.325, 0.566), (26.47, 7.42)),
        "LNP: HRSNN, BP": (
            (22.87, 2.27), (0.691, 0.384), (33.67, 6.88), (0.855, 0.112), (33.14, 3.01)),
        "LNP: HRSNN, STDP": (
            (18.22, 2.03), (0.705, 0.104), (32.17, 4.62), (0.917, 0.124), (30.25, 3.26)),
        "LNP: CHRSNN, STDP": (
            (14.79, 1.58), (0.679, 0.098), (39.24, 4.15), (0.901, 0.101), (32.14, 3.05)),
        "LNP: CHRSNN, BP": (
            (19.14, 2.04), (0.682, 0.312), (39.15, 6.27), (0.832, 0.105), (34.51, 2.87)),
    }  # fmt: skip
    return {
        (row, key): (Published(cell[0], "A", cell[1], "millions" if key == "sop" else ""),)
        for row, line in cells.items()
        for key, cell in zip(keys, line, strict=True)
        if cell
    }


TABLE_V = Table(
    name="V",
    title="forecasts after pruning (Table V; G7, G8, G9, G10)",
    shows=(
        "Lorenz63 (dt 0.02, 500 training samples) and the daily close of the Google share 2004 "
        "to 2011 (the last 500 days before the test fifth). Closed loop from 20 starts, 100 "
        "steps; RMSE in long-term deviations, mean over the horizon; VPT: steps below 0.1 (and "
        "below 0.4). Networks of 300 neurons, all driven, traces of three kinds and their "
        "squares read out. Pruning takes 90 % of the recurrent synapses of the untrained network "
        "in 20 rounds; STDP, or BP of the one-step error (surrogate gradients; neurons too but in "
        "HoNB), and readout follow. All rules have LNP's operations but the random graph, which "
        "has its neurons and synapses; 'LNP, share' (step I by the shares of the input) and "
        "'magnitude, all neurons' remove no neuron. Our operations are recurrent "
        "ones a sample, the published ones millions of a whole run of another network."
    ),
    measure=measure,
    scaled=ForecastSettings(),
    full=ForecastSettings(n_neurons=5000, rounds=100, sparsity=0.95, n_units=5000),
    metrics=(
        Metric("vpt", "Lorenz63 VPT", "more", 1),
        Metric("vpt_wide", "VPT, 0.4", "more", 1),
        Metric("rmse", "Lorenz63 RMSE", "less", 3),
        Metric("one_step", "one-step NRMSE", "less", 4),
        Metric("sop", "operations a sample", "less", 0),
        Metric("rate_hz", "rate [Hz]", "", 1),
        Metric("neurons", "neurons", "", 0),
        Metric("synapses", "synapses", "", 0),
        Metric("goog_vpt", "Google VPT", "more", 1),
        Metric("goog_rmse", "Google RMSE", "less", 3),
        Metric("goog_one_step", "Google one-step NRMSE", "less", 4),
    ),
    published=_published(),
    gates=(
        Gate("G7", "LNP beats AP at equal operations: RMSE lower, VPT not lower", _activity_gate),
        Gate(
            "G8",
            "at least 5x fewer operations at >= 80 % synapse sparsity, RMSE at most 3x",
            _work_gate,
        ),
        Gate("G9", "LNP has a lower mean RMSE than random graphs of its size", _random_gate),
        Gate(
            "G10",
            "clusters help after pruning (reported only)",
            _cluster_report,
        ),
    ),
    plots=(Plot("strip", "vpt"), Plot("strip", "rmse")),
    files=(f"series/{COLUMNS['goog'].file}",),
)
