"""The Pareto front of two columns of a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hrsnn_edge.study.columns import COLUMNS


def dominates(a: Sequence[float], b: Sequence[float]) -> bool:
    """Return whether `a` is nowhere worse than `b` and somewhere better; greater is better."""
    return all(x >= y for x, y in zip(a, b, strict=True)) and tuple(a) != tuple(b)


def scores(row: dict[str, Any], columns: Sequence[str]) -> tuple[float, ...] | None:
    """Return the columns of a row such that greater is better; None where one is missing."""
    values = [row.get(name) for name in columns]
    if any(value is None for value in values):
        return None
    return tuple(COLUMNS[n].better * v for n, v in zip(columns, values, strict=True))


def pareto(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> list[int]:
    """Return the ids of the rows that no other row dominates, in the order of the first column.

    Points that do not fit their board are not on a front. Equal points are all on it.
    """
    known = [
        (row["id"], found)
        for row in rows
        if row.get("fits") and (found := scores(row, columns)) is not None
    ]
    front = [p for p in known if not any(dominates(q[1], p[1]) for q in known)]
    return [name for name, _ in sorted(front, key=lambda p: (-p[1][0], p[0]))]


def spread(ids: Sequence[int], most: int) -> list[int]:
    """Return at most `most` of the ids, both ends among them, at even distances; 0 is no limit.

    >>> spread([4, 7, 1, 9, 2], 3), spread([4, 7], 3), spread([4, 7], 0), spread([4, 7], 1)
    ([4, 1, 2], [4, 7], [4, 7], [4])
    """
    if not 0 < most < len(ids):
        return list(ids)
    return [ids[round(k * (len(ids) - 1) / max(most - 1, 1))] for k in range(most)]
