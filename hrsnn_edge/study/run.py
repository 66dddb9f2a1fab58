"""A study from its plan to its table: networks, then hardware, then builds, all resumable.

Every job stores what it found by what it depends on, so a study that was killed, or whose file
has grown, only does what is missing.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.flow.store import Store, source_hash, write_json
from hrsnn_edge.reproduce.version import code_version
from hrsnn_edge.study.front import pareto, spread
from hrsnn_edge.study.hardware import build_point, check_tools, estimate_point
from hrsnn_edge.study.jobs import Countdown, Workers
from hrsnn_edge.study.networks import (
    Bench,
    dataset,
    folds_of,
    measure_network,
    pruned,
    trained,
)
from hrsnn_edge.study.plan import Plan, Point
from hrsnn_edge.study.search import search

Say = Callable[[str], None]
#: What a point whose worker is killed twice says.
KILLED = "Worker must end by itself, not be killed. Give it more memory or fewer jobs at a time."


@dataclass
class Runner:
    """Does the jobs of one study.

    Attributes
    ----------
    plan : Plan
        The study.
    bench : Bench
        Store, and version of the code that networks depend on.
    workers : Workers
        Who does them.
    say : callable
        Takes a line of progress.
    networks : dict
        What was measured, by `Point.network`.
    """

    plan: Plan
    bench: Bench
    workers: Workers
    say: Say
    networks: dict[tuple, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan, store: Store, say: Say) -> Runner:
        """Return the runner of a plan."""
        bench = Bench(store, code_version("hrsnn_edge.study.networks"))
        # Workers on other machines see the store, not this one's folder for what is temporary.
        marks = store.root if plan.study.dask else Path(tempfile.gettempdir())
        return cls(plan, bench, Workers(plan.study.n_jobs, plan.study.dask, marks), say)

    def measure(self, points: Iterable[Point]) -> list[dict[str, Any]]:
        """Return the row of each point: its values, its network's figures, its hardware's."""
        points = list(points)
        fresh = {p.network: p for p in points if p.network not in self.networks}
        self._stations(list(fresh.values()))
        jobs = {
            str(p.id): (self.bench, self._experiments(p), self.plan.study.folds)
            for p in fresh.values()
        }
        by_id = {str(p.id): p for p in fresh.values()}
        for name, found in self._all("networks", measure_network, jobs):
            point = by_id[name]
            self.networks[point.network] = {"failure": KILLED} if found is None else found
        return self._estimate(points)

    def build(self, rows: list[dict[str, Any]], ids: Iterable[int], folder: Path) -> None:
        """Place and route some rows, and put what was found into them."""
        by_id = {row["id"]: row for row in rows}
        n_steps = int(dataset(self.bench, self.plan.experiment).train.events.n_steps.max())
        jobs = {
            str(k): (by_id[k]["network"], by_id[k]["board"], by_id[k]["lanes"], n_steps,
                     folder / str(k))
            for k in ids
        }  # fmt: skip
        for name, found in self._all("builds", build_point, jobs):
            by_id[int(name)] |= {"build": KILLED} if found is None else found

    def _experiments(self, point: Point) -> list[Experiment]:
        return [self.plan.experiment_of(point, seed) for seed in self.plan.study.seeds]

    def _stations(self, points: list[Point]) -> None:
        """Train and prune what several points share, so that no two workers do the same."""
        for kind, station, axes in (
            ("training", trained, ("n_neurons",)),
            ("pruning", pruned, ("n_neurons", "method", "sparsity")),
        ):
            jobs = {}
            for point in points:
                for index, experiment in enumerate(self._experiments(point)):
                    for fold in self._parts(index):
                        part = "all" if fold is None else f"without fold {fold}"
                        words = [f"{axis} {point.values[axis]}" for axis in axes]
                        name = ", ".join([*words, f"seed {experiment.seed}", part])
                        jobs.setdefault(name, (station, self.bench, experiment, fold))
            for _ in self._all(kind, _station, jobs):
                pass

    def _parts(self, index: int) -> list[int | None]:
        """Return the folds that a seed holds out, and None for the whole train part."""
        n_folds = dataset(self.bench, self.plan.experiment).n_folds
        return [*folds_of(n_folds, index, self.plan.study.folds), None]

    def _estimate(self, points: list[Point]) -> list[dict[str, Any]]:
        """Return the rows of points whose networks are measured."""
        rows = [{"id": p.id, **p.values, **self.networks[p.network]} for p in points]
        base = self.plan.experiment.with_seed(self.plan.study.seeds[0])
        bench = replace(self.bench, source=source_hash())
        jobs = {
            str(row["id"]): (bench, base, row, self.plan.study.cycle_samples)
            for row in rows
            if "failure" not in row
        }
        found = dict(self._all("estimates", _estimated, jobs))
        for row in rows:
            name = str(row["id"])
            if name in jobs:
                row |= {"failure": KILLED} if found[name] is None else found[name]
        return rows

    def _all(self, kind: str, function, jobs: dict[str, tuple]) -> Iterator[tuple[str, Any]]:
        """Yield the results of jobs, with progress."""
        countdown = Countdown(self.say, kind, len(jobs))

        def lost(names: list[str]) -> None:
            listed = "; ".join(names)
            self.say(f"  {kind}: a worker was killed at {listed}; each is tried again alone")

        for name, found in self.workers.run(function, jobs, lost):
            countdown.step(f"{name} given up: {KILLED}" if found is None else name)
            yield name, found


def _station(station, bench: Bench, experiment: Experiment, fold: int | None) -> str:
    """Run a station for what it leaves in the store."""
    return str(station(bench, experiment, fold))


def _estimated(bench: Bench, base: Experiment, row: dict[str, Any], samples: int) -> dict[str, Any]:
    """Return the hardware of a row, from the store if it is there."""
    network = Path(row["network"])
    inputs = {
        "network": network.parent.name,
        "counts": row["counts"],
        "board": row["board"],
        "lanes": row["lanes"],
        "samples": samples,
    }

    def work(folder: Path) -> None:
        events = dataset(bench, base).train.events
        found = estimate_point(row, row["board"], row["lanes"], events, samples)
        write_json(folder / "estimate.json", found)

    folder = bench.store.run("study-estimate", inputs, work, source=bench.source)
    return json.loads((folder / "estimate.json").read_text())


def run_study(plan: Plan, store: Store, folder: Path, say: Say, build: str) -> list[dict[str, Any]]:
    """Return the rows of a study, by id.

    Parameters
    ----------
    plan : Plan
        What to do.
    store : Store
        What is done already.
    folder : Path
        The study's; builds go below it.
    say : callable
        Takes a line of progress.
    build : str
        ``'front'``, ``'all'`` or ``'none'``: which points are placed and routed; of the front at
        most `Study.builds`.

    Raises
    ------
    ToolMissingError
        Something is to be built and a tool for it is not there; before any work.
    ToolFailedError
        A cluster is named and does not answer.
    """
    if build != "none":
        check_tools({point.values["board"] for point in plan.points})
    runner = Runner.of(plan, store, say)
    count = plan.study.search.evaluations if plan.study.search else len(plan.points)
    networks = len({point.network for point in plan.points})
    say(f"{count} of {len(plan.points)} points, {networks} networks, {len(plan.study.seeds)} seeds")
    rows = search(plan, runner.measure) if plan.study.search else runner.measure(plan.points)
    rows.sort(key=lambda row: row["id"])
    front = pareto(rows, plan.study.front)
    fitting = [row["id"] for row in rows if row.get("fits")]
    front = spread(front, plan.study.builds)
    chosen = {"front": front, "all": fitting, "none": []}[build]
    if chosen:
        runner.build(rows, chosen, folder / "builds")
    return rows
