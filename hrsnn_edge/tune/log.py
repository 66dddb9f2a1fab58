"""The log of a search: one JSON object a line, safe against a kill at any moment."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from hrsnn_edge.errors import ExperimentError

_logger = logging.getLogger(__name__)

#: Version of the format; the first line of a log carries it.
VERSION = 1


@dataclass(frozen=True)
class SearchLog:
    """A search log: what it began with, what it holds, and how to add to it.

    Attributes
    ----------
    path : Path or None
        The file; None for a search that is not logged.
    header : dict
        What the search was begun with.
    records : tuple of dict
        Observations found in the file when it was opened.
    """

    path: Path | None
    header: dict
    records: tuple[dict, ...] = ()

    @classmethod
    def open(cls, path: Path | str | None, header: dict) -> SearchLog:
        """Return the log at `path`, begun with `header` if there is none yet.

        A last line without its end is what a kill in the middle of a write leaves: it is cut off
        and reported through `logging`. A log of another search is refused, but its batch size
        stands whatever `header` says, so a search may be continued with other resources.
        """
        header = {"log": "hrsnn-edge search", "version": VERSION, **header}
        if path is None:
            return cls(None, header)
        path = Path(path)
        lines = _whole_lines(path) if path.exists() else []
        if not lines:
            path.parent.mkdir(parents=True, exist_ok=True)
            log = cls(path, header)
            log.append(header)
            return log
        found = _parse(path, lines)
        _check_same(path, found[0], header)
        _check_indices(path, found[1:])
        return cls(path, found[0], tuple(found[1:]))

    def append(self, record: dict) -> None:
        """Add one line and return when it is on the disk."""
        if self.path is None:
            return
        with self.path.open("ab") as file:
            file.write((json.dumps(record, allow_nan=False) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())


def best_score(path: Path) -> float:
    """Return the greatest score that a log holds, minus infinity for none or no log.

    For progress only: what `SearchLog.open` would refuse is passed over.
    """
    best = float("-inf")
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            score = json.loads(line).get("score")
        except (ValueError, AttributeError):
            continue
        best = max(best, float("-inf") if score is None else score)
    return best


def _whole_lines(path: Path) -> list[bytes]:
    """Return the lines of the file that have their end; cut off a torn one."""
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        _logger.warning(
            "%s: the last line was cut short by an interruption; it is discarded "
            "and its evaluation is repeated",
            path,
        )
        with path.open("r+b") as file:
            file.truncate(whole)
            os.fsync(file.fileno())
    return data[:whole].splitlines()


def _parse(path: Path, lines: list[bytes]) -> list[dict]:
    """Return the objects of the lines, or raise `ExperimentError` that names the bad one."""
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(json.loads(line))
        except ValueError as error:
            raise ExperimentError(
                f"{path}, line {number}: must be a JSON object. Remove the line, or the file to "
                f"start the search again."
            ) from error
    return found


def _check_same(path: Path, found: dict, wanted: dict) -> None:
    """Raise `ExperimentError` unless the log was begun by the same search."""
    for key, value in wanted.items():
        if key != "batch" and found.get(key) != value:
            raise ExperimentError(
                f"{path}: {key} must be {value!r}, not {found.get(key)!r}. This is the log of "
                f"another search; give another path, or remove it to start again."
            )


def _check_indices(path: Path, records: list[dict]) -> None:
    """Raise `ExperimentError` if an evaluation stands in the log twice."""
    seen = [r.get("index") for r in records]
    if len(set(seen)) != len(seen):
        twice = next(i for k, i in enumerate(seen) if i in seen[:k])
        raise ExperimentError(
            f"{path}: evaluation {twice} must stand once, not twice. Two searches wrote to this "
            f"log; remove it to start again."
        )
