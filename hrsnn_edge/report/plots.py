"""The plots of the report, each a function of a record or its traces that returns inline SVG."""

from __future__ import annotations

import math

import numpy as np
from markupsafe import Markup

from hrsnn_edge.report.record import PruneRound, Tune
from hrsnn_edge.report.svg import (
    Axes,
    bars,
    dots,
    drawing,
    frame,
    left_margin,
    line,
    text,
    tick_labels,
    ticks,
)
from hrsnn_edge.report.traces import RunTraces

#: Width of a plot that spans the page, and of one of two beside each other [px].
WIDE, HALF = 1000.0, 400.0
#: Spikes above which a raster shows only every k-th row, to bound the size of the file.
MAX_MARKS = 20_000
#: Widest mark of one spike, and its least height [px].
MARK_WIDTH, MARK_HEIGHT = 3.0, 1.8
#: Most bars of a histogram.
MAX_BINS = 40


def _row_step(raster: np.ndarray) -> int:
    """Return k such that every k-th row of a (T, N) raster has at most `MAX_MARKS` spikes."""
    return max(1, math.ceil(np.count_nonzero(raster) / MAX_MARKS))


def _marks(raster: np.ndarray, css: str, rows: np.ndarray, length: float) -> str:
    """Return one path with a short dash for each spike of the columns `rows` of `raster`."""
    neuron, t = np.nonzero(raster[:, rows].T)
    dashes = "".join(f"M{a} {rows[n]}.5h{length:.2g}" for n, a in zip(neuron, t, strict=True))
    return f'<path class="{css}" d="{dashes}"/>' if dashes else ""


def _raster_panel(raster, top: float, height: float, title: str, inhibitory=None) -> str:
    """Return one raster, time to the right and row 0 on top, in the page-wide time frame."""
    n_steps, n_rows = raster.shape
    every = _row_step(raster)
    rows = np.arange(0, n_rows, every)
    inner = WIDE - 24
    length = min(0.8, MARK_WIDTH * n_steps / inner)
    if every > 1:
        title += f", every {every}th row shown"
    if inhibitory is None:
        body = _marks(raster, "spike", rows, length)
    else:
        body = _marks(raster, "spike", rows[~inhibitory[rows]], length)
        body += _marks(raster, "spike inhibitory", rows[inhibitory[rows]], length)
    thickness = max(0.8 * every, MARK_HEIGHT * n_rows / height)
    return (
        text(12, top - 7, title, "label")
        + f'<rect class="panel" x="12" y="{top:.1f}" width="{inner:g}" height="{height:g}"/>'
        + f'<svg x="12" y="{top:.1f}" width="{inner:g}" height="{height:g}" '
        f'viewBox="0 0 {n_steps} {n_rows}" preserveAspectRatio="none">'
        f'<g style="stroke-width:{thickness:.3g}">{body}</g></svg>'
    )


def raster(traces: RunTraces) -> Markup | None:
    """Return the input and recurrent spikes of the example, or None without them."""
    if traces.input_raster is None or traces.recurrent_raster is None:
        return None
    n_steps, n_inputs = traces.input_raster.shape
    n_neurons = traces.recurrent_raster.shape[1]
    top_in, height_in = 22.0, min(150.0, max(60.0, 2.5 * n_inputs))
    top_rec, height_rec = top_in + height_in + 30, min(320.0, max(120.0, 1.6 * n_neurons))
    bottom = top_rec + height_rec
    axes = Axes((0, n_steps), (0, 1), WIDE, bottom, left=12, right=12)
    body = _raster_panel(traces.input_raster, top_in, height_in, f"{n_inputs} input channels")
    inhibitory = traces.inhibitory
    if inhibitory is None:
        inhibitory = np.zeros(n_neurons, bool)
    title = f"{n_neurons} recurrent neurons"
    body += _raster_panel(traces.recurrent_raster, top_rec, height_rec, title, inhibitory)
    values = ticks(0, n_steps, 10)
    for value, label in zip(values, tick_labels(values), strict=True):
        body += text(axes.x(value), bottom + 15, label, "tick mid")
    body += text(WIDE - 12, bottom + 30, "step", "label end")
    said = f"Spike raster of {n_inputs} inputs and {n_neurons} neurons over {n_steps} steps"
    return drawing(WIDE, bottom + 36, body, said)


def membranes(traces: RunTraces) -> Markup | None:
    """Return the membranes of a few neurons with threshold and spikes, or None without them."""
    v, threshold = traces.membranes, traces.membrane_thresholds
    numbers = traces.membrane_neurons
    if v is None or threshold is None or numbers is None or not v.size:
        return None
    n_steps, panel, gap = v.shape[0], 74.0, 26.0
    t = np.arange(n_steps)
    body = ""
    for k, neuron in enumerate(numbers):
        top = k * (panel + gap) + 20
        low, high = min(0.0, float(v[:, k].min())), float(max(v[:, k].max(), threshold[k]))
        axes = Axes(
            (0, max(1, n_steps)), (low, high + 0.06 * (high - low or 1)), WIDE, top + panel,
            left=12, right=12, top=top, bottom=0,
        )  # fmt: skip
        inhibitory = traces.inhibitory is not None and bool(traces.inhibitory[neuron])
        kind = " inhibitory" if inhibitory else ""
        level = axes.y(threshold[k])
        body += f'<path class="threshold" d="M12 {level:.1f}H{WIDE - 12:g}"/>'
        body += line(axes, t, v[:, k], f"trace{kind}")
        if traces.recurrent_raster is not None:
            fired = np.flatnonzero(traces.recurrent_raster[:, neuron])
            body += dots(axes, fired, np.full(fired.size, threshold[k]), f"mark{kind}", 2.6)
        title = f"neuron {neuron}{',' + kind if kind else ''}: threshold {threshold[k]:,}"
        body += text(12, top - 6, title, "label")
    said = f"Membrane potentials of {numbers.size} neurons over {n_steps} steps"
    return drawing(WIDE, numbers.size * (panel + gap), body, said)


def _edges(series: list[np.ndarray]) -> np.ndarray:
    """Return shared bin edges; integers get bins of whole width, centred on integers."""
    low = min(float(v.min()) for v in series)
    high = max(float(v.max()) for v in series)
    # Rice's rule, so that few values do not make a comb of many bars.
    n_bins = min(MAX_BINS, math.ceil(2 * max(v.size for v in series) ** (1 / 3)))
    if all(np.issubdtype(v.dtype, np.integer) for v in series):
        width = math.ceil((high - low + 1) / n_bins)
        return low - 0.5 + width * np.arange(math.ceil((high - low + 1) / width) + 1)
    if high == low:
        return np.array([low - 0.5, low + 0.5])
    return np.linspace(low, high, n_bins + 1)


def histogram(
    before: np.ndarray | None, after: np.ndarray | None, x_label: str, y_label: str
) -> Markup | None:
    """Return the distribution `after` (filled) over that `before` (outline); None without both."""
    series = [v for v in (before, after) if v is not None and v.size]
    if not series:
        return None
    edges = _edges(series)
    heights = [np.histogram(v, edges)[0] for v in series]
    top = 1.06 * max(int(h.max()) for h in heights)
    axes = Axes((edges[0], edges[-1]), (0, top), left=left_margin(0, top))
    body = frame(axes, x_label, y_label, n_y=3)
    styles = ["before", "after"] if len(series) == 2 else ["after" if before is None else "before"]
    # The filled distribution first, so that the outline stays visible over it.
    drawn = sorted(zip(styles, heights, strict=True), key=lambda item: item[0])
    body += "".join(bars(axes, edges, h, css) for css, h in drawn)
    return drawing(axes.width, axes.height, body, f"Histogram of {x_label}")


def tuning(tune: Tune) -> Markup | None:
    """Return the scores of the evaluations and the best so far, or None if there is none."""
    scored = [
        (k, point.score) for k, point in enumerate(tune.history, 1) if point.score is not None
    ]
    if not scored:
        return None
    number, scores = (np.array(column) for column in zip(*scored, strict=True))
    best = np.maximum.accumulate(scores)
    margin = 0.08 * (np.ptp(scores) or 1.0)
    low, high = scores.min() - margin, scores.max() + margin
    axes = Axes((0.5, len(tune.history) + 0.5), (low, high), HALF, 220, left=left_margin(low, high))
    body = frame(axes, "evaluation", tune.metric)
    body += line(axes, np.repeat(number, 2)[1:], np.repeat(best, 2)[:-1], "trace")
    hints = [f"evaluation {n}: {s:.4g}" for n, s in zip(number, scores, strict=True)]
    body += dots(axes, number, scores, "mark neutral", 3.5, hints)
    k = int(scores.argmax())
    body += dots(axes, number[k : k + 1], scores[k : k + 1], "mark", 5, hints[k : k + 1])
    said = f"Score of {scores.size} evaluations, the best {scores.max():.4g}"
    return drawing(axes.width, axes.height, body, said)


def rates(traces: RunTraces) -> Markup | None:
    """Return the firing rate of every neuron, integer against float, or None without them."""
    if traces.rates_float is None or traces.rates_integer is None:
        return None
    top = 1.05 * max(float(traces.rates_float.max()), float(traces.rates_integer.max()), 1e-3)
    axes = Axes((0, top), (0, top), HALF, 260, left=left_margin(0, top))
    body = frame(axes, "float, spikes a step", "integer, spikes a step")
    body += line(axes, [0, top], [0, top], "threshold")
    inhibitory = traces.inhibitory
    if inhibitory is None:
        inhibitory = np.zeros(traces.rates_float.size, bool)
    for mask, css in ((~inhibitory, "mark soft"), (inhibitory, "mark soft inhibitory")):
        body += dots(axes, traces.rates_float[mask], traces.rates_integer[mask], css, 2.6)
    return drawing(axes.width, axes.height, body, "Firing rates, integer against float")


def spectrum(traces: RunTraces) -> Markup | None:
    """Return the leading Lyapunov exponents before and after pruning, or None without them."""
    series = [
        (values, css)
        for values, css in ((traces.lyapunov_float, "neutral"), (traces.lyapunov_pruned, ""))
        if values is not None and values.size
    ]
    if not series:
        return None
    low = min(0.0, *(float(v.min()) for v, _ in series))
    high = max(0.0, *(float(v.max()) for v, _ in series))
    margin = 0.08 * (high - low or 1.0)
    low, high = low - margin, high + margin
    count = max(v.size for v, _ in series)
    axes = Axes((0.5, count + 0.5), (low, high), HALF, 220, left=left_margin(low, high))
    body = frame(axes, "direction", "Lyapunov exponent [1/ms]")
    body += line(axes, [0.5, count + 0.5], [0, 0], "threshold")
    for values, css in series:
        number = np.arange(1, values.size + 1)
        hints = [f"exponent {k}: {v:.4g} /ms" for k, v in zip(number, values, strict=True)]
        body += line(axes, number, values, f"trace {css}")
        body += dots(axes, number, values, f"mark {css}", 3.0, hints)
    said = f"Lyapunov spectrum, {count} exponents, the largest {series[-1][0].max():.4g} per ms"
    return drawing(axes.width, axes.height, body, said)


def evolution(rounds: tuple[PruneRound, ...]) -> list[Markup]:
    """Return synapses, neurons and the largest exponent round by round; none below two rounds."""
    if len(rounds) < 2:
        return []
    columns = {
        "recurrent synapses": [r.synapses for r in rounds],
        "neurons": [r.neurons for r in rounds],
        "largest exponent [1/ms]": [r.lambda_1 for r in rounds],
        "spectral error ε": [r.eps for r in rounds],
    }
    return [_by_round(name, v) for name, v in columns.items() if None not in v]


def _by_round(name: str, values: list[float]) -> Markup:
    """Return one quantity against the number of the round."""
    low, high = min(values), max(values)
    low = min(0.0, low) if high > 0 else low
    margin = 0.08 * (high - low or 1.0)
    low, high = low - (margin if low < 0 else 0.0), high + margin
    axes = Axes((0.5, len(values) + 0.5), (low, high), left=left_margin(low, high))
    number = np.arange(1, len(values) + 1)
    body = frame(axes, "round", name)
    body += line(axes, number, values, "trace")
    if len(values) <= 40:
        body += dots(axes, number, values, "mark", 2.4)
    said = f"{name} over {len(values)} rounds, from {values[0]:.4g} to {values[-1]:.4g}"
    return drawing(axes.width, axes.height, body, said)
