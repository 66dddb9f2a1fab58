"""Rows of the papers' tables that a part of the toolchain must be there for."""

from __future__ import annotations

from importlib.util import find_spec

from hrsnn_edge.reproduce.table import Row


def without_backprop() -> str:
    """Return why a network trained by backpropagation is not measured."""
    if find_spec("torch") is None:
        return "needs the extra [backprop]"
    return "not in this table yet"


def without_clusters() -> str:
    """Return why a clustered network is not measured."""
    return "not in this table yet"


def missing_rows(names, why: str) -> list[Row]:
    """Return rows that say why they are empty."""
    return [Row(name, missing=why) for name in names]
