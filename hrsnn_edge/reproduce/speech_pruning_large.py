"""Spoken digits: how far a network of 1,000 neurons can be pruned (G8, the papers' 39 times)."""

from __future__ import annotations

from dataclasses import dataclass

from hrsnn_edge.analysis.operations import source_activity
from hrsnn_edge.model.recipes import fsdd_recipe
from hrsnn_edge.model.train import train
from hrsnn_edge.prune.pruning import prune
from hrsnn_edge.reproduce.speech import FILE, speech_data
from hrsnn_edge.reproduce.speech_pruning import (
    CHOSEN,
    MAY_LOSE,
    PRUNED_METRICS,
    RULES,
    compared,
    pruned_figures,
    settled,
)
from hrsnn_edge.reproduce.table import Column, Gate, Metric, Place, Plot, Row, Table

#: Published: times fewer operations at `MAY_LOSE` points.
PUBLISHED_RATIO = 39.0


@dataclass(frozen=True)
class LargePruneSettings:
    """Sizes of the table.

    Attributes
    ----------
    n_neurons : int
        N.
    recurrent : float
        Share of the recurrent synapses that goes.
    networks : tuple of (float, float)
        Pruned networks: share of the input synapses that goes, and rate of the neurons after [Hz].
    control : (float, float)
        The one of them at which other rules are measured.
    """

    n_neurons: int = 1000
    recurrent: float = 0.99
    networks: tuple[tuple[float, float], ...] = (
        (0.9, 10.0), (0.93, 10.0), (0.9, 40.0), (0.91, 40.0), (0.92, 40.0), (0.93, 40.0),
        (0.94, 40.0), (0.95, 40.0),
    )  # fmt: skip
    control: tuple[float, float] = (0.93, 40.0)


def measure(seed: int, settings: LargePruneSettings, place: Place) -> list[Row]:
    """Return the rows of one seed."""
    config, data = fsdd_recipe(settings.n_neurons), speech_data(place)
    net, _ = train(config, data.train, n_classes=len(data.class_names), seed=seed)
    activity = source_activity(net, data.train.events)["in"]
    whole = pruned_figures(net, config, data)

    def figures(one, rate_hz):
        return compared(pruned_figures(settled(one, config, data, rate_hz), config, data), whole)

    def pruned(name, inputs, rate_hz):
        method, rule = RULES[name]
        shares = {"rec": settings.recurrent, "in": inputs}
        one, _ = prune(net, method, shares, seed, config=rule, activity={"in": activity})
        label = f"{100 * inputs:g} % of the input, {rate_hz:g} Hz: {name}"
        return Row(label, figures(one, rate_hz), "unpruned")

    candidates = [pruned("LNP, share", *form) for form in settings.networks]
    fit = [row for row in candidates if row.figures["val_lost"] <= MAY_LOSE]
    unpruned = Row("unpruned", compared(whole, whole))
    best = max(fit or [unpruned], key=lambda row: row.figures["ratio"])
    fast = settings.control[1]
    return [
        unpruned,
        Row(f"unpruned, {fast:g} Hz", figures(net, fast), "unpruned"),
        *candidates,
        *(pruned(name, *settings.control) for name in ("magnitude", "uniform")),
        Row(CHOSEN, best.figures, "unpruned"),
    ]


def _work_gate(column: Column) -> tuple[bool, str]:
    """Judge the papers' own figures on the networks that validation chose."""
    ratio, lost, sparsity = (column(CHOSEN, k) for k in ("ratio", "test_lost", "sparsity"))
    return bool(ratio.mean() >= PUBLISHED_RATIO and lost.mean() <= MAY_LOSE), (
        f"{ratio.mean():.1f}x fewer operations, input and recurrent, at {sparsity.mean():.1f} % "
        f"recurrent synapse sparsity, {lost.mean():+.2f} points lost on the test part "
        f"({(lost <= MAY_LOSE).sum()}/{lost.size} at most {MAY_LOSE:g})"
    )


SPEECH_PRUNING_LARGE = Table(
    name="speech-pruning-large",
    title="spoken digits, pruned from 1,000 neurons (G8)",
    shows=(
        "As the table speech-pruning, from 1,000 neurons: 99 % of the recurrent synapses go by "
        "'share' of the input, and input synapses by weight x root of the channel's activity. "
        "Most neurons then have no input and are silent; homeostasis brings those that are left "
        "to 10 or to 40 Hz, since their rate costs almost nothing once recurrent synapses are "
        "gone, and the spikes of the network still fall. 'unpruned, 40 Hz': what the rate alone "
        "does to the unpruned network. 'chosen on validation': for each seed the LNP network of "
        f"fewest operations that loses at most {MAY_LOSE:g} points there, against the unpruned "
        "network at 10 Hz. Operations of the readout are not counted. Published, on CIFAR10, from "
        "5,000 neurons: 39x fewer at 95 % with 0.76 points lost."
    ),
    measure=measure,
    scaled=LargePruneSettings(),
    full=LargePruneSettings(n_neurons=5000),
    metrics=(
        *PRUNED_METRICS,
        Metric("sop", "operations a clip", "", 0),
        Metric("spikes", "spikes a clip", "", 0),
        Metric("ratio", "all operations, ratio", "more", 1),
    ),
    gates=(
        Gate(
            "G8",
            f"at least {PUBLISHED_RATIO:g}x fewer operations, at most {MAY_LOSE:g} points lost",
            _work_gate,
        ),
    ),
    plots=(Plot("strip", "test_lost"), Plot("strip", "ratio", log_x=True)),
    files=(FILE,),
)
