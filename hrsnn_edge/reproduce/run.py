"""Measuring a table over seeds, each seed kept in the store, and judging what was found."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from hrsnn_edge.errors import DataError
from hrsnn_edge.flow.store import Store, sha256_file, write_json
from hrsnn_edge.reproduce.statistics import paired, spread
from hrsnn_edge.reproduce.table import Place, Row, Table
from hrsnn_edge.reproduce.version import code_version


@dataclass(frozen=True, eq=False)
class Result:
    """A table that was measured.

    Attributes
    ----------
    table : Table
        Which.
    seeds : tuple of int
        In the order of the values.
    settings : Any
        What it was measured with.
    rows : tuple of tuple of Row
        By seed; every seed has the same names in the same order.
    """

    table: Table
    seeds: tuple[int, ...]
    settings: Any
    rows: tuple[tuple[Row, ...], ...]

    def column(self, name: str, key: str) -> np.ndarray:
        """Return a figure of a row over the seeds, (n,); NaN where it was not measured."""
        index = self.names.index(name)
        return np.array([seed[index].figures.get(key, np.nan) for seed in self.rows], float)

    @property
    def names(self) -> list[str]:
        """The rows in their order."""
        return [row.name for row in self.rows[0]]

    def verdicts(self) -> list[dict[str, Any]]:
        """Return name, claim, verdict (None: reported only) and finding of each gate."""
        found = []
        for gate in self.table.gates:
            passed, finding = gate.judge(self.column)
            verdict = None if passed is None else bool(passed)
            found.append(
                {"gate": gate.name, "claim": gate.claim, "passed": verdict, "found": finding}
            )
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; numbers that are not finite become None."""
        return _finite(
            {
                "table": self.table.name,
                "title": self.table.title,
                "seeds": list(self.seeds),
                "settings": asdict(self.settings),
                "rows": [self._row(k) for k in range(len(self.names))],
                "gates": self.verdicts(),
            }
        )

    def _row(self, index: int) -> dict[str, Any]:
        """Return one row over all seeds: figures, what it is paired with, what was published."""
        row, table = self.rows[0][index], self.table
        out: dict[str, Any] = {"row": row.name, "figures": {}, "published": {}}
        out |= {k: v for k in ("x", "y", "series", "missing") if (v := getattr(row, k))}
        if row.versus:
            out["versus"] = {"row": row.versus, "figures": {}}
        for metric in table.metrics:
            if metric.key in row.figures:
                values = self.column(row.name, metric.key)
                out["figures"][metric.key] = asdict(spread(values)) | {"values": values.tolist()}
                if row.versus:
                    pair = paired(values, self.column(row.versus, metric.key), metric.better)
                    out["versus"]["figures"][metric.key] = asdict(pair)
            if (row.name, metric.key) in table.published:
                printed = table.published[row.name, metric.key]
                out["published"][metric.key] = [asdict(number) for number in printed]
        return out


def measure_table(
    table: Table,
    seeds: Sequence[int],
    place: Place,
    *,
    full: bool = False,
    jobs: int = 2,
    say: Callable[[str], None] = lambda line: None,
) -> Result:
    """Measure a table for each seed that the store does not hold yet.

    Parameters
    ----------
    table : Table
        Which.
    seeds : sequence of int
        At least 1, all different.
    place : Place
        Data and store. A killed run goes on after its last finished seed.
    full : bool
        The full sizes instead of the scaled ones.
    jobs : int
        Processes.
    say : callable
        Called with a line as each seed ends.

    Raises
    ------
    DataError
        When a data file of the table is not there.
    """
    if not seeds or len(set(seeds)) != len(seeds):
        raise ValueError(f"Seeds must be at least 1 and all different, not {list(seeds)}")
    settings = table.full if full else table.scaled
    inputs = {"settings": settings, "files": _hashes(table, place.data)}
    source = code_version(table.measure.__module__)
    work = [
        delayed(_measured)(
            table.name, table.measure, settings, place, {**inputs, "seed": s}, source
        )
        for s in seeds
    ]
    found = {}
    for seed, rows, cached in Parallel(n_jobs=min(jobs, len(work)), return_as="generator")(work):
        found[seed] = rows
        say(f"{table.name}: seed {seed} {'was there' if cached else 'measured'}")
    return Result(table, tuple(seeds), settings, tuple(found[s] for s in seeds))


def _measured(name, measure, settings, place: Place, inputs, source):
    """Return the seed, its rows, and whether they came from the store."""
    seed, cached = inputs["seed"], []

    def work(folder: Path) -> None:
        rows = measure(seed, settings, place)
        write_json(folder / "rows.json", [asdict(row) for row in rows])

    folder = place.store.run(
        f"reproduce-{name}", inputs, work, lambda: cached.append(True), source=source
    )
    rows = json.loads((folder / "rows.json").read_text())
    return seed, tuple(Row(**row) for row in rows), bool(cached)


def _hashes(table: Table, folder: Path) -> dict[str, str]:
    """Return the hash of each data file of a table."""
    for name in table.files:
        if not (folder / name).is_file():
            raise DataError(
                f"{folder / name}: must be there for table {table.name!r}. Set HRSNN_DATA or "
                "--data to the folder of data sets."
            )
    return {name: sha256_file(folder / name) for name in table.files}


def _finite(value: Any) -> Any:
    """Return nested plain values with None for every number that is not finite."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def local_place(data: Path, store: Store) -> Place:
    """Return absolute folders, since other processes may stand elsewhere."""
    return Place(data.resolve(), Store(store.root.resolve()))
