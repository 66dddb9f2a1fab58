"""The plots of a table as SVG files that stand alone."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.report.svg import (
    Axes,
    dots,
    frame,
    left_margin,
    line,
    text,
    tick_labels,
    ticks,
)
from hrsnn_edge.reproduce.run import Result
from hrsnn_edge.reproduce.statistics import spread
from hrsnn_edge.reproduce.table import Plot

#: Colours of series, told apart without red and green.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#999999")
_STYLE = (
    "text{font:12px sans-serif;fill:#333}.end{text-anchor:end}.mid{text-anchor:middle}"
    ".grid{stroke:#ddd}.axis{stroke:#333}.mean{stroke:#333;stroke-width:2}polyline{fill:none;"
    "stroke-width:2}"
    + "".join(f".s{k}{{stroke:{c};fill:{c}}}polyline.s{k}{{fill:none}}" for k, c in
              enumerate(COLOURS))
)  # fmt: skip
_WIDTH, _ROW, _CELL = 640.0, 22.0, 36.0


def draw(result: Result, plot: Plot) -> str:
    """Return one plot of a measured table as an SVG document."""
    label = next(m.label for m in result.table.metrics if m.key == plot.metric)
    height, body = {"strip": _strip, "curve": _curve, "map": _map}[plot.kind](result, plot, label)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {height:g}" '
        f'width="{_WIDTH:g}" height="{height:g}" role="img"><title>{label}</title>'
        f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="#fff"/>{body}</svg>\n'
    )


def _measured(result: Result, metric: str):
    """Yield the first seed's row and the values over seeds of every row that has the figure."""
    for row in result.rows[0]:
        values = result.column(row.name, metric)
        if np.isfinite(values).any():
            yield row, values


def strip_range(values: np.ndarray) -> tuple[float, float]:
    """Return the ends of a strip's axis: from 0, but where all values lie far from it.

    Dots need no zero, unlike bars, and accuracies between 70 and 80 % would be one spot.
    """
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * ((high - low) or abs(high) or 1)
    return (low - margin if low > high / 2 else min(0.0, low)), high + margin


def _strip(result: Result, plot: Plot, label: str) -> tuple[float, str]:
    """Return a line for each row: a dot a seed, a bar at the mean."""
    rows = list(_measured(result, plot.metric))
    every = np.concatenate([v[np.isfinite(v)] for _, v in rows])
    low, high = strip_range(every)
    height = 70 + _ROW * len(rows)
    names = max(len(row.name) for row, _ in rows)
    axes = Axes(
        (low, high), (0, len(rows)), _WIDTH, height,
        left=12 + 6.6 * names, top=30, bottom=40,
    )  # fmt: skip
    base = axes.y(0)
    body = f'<path class="axis" d="M{axes.left:.1f} {base:.1f}H{_WIDTH - axes.right:.1f}"/>'
    marks = ticks(*axes.x_range)
    for value, mark in zip(marks, tick_labels(marks), strict=True):
        body += f'<path class="grid" d="M{axes.x(value):.1f} {axes.top:.1f}V{base:.1f}"/>'
        body += text(axes.x(value), base + 15, mark, "tick mid")
    body += text(_WIDTH - axes.right, base + 32, label, "label end")
    for k, (row, values) in enumerate(rows):
        y = len(rows) - k - 0.5
        body += text(axes.left - 8, axes.y(y) + 4, row.name, "tick end")
        body += dots(axes, values, np.full(values.size, y), "s0", 3)
        x, centre = axes.x(spread(values).mean), axes.y(y)
        body += f'<path class="mean" d="M{x:.1f} {centre - 8:.1f}v16"/>'
    return height, body


def _curve(result: Result, plot: Plot, label: str) -> tuple[float, str]:
    """Return means over x, one line a series, a dot for each seed."""
    rows = [(row, v) for row, v in _measured(result, plot.metric) if row.x is not None]
    places = np.array([np.log10(row.x) if plot.log_x else row.x for row, _ in rows])
    every = np.concatenate([v[np.isfinite(v)] for _, v in rows])
    margin = 0.06 * ((np.ptp(every)) or 1)
    y_range = (every.min() - margin, every.max() + margin)
    axes = Axes(
        (places.min(), places.max() + 1e-9), y_range, _WIDTH, 340, left=left_margin(*y_range) + 8,
        right=150, top=30, bottom=44,
    )  # fmt: skip
    x_label = f"log10 {plot.x_label}" if plot.log_x else plot.x_label
    body = frame(axes, x_label, label)
    for k, series in enumerate(dict.fromkeys(row.series for row, _ in rows)):
        css = f"s{k % len(COLOURS)}"
        mine = sorted(
            ((p, v) for p, (row, v) in zip(places, rows, strict=True) if row.series == series),
            key=lambda pair: pair[0],
        )
        body += line(axes, [p for p, _ in mine], [spread(v).mean for _, v in mine], css)
        for place, values in mine:
            values = values[np.isfinite(values)]
            body += dots(axes, np.full(values.size, place), values, css, 2.5)
        body += f'<rect class="{css}" x="{_WIDTH - 140}" y="{34 + 18 * k}" width="10" height="10"/>'
        body += text(_WIDTH - 124, 43 + 18 * k, series, "label")
    return 340.0, body


def _map(result: Result, plot: Plot, label: str) -> tuple[float, str]:
    """Return a grid of means, dark for great ones, with the number in each cell."""
    rows = [(row, spread(v).mean) for row, v in _measured(result, plot.metric)]
    rows = [(row, mean) for row, mean in rows if row.x is not None and row.y is not None]
    columns = sorted({row.x for row, _ in rows})
    lines = sorted({row.y for row, _ in rows}, reverse=True)
    means = np.array([mean for _, mean in rows])
    low, span = means.min(), (np.ptp(means) or 1)
    left, top = 70.0, 40.0
    width = (_WIDTH - left - 10) / len(columns)
    body = text(left, 20, f"{label}; across: {plot.x_label}, up: {plot.y_label}", "label")
    for row, mean in rows:
        x, y = left + width * columns.index(row.x), top + _CELL * lines.index(row.y)
        share = (mean - low) / span
        shade = ",".join(str(round(255 - share * (255 - c))) for c in (0, 114, 178))
        ink = "#fff" if share > 0.55 else "#333"
        body += (
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width - 1:.1f}" height="{_CELL - 1:g}" '
            f'fill="rgb({shade})"/><text class="mid" style="fill:{ink}" '
            f'x="{x + width / 2:.1f}" y="{y + _CELL / 2 + 4:.1f}">{mean:.3g}</text>'
        )
    for k, value in enumerate(lines):
        body += text(left - 6, top + _CELL * (k + 0.5) + 4, f"{value:.3g}", "tick end")
    for k, value in enumerate(columns):
        body += text(
            left + width * (k + 0.5), top + _CELL * len(lines) + 16, f"{value:.3g}", "tick mid"
        )
    return top + _CELL * len(lines) + 30, body
