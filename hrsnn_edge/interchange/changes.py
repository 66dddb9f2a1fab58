"""The table of what an import or export changed, and by how much."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Change:
    """One parameter of one node that does not stand in the result as it stood in the source.

    Attributes
    ----------
    node, parameter : str
        Where it stood, by the names of the source.
    values : int
        How many values it has.
    before, after : (float, float)
        Least and greatest value.
    greatest : float
        Greatest absolute difference of a value.
    exact : bool
        Whether the network computes the same spikes all the same.
    reason : str
        What was done.
    """

    node: str
    parameter: str
    values: int
    before: tuple[float, float]
    after: tuple[float, float]
    greatest: float
    exact: bool
    reason: str

    def as_dict(self) -> dict:
        """Return plain values for JSON, which has no infinity: None stands for one."""
        found = asdict(self) | {"greatest": _finite(self.greatest)}
        spans = {key: [_finite(v) for v in found[key]] for key in ("before", "after")}
        return found | spans


def change(
    node: str, parameter: str, before, after, reason: str, *, exact: bool
) -> tuple[Change, ...]:
    """Return the row of one parameter, or nothing where no value changed.

    Parameters
    ----------
    before, after : array of float
        The values; they broadcast.
    """
    before, after = np.broadcast_arrays(
        np.asarray(before, np.float64), np.asarray(after, np.float64)
    )
    if before.size == 0 or np.array_equal(before, after):
        return ()
    row = Change(
        node,
        parameter,
        before.size,
        (float(before.min()), float(before.max())),
        (float(after.min()), float(after.max())),
        float(np.abs(after - before).max()),
        exact,
        reason,
    )
    return (row,)


def table(changes) -> list[str]:
    """Return the changes as lines of aligned text."""
    head = ("node", "parameter", "values", "before", "after", "greatest", "exact", "reason")
    rows = [
        (
            c.node,
            c.parameter,
            str(c.values),
            _span(c.before),
            _span(c.after),
            f"{c.greatest:.3g}",
            "yes" if c.exact else "no",
            c.reason,
        )
        for c in changes
    ]
    if not rows:
        return ["No parameter was changed."]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _span(pair: tuple[float, float]) -> str:
    low, high = pair
    return f"{low:.6g}" if low == high else f"{low:.6g} .. {high:.6g}"
