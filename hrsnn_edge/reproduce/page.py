"""The page of results: one section a table, written by the command that stands in it.

A section that is measured again replaces itself; the others stay as they are, with the date and
commit they were measured at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from hrsnn_edge.errors import DataError
from hrsnn_edge.files import write_atomic
from hrsnn_edge.flow.store import commit
from hrsnn_edge.reproduce.plot import draw
from hrsnn_edge.reproduce.run import Result
from hrsnn_edge.reproduce.statistics import Paired, paired, spread
from hrsnn_edge.reproduce.table import Metric, Plot, Row

HEAD = """# Results

Written by `hrsnn reproduce ... --write docs/results.md`, never by hand; each section says which
command and at which commit. Mean ± standard deviation over seeds. Nothing is chosen on a test part.
In square brackets: the published number and the confidence of its cell, A legible, B label
restored, C recalled. A gate that fails is a result and stays. "against": difference to the row
named, ratio, wins of the seeds, and p of the paired t test. G3, G4 and G5 of tables I, III and
sizes are judged without optimising the distributions, those of regimes with both ends optimised.

"""
_SECTION = re.compile(r"^## ", re.MULTILINE)
_VERDICT = re.compile(r"^\* \*\*(G\d+|BO): (.*?)\*\* (.*)$", re.MULTILINE)


def section(result: Result, command: str, plots: Iterable[str] = ()) -> str:
    """Return the section of a measured table in Markdown.

    Parameters
    ----------
    result : Result
        What was measured.
    command : str
        What to type to measure it.
    plots : iterable of str
        Links to its plots.
    """
    table = result.table
    out = [f"## {table.name}: {table.title}", "", table.shows, "", f"`{command}`", ""]
    out += [verdict_line(v) for v in result.verdicts()] + ([""] if table.gates else [])
    maps = [plot for plot in table.plots if plot.kind == "map"]
    for rows in [matrix(result, plot) for plot in maps] or [table_rows(result)]:
        out += [*grid(rows), ""]
    against = pair_rows(result)
    if len(against) > 1:
        out += [*grid(against), ""]
    out += [f"![{table.title}]({link})\n" for link in plots]
    out.append(stamp(f"{len(result.seeds)} seeds, {result.seeds[0]} to {result.seeds[-1]}"))
    return "\n".join(out)


def stamp(words: str) -> str:
    """Return the last line of a section: what was run, when, at which commit."""
    return f"{words}; measured on {date.today().isoformat()} at commit {commit()}.\n"


def verdict_line(verdict: dict) -> str:
    """Return one gate in words."""
    said = {True: "pass", False: "fail", None: "reported"}[verdict["passed"]]
    return f"* **{verdict['gate']}: {said}** {verdict['claim']}: {verdict['found']}"


def table_rows(result: Result) -> list[list[str]]:
    """Return heading and rows: means with deviations, published numbers in brackets beside."""
    metrics = result.table.metrics
    out = [["", *(m.label for m in metrics)]]
    for row in result.rows[0]:
        cells = []
        for m in metrics:
            ours = "" if row.missing else _mean(result, row, m)
            printed = "; ".join(map(str, result.table.published.get((row.name, m.key), ())))
            cells.append(f"{ours} [{printed}]".strip() if printed else ours)
        out.append([f"{row.name}: {row.missing}" if row.missing else row.name, *cells])
    return out


def matrix(result: Result, plot: Plot) -> list[list[str]]:
    """Return the means of a map: lines from the greatest y down, columns from the least x up."""
    metric = next(m for m in result.table.metrics if m.key == plot.metric)
    cells = {
        (row.x, row.y): spread(result.column(row.name, plot.metric)).mean
        for row in result.rows[0]
        if row.x is not None and row.y is not None
    }
    xs, ys = sorted({x for x, _ in cells}), sorted({y for _, y in cells}, reverse=True)
    head = [f"{metric.label}; {plot.y_label} down, {plot.x_label} across", *(f"{x:g}" for x in xs)]
    return [head, *([f"{y:g}", *(f"{cells[x, y]:.{metric.digits}f}" for x in xs)] for y in ys)]


def pair_rows(result: Result) -> list[list[str]]:
    """Return heading and one line for each row that is paired with another."""
    contests = [m for m in result.table.metrics if m.better]
    out = [["row", "against", *(m.label for m in contests)]]
    for row in result.rows[0]:
        if not row.versus or row.missing:
            continue
        cells = []
        for m in contests:
            a, b = result.column(row.name, m.key), result.column(row.versus, m.key)
            cells.append(_pair(paired(a, b, m.better), m))
        out.append([row.name, row.versus, *cells])
    return out


def _mean(result: Result, row: Row, metric: Metric) -> str:
    """Return mean and deviation of a figure."""
    found = spread(result.column(row.name, metric.key))
    if not found.n:
        return "-"
    short = f" (n = {found.n})" if found.n < len(result.seeds) else ""
    return f"{found.mean:.{metric.digits}f} ± {found.sd:.{metric.digits}f}{short}"


def _pair(found: Paired, metric: Metric) -> str:
    """Return difference, ratio, wins and p of a pair of rows."""
    if not found.n:
        return "-"
    p = "" if np.isnan(found.t_p) else f", p {found.t_p:.2g}"
    ratio = "" if np.isnan(found.ratio) else f", x{found.ratio:.2f}"
    return f"{found.difference:+.{metric.digits}f}{ratio}, {found.wins}/{found.n}{p}"


def grid(rows: list[list[str]]) -> list[str]:
    """Return rows, the first a heading, as the lines of a Markdown table."""
    lines = ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]
    return [lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]


def write_plots(result: Result, page: Path) -> list[str]:
    """Write the plots of a table beside the page and return the links to them."""
    folder = page.with_suffix("")
    links = []
    for k, plot in enumerate(result.table.plots):
        name = f"{result.table.name}{'-' + str(k + 1) if k else ''}.svg"
        write_atomic(folder / name, draw(result, plot).encode())
        links.append(f"{folder.name}/{name}")
    return links


def read_sections(page: Path, order: Sequence[str]) -> dict[str, str]:
    """Return the sections of a page by name; none if it is not there.

    Parameters
    ----------
    order : sequence of str
        Names of all tables.

    Raises
    ------
    DataError
        The page has a section of no table: writing it again would lose that.
    """
    old = _SECTION.split(page.read_text())[1:] if page.exists() else []
    found = {text.split(":", 1)[0]: f"## {text}" for text in old}
    strange = [name for name in found if name not in order]
    if strange:
        raise DataError(
            f"{page}: sections must be of tables of this version, not {', '.join(strange)}. "
            "Remove them if their tables are gone; else write with the version that has them."
        )
    return found


def update(page: Path, sections: dict[str, str], order: Sequence[str]) -> None:
    """Write the page with new sections in place of those of the same name.

    Parameters
    ----------
    page : Path
        Markdown; made if it is not there.
    sections : dict
        Text by name, as `section` returns it.
    order : sequence of str
        Names of all tables.

    Raises
    ------
    DataError
        As `read_sections`.
    """
    found = read_sections(page, order) | sections
    body = "\n".join(found[name].rstrip("\n") + "\n" for name in order if name in found)
    write_atomic(page, (HEAD + gate_list(body) + body).encode())


def gate_list(body: str) -> str:
    """Return one line for each gate that the sections decide, those with numbers in their order.

    A line names its section: some gates are judged in more than one.
    """
    verdicts = [
        [gate, verdict, text.split(":", 1)[0], claim]
        for text in _SECTION.split(body)[1:]
        for gate, verdict, claim in _VERDICT.findall(text)
    ]
    if not verdicts:
        return ""
    verdicts.sort(key=lambda v: int(v[0][1:] if v[0][0] == "G" else 99))
    return "\n".join(grid([["gate", "verdict", "table", "claim: found"], *verdicts])) + "\n\n"
