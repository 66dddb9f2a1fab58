"""Gate G1: heterogeneous neurons and memory capacity, with and without equal rates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.analysis.dynamics import mean_squared_correlation, participation_ratio
from hrsnn_edge.analysis.efficiency import spike_efficiency
from hrsnn_edge.analysis.memory import memory_capacity
from hrsnn_edge.analysis.reservoir import Reservoir, draw_reservoir, match_rate, memory_recipe
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.reproduce.table import Column, Gate, Metric, Place, Plot, Row, Table

#: Filters of the features: each neuron's own, and fixed ones [ms].
FIXED_MS = (10.0, 20.0, 30.0, 100.0)
#: Which of them make up each readout.
READOUTS = {"own": [0], "ms20": [2], "three": [1, 3, 4]}
#: Samples dropped at the start.
WASHOUT = 200
#: Samples that rate matching looks at.
MATCH_SAMPLES = 400


@dataclass(frozen=True)
class MemorySettings:
    """Sizes of the memory tables.

    Attributes
    ----------
    n_neurons : int
        N.
    n_train, n_test : int
        Samples after the washout.
    weight : float
        Recurrent scale of `memory_recipe`.
    """

    n_neurons: int = 300
    n_train: int = 3000
    n_test: int = 2000
    weight: float = 1.0

    @property
    def n_samples(self) -> int:
        """All samples of a run."""
        return WASHOUT + self.n_train + self.n_test


def memory_series(settings: MemorySettings, seed: int) -> np.ndarray:
    """Return independent samples in -1..1, (n_samples, 1)."""
    return np.random.default_rng([seed, 1]).uniform(-1, 1, (settings.n_samples, 1))


def memory_net(settings: MemorySettings, seed: int, neurons: str, **recipe) -> Reservoir:
    """Return a network of the memory recipe that keeps all the filters of `READOUTS`."""
    config = memory_recipe(
        settings.n_neurons, neurons=neurons, **({"weight": settings.weight} | recipe)
    )
    return draw_reservoir(replace(config, fixed_traces=FIXED_MS), 1, seed)


def memory_figures(net: Reservoir, x, settings: MemorySettings, seed: int) -> dict[str, float]:
    """Return capacities above chance, spikes, efficiency and the state of a network."""
    run = net.run(x)
    out = {}
    for name, filters in READOUTS.items():
        features = run.traces[:, filters].reshape(len(x), -1)
        found = memory_capacity(features, x[:, 0], n_train=settings.n_train, seed=seed)
        out[f"capacity_{name}"] = found.above_chance
        out[f"chance_{name}"] = found.chance
    counts = run.counts[WASHOUT + settings.n_train :]
    spikes = counts.sum(axis=0)
    out["spikes"] = float(spikes.mean())
    out["efficiency"] = _efficiency(out["capacity_own"], spikes)
    out["rate_hz"] = float(spikes.mean() / (len(counts) * net.hold * net.net.dt) * 1000)
    out["active"] = float((spikes > 0).mean())
    states = run.traces[WASHOUT:, 0]
    out["dimensions"] = participation_ratio(states)
    out["correlation"] = mean_squared_correlation(states)
    return out


def _efficiency(capacity: float, spikes) -> float:
    """Return eq. (10), NaN for a silent network."""
    try:
        return spike_efficiency(capacity, spikes)
    except TrainingError:
        return float("nan")


def input_figures(net: Reservoir, x, settings: MemorySettings, seed: int) -> dict[str, float]:
    """Return the capacity of the input itself, low-pass filtered like the spikes would be."""
    state, rows = np.zeros_like(net.decay), np.empty((len(x), *net.decay.shape))
    for k, value in enumerate(x[:, 0]):
        state = net.decay**net.hold * state + value
        rows[k] = state
    return {
        f"capacity_{name}": memory_capacity(
            rows[:, filters].reshape(len(x), -1), x[:, 0], n_train=settings.n_train, seed=seed
        ).above_chance
        for name, filters in READOUTS.items()
    }


def measure(seed: int, settings: MemorySettings, place: Place) -> list[Row]:
    """Return the rows of one seed: two recipes, four networks each, and the input."""
    x = memory_series(settings, seed)
    rows = []
    for recipe, tau_e in (("R", 30.0), ("R60", 60.0)):
        tau = {"tau_e_mean": tau_e, "tau_i_mean": tau_e / 2}
        hom, het = (memory_net(settings, seed, kind, **tau) for kind in ("hom", "het"))
        rate = hom.rate_hz(x[:MATCH_SAMPLES])
        nets = {
            "HoN": hom,
            "HeN": het,
            "HeN, rate of HoN": match_rate(het, rate, x[:MATCH_SAMPLES]),
            "HoN, W = 0": memory_net(settings, seed, "hom", weight=0.0, **tau),
            "HeN, W = 0": memory_net(settings, seed, "het", weight=0.0, **tau),
        }
        for name, net in nets.items():
            versus = "" if name == "HoN" else f"{recipe}: HoN"
            figures = memory_figures(net, x, settings, seed)
            rows.append(Row(f"{recipe}: {name}", figures, versus))
        rows.append(Row(f"{recipe}: input, filtered", input_figures(het, x, settings, seed)))
    now = memory_capacity(x, x[:, 0], n_train=settings.n_train, seed=seed).above_chance
    rows.append(Row("input, last sample", {"capacity_own": now}))
    return rows


def ratio(column: Column, name: str, other: str, key: str) -> np.ndarray:
    """Return the ratios of a figure of two rows, seed by seed."""
    return column(name, key) / column(other, key)


def _capacity_gate(column: Column) -> tuple[bool, str]:
    """Judge G1 on recipe R with equal rates and the readout of own time constants."""
    found = {
        f"{recipe}, {name}": ratio(column, f"{recipe}: {name}", f"{recipe}: HoN", "capacity_own")
        for recipe in ("R", "R60")
        for name in ("HeN", "HeN, rate of HoN")
    }
    judged = found["R, HeN, rate of HoN"]
    words = "; ".join(
        f"{name}: x{r.mean():.2f}, {(r > 1.05).sum()}/{r.size} seeds" for name, r in found.items()
    )
    return bool((judged > 1.05).mean() >= 0.8), words


CAPACITY_METRICS = (
    Metric("capacity_own", "C, own τ", "more"),
    Metric("capacity_ms20", "C, 20 ms", "more"),
    Metric("capacity_three", "C, 10+30+100 ms", "more"),
    Metric("efficiency", "E", "more", 4),
    Metric("rate_hz", "rate [Hz]", "", 1),
    Metric("active", "active share", "", 2),
    Metric("dimensions", "participation ratio", "", 1),
    Metric("correlation", "mean squared correlation", "", 3),
)

MEMORY = Table(
    name="memory",
    title="memory capacity of heterogeneous neurons (G1)",
    shows=(
        "Memory capacity C, eq. (9), on test samples with the chance of a shuffled input "
        "subtracted, and spike efficiency E, eq. (10). Small world, 30 % of the neurons receive "
        "a held current, no STDP. R: mean τ 30 / 15 ms; R60: 60 / 30 ms. Same wiring, weights "
        "and input for HoN and HeN, mean τ equal; 'rate of HoN': the common bias lowered until "
        "the rates are equal. W = 0: the same neurons unconnected. 'input, filtered': no neuron, "
        "the input itself through the same filters, without noise or threshold: what a linear "
        "filter bank of this size remembers."
    ),
    measure=measure,
    scaled=MemorySettings(),
    full=MemorySettings(n_neurons=5000, n_train=20000, n_test=5000),
    metrics=CAPACITY_METRICS,
    gates=(
        Gate(
            "G1",
            "C(HeN)/C(HoN) > 1.05 on at least 80 % of the seeds (judged: R, equal rates)",
            _capacity_gate,
        ),
    ),
    plots=(Plot("strip", "capacity_own"),),
)
