"""What a study leaves: its table as JSON and Parquet, a picture, and an interactive page."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from dataclasses import asdict
from importlib import resources
from typing import Any

from markupsafe import Markup

from hrsnn_edge.errors import ToolMissingError
from hrsnn_edge.flow.store import commit, plain
from hrsnn_edge.report.html import environment, stylesheet
from hrsnn_edge.report.svg import Axes, dots, drawing, frame, left_margin, line
from hrsnn_edge.study.columns import COLUMNS
from hrsnn_edge.study.front import pareto
from hrsnn_edge.study.plan import PLACES

#: Size of the picture [px].
WIDTH, HEIGHT = 860.0, 420.0
#: Share of a range that is left free on both sides of a plot.
ROOM = 0.06
#: Ticks of an axis, at most.
N_TICKS = 7


def table(rows: list[dict[str, Any]]) -> dict[str, list]:
    """Return the columns that have a value somewhere, by name; lists become text, or None."""
    out = {}
    for name in COLUMNS:
        values = [row.get(name) for row in rows]
        values = ["; ".join(v) or None if isinstance(v, list) else v for v in values]
        if any(value is not None for value in values):
            out[name] = values
    return out


def parquet_bytes(rows: list[dict[str, Any]]) -> bytes:
    """Return the table as a Parquet file; the labels stand in the fields' metadata.

    Raises
    ------
    ToolMissingError
        The writer is not installed.
    """
    try:
        from arro3.core import Array, DataType, Field, Schema, Table
        from arro3.io import write_parquet
    except ImportError as error:
        raise ToolMissingError(
            "arro3-io must be installed to write Parquet. It is in the extra: "
            "pip install 'hrsnn-edge[study]'."
        ) from error
    fields, arrays = [], []
    for name, values in table(rows).items():
        kinds = {type(value) for value in values if value is not None}
        kind = next(
            make()
            for python, make in (
                (str, DataType.utf8),
                (float, DataType.float64),
                (int, DataType.int64),
                (bool, DataType.bool),
            )
            if python in kinds
        )
        if kind == DataType.float64():
            values = [None if value is None else float(value) for value in values]
        fields.append(Field(name, kind, nullable=True, metadata={"label": COLUMNS[name].label}))
        arrays.append(Array(values, kind))
    buffer = io.BytesIO()
    write_parquet(Table.from_arrays(arrays, schema=Schema(fields)), buffer)
    return buffer.getvalue()


def picture(rows: list[dict[str, Any]], front: tuple[str, str]) -> Markup:
    """Return the plot of the two columns of the front, as inline SVG."""
    x, y = front
    known = [r for r in rows if r.get(x) is not None and r.get(y) is not None]
    if not known:
        return drawing(WIDTH, HEIGHT, "", "no point has figures")
    spans = [_span([r[name] for r in known]) for name in front]
    axes = Axes(*spans, WIDTH, HEIGHT, left=left_margin(*spans[1], N_TICKS))
    body = frame(axes, COLUMNS[x].label, COLUMNS[y].label, N_TICKS, N_TICKS)
    for css, fits in (("mark neutral", False), ("mark soft", True)):
        part = [r for r in known if bool(r.get("fits")) == fits]
        names = [f"point {r['id']}" for r in part]
        body += dots(axes, [r[x] for r in part], [r[y] for r in part], css, titles=names)
    best = [next(r for r in rows if r["id"] == k) for k in pareto(rows, front)]
    if best:
        best.sort(key=lambda r: (r[x], r[y]))
        body += line(axes, [r[x] for r in best], [r[y] for r in best], "trace inhibitory")
    return drawing(WIDTH, HEIGHT, body, f"{COLUMNS[y].label} against {COLUMNS[x].label}")


def _span(values: list[float]) -> tuple[float, float]:
    """Return a range around the values."""
    low, high = min(values), max(values)
    room = (high - low) * ROOM or abs(high) * ROOM or 1.0
    return (0.0 if low >= 0 > low - room else low - room), high + room


def page(
    name: str, rows: list[dict[str, Any]], front: tuple[str, str], lead: str, command: str
) -> str:
    """Return the interactive page: one HTML document that loads nothing.

    Parameters
    ----------
    name, lead, command : str
        Title, sentence below it, and what was typed.
    rows : list of dict
        Of `run.run_study`.
    front : (str, str)
        The columns shown first.
    """
    env = environment()
    folder = resources.files("hrsnn_edge.study").joinpath("templates")
    script = folder.joinpath("study.js").read_text()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    shown = table(rows)
    data = {
        "columns": {n: asdict(c) for n, c in COLUMNS.items() if n in shown},
        "rows": [{n: shown[n][k] for n in shown} for k in range(len(rows))],
        "front": front,
        "axes": list(PLACES),
    }
    # The text of a script element ends at the first "</", wherever it stands.
    text = json.dumps(data, default=plain, allow_nan=False).replace("<", "\\u003c")
    return env.from_string(folder.joinpath("study.html").read_text()).render(
        name=name,
        lead=lead,
        command=command,
        commit=commit(),
        tiles=tiles(rows, front),
        picture=picture(rows, front),
        style=Markup(stylesheet(env) + folder.joinpath("study.css").read_text()),
        script=Markup(script),
        script_hash=f"sha256-{digest}",
        data=Markup(text),
    )


def tiles(rows: list[dict[str, Any]], front: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the figures at the top of the page, each with its words."""
    measured = [row for row in rows if not row.get("failure")]
    built = [row for row in rows if row.get("fmax_mhz")]
    out = [
        (str(len(rows)), "points"),
        (str(sum(bool(row.get("fits")) for row in rows)), "fit their board, estimated"),
        (str(len(pareto(rows, front))), "on the Pareto front"),
    ]
    if built:
        out.append((str(len(built)), "placed and routed"))
    if len(measured) < len(rows):
        out.append((str(len(rows) - len(measured)), "without figures"))
    return out
