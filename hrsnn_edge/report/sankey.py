"""The synaptic operations of an inference as a flow picture: the wider a band, the more of them."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from hrsnn_edge.report.record import Work
from hrsnn_edge.report.svg import drawing, text
from hrsnn_edge.report.view import number, projection_rows

#: Size of a picture, width of its three nodes, and width of the widest band of a pair [px].
WIDTH, NODE, WIDEST = 480.0, 10.0, 64.0
#: Left edges of the nodes.
X_INPUT, X_RECURRENT, X_READOUT = 8.0, 215.0, WIDTH - NODE - 8
#: Free inner radius of the recurrent loop.
INNER = 14.0
#: A band that carries something is never thinner.
THINNEST = 1.0


@dataclass(frozen=True)
class Flow:
    """Operations of each projection in one inference, and what drives them."""

    title: str
    sop_in: float
    sop_rec: float
    sop_out: float
    input_events: float
    spikes: float


def flows(work: Work) -> list[Flow]:
    """Return the flow of the unpruned network, if known, and that of the pruned one."""
    rows = projection_rows(work)
    n = work.n_inferences
    out = []
    if work.unpruned is not None:
        counts = work.unpruned
        sizes = [row.unpruned for row in rows]
        out.append(Flow("unpruned", *sizes, counts.input_events / n, counts.spikes / n))
    counts = work.pruned
    sizes = [row.pruned for row in rows]
    return [*out, Flow("pruned", *sizes, counts.input_events / n, counts.spikes / n)]


def _loop(width: float, top: float) -> str:
    """Return the recurrent band: out of the node on the right, over it, and back on the left."""
    radius = INNER + width / 2
    y, reach = top + width / 2, 24.0
    path = (
        f"M{X_RECURRENT + NODE:g} {y:.1f}h{reach:g}"
        f"a{radius:.1f} {radius:.1f} 0 0 0 0 {-2 * radius:.1f}"
        f"h{-(2 * reach + NODE):g}"
        f"a{radius:.1f} {radius:.1f} 0 0 0 0 {2 * radius:.1f}h{reach:g}"
    )
    return f'<path class="band loop" style="stroke-width:{width:.1f}" d="{path}"/>'


def _band(x0: float, x1: float, top: float, width: float, css: str) -> str:
    return (
        f'<rect class="band{css}" x="{x0:.1f}" y="{top:.1f}" width="{x1 - x0:.1f}" '
        f'height="{width:.1f}"/>'
    )


def _node(x: float, top: float, height: float) -> str:
    return f'<rect class="node" x="{x:g}" y="{top:.1f}" width="{NODE:g}" height="{height:.1f}"/>'


def picture(flow: Flow, scale: float) -> Markup:
    """Return the flow with `scale` pixels an operation.

    Pictures to be compared take one scale; `pictures` sees to it.
    """

    def width(count: float) -> float:
        return max(THINNEST, scale * count) if count else 0.0

    w_in, w_rec, w_out = (width(c) for c in (flow.sop_in, flow.sop_rec, flow.sop_out))
    # The space above the node is that of the widest loop, so that a pair stands level.
    top = WIDEST + 2 * INNER + 24
    below = top + w_rec
    body = _loop(w_rec, top) if w_rec else ""
    body += _band(X_INPUT + NODE, X_RECURRENT, below, w_in, "")
    body += _band(X_RECURRENT + NODE, X_READOUT, below, w_out, " neutral")
    body += _node(X_INPUT, below, w_in) + _node(X_READOUT, below, w_out)
    body += _node(X_RECURRENT, top, w_rec + max(w_in, w_out))
    centre = X_RECURRENT + NODE / 2
    said = [f"I→R {number(flow.sop_in)}", f"R→R {number(flow.sop_rec)}"]
    body += text((X_INPUT + NODE + X_RECURRENT) / 2, below + w_in / 2 + 4, said[0], "label mid")
    body += text(centre, top - w_rec - 2 * INNER - 6, said[1], "label mid")
    readout = f"readout {number(flow.sop_out)}"
    body += text((X_RECURRENT + NODE + X_READOUT) / 2, below + w_out / 2 + 4, readout, "label mid")
    foot = below + max(w_in, w_out) + 18
    body += text(X_INPUT, foot, f"{number(flow.input_events)} input events", "tick")
    body += text(centre, foot, f"{number(flow.spikes)} spikes", "tick mid")
    body += text(WIDTH - 8, foot, "outputs", "tick end")
    body += text(X_INPUT, 14, flow.title, "label")
    height = top + 3 * WIDEST + 26 if flow.sop_rec else top + 2 * WIDEST + 26
    words = f"Synaptic operations of the {flow.title} network: {', '.join([*said, readout])}"
    return drawing(WIDTH, min(height, foot + 10), body, words)


def pictures(work: Work) -> list[Markup]:
    """Return one picture for each network of `work`, all at one scale."""
    found = flows(work)
    largest = max(max(f.sop_in, f.sop_rec, f.sop_out) for f in found)
    return [picture(f, WIDEST / largest) for f in found] if largest else []
