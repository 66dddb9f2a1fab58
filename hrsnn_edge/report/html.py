"""One self-contained HTML file about a run: no script, no font, no image from elsewhere.

The same record and traces give the same bytes. Every word of the record is escaped.
"""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hrsnn_edge.report import graph, plots, sankey, stations, view
from hrsnn_edge.report.compare import GROUPS, Comparison, accuracy_margin, comparison_tiles
from hrsnn_edge.report.record import RunRecord
from hrsnn_edge.report.traces import NetworkArrays, RunTraces

#: The sections of the page by anchor, in their order.
SECTIONS = {
    "flow": "Flow",
    "data": "Data and network",
    "accuracy": "Accuracy",
    "activity": "Activity",
    "parameters": "Time constants and thresholds",
    "tuning": "Tuning",
    "pruning": "Pruning",
    "graph": "Graph and dynamics",
    "quantisation": "Quantisation",
    "verdicts": "Verification",
    "boards": "Boards",
    "work": "Work",
    "energy": "Energy, estimated",
    "cycles": "Timing",
    "manifest": "Manifest",
}


def _histograms(traces: RunTraces) -> dict[str, list[Markup]]:
    """Return the histograms of the pruning, of the integer network and of the time constants."""
    none = NetworkArrays()
    before = traces.networks.get("float", none)
    pruned = traces.networks.get("pruned", none)
    whole = traces.networks.get("integer", none)
    weights = {"w_in": "input weight", "w_exc": "excitatory weight", "w_inh": "inhibitory weight"}
    taus = {"tau_exc": "excitatory τ [ms]", "tau_inh": "inhibitory τ [ms]"}

    def row(first, second, labels, unit, y_label):
        drawn = [
            plots.histogram(getattr(first, name), getattr(second, name), label + unit, y_label)
            for name, label in labels.items()
        ]
        return [plot for plot in drawn if plot is not None]

    threshold = {"threshold": "threshold"}
    return {
        "prune": row(before, pruned, weights, "", "synapses"),
        "integer": row(none, whole, weights, " [LSB]", "synapses"),
        "tau": row(before, whole, taus, "", "neurons")
        + row(before, none, threshold, "", "neurons")
        + row(none, whole, threshold, " [LSB]", "neurons"),
    }


def _failures(record: RunRecord) -> int:
    """Return the evaluations of the tuner without a score."""
    return sum(point.score is None for point in record.tune.history) if record.tune else 0


def environment() -> Environment:
    """Return the template environment: escaping on, undefined names are errors."""
    env = Environment(
        loader=PackageLoader("hrsnn_edge.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "number": view.number,
        "percent": view.percent,
        "seconds": view.seconds,
        "verdict_words": view.verdict_words,
        "board_words": view.board_words,
        "projection_words": view.projection_words,
        "format_words": view.format_words,
        "seed_words": view.seed_words,
    }
    return env


def stylesheet(env: Environment) -> str:
    """Return the style sheet of the reports."""
    return env.loader.get_source(env, "style.css")[0]


def standalone(plot: Markup) -> str:
    """Return a plot of the report as an SVG document of its own, on the page's background."""
    style = stylesheet(environment()).replace("]]>", "")
    head = '<svg xmlns="http://www.w3.org/2000/svg" style="background: var(--page)" '
    body = str(plot).replace("<svg ", head, 1)
    return body.replace(">", f"><style><![CDATA[{style}]]></style>", 1)


def render(record: RunRecord, traces: RunTraces | None = None) -> str:
    """Return the report as one HTML document.

    Parameters
    ----------
    record : RunRecord
        The figures; an absent section is named as not run.
    traces : RunTraces, optional
        The arrays of the plots; a plot without its arrays is left out.
    """
    traces = RunTraces() if traces is None else traces
    env = environment()
    work, accuracy = record.work, record.accuracy
    return env.get_template("report.html").render(
        record=record,
        style=Markup(stylesheet(env)),
        sections=SECTIONS,
        flow=stations.flow(record),
        tiles=stations.tiles(record),
        accuracy_rows=view.accuracy_rows(record) if accuracy else [],
        accuracy_scale=view.accuracy_scale(record) if accuracy else (0.0, 1.0),
        sankey=sankey.pictures(work) if work else [],
        work_rows=view.work_rows(work) if work else [],
        access_rows=view.access_rows(work) if work else [],
        energy_rows=view.energy_rows(work) if work else [],
        quantise_errors=view.quantise_errors(record),
        confusion=None if traces.confusion is None else traces.confusion.tolist(),
        raster=plots.raster(traces),
        membranes=plots.membranes(traces),
        rates=plots.rates(traces),
        failures=_failures(record),
        tuning=plots.tuning(record.tune) if record.tune else None,
        histograms=_histograms(traces),
        evolution=plots.evolution(record.prune.rounds) if record.prune else [],
        spectrum=plots.spectrum(traces),
        graph=graph.graph(traces),
        degrees=plots.histogram(None, graph.degrees(traces), "synapses of a neuron", "neurons"),
    )


def render_comparison(comparison: Comparison) -> str:
    """Return the comparison of two runs as one HTML document."""
    env = environment()
    return env.get_template("compare.html").render(
        comparison=comparison,
        style=Markup(stylesheet(env)),
        groups=[(name, comparison.group(name)) for name in GROUPS],
        tiles=comparison_tiles(comparison),
        accuracy_note=accuracy_margin(comparison),
    )
