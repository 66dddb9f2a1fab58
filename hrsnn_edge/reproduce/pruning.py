"""Pruning where recurrence carries memory (G8, G9, G11), and its evolution over 100 rounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.analysis.lyapunov import network_spectrum, noise_current
from hrsnn_edge.analysis.memory import memory_capacity
from hrsnn_edge.analysis.reservoir import Reservoir, draw_reservoir, memory_recipe
from hrsnn_edge.network import FloatNetwork
from hrsnn_edge.prune.algorithm import LnpSchedule, lnp
from hrsnn_edge.prune.baselines import keep_random
from hrsnn_edge.prune.controls import activity_rounds, erdos_renyi, random_rounds, same_neurons
from hrsnn_edge.prune.equal import equal_operations
from hrsnn_edge.prune.graph import laplacian_ipr
from hrsnn_edge.prune.pruning import prune
from hrsnn_edge.prune.record import LnpConfig
from hrsnn_edge.reproduce.memory import (
    WASHOUT,
    MemorySettings,
    input_figures,
    memory_net,
    memory_series,
)
from hrsnn_edge.reproduce.table import Column, Gate, Metric, Place, Plot, Row, Table

#: Samples on which operations are matched and activity is measured; not those of the test.
MATCH_SAMPLES = 600
#: Steps of noise before and in the average of a reported exponent.
WARM_UP, SPECTRUM_STEPS = 500, 1000


@dataclass(frozen=True)
class PruneSettings(MemorySettings):
    """Sizes of the pruning table: recurrence twice as strong as in the memory table."""

    weight: float = 2.0
    sparsity: float = 0.9
    rounds: int = 20


def largest_exponent(net: FloatNetwork, seed: int) -> float:
    """Return lambda_1 of the detached surrogate dynamics under noise [1/ms]."""
    noise = noise_current(net, WARM_UP + SPECTRUM_STEPS, seed)
    return network_spectrum(net, noise, k=4, warm_up=WARM_UP, seed=seed).largest


def capacity_figures(net: Reservoir, x, settings: PruneSettings, seed: int) -> dict[str, float]:
    """Return capacity, work and the state of a pruned network on the series that is tested."""
    run = net.run(x)
    features = run.traces.reshape(len(x), -1)
    found = memory_capacity(features, x[:, 0], n_train=settings.n_train, seed=seed)
    counts = run.counts[WASHOUT + settings.n_train :]
    return {
        "capacity": found.above_chance,
        "sop": net.operations(x),
        "neurons": float(net.net.n_neurons),
        "synapses": float(net.net.w_rec.nnz),
        "rate_hz": float(counts.mean() / (net.hold * net.net.dt) * 1000),
        "lambda_1": largest_exponent(net.net, seed),
    }


def activity_network(whole: Reservoir, n_neurons: int, x, seed: int) -> Reservoir:
    """Return what ten rounds of activity pruning leave; only the readout is trained, later."""
    n = whole.net.n_neurons
    sizes = np.round(n * (max(2, n_neurons) / n) ** (np.arange(1, 11) / 10)).astype(int)

    def rates(pruned, kept):
        return whole.with_network(pruned, kept).run(x).counts.mean(axis=0)

    rounds = activity_rounds(whole.net, np.unique(sizes)[::-1], rates, lambda net, _: net, seed)
    return whole.with_network(*rounds[-1])


def random_graph(whole: Reservoir, n_neurons: int, n_synapses: int, seed: int) -> Reservoir:
    """Return the driven network on a random graph of these counts, each neuron with its input."""
    # The draw of the neurons is the first of `erdos_renyi`.
    kept = keep_random(whole.net.n_neurons, n_neurons, np.random.default_rng(seed))
    return whole.with_network(erdos_renyi(whole.net, n_neurons, n_synapses, seed), kept)


def measure(seed: int, settings: PruneSettings, place: Place) -> list[Row]:
    """Return the rows of one seed; every rule but the unpruned has the operations of LNP."""
    x = memory_series(settings, seed)
    few = np.random.default_rng([seed, 3]).uniform(-1, 1, (MATCH_SAMPLES, 1))
    recipe = memory_recipe(settings.n_neurons, weight=settings.weight)
    whole = draw_reservoir(recipe, 1, seed)
    net, power = whole.net, (whole.w_current**2).sum(axis=0)
    base = LnpSchedule(
        settings.sparsity, settings.rounds, LnpConfig("product", node_exponents="leak")
    )

    def by_lnp(schedule):
        result = lnp(net, schedule, seed, current=power)
        return whole.with_network(result.network, result.kept), result

    main, result = by_lnp(base)
    target, kept = main.operations(few), result.kept
    inner = int((kept[net.w_rec.pre_idx] & kept[net.w_rec.col_idx]).sum())

    def at_equal_work(make, high):
        return equal_operations(make, lambda r: r.operations(few), target, high)[0]

    def on_kept(method):
        return at_equal_work(
            lambda count: whole.with_network(same_neurons(net, kept, count, method, seed), kept),
            inner,
        )

    def on_all(method):
        nnz = net.w_rec.nnz

        def make(count):
            return whole.with_network(prune(net, method, 1 - max(1, count) / nnz, seed)[0])

        return at_equal_work(make, nnz - 1)

    edge = {value: LnpConfig(value, node_exponents="leak") for value in ("lyapunov", "weight")}
    nets = {
        "unpruned": whole,
        "W = 0": draw_reservoir(
            replace(recipe, network=replace(recipe.network, recurrent_scale=0.0)), 1, seed
        ),
        "LNP, product": main,
        "LNP, lyapunov": by_lnp(replace(base, edges=edge["lyapunov"]))[0],
        "LNP, weight": by_lnp(replace(base, edges=edge["weight"]))[0],
        "LNP, product, all neurons stay": by_lnp(replace(base, nodes=None))[0],
        "magnitude, LNP's neurons": on_kept("magnitude"),
        "uniform, LNP's neurons": on_kept("uniform"),
        "magnitude, all neurons": on_all("magnitude"),
        "uniform, all neurons": on_all("uniform"),
        "random graph of LNP's size": random_graph(
            whole, int(kept.sum()), main.net.w_rec.nnz, seed
        ),
        "AP": at_equal_work(lambda count: activity_network(whole, count, few, seed), net.n_neurons),
    }
    rows = [
        Row(
            name,
            capacity_figures(found, x, settings, seed),
            "" if name == "LNP, product" else "LNP, product",
        )
        for name, found in nets.items()
    ]
    rows[2].figures["eps_median"] = _last_error(result, "rayleigh_median")
    filtered = input_figures(memory_net(settings, seed, "het"), x, settings, seed)
    return [*rows, Row("input, filtered", {"capacity": filtered["capacity_own"]})]


def _last_error(result, key: str) -> float:
    """Return eps of eq. (15), a mean over the rounds."""
    return float(np.mean([record.errors[key] for record in result.rounds]))


def _work_gate(column: Column) -> tuple[bool, str]:
    """Judge G8: capacity instead of RMSE, which this task does not have."""
    ratio = column("unpruned", "sop") / column("LNP, product", "sop")
    share = column("LNP, product", "capacity") / column("unpruned", "capacity")
    sparsity = 1 - column("LNP, product", "synapses") / column("unpruned", "synapses")
    passed = ratio.mean() >= 5 and sparsity.mean() >= 0.8 and share.mean() >= 1 / 3
    return bool(passed), (
        f"{ratio.mean():.1f}x fewer operations at {100 * sparsity.mean():.1f} % synapse "
        f"sparsity, C x{share.mean():.2f}"
    )


def _random_gate(column: Column) -> tuple[bool, str]:
    """Judge G9 with capacity; the literal edge value is reported."""
    words, first = [], None
    random = column("random graph of LNP's size", "capacity")
    for name in ("LNP, product", "LNP, lyapunov"):
        gap = column(name, "capacity") - random
        first = gap if first is None else first
        words.append(f"{name}: C {gap.mean():+.2f} ({(gap > 0).sum()}/{gap.size})")
    return bool(first.mean() > 0), "; ".join(words)


def _stability_gate(column: Column) -> tuple[bool, str]:
    """Judge G11: no instability; eps and the shift are reported."""
    before, after = column("unpruned", "lambda_1"), column("LNP, product", "lambda_1")
    eps = column("LNP, product", "eps_median")
    return bool((after <= 0.02).all()), (
        f"lambda_1 {before.mean():+.4f} before, {after.mean():+.4f} after, greatest "
        f"{after.max():+.4f} / ms; eps of eq. (15) {eps.mean():.2f} (median over eigenvectors, "
        f"mean over rounds)"
    )


PRUNING = Table(
    name="pruning",
    title="memory after pruning at equal operations (G8, G9, G11)",
    shows=(
        "Recipe R with recurrent weights twice as strong, no STDP, readout of own time constants "
        "fitted after pruning. LNP: steps I to III of Algorithm 1 on the untrained network, "
        "'product' is |Lyapunov| x |w|, 'lyapunov' the papers' edge value. Every rule has the "
        "operations a sample of LNP with 'product' (measured on other samples), except the other "
        "LNP rows (its sparsity) and the random graph (its neurons and synapses). AP: least "
        "active neurons in ten rounds. G8 and G9 are judged by memory capacity."
    ),
    measure=measure,
    scaled=PruneSettings(),
    full=PruneSettings(n_neurons=5000, n_train=20000, n_test=5000, sparsity=0.95, rounds=100),
    metrics=(
        Metric("capacity", "C, own τ", "more"),
        Metric("sop", "operations a sample", "less", 0),
        Metric("neurons", "neurons", "", 0),
        Metric("synapses", "synapses", "", 0),
        Metric("rate_hz", "rate [Hz]", "", 1),
        Metric("lambda_1", "λ_1 [1/ms]", "", 4),
        Metric("eps_median", "eps (15)", "", 2),
    ),
    gates=(
        Gate(
            "G8", "at least 5x fewer operations at >= 80 % synapses, C at least a third", _work_gate
        ),
        Gate("G9", "LNP above random graphs of its size, mean of C", _random_gate),
        Gate("G11", "λ_1 of the pruned network at most 0.02 / ms", _stability_gate),
    ),
    plots=(Plot("strip", "capacity"),),
)


@dataclass(frozen=True)
class EvolutionSettings:
    """Sizes of the evolution: N, rounds, final synapse sparsity, and which rounds are kept."""

    n_neurons: int = 300
    rounds: int = 100
    sparsity: float = 0.95
    every: int = 10


def measure_evolution(seed: int, settings: EvolutionSettings, place: Place) -> list[Row]:
    """Return the graph of LNP, of activity pruning and of random graphs over the rounds."""
    whole = draw_reservoir(memory_recipe(settings.n_neurons, weight=2.0), 1, seed)
    net, power = whole.net, (whole.w_current**2).sum(axis=0)
    x = np.random.default_rng([seed, 3]).uniform(-1, 1, (MATCH_SAMPLES, 1))
    schedule = LnpSchedule(settings.sparsity, settings.rounds, LnpConfig("product"))
    records = lnp(net, schedule, seed, current=power).rounds
    marks = range(settings.every, settings.rounds + 1, settings.every)
    # A network that stopped early stays as it is.
    shown = [records[min(mark, len(records)) - 1] for mark in marks]
    counts = [(r.graph.n_neurons, r.graph.n_synapses) for r in shown]

    def rates(pruned, kept):
        return whole.with_network(pruned, kept).run(x).counts.mean(axis=0)

    active = activity_rounds(net, [n for n, _ in counts], rates, lambda pruned, _: pruned, seed)
    random = random_rounds(net, counts, seed)
    rows = []
    for mark, record, (ap, _), er in zip(marks, shown, active, random, strict=True):
        more = {
            "lambda_1": record.lambda_1,
            "eps": record.errors["rayleigh_median"],
            "last": float(record.index),
        }
        rows.append(_graph_row("LNP", mark, *counts[len(rows) // 3], record.graph.ipr.slow, **more))
        for name, graph in (("AP", ap), ("random", er)):
            ipr = laplacian_ipr(graph.w_rec).slow
            rows.append(_graph_row(name, mark, graph.n_neurons, graph.w_rec.nnz, ipr))
    return rows


def _graph_row(name, index, neurons, synapses, ipr, **more) -> Row:
    """Return the row of one rule after one round."""
    figures = {
        "neurons": float(neurons),
        "synapses": float(synapses),
        "density": synapses / (neurons * (neurons - 1)),
        "ipr": float(ipr),
    }
    return Row(f"{name}, round {index}", figures | more, x=float(index), series=name)


EVOLUTION = Table(
    name="evolution",
    title="pruning over 100 rounds",
    shows=(
        "Graph of the recurrent layer over the rounds of LNP (steps I to III, 'product') towards "
        "95 % synapse sparsity, from the network of the pruning table; every seed is a repeat. AP "
        "keeps as many neurons, the most active; random graphs have LNP's neurons and synapses. "
        "λ_1 is a short average over 60 steps; eps: eq. (15), median over eigenvectors; IPR of the "
        "slow Laplacian modes. A run that stops early (the next round would break the graph or "
        "leave fewer than 50 neurons) stays as it is; 'last round' says where."
    ),
    measure=measure_evolution,
    scaled=EvolutionSettings(),
    full=EvolutionSettings(n_neurons=5000),
    metrics=(
        Metric("neurons", "neurons", "", 0),
        Metric("synapses", "synapses", "", 0),
        Metric("density", "density", "", 4),
        Metric("ipr", "IPR, slow", "", 3),
        Metric("lambda_1", "λ_1 [1/ms]", "", 4),
        Metric("eps", "eps (15)", "", 2),
        Metric("last", "last round", "", 0),
    ),
    plots=(
        Plot("curve", "neurons", "round"),
        Plot("curve", "synapses", "round"),
        Plot("curve", "ipr", "round"),
    ),
)
