"""All tables by name, in the order of the page, and which of them a name or gate means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from hrsnn_edge.reproduce.efficiency import TABLE_III
from hrsnn_edge.reproduce.forecasting import TABLE_V
from hrsnn_edge.reproduce.images import TABLE_IV
from hrsnn_edge.reproduce.importance import SAGE
from hrsnn_edge.reproduce.memory import MEMORY
from hrsnn_edge.reproduce.plasticity import PLASTICITY
from hrsnn_edge.reproduce.pruning import EVOLUTION, PRUNING
from hrsnn_edge.reproduce.searched import MOST_MEMORY, OBJECTIVE_TABLE
from hrsnn_edge.reproduce.separation import DENSITY, RANK
from hrsnn_edge.reproduce.speech import LIMITED, SIZES, TABLE_I
from hrsnn_edge.reproduce.table import Table

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        TABLE_I,
        TABLE_III,
        TABLE_IV,
        TABLE_V,
        MEMORY,
        PLASTICITY,
        RANK,
        SAGE,
        DENSITY,
        OBJECTIVE_TABLE,
        MOST_MEMORY,
        SIZES,
        LIMITED,
        PRUNING,
        EVOLUTION,
    )
}


def select(names: Iterable[str]) -> list[Table]:
    """Return the tables that names, gates (``G3``) or ``all`` mean, each once, in order.

    Raises
    ------
    ValueError
        For a name that is neither.
    """
    wanted = set()
    for name in names:
        meant = [
            table
            for table in TABLES.values()
            if name in ("all", table.name) or name in {gate.name for gate in table.gates}
        ]
        if not meant:
            near = difflib.get_close_matches(name, TABLES, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"Table must be one of {', '.join(TABLES)}, a gate or 'all', not {name!r}.{hint}"
            )
        wanted |= {table.name for table in meant}
    return [table for name, table in TABLES.items() if name in wanted]
