"""Gates G2 and G3: the four corners of heterogeneity, learned by STDP, in spikes and capacity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.analysis.reservoir import Reservoir, match_rate
from hrsnn_edge.analysis.reservoir_stdp import learn_driven, memory_plasticity
from hrsnn_edge.model.stdp import draw_stdp
from hrsnn_edge.network import FloatNetwork
from hrsnn_edge.reproduce.memory import (
    CAPACITY_METRICS,
    MATCH_SAMPLES,
    MemorySettings,
    input_figures,
    memory_figures,
    memory_net,
    memory_series,
    ratio,
)
from hrsnn_edge.reproduce.table import Column, Gate, Metric, Place, Plot, Row, Table

#: Corner -> neurons, synapses.
CORNERS = {
    f"{n}N{s}S": (neurons, synapses)
    for n, neurons in (("Ho", "hom"), ("He", "het"))
    for s, synapses in (("Ho", "hom"), ("He", "het"))
}


@dataclass(frozen=True)
class PlasticitySettings(MemorySettings):
    """Sizes of the STDP table; `n_learn` samples of another series are learned from."""

    n_learn: int = 1500


def learned(net: Reservoir, synapses: str, x, seed: int) -> Reservoir:
    """Return a network of the memory recipe after STDP on a series."""
    return learn_driven(net, draw_stdp(memory_plasticity(synapses), net.net, seed), x)


def learning_series(n_samples: int, seed: int) -> np.ndarray:
    """Return independent samples that no table tests on, (n_samples, 1)."""
    return np.random.default_rng([seed, 2]).uniform(-1, 1, (n_samples, 1))


def weight_change(before: FloatNetwork, after: FloatNetwork) -> dict[str, float]:
    """Return what STDP did to recurrent weights: correlation, and the means over those before."""
    a, b = np.abs(before.w_rec.weights), np.abs(after.w_rec.weights)
    inhibitory = before.inhibitory[before.w_rec.pre_idx]
    return {
        "weight_correlation": float(np.corrcoef(a, b)[0, 1]),
        "growth_e": float(b[~inhibitory].mean() / a[~inhibitory].mean()),
        "growth_i": float(b[inhibitory].mean() / a[inhibitory].mean()),
    }


def measure(seed: int, settings: PlasticitySettings, place: Place) -> list[Row]:
    """Return the rows of one seed: corners with equal mean tau, with equal rates, and controls."""
    x, lesson = memory_series(settings, seed), learning_series(settings.n_learn, seed)
    hom, het = (memory_net(settings, seed, kind) for kind in ("hom", "het"))
    few = x[:MATCH_SAMPLES]
    matched = match_rate(het, hom.rate_hz(few), few)
    rows = []

    def add(name, net, versus="HoNHoS", **more):
        rows.append(Row(name, memory_figures(net, x, settings, seed) | more, versus))

    add("HoN, no STDP", hom)
    add("HeN, no STDP", het)
    for corner, (neurons, synapses) in CORNERS.items():
        start = hom if neurons == "hom" else het
        net = learned(start, synapses, lesson, seed)
        versus = "" if corner == "HoNHoS" else "HoNHoS"
        add(corner, net, versus, **weight_change(start.net, net.net))
    for synapses, short in (("hom", "HoS"), ("het", "HeS")):
        net = learned(matched, synapses, lesson, seed)
        add(f"HeN{short}, rate of HoN", net, **weight_change(matched.net, net.net))
    add("HeN, W = 0", memory_net(settings, seed, "het", weight=0.0))
    rows.append(Row("input, filtered", input_figures(het, x, settings, seed)))
    return rows


def _spike_gate(column: Column) -> tuple[bool, str]:
    """Judge G2: homogeneous against heterogeneous STDP on the same neurons."""
    pairs = {
        "HoN": ("HoNHeS", "HoNHoS"),
        "HeN": ("HeNHeS", "HeNHoS"),
        "HeN, rate of HoN": ("HeNHeS, rate of HoN", "HeNHoS, rate of HoN"),
    }
    words, passed = [], True
    for name, (het, hom) in pairs.items():
        s, c = (ratio(column, het, hom, key) for key in ("spikes", "capacity_own"))
        passed &= s.mean() < 1 and c.mean() > 0.95
        words.append(f"{name}: S x{s.mean():.3f} ({(s < 1).sum()}/{s.size}), C x{c.mean():.2f}")
    return bool(passed), "; ".join(words)


def _efficiency_gate(column: Column) -> tuple[bool, str]:
    """Judge G3 on networks of equal untrained rate; the pair of equal mean tau is reported."""
    words, found = [], {}
    for name in ("HeNHeS, rate of HoN", "HeNHeS"):
        found[name] = ratio(column, name, "HoNHoS", "efficiency")
        wins = (found[name] > 1.1).sum()
        words.append(f"{name}: E x{found[name].mean():.2f} ({wins}/{found[name].size} > 1.1)")
    return bool(found["HeNHeS, rate of HoN"].mean() > 1.1), "; ".join(words)


PLASTICITY = Table(
    name="stdp",
    title="spikes and spike efficiency after STDP (G2, G3)",
    shows=(
        "Recipe R of the memory table; recurrent synapses learn by eq. (3)-(5) under a series of "
        "their own and are frozen before C and spikes are measured. Homogeneous: A+ = A- of "
        "0.15 mean weights, a 0.1, τ+ = τ- = 10 ms, weights clipped to 0 .. 3 mean weights. "
        "Heterogeneous: all four Gamma of shape 1 over synapses, same means. 'rate of HoN': the "
        "bias of the untrained HeN lowered until it fires like the untrained HoN. Growth: mean "
        "weight after STDP over that before."
    ),
    measure=measure,
    scaled=PlasticitySettings(),
    full=PlasticitySettings(n_neurons=5000, n_train=20000, n_test=5000),
    metrics=(
        CAPACITY_METRICS[0],
        CAPACITY_METRICS[1],
        Metric("spikes", "spikes of a neuron", "less", 1),
        *CAPACITY_METRICS[3:5],
        Metric("weight_correlation", "weights: correlation", "", 2),
        Metric("growth_e", "growth E", "", 2),
        Metric("growth_i", "growth I", "", 2),
    ),
    gates=(
        Gate("G2", "S(HeS)/S(HoS) < 1 and C ratio > 0.95, on the mean of the seeds", _spike_gate),
        Gate(
            "G3",
            "E(HeNHeS)/E(HoNHoS) > 1.1 on the mean of the seeds (judged: equal untrained rates)",
            _efficiency_gate,
        ),
    ),
    plots=(Plot("strip", "efficiency"), Plot("strip", "spikes")),
)
