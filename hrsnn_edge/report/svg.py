"""Small inline SVG charts that take their colours and fonts from the page's style sheet.

Plain strings rather than a plotting library: the marks carry CSS classes, so one chart serves the
light, the dark and the printed page, text stays text, and a chart is a few kilobytes without any
identifiers that could collide in one document. Lengths are in CSS pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

#: Mean advance of a digit at the size of the tick labels [px].
_DIGIT_WIDTH = 6.4


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return about `count` round numbers within low..high, 1, 2 or 5 times a power of ten apart.

    >>> ticks(0, 1, 5), ticks(-3, 24, 3)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 10.0, 20.0])
    """
    span = high - low
    if not span > 0:
        return [low]
    size = 10.0 ** math.floor(math.log10(span / count))
    step = next(s * size for s in (1, 2, 5, 10) if s * size * count >= span * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def tick_labels(values: list[float]) -> list[str]:
    """Return the labels of `ticks`, all with the same decimals, thousands as ``k``.

    >>> tick_labels([0.0, 0.5, 1.0]), tick_labels([-20000.0, 0.0])
    (['0.0', '0.5', '1.0'], ['−20k', '0'])
    """
    step = min(np.diff(values)) if len(values) > 1 else abs(values[0]) or 1.0
    if step >= 1000:
        labels = [f"{v / 1000:g}k" if v else "0" for v in values]
    else:
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        labels = [f"{v:.{decimals}f}" for v in values]
    return [label.replace("-", "\N{MINUS SIGN}") for label in labels]


@dataclass(frozen=True)
class Axes:
    """A plot area: data ranges, the outer size and the margins [px]."""

    x_range: tuple[float, float]
    y_range: tuple[float, float]
    width: float = 340.0
    height: float = 200.0
    left: float = 40.0
    right: float = 12.0
    top: float = 22.0
    bottom: float = 36.0

    def x(self, value):
        """Return the pixel column of a data value."""
        low, high = self.x_range
        return self.left + (value - low) / (high - low) * (self.width - self.left - self.right)

    def y(self, value):
        """Return the pixel row of a data value."""
        low, high = self.y_range
        inner = self.height - self.top - self.bottom
        return self.height - self.bottom - (value - low) / (high - low) * inner


def _pairs(x, y) -> list[str]:
    """Return ``x,y`` pairs with one decimal."""
    return [f"{a:.1f},{b:.1f}" for a, b in zip(np.ravel(x), np.ravel(y), strict=True)]


def line(axes: Axes, x, y, css: str) -> str:
    """Return a polyline through the points."""
    points = _pairs(axes.x(np.asarray(x, float)), axes.y(np.asarray(y, float)))
    return f'<polyline class="{css}" points="{" ".join(points)}"/>'


def bars(axes: Axes, edges, heights, css: str) -> str:
    """Return a histogram as one closed outline from the baseline of the axes."""
    left = axes.x(np.asarray(edges, float))
    top = axes.y(np.asarray(heights, float))
    base = axes.y(axes.y_range[0])
    path = f"M{left[0]:.1f} {base:.1f}"
    path += "".join(f"V{h:.1f}H{x:.1f}" for h, x in zip(top, left[1:], strict=True))
    return f'<path class="{css}" d="{path}V{base:.1f}Z"/>'


def dots(axes: Axes, x, y, css: str, radius: float = 3.0, titles=None) -> str:
    """Return one circle a point, with a tooltip each where `titles` are given."""
    x, y = axes.x(np.asarray(x, float)), axes.y(np.asarray(y, float))
    hints = [""] * x.size if titles is None else [f"<title>{escape(t)}</title>" for t in titles]
    return "".join(
        f'<circle class="{css}" cx="{a:.1f}" cy="{b:.1f}" r="{radius:g}">{hint}</circle>'
        for a, b, hint in zip(x, y, hints, strict=True)
    )


def text(x: float, y: float, words: str, css: str) -> str:
    """Return one line of text."""
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def frame(axes: Axes, x_label: str, y_label: str, n_x: int = 5, n_y: int = 4) -> str:
    """Return grid lines, tick labels and axis labels."""
    low, high = axes.y(axes.y_range[0]), axes.y(axes.y_range[1])
    out = []
    y_ticks, x_ticks = ticks(*axes.y_range, n_y), ticks(*axes.x_range, n_x)
    for value, label in zip(y_ticks, tick_labels(y_ticks), strict=True):
        y = axes.y(value)
        out.append(
            f'<path class="grid" d="M{axes.left:.1f} {y:.1f}H{axes.width - axes.right:.1f}"/>'
        )
        out.append(text(axes.left - 6, y + 3.5, label, "tick end"))
    for value, label in zip(x_ticks, tick_labels(x_ticks), strict=True):
        out.append(text(axes.x(value), low + 15, label, "tick mid"))
    out.append(f'<path class="axis" d="M{axes.left:.1f} {low:.1f}H{axes.width - axes.right:.1f}"/>')
    out.append(text(0, high - 10, y_label, "label"))
    out.append(text(axes.width - axes.right, low + 30, x_label, "label end"))
    return "".join(out)


def left_margin(y_low: float, y_high: float, count: int = 4) -> float:
    """Return the left margin that the tick labels of a range need [px]."""
    return 10 + _DIGIT_WIDTH * max(len(label) for label in tick_labels(ticks(y_low, y_high, count)))


def drawing(width: float, height: float, body: str, description: str) -> Markup:
    """Return the ``<svg>`` element; `description` is what a screen reader says."""
    return Markup(
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'role="img" aria-label="{escape(description)}">{body}</svg>'
    )
