"""All tables by name, in the order of the page, and which of them a name or gate means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from hrsnn_edge.reproduce.commands import COMMANDS, Command
from hrsnn_edge.reproduce.efficiency import TABLE_III
from hrsnn_edge.reproduce.emg import EMG
from hrsnn_edge.reproduce.forecast_pruning import FORECAST_PRUNING, FORECAST_PRUNING_X
from hrsnn_edge.reproduce.forecasting import TABLE_V
from hrsnn_edge.reproduce.format import FORMAT
from hrsnn_edge.reproduce.images import TABLE_IV
from hrsnn_edge.reproduce.images_best import IMAGES_BEST
from hrsnn_edge.reproduce.importance import SAGE
from hrsnn_edge.reproduce.lorenz import LORENZ
from hrsnn_edge.reproduce.memory import MEMORY
from hrsnn_edge.reproduce.plasticity import PLASTICITY
from hrsnn_edge.reproduce.pruning import EVOLUTION, PRUNING
from hrsnn_edge.reproduce.regimes import REGIMES
from hrsnn_edge.reproduce.searched import MOST_MEMORY, OBJECTIVE_TABLE
from hrsnn_edge.reproduce.separation import DENSITY, RANK
from hrsnn_edge.reproduce.series import TABLE_SERIES
from hrsnn_edge.reproduce.speech import BACKPROP, LIMITED, SIZES, TABLE_I
from hrsnn_edge.reproduce.speech_best import BEST, BEST_BACKPROP
from hrsnn_edge.reproduce.speech_pruning import SPEECH_PRUNING
from hrsnn_edge.reproduce.speech_pruning_large import SPEECH_PRUNING_LARGE
from hrsnn_edge.reproduce.table import Table

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        TABLE_I,
        TABLE_III,
        TABLE_IV,
        TABLE_V,
        LORENZ,
        TABLE_SERIES,
        MEMORY,
        PLASTICITY,
        RANK,
        SAGE,
        DENSITY,
        OBJECTIVE_TABLE,
        FORMAT,
        MOST_MEMORY,
        BEST,
        BEST_BACKPROP,
        EMG,
        IMAGES_BEST,
        BACKPROP,
        SIZES,
        LIMITED,
        REGIMES,
        PRUNING,
        FORECAST_PRUNING,
        FORECAST_PRUNING_X,
        SPEECH_PRUNING,
        SPEECH_PRUNING_LARGE,
        EVOLUTION,
    )
}


#: Names in the order of the page.
ORDER = (*TABLES, *COMMANDS)


def listed() -> dict[str, str]:
    """Return the title of every section by name."""
    return {name: section.title for name, section in (TABLES | COMMANDS).items()}


def select(names: Iterable[str]) -> list[Table | Command]:
    """Return the sections that names, gates (``G3``) or ``all`` mean, each once, in order.

    Raises
    ------
    ValueError
        For a name that is neither.
    """
    sections = TABLES | COMMANDS
    gates = {name: {gate.name for gate in table.gates} for name, table in TABLES.items()}
    wanted = set()
    for name in names:
        meant = {s for s in ORDER if name in ("all", s) or name in gates.get(s, ())}
        if not meant:
            near = difflib.get_close_matches(name, ORDER, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"Table must be one of {', '.join(ORDER)}, a gate or 'all', not {name!r}.{hint}"
            )
        wanted |= meant
    return [sections[name] for name in ORDER if name in wanted]
