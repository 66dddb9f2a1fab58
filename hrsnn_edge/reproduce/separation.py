"""Gate G6, effective rank of heterogeneous networks; and the map over wiring length and weight."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.analysis.memory import memory_capacity
from hrsnn_edge.analysis.rank import rank_pair
from hrsnn_edge.analysis.reservoir import Reservoir, draw_reservoir, match_rate, memory_recipe
from hrsnn_edge.reproduce.memory import (
    MATCH_SAMPLES,
    WASHOUT,
    MemorySettings,
    memory_net,
    memory_series,
)
from hrsnn_edge.reproduce.plasticity import learned, learning_series
from hrsnn_edge.reproduce.table import Column, Gate, Metric, Place, Plot, Row, Table

#: Deviation of the copies of one input.
JITTER = 0.1


@dataclass(frozen=True)
class RankSettings(MemorySettings):
    """Sizes of the rank table: `n_inputs` short series of `n_steps` samples each."""

    n_inputs: int = 200
    n_steps: int = 30
    n_learn: int = 1500


def final_states(net: Reservoir, series) -> np.ndarray:
    """Return the traces of own time constants after each series, (N, m); from rest every time."""
    return np.stack([net.run(one).traces[-1, 0] for one in series], axis=1)


def rank_figures(net: Reservoir, series, copies) -> dict[str, float]:
    """Return both ranks of EQUATIONS 2 and the rate."""
    pair = rank_pair(final_states(net, series), final_states(net, copies))
    return {
        "separation": float(pair.separation.rank),
        "generalisation": float(pair.generalisation.rank),
        "difference": float(pair.difference),
        "rate_hz": float(np.mean([net.rate_hz(one) for one in series[:20]])),
    }


def measure_rank(seed: int, settings: RankSettings, place: Place) -> list[Row]:
    """Return the rows of one seed: untrained, at equal rates, after STDP, unconnected."""
    rng = np.random.default_rng([seed, 3])
    shape = (settings.n_inputs, settings.n_steps, 1)
    series = rng.uniform(-1, 1, shape)
    copies = series[0] + JITTER * rng.standard_normal(shape)
    x, lesson = memory_series(settings, seed), learning_series(settings.n_learn, seed)
    hom, het = (memory_net(settings, seed, kind) for kind in ("hom", "het"))
    few = x[:MATCH_SAMPLES]
    nets = {
        "HoN": hom,
        "HeN": het,
        "HeN, rate of HoN": match_rate(het, hom.rate_hz(few), few),
        "HoNHoS": learned(hom, "hom", lesson, seed),
        "HeNHeS": learned(het, "het", lesson, seed),
        "HeN, W = 0": memory_net(settings, seed, "het", weight=0.0),
    }
    versus = {"HoN": "", "HoNHoS": "", "HeNHeS": "HoNHoS"}
    return [
        Row(name, rank_figures(net, series, copies), versus.get(name, "HoN"))
        for name, net in nets.items()
    ]


def _rank_gate(column: Column) -> tuple[bool, str]:
    """Judge G6 on untrained networks of equal mean tau."""
    gaps = {
        f"{het} - {hom}": column(het, "separation") - column(hom, "separation")
        for het, hom in (("HeN", "HoN"), ("HeN, rate of HoN", "HoN"), ("HeNHeS", "HoNHoS"))
    }
    words = "; ".join(
        f"{name}: {gap.mean():+.1f} ({(gap >= 0).sum()}/{gap.size} not lower)"
        for name, gap in gaps.items()
    )
    return gaps["HeN - HoN"].mean() >= 0, words


RANK = Table(
    name="rank",
    title="effective rank of the states (G6)",
    shows=(
        "Smallest number of singular values that hold 99 % of their sum, of the states after "
        "different series of 30 samples (separation: high is good) and after jittered copies of "
        "one (generalisation: low is good). Recipe R."
    ),
    measure=measure_rank,
    scaled=RankSettings(),
    full=RankSettings(n_neurons=5000, n_inputs=2000),
    metrics=(
        Metric("separation", "separation rank", "more", 1),
        Metric("generalisation", "generalisation rank", "less", 1),
        Metric("difference", "difference", "more", 1),
        Metric("rate_hz", "rate [Hz]", "", 1),
    ),
    gates=(Gate("G6", "mean of r_Het - r_Hom >= 0 (judged: HeN - HoN)", _rank_gate),),
    plots=(Plot("strip", "separation"),),
)


@dataclass(frozen=True)
class MapSettings(MemorySettings):
    """Sizes of the map, and its axes."""

    n_neurons: int = 216
    n_train: int = 1200
    n_test: int = 800
    lengths: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)
    weights: tuple[float, ...] = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


def measure_map(seed: int, settings: MapSettings, place: Place) -> list[Row]:
    """Return one row for each wiring length and weight scale."""
    x = memory_series(settings, seed)
    rows = []
    for length in settings.lengths:
        for weight in settings.weights:
            base = memory_recipe(settings.n_neurons, weight=weight)
            network = replace(
                base.network, wiring="distance", wiring_length=length,
                p_ee=0.3, p_ei=0.2, p_ie=0.4, p_ii=0.1,
            )  # fmt: skip
            net = draw_reservoir(replace(base, network=network), 1, seed)
            run = net.run(x)
            features = run.traces.reshape(len(x), -1)
            found = memory_capacity(features, x[:, 0], n_train=settings.n_train, seed=seed)
            counts = run.counts[WASHOUT + settings.n_train :]
            figures = {
                "capacity": found.above_chance,
                "rate_hz": float(counts.mean() / (net.hold * net.net.dt) * 1000),
                "active": float((counts.sum(axis=0) > 0).mean()),
                "fan_in": float(net.net.w_rec.nnz / settings.n_neurons),
            }
            rows.append(Row(f"λ {length:g}, W {weight:g}", figures, x=weight, y=length))
    return rows


DENSITY = Table(
    name="density",
    title="memory over wiring length λ and weight W",
    shows=(
        "Recipe R on a grid with eq. (2), amplitudes 0.3, 0.2, 0.4, 0.1 (EE, EI, IE, II): λ sets "
        "the density, W scales all recurrent weights. Memory capacity C, mean rate and share of "
        "active neurons."
    ),
    measure=measure_map,
    scaled=MapSettings(),
    full=MapSettings(n_neurons=4913, n_train=20000, n_test=5000),
    metrics=(
        Metric("capacity", "C, own τ", "more"),
        Metric("rate_hz", "rate [Hz]", "", 1),
        Metric("active", "active share"),
        Metric("fan_in", "mean fan-in", "", 1),
    ),
    plots=(
        Plot("map", "capacity", "W", "λ"),
        Plot("map", "rate_hz", "W", "λ"),
        Plot("map", "active", "W", "λ"),
    ),
)
