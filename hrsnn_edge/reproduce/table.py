"""What a table of results is: rows of figures by seed, what was published, and gates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hrsnn_edge.flow.store import Store

#: By row and key of a figure: its values over the seeds, (n,) float64.
Column = Callable[[str, str], np.ndarray]


@dataclass(frozen=True)
class Metric:
    """A figure that rows have.

    Attributes
    ----------
    key : str
        Its name in a row.
    label : str
        Heading of its column, with the unit.
    better : str
        ``'more'``, ``'less'``, or ``''`` for a diagnostic that is no contest.
    digits : int
        Decimals that are printed.
    """

    key: str
    label: str
    better: str = ""
    digits: int = 2

    def __post_init__(self):
        """Check the word."""
        if self.better not in ("more", "less", ""):
            raise ValueError(f"Better must be 'more', 'less' or '', not {self.better!r}")


@dataclass(frozen=True)
class Row:
    """One measured line of a table, for one seed.

    Attributes
    ----------
    name : str
        The same for all seeds.
    figures : dict
        Measured numbers by key; NaN for one that does not exist here.
    versus : str
        Name of the row it is paired with, seed by seed; empty for none.
    x : float or None
        Place on the axis of a curve, or the column of a map.
    y : float or None
        Row of a map.
    series : str
        Which curve the row belongs to.
    missing : str
        Why nothing was measured; empty if something was.
    """

    name: str
    figures: dict[str, float] = field(default_factory=dict)
    versus: str = ""
    x: float | None = None
    y: float | None = None
    series: str = ""
    missing: str = ""


def missing_rows(names: Iterable[str], why: str) -> list[Row]:
    """Return rows that say why they are empty."""
    return [Row(name, missing=why) for name in names]


@dataclass(frozen=True)
class Published:
    """A printed number.

    Attributes
    ----------
    value : float
        Mean.
    confidence : str
        How sure number and label are: ``A`` legible, ``B`` label restored, ``B-``, ``C`` recalled.
    sd : float or None
        Standard deviation, where printed.
    where : str
        Data set or network it stands for, where that is not ours.
    """

    value: float
    confidence: str
    sd: float | None = None
    where: str = ""

    def __str__(self):
        """Return mean, deviation, data set and confidence."""
        spread = "" if self.sd is None else f" ± {self.sd:g}"
        return " ".join(filter(None, (f"{self.value:g}{spread}", self.where, self.confidence)))


@dataclass(frozen=True)
class Gate:
    """A claim and how the measured columns decide it.

    Attributes
    ----------
    name : str
        ``G1`` .. ``G11``; ``BO``, the search against chance.
    claim : str
        What is claimed, and the bound.
    judge : callable
        Takes a `Column`; returns whether it holds (None: only reported) and what was found.
    """

    name: str
    claim: str
    judge: Callable[[Column], tuple[bool | None, str]]


@dataclass(frozen=True)
class Plot:
    """What of a table is drawn.

    Attributes
    ----------
    kind : str
        ``'strip'``: a dot for each row and seed; ``'curve'``: means over `Row.x`, one line a
        series; ``'map'``: means over `Row.x` and `Row.y`.
    metric : str
        Key of the figure.
    x_label, y_label : str
        Of a curve or map; the label of the metric stands for itself.
    log_x, log_y : bool
        Whether an axis is logarithmic.
    """

    kind: str
    metric: str
    x_label: str = ""
    y_label: str = ""
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True)
class Place:
    """Where data sets are read and intermediate results kept.

    Attributes
    ----------
    data : Path
        Folder of data sets.
    store : Store
        Of finished stations.
    """

    data: Path
    store: Store


@dataclass(frozen=True)
class Table:
    """A table of results.

    Attributes
    ----------
    name : str
        Name on the command line.
    title : str
        Heading.
    shows : str
        What is measured and under which protocol; which data set stands in for which.
    measure : callable
        Maps seed, settings and `Place` to the rows of that seed. A function of a module, since
        it runs in other processes; its module and all that it imports are the code version.
    scaled, full : Any
        Frozen dataclasses: the settings by default, and those of ``--full``.
    metrics : tuple of Metric
        Columns.
    published : dict
        Printed numbers by (row, key), one for each data set of theirs.
    gates : tuple of Gate
        Decided by this table.
    plots : tuple of Plot
        Drawn beside it.
    files : tuple of str
        Data files it reads, below `Place.data`.
    """

    name: str
    title: str
    shows: str
    measure: Callable[[int, Any, Place], list[Row]]
    scaled: Any
    full: Any
    metrics: tuple[Metric, ...]
    published: dict[tuple[str, str], tuple[Published, ...]] = field(default_factory=dict)
    gates: tuple[Gate, ...] = ()
    plots: tuple[Plot, ...] = ()
    files: tuple[str, ...] = ()
