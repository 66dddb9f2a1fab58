"""Jobs on workers that may be killed: only the job of a killed worker is lost, and it is named.

A job leaves a mark while it runs. When a worker dies, all running jobs die with it, but those
that are marked are the only suspects: each is run again alone, and the one that dies again is
given up.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hrsnn_edge.errors import WorkerLostError
from hrsnn_edge.parallel import run_parallel

#: Least time between two lines of progress [s].
LINE_SECONDS = 2.0


@dataclass(frozen=True)
class Workers:
    """Who does the jobs.

    Attributes
    ----------
    n_jobs : int
        At a time.
    dask : str
        Address of a cluster; empty for this machine.
    marks : Path
        Folder for the marks, which the workers see.
    """

    n_jobs: int
    dask: str
    marks: Path

    def run(
        self,
        function: Callable[..., Any],
        jobs: dict[str, tuple],
        on_lost: Callable[[list[str]], None],
    ) -> Iterator[tuple[str, Any]]:
        """Yield name and result of each job as it ends; None for one whose worker is killed twice.

        Parameters
        ----------
        function : callable
            Takes the arguments of a job; picklable.
        jobs : dict
            Arguments by name.
        on_lost : callable
            Told the names of the jobs that ran when a worker was killed.
        """
        left = dict(jobs)
        suspects: list[str] = []
        self.marks.mkdir(parents=True, exist_ok=True)
        marks = Path(tempfile.mkdtemp(dir=self.marks, prefix=".marks."))
        try:
            while left.keys() - set(suspects):
                calls = [
                    (function, marks, n, args) for n, args in left.items() if n not in suspects
                ]
                try:
                    for name, result in run_parallel(_marked, calls, self.n_jobs, self.dask):
                        del left[name]
                        yield name, result
                except WorkerLostError:
                    lost = [n for n in left if (marks / n).exists() and n not in suspects]
                    if not lost:
                        raise
                    suspects += lost
                    on_lost(lost)
            for name in suspects:
                yield name, self._alone(function, marks, name, left[name])
        finally:
            shutil.rmtree(marks, ignore_errors=True)

    def _alone(self, function, marks: Path, name: str, args: tuple) -> Any:
        """Run one job in a process of its own; None when that is killed too."""
        try:
            return next(run_parallel(_marked, [(function, marks, name, args)], 1, self.dask, True))[
                1
            ]
        except WorkerLostError:
            return None


def _marked(function, marks: Path, name: str, args: tuple) -> tuple[str, Any]:
    """Run a job under its mark."""
    mark = marks / name
    mark.touch()
    result = function(*args)
    mark.unlink(missing_ok=True)
    return name, result


@dataclass
class Countdown:
    """Says how many jobs of one kind are done and how long the rest will take."""

    say: Callable[[str], None]
    kind: str
    total: int
    clock: Callable[[], float] = time.monotonic
    done: int = 0
    started: float = field(init=False)
    last: float = field(init=False, default=float("-inf"))

    def __post_init__(self):
        """Start the clock."""
        self.started = self.clock()

    def step(self, words: str) -> None:
        """Count a job; a line is said at most every `LINE_SECONDS`, and with the last job."""
        self.done += 1
        now = self.clock()
        if self.done < self.total and now - self.last < LINE_SECONDS:
            return
        self.last = now
        left = (now - self.started) / self.done * (self.total - self.done)
        rest = f", {duration(left)} left" if self.done < self.total else ""
        self.say(f"  {self.kind} {self.done}/{self.total}: {words}{rest}")


def duration(seconds: float) -> str:
    """Return a time in words.

    >>> duration(7.6), duration(131), duration(7260)
    ('8 s', '2 min 11 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
