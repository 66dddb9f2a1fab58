"""What limits a point of a study and what to change: rules on its row and its neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hrsnn_edge.errors import ExperimentError
from hrsnn_edge.study.columns import COLUMNS
from hrsnn_edge.study.front import dominates, scores
from hrsnn_edge.study.plan import PLACES

Row = dict[str, Any]
#: Standard errors below which a difference of accuracies is called noise.
NOISE_ERRORS = 2.0
#: Standard deviation over seeds above which one network says little about another.
WIDE_SPREAD = 0.02
#: Share of a step that the scan of the neurons must take to be what the cycles hang on.
SCAN_SHARE = 0.75
#: Shares of resources by what they are called.
SHARES = {
    "logic_share": "logic",
    "block_ram_share": "block RAM",
    "single_port_ram_share": "single-port RAM",
}
#: Largest memories that are named.
NAMED = 3


@dataclass(frozen=True)
class Neighbour:
    """A point that differs on one axis.

    Attributes
    ----------
    id : int
        Of the point.
    axis : str
        On which it differs.
    value : any
        Its value there.
    accuracy : float
        Its accuracy less that of the point explained.
    noise : float
        Size below which that difference is noise.
    ratios : dict
        Its ``sop``, ``cycles`` and ``memory_kbit`` over those of the point explained.
    """

    id: int
    axis: str
    value: Any
    accuracy: float
    noise: float
    ratios: dict[str, float]

    def __str__(self) -> str:
        """Return the neighbour in words."""
        unit = "" if abs(self.accuracy) > self.noise else " (noise)"
        work = ", ".join(f"{n.removesuffix('_kbit')} x{r:.2f}" for n, r in self.ratios.items())
        return (
            f"{self.axis} {self.value} (point {self.id}): "
            f"{100 * self.accuracy:+.1f} points{unit}, {work}"
        )


def find(rows: Sequence[Row], point: str) -> Row:
    """Return the row that a number, or values as ``sparsity=0.9,board=icebreaker``, stand for.

    Raises
    ------
    ExperimentError
        There is none such, or more than one.
    """
    if point.isdecimal():
        found = [row for row in rows if row["id"] == int(point)]
    else:
        pairs = [part.partition("=")[::2] for part in point.split(",")]
        unknown = next((name for name, _ in pairs if name.strip() not in PLACES), None)
        if unknown is not None:
            raise ExperimentError(
                f"Point must be a number or values of {', '.join(PLACES)}, not {unknown!r}"
            )
        found = [r for r in rows if all(_same(r[name.strip()], value) for name, value in pairs)]
    if len(found) != 1:
        listed = f": {', '.join(str(row['id']) for row in found[:10])}" if found else ""
        raise ExperimentError(f"Point must be one, not {len(found)}{listed}. Give more values.")
    return found[0]


def _same(value: Any, text: str) -> bool:
    try:
        return float(value) == float(text)
    except ValueError:
        return str(value) == text.strip()


def noise_of(a: Row, b: Row, n_seeds: int) -> float:
    """Return the difference of two accuracies that is noise: `NOISE_ERRORS` standard errors."""
    spread = (a["accuracy_sd"] ** 2 + b["accuracy_sd"] ** 2) ** 0.5
    return NOISE_ERRORS * spread / n_seeds**0.5


def neighbours(row: Row, rows: Sequence[Row], n_seeds: int) -> list[Neighbour]:
    """Return the points that differ from `row` on one axis; of numbers the nearest on each side.

    An unpruned point is a neighbour of every sparsity, whatever the method.
    """
    out = []
    for axis in PLACES:
        others = [r for r in rows if not r.get("failure") and _differs_only(row, r, axis)]
        if others and not isinstance(row[axis], str):
            below = [r for r in others if r[axis] < row[axis]]
            above = [r for r in others if r[axis] > row[axis]]
            others = [max(below, key=lambda r: r[axis])] if below else []
            others += [min(above, key=lambda r: r[axis])] if above else []
        out += [_neighbour(row, other, axis, n_seeds) for other in others]
    return out


def _differs_only(row: Row, other: Row, axis: str) -> bool:
    free = {axis} | ({"method"} if axis == "sparsity" and 0 in (row[axis], other[axis]) else set())
    return row[axis] != other[axis] and all(row[a] == other[a] for a in PLACES if a not in free)


def _neighbour(row: Row, other: Row, axis: str, n_seeds: int) -> Neighbour:
    ratios = {
        name: other[name] / row[name]
        for name in ("sop", "cycles", "memory_kbit")
        if row.get(name) and other.get(name)
    }
    gain = other["accuracy"] - row["accuracy"]
    return Neighbour(other["id"], axis, other[axis], gain, noise_of(row, other, n_seeds), ratios)


def limits(row: Row) -> Iterator[str]:
    """Yield what bounds the hardware of a point: room first, then time."""
    if not row["fits"]:
        yield from (f"It does not fit {row['board']}: {reason}." for reason in row["reasons"])
    shares = {words: row[name] for name, words in SHARES.items() if row.get(name) is not None}
    if shares:
        first = max(shares, key=shares.get)
        yield f"Room: {first} is used most, {shares[first]:.0%} of {row['board']}."
        if first != "logic":
            bits = sorted(row["memories"].items(), key=lambda item: -item[1])[:NAMED]
            listed = ", ".join(f"{name} {count / 1000:.1f} kbit" for name, count in bits)
            yield f"The largest memories: {listed}."
    if row.get("step_cycles"):
        share = row["scan_cycles"] / row["step_cycles"]
        bound = "the scan of the neurons" if share > SCAN_SHARE else "the delivery of synapses"
        yield (
            f"Time: {bound} sets the {row['step_cycles']} cycles of a step (the scan alone takes "
            f"{row['scan_cycles']})."
        )
        if row["link_ms"] > row["latency_ms"]:
            yield (
                f"The link takes {row['link_ms']:.3g} ms for the input events, the core "
                f"{row['latency_ms']:.3g} ms."
            )


def losses(row: Row, n_seeds: int) -> Iterator[str]:
    """Yield what each step between the float network and this one did to the accuracy."""
    noise = noise_of(row, row, n_seeds)
    steps = {
        "pruning": row["pruned_accuracy"] - row["float_accuracy"],
        "integers": row["accuracy"] - row["pruned_accuracy"],
    }
    yield (
        f"Accuracy: float {row['float_accuracy']:.1%}, pruned {row['pruned_accuracy']:.1%}, "
        f"integer {row['accuracy']:.1%} (validation)."
    )
    if row["accuracy_sd"] > WIDE_SPREAD:
        yield (
            f"The seeds differ much, s.d. {100 * row['accuracy_sd']:.1f} points: the network "
            "that is built may be far from their mean."
        )
    worst = min(steps, key=steps.get)
    if steps[worst] < -noise:
        yield f"Most is lost by {worst}: {100 * steps[worst]:+.1f} points."
    else:
        yield f"No step loses more than the noise of {n_seeds} seeds, {100 * noise:.1f} points."


def changes(row: Row, near: Sequence[Neighbour]) -> Iterator[str]:
    """Yield what to change: for room, for accuracy, for work, for time."""
    yield from (f"To make it fit: {remedy}." for remedy in row.get("remedies") or ())
    network = [n for n in near if n.axis not in ("lanes", "board")]
    better = [n for n in network if n.accuracy > n.noise]
    if better:
        yield f"For accuracy: {max(better, key=lambda n: n.accuracy)}."
    equal = [n for n in network if n.accuracy >= -n.noise and n.ratios.get("sop", 1) < 1]
    if equal:
        yield f"For less work, no loss beyond noise: {min(equal, key=lambda n: n.ratios['sop'])}."
    faster = [n for n in near if n.axis == "lanes" and n.ratios.get("cycles", 1) < 1]
    if faster:
        yield f"For time: {min(faster, key=lambda n: n.ratios['cycles'])}."


def explain(row: Row, rows: Sequence[Row], front: Sequence[str], n_seeds: int) -> dict[str, Any]:
    """Return what limits a point, sentence by sentence.

    Parameters
    ----------
    row : dict
        Of the point.
    rows : sequence of dict
        All points of its study.
    front : (str, str)
        The columns of the front.
    n_seeds : int
        Seeds behind an accuracy.

    Returns
    -------
    dict
        ``point``, ``values``; ``limits``, ``accuracy``, ``changes``, ``neighbours``: sentences;
        ``dominated_by``: ids of the points on which it is beaten in both columns of the front.
    """
    out = {"point": row["id"], "values": {axis: row[axis] for axis in PLACES}}
    if row.get("failure"):
        return out | {"limits": [f"There are no figures: {row['failure']}"], "accuracy": [],
                      "changes": [], "neighbours": [], "dominated_by": []}  # fmt: skip
    near = neighbours(row, rows, n_seeds)
    mine = scores(row, front)
    beaten_by = [
        other["id"]
        for other in rows
        if other.get("fits")
        and mine is not None
        and (theirs := scores(other, front)) is not None
        and dominates(theirs, mine)
    ]
    return out | {
        "limits": list(limits(row)),
        "accuracy": list(losses(row, n_seeds)),
        "changes": list(changes(row, near)),
        "neighbours": [str(n) for n in near],
        "dominated_by": beaten_by,
    }


def in_words(found: dict[str, Any], front: Sequence[str]) -> str:
    """Return what `explain` found as text."""
    values = ", ".join(f"{axis} {value}" for axis, value in found["values"].items())
    lines = [f"Point {found['point']}: {values}", *found["limits"], *found["accuracy"]]
    lines += found["changes"]
    if found["dominated_by"]:
        labels = " and ".join(COLUMNS[name].label for name in front)
        listed = ", ".join(map(str, found["dominated_by"][:8]))
        lines.append(f"In {labels} it is beaten by {len(found['dominated_by'])} points: {listed}.")
    lines += ["Neighbours:", *(f"  {words}" for words in found["neighbours"])]
    return "\n".join(lines)
