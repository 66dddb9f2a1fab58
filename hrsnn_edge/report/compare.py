"""What two runs differ in and by how much: settings, figures, resources, verdicts."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from hrsnn_edge.report.record import ACCURACY_LABELS, BoardResult, RunRecord, Setting
from hrsnn_edge.report.view import (
    NONE,
    TIMES,
    access_rows,
    board_words,
    energy_rows,
    format_words,
    number,
    percent,
    projection_words,
    verdict_words,
    work_rows,
)

#: The parts of a comparison in their order.
GROUPS = (
    "Settings",
    "Data and network",
    "Accuracy",
    "Verification",
    "Pruning",
    "Formats",
    "Work per inference",
    "Energy, estimated",
    "Timing",
    "Boards",
    "Versions and files",
)
Value = Setting


@dataclass(frozen=True)
class Difference:
    """One figure or setting of two runs; None where a run does not hold it.

    `is_share` is true for fractions that are read as per cent.
    """

    group: str
    name: str
    a: Value
    b: Value
    is_share: bool = False

    @property
    def changed(self) -> bool:
        """Whether the two are not the same."""
        return self.a != self.b

    @property
    def delta(self) -> float | None:
        """``b - a``, None unless both are numbers."""
        return self.b - self.a if _is_number(self.a) and _is_number(self.b) else None

    @property
    def ratio(self) -> float | None:
        """``b / a``, None unless both are numbers and `a` is not 0."""
        return None if self.delta is None or not self.a else self.b / self.a

    @property
    def words(self) -> str:
        """The change for reading: points of a share, else the difference and the factor.

        >>> Difference("g", "n", 200, 150).words, Difference("g", "n", 0.9, 0.925, True).words
        ('−50 (0.75×)', '+2.5 points')
        >>> Difference("g", "n", "lnp", "uniform").words, Difference("g", "n", 1, 1).words
        ('changed', '')
        """
        if not self.changed:
            return ""
        if self.delta is None:
            return "changed"
        if self.is_share:
            return f"{100 * self.delta:+.1f} points".replace("-", "\N{MINUS SIGN}")
        sign = "+" if self.delta > 0 else ""
        factor = "" if self.ratio is None or self.ratio < 0 else f" ({self.ratio:.3g}{TIMES})"
        return f"{sign}{number(self.delta)}{factor}"

    def show(self, value: Value) -> str:
        """Return a value of this row for reading."""
        if value is None:
            return NONE
        if not _is_number(value):
            return {True: "yes", False: "no"}.get(value, str(value))
        return percent(value, 1) if self.is_share else number(value)


@dataclass(frozen=True)
class Comparison:
    """All rows of two runs in the order of `GROUPS`, changed or not."""

    name_a: str
    name_b: str
    rows: tuple[Difference, ...]
    n_test: tuple[int | None, int | None] = (None, None)

    @property
    def changed(self) -> tuple[Difference, ...]:
        """The rows that are not the same."""
        return tuple(row for row in self.rows if row.changed)

    def group(self, name: str) -> tuple[Difference, ...]:
        """Return the rows of one group."""
        return tuple(row for row in self.rows if row.group == name)

    def to_json(self) -> dict[str, Any]:
        """Return the changed rows as plain values, with `delta` and `ratio`."""
        rows = [asdict(r) | {"delta": r.delta, "ratio": r.ratio} for r in self.changed]
        same = len(self.rows) - len(rows)
        return {"a": self.name_a, "b": self.name_b, "changed": rows, "n_same": same}


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _board_figures(name: str, board: BoardResult) -> dict[str, Value]:
    """Return the figures of one board by name."""
    uses = {f"{name}: {r}": use.used for r, use in board.utilisation.items()}
    return {
        f"{name}: verdict": board_words(board),
        f"{name}: lanes": board.lanes,
        f"{name}: fmax [MHz]": board.fmax_mhz,
        f"{name}: clock [MHz]": board.clock_mhz,
        f"{name}: latency [µs]": board.latency_us,
    } | uses


def _pruning(record: RunRecord) -> dict[str, Value]:
    """Return what pruning left."""
    p = record.prune
    if p is None:
        return {}
    left = {f"synapses left, {projection_words(n)}": c.after for n, c in p.synapses.items()}
    return left | {
        "method": p.method,
        "neurons left": None if p.neurons is None else p.neurons.after,
        "λ₁ after": None if p.lambda_1 is None else p.lambda_1.after,
        "ε": p.eps,
    }


def _figures(record: RunRecord) -> dict[str, dict[str, Value]]:
    """Return everything that is compared, by group and name."""
    data = record.data.model_dump() if record.data else {}
    data["classes"] = None if record.data is None else len(record.data.classes)
    network = record.network.model_dump() if record.network else {}
    test = record.accuracy.test if record.accuracy else {}
    verdicts = {}
    for name, verdict in record.verdicts.items():
        verdicts |= {name: verdict_words(verdict), f"{name}: steps compared": verdict.steps}
    work = record.work
    counts = [*work_rows(work), *access_rows(work)] if work else []
    energy = energy_rows(work) if work else []
    boards = {}
    for name, board in record.boards.items():
        boards |= _board_figures(name, board)
    cycles = record.cycles.model_dump() if record.cycles else {}
    formats = record.quantise.formats if record.quantise else {}
    manifest = record.manifest
    found = (
        {"seed": record.seed} | record.settings,
        {name.replace("_", " "): value for name, value in (data | network).items()},
        {label: test.get(name) for name, label in ACCURACY_LABELS.items()},
        verdicts,
        _pruning(record),
        {format_words(name): bits for name, bits in formats.items()},
        {row.label: row.pruned for row in counts},
        {f"{row.pruned.name} [µJ]": row.pruned.total_uj for row in energy},
        {f"cycles {n.replace('_', ' ')}": v for n, v in cycles.items()},
        boards,
        {"commit": manifest.commit, "python": manifest.python}
        | manifest.packages | manifest.tools | manifest.inputs,
    )  # fmt: skip
    return dict(zip(GROUPS, found, strict=True))


def compare(a: RunRecord, b: RunRecord, names: tuple[str, str] | None = None) -> Comparison:
    """Return what `b` differs in from `a`; `names` are shown, by default those of the records.

    Everything that a run measured is a row; how long its stations took is not, as a store makes
    that a matter of what was done before.
    """
    first, second = _figures(a), _figures(b)
    rows = [
        Difference(
            group, name, first[group].get(name), second[group].get(name), group == "Accuracy"
        )
        for group in GROUPS
        for name in first[group] | second[group]
    ]
    kept = tuple(row for row in rows if row.a is not None or row.b is not None)
    n_test = tuple(None if r.data is None else r.data.n_test for r in (a, b))
    return Comparison(*(names or (a.name, b.name)), kept, n_test)


def compare_table(comparison: Comparison) -> str:
    """Return the changed rows as a table for the terminal."""
    out = [f"A  {comparison.name_a}", f"B  {comparison.name_b}"]
    shown = [(r.group, r.name, r.show(r.a), r.show(r.b), r.words) for r in comparison.changed]
    widths = [max((len(row[k]) for row in shown), default=0) for k in range(1, 4)]
    widths = [max(w, least) for w, least in zip(widths, (4, 1, 1), strict=True)]
    group = None
    for row in shown:
        if row[0] != group:
            group = row[0]
            head = ("A".rjust(widths[1]), "B".rjust(widths[2]))
            out += ["", f"{group.ljust(widths[0] + 2)}  {head[0]}  {head[1]}"]
        cells = row[1].ljust(widths[0]), row[2].rjust(widths[1]), row[3].rjust(widths[2])
        out.append(f"  {'  '.join(cells)}  {row[4]}".rstrip())
    same = len(comparison.rows) - len(shown)
    out += ["", f"{len(shown)} differ, {same} are the same"]
    return "\n".join(out).replace("\N{NO-BREAK SPACE}", " ") + "\n"


#: Rows that stand at the top of the page: group and name.
_TILES = (
    ("Accuracy", ACCURACY_LABELS["integer"]),
    ("Work per inference", "SOPs, I→R and R→R"),
    ("Timing", "cycles per inference"),
    ("Pruning", "synapses left, R→R"),
)


def comparison_tiles(comparison: Comparison) -> list[tuple[str, str]]:
    """Return the few changes at the top of the page, as (change, what it is)."""
    rows = {(row.group, row.name): row for row in comparison.rows}
    found = [rows[key] for key in _TILES if key in rows]
    return [(row.words.split(" (")[0] or "same", row.name) for row in found]


def accuracy_margin(comparison: Comparison) -> str:
    """Return how far a difference of accuracies is worth reading; empty without test samples.

    The standard error of a share ``p`` of ``n`` samples is ``sqrt(p (1 - p) / n)``.
    """
    shares = [row.b for row in comparison.group("Accuracy") if row.b is not None]
    n = comparison.n_test[1]
    if not shares or not n:
        return ""
    p = min(shares, key=lambda share: abs(share - 0.5))
    points = 100 * math.sqrt(p * (1 - p) / n)
    return (
        f"Of {number(n)} test samples; one standard error of an accuracy is at most "
        f"{points:.1f} points. Smaller differences of two single runs say little."
    )
