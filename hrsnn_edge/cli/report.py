"""``hrsnn report``: one HTML file about a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrsnn_edge.cli.common import (
    Json,
    Quiet,
    Verbose,
    emit,
    set_verbosity,
)


def verb(
    run: Annotated[Path, typer.Argument(help="Folder of `hrsnn run`.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="HTML file; default: in the folder.")
    ] = None,
    png: Annotated[
        Path | None, typer.Option(help="Picture of its top too; needs Chromium.")
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Render the record of a run again."""
    from hrsnn_edge.files import write_atomic
    from hrsnn_edge.flow.run import RECORD, TRACES
    from hrsnn_edge.report.html import render
    from hrsnn_edge.report.record import record_from_bytes
    from hrsnn_edge.report.summary import summary
    from hrsnn_edge.report.traces import traces_from_bytes

    set_verbosity(verbose, quiet)
    record = record_from_bytes((run / RECORD).read_bytes())
    traces = traces_from_bytes((run / TRACES).read_bytes())
    path = output or run / "report.html"
    html = render(record, traces)
    write_atomic(path, html.encode())
    if png is not None:
        from hrsnn_edge.report.picture import screenshot

        write_atomic(png, screenshot(html, height=1000)[0])
    emit({"report": path, "png": png}, json, summary(record, str(path)))
