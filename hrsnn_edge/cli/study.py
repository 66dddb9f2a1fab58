"""``hrsnn study``: what if it had fewer bits, fewer synapses, another board?"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hrsnn_edge.cli.common import (
    Json,
    Quiet,
    Seed,
    Verbose,
    emit,
    log,
    set_verbosity,
    table,
    write_provenance,
)

if TYPE_CHECKING:
    from hrsnn_edge.study.plan import Plan

#: Columns of the front that are printed.
PRINTED = ("id", "n_neurons", "method", "sparsity", "weight_width", "lanes", "board", "accuracy",
           "accuracy_sd", "sop", "cycles", "latency_ms", "memory_kbit", "fmax_mhz")  # fmt: skip


class Build(StrEnum):
    """Which points are placed and routed."""

    front = "front"
    none = "none"
    all = "all"


def verb(
    study: Annotated[Path, typer.Argument(help="Study file (TOML).")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder; default: runs/NAME.")
    ] = None,
    build: Annotated[Build, typer.Option(help="Points to place and route.")] = Build.front,
    explain: Annotated[
        str | None,
        typer.Option(metavar="POINT", help="Say what limits a point: number or axis=value,..."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes; default: the study's.")
    ] = None,
    dask: Annotated[str | None, typer.Option(help="Address of a Dask scheduler.")] = None,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Measure every point of a study: accuracy, work, time, room; place the best; compare.

    A killed study goes on where it stopped. OUTPUT gets study.json, study.parquet, study.svg and
    study.html, a page to explore.
    """
    from hrsnn_edge.study.plan import load_study

    set_verbosity(verbose, quiet)
    plan = load_study(study)
    changes: dict[str, Any] = {"n_jobs": jobs, "dask": dask}
    if seed is not None:
        changes["seeds"] = tuple(range(seed, seed + len(plan.study.seeds)))
    plan = plan.with_settings({k: v for k, v in changes.items() if v is not None})
    folder = output or Path("runs") / plan.study.name
    if explain is not None:
        _explain(folder, explain, json)
        return
    _measure(plan, study, folder, build, json)


def _measure(plan: Plan, source: Path, folder: Path, build: Build, as_json: bool) -> None:
    """Run a study and write what it found."""
    import time

    from hrsnn_edge.errors import ToolMissingError
    from hrsnn_edge.files import write_atomic
    from hrsnn_edge.flow.store import default_store, write_json
    from hrsnn_edge.report.html import standalone
    from hrsnn_edge.study import output
    from hrsnn_edge.study.front import pareto
    from hrsnn_edge.study.run import run_study

    def say(line: str) -> None:
        log.print(line, soft_wrap=True)

    begin = time.monotonic()
    rows = run_study(plan, default_store(), folder, say, build.value)
    front = plan.study.front
    best = pareto(rows, front)
    found = {
        "study": plan.study.name,
        "points": len(rows),
        "failed": [row["id"] for row in rows if row.get("failure")],
        "front_columns": front,
        "front": best,
        "seeds": plan.study.seeds,
        "seconds": round(time.monotonic() - begin, 1),
        "output": folder,
    }
    path = folder / "study.json"
    write_json(path, found | {"rows": rows})
    write_provenance(path, plan.study.seeds[0], [source])
    write_atomic(folder / "study.svg", standalone(output.picture(rows, front)).encode())
    command = f"hrsnn study {source}"
    write_atomic(
        folder / "study.html",
        output.page(plan.study.name, rows, front, plan.in_words(), command).encode(),
    )
    try:
        write_atomic(folder / "study.parquet", output.parquet_bytes(rows))
    except ToolMissingError as error:
        log.print(str(error))
    shown = [row for row in rows if row["id"] in best]
    text = table([{n: row.get(n) for n in PRINTED} for row in shown])
    emit(
        found | {"rows": [row for row in rows if row["id"] in best]},
        as_json,
        f"{len(rows)} points, {len(best)} on the front of {' and '.join(front)}\n{text}\n{folder}",
    )


def _explain(folder: Path, point: str, as_json: bool) -> None:
    """Say what limits a point of a study that was measured."""
    import json

    from hrsnn_edge.errors import ExperimentError
    from hrsnn_edge.study.explain import explain, find, in_words

    path = folder / "study.json"
    if not path.exists():
        raise ExperimentError(f"{path}: must be there. Run the study without --explain first.")
    found = json.loads(path.read_text())
    rows, front = found["rows"], found["front_columns"]
    answer = explain(find(rows, point), rows, front, len(found["seeds"]))
    emit(answer, as_json, in_words(answer, front))
