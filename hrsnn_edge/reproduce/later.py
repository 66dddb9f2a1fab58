"""Rows of the papers' tables that a part of the toolchain must be there for."""

from __future__ import annotations

from importlib.util import find_spec

from hrsnn_edge.reproduce.table import Row


def without_backprop() -> str:
    """Return why a network trained by backpropagation cannot be measured, or ''."""
    if find_spec("torch") is None:
        return "needs the extra [backprop]"
    return "" if find_spec("hrsnn_edge.model.backprop") else "backpropagation is not built yet"


def without_clusters() -> str:
    """Return why a clustered network cannot be measured, or ''."""
    return "" if find_spec("hrsnn_edge.model.clusters") else "clustered networks are not built yet"


def missing_rows(names, why: str) -> list[Row]:
    """Return rows that say why they are empty; none when nothing is missing."""
    return [Row(name, missing=why) for name in names] if why else []
