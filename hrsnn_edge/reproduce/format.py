"""What a search gains that measures the rounded network, over rounding what a float one found."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from hrsnn_edge.analysis.memory import memory_capacity
from hrsnn_edge.analysis.reservoir import ReservoirConfig, draw_reservoir, memory_recipe
from hrsnn_edge.network import IntFormat
from hrsnn_edge.quantise.driven import IntegerDrive
from hrsnn_edge.reproduce.memory import memory_series
from hrsnn_edge.reproduce.searched import FRESH, SearchSettings, mean_figures, winner
from hrsnn_edge.reproduce.statistics import paired
from hrsnn_edge.reproduce.table import Column, Gate, Metric, Place, Plot, Row, Table
from hrsnn_edge.tune.objectives import Drive, float_drive

#: Objective of a search -> measure of `ReservoirScore`.
OBJECTIVES = {"C": "capacity", "E": "efficiency"}


@dataclass(frozen=True)
class Widths:
    """A small format, in which rounding costs the recipe a quarter of its memory."""

    v_width: int = 8
    decay_width: int = 6
    weight_width: int = 4
    shift_width: int = 0


@dataclass(frozen=True)
class FormatSettings(SearchSettings):
    """Sizes of the searches, and the widths that they see."""

    n_evaluations: int = 30
    widths: Widths = Widths()


def figures(
    config: ReservoirConfig, drive: Drive, settings: FormatSettings, seed: int
) -> dict[str, float]:
    """Return capacity, spikes and efficiency, means over networks and series of no search."""
    found = []
    for fresh in FRESH + settings.n_judged * seed + np.arange(settings.n_judged):
        reservoir, x = draw_reservoir(config, 1, int(fresh)), memory_series(settings, int(fresh))
        driven = drive(reservoir, x)
        capacity = memory_capacity(
            driven.features, x[:, 0], n_train=settings.n_train, seed=int(fresh)
        ).above_chance
        spikes = float(driven.spikes.mean())
        found.append(
            {
                "capacity": capacity,
                "spikes": spikes,
                "efficiency": capacity / spikes if spikes else np.nan,
                "rate_hz": 1000 * spikes / (reservoir.hold * reservoir.net.dt),
            }
        )
    return mean_figures(found)


def measure(seed: int, settings: FormatSettings, place: Place) -> list[Row]:
    """Return the recipe and the winners of searches on floats and on integers, rounded and not."""
    integer = IntegerDrive(IntFormat(**asdict(settings.widths)))
    recipe = memory_recipe(settings.n_neurons)
    rows = [
        Row("recipe", figures(recipe, float_drive, settings, seed)),
        Row("recipe, rounded", figures(recipe, integer, settings, seed), "recipe"),
    ]
    for name, word in OBJECTIVES.items():
        on_floats, _ = winner(recipe, word, settings, seed)
        on_integers, _ = winner(recipe, word, settings, seed, drive=integer)
        rounded = f"{name} searched on floats, rounded"
        rows += [
            Row(f"{name} searched on floats", figures(on_floats, float_drive, settings, seed)),
            Row(rounded, figures(on_floats, integer, settings, seed)),
            Row(
                f"{name} searched on integers",
                figures(on_integers, integer, settings, seed),
                rounded,
            ),
        ]
    return rows


def _loop_report(column: Column) -> tuple[None, str]:
    """Report what the format in the loop gives, seed by seed."""
    texts = []
    for name, key in (("C", "capacity"), ("E", "efficiency")):
        row = f"{name} searched on"
        found = paired(column(f"{row} integers", key), column(f"{row} floats, rounded", key))
        texts.append(f"{name} x{found.ratio:.2f}, {found.wins}/{found.n}, p {found.t_p:.2g}")
    return None, "; ".join(texts)


FORMAT = Table(
    name="format",
    title="searching with the integer format in the loop",
    shows=(
        "Search over the distributions of recipe R for memory capacity C and for efficiency E (C "
        "over the spikes of a neuron and sample), with every network measured in floats, or "
        "rounded to 8-bit membranes, 6-bit decays and 4-bit weights without row shift and run by "
        "the bit-exact engine. Equal budget from the same start; winners on networks and series "
        "that no search saw. 'rounded': what the search on floats found, in that format. Readout "
        "of the neurons' own time constants."
    ),
    measure=measure,
    scaled=FormatSettings(),
    full=FormatSettings(n_neurons=300, n_evaluations=60, n_searched=3, n_judged=5),
    metrics=(
        Metric("capacity", "C, own τ", "more"),
        Metric("spikes", "spikes a sample", "less", 3),
        Metric("efficiency", "E", "more"),
        Metric("rate_hz", "rate [Hz]", "", 1),
    ),
    gates=(
        Gate(
            "format",
            "searched on integers over searched on floats and rounded (reported only)",
            _loop_report,
        ),
    ),
    plots=(Plot("strip", "capacity"), Plot("strip", "efficiency")),
)
