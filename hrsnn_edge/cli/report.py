"""``hrsnn report``: one HTML file about a run, or about what two runs differ in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrsnn_edge.cli.common import (
    Json,
    Quiet,
    Seed,
    Verbose,
    emit,
    set_verbosity,
    write_provenance,
)


def verb(
    run: Annotated[Path | None, typer.Argument(help="Folder of `hrsnn run`.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="HTML file; default: in the folder.")
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="Two run folders or record files: what changed, and by how much."),
    ] = None,
    png: Annotated[
        Path | None, typer.Option(help="Picture of its top too; needs Chromium.")
    ] = None,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Render the record of a run again, or compare two runs."""
    from hrsnn_edge.files import write_atomic
    from hrsnn_edge.flow.run import RECORD

    set_verbosity(verbose, quiet)
    if (run is None) == (compare is None):
        raise typer.BadParameter("give the folder of a run, or --compare A B")
    page, path, found, text = _comparison(*compare) if compare else _report(run)
    path = output or path
    write_atomic(path, page.encode())
    write_provenance(path, seed, list(compare or [run / RECORD]))
    if png is not None:
        from hrsnn_edge.report.picture import screenshot

        write_atomic(png, screenshot(page, height=1000)[0])
    emit({"report": path, "png": png} | found, json, f"{text}{'Report':<10}{path}")


def _report(run: Path) -> tuple[str, Path, dict, str]:
    """Return the page of a run, its default path, and what is printed."""
    from hrsnn_edge.flow.run import RECORD, REPORT, TRACES
    from hrsnn_edge.report.html import render
    from hrsnn_edge.report.record import record_from_bytes
    from hrsnn_edge.report.summary import summary
    from hrsnn_edge.report.traces import traces_from_bytes

    record = record_from_bytes((run / RECORD).read_bytes())
    traces = traces_from_bytes((run / TRACES).read_bytes())
    return render(record, traces), run / REPORT, {}, summary(record)


def _comparison(a: Path, b: Path) -> tuple[str, Path, dict, str]:
    """Return the page about two runs, its default path, and what is printed."""
    from hrsnn_edge.flow.run import RECORD
    from hrsnn_edge.report.compare import compare, compare_table
    from hrsnn_edge.report.html import render_comparison
    from hrsnn_edge.report.record import record_from_bytes

    files = [path / RECORD if path.is_dir() else path for path in (a, b)]
    found = compare(*(record_from_bytes(f.read_bytes()) for f in files), (str(a), str(b)))
    path = files[1].parent / "compare.html"
    return render_comparison(found), path, found.to_json(), compare_table(found)
