"""The recurrent graph as a ring: neurons by cluster, coloured by sign, sized by degree."""

from __future__ import annotations

import math

import numpy as np
from markupsafe import Markup

from hrsnn_edge.report.svg import drawing, text
from hrsnn_edge.report.traces import RunTraces

#: Edge of the picture and radius of the ring of neurons [px].
SIZE, RING = 440.0, 180.0
#: Free angle between two clusters [rad].
GAP = 0.06
#: Most synapses drawn; above it every k-th is, to bound the size of the file.
MAX_EDGES = 3_000
#: Radius of a neuron without and with most synapses [px].
SMALLEST, LARGEST = 1.2, 5.0
#: A chord passes the centre at this share of its ends' mean.
BEND = 0.25


def _positions(cluster: np.ndarray, inhibitory: np.ndarray) -> np.ndarray:
    """Return the angle of each neuron, (N,): clusters in order, inhibitory neurons last in each."""
    order = np.lexsort((np.arange(cluster.size), inhibitory, cluster))
    n_clusters = np.unique(cluster).size
    gap = GAP if n_clusters > 1 else 0.0
    step = (2 * math.pi - gap * n_clusters) / cluster.size
    rank = np.unique(cluster[order], return_inverse=True)[1]
    angle = np.empty(cluster.size)
    angle[order] = step * (np.arange(cluster.size) + 0.5) + gap * rank
    return angle


def _chords(xy: np.ndarray, pre: np.ndarray, post: np.ndarray, css: str) -> str:
    """Return one path with a chord for each synapse, bent towards the centre of the ring."""
    if not pre.size:
        return ""
    start, end = xy[pre], xy[post]
    centre = SIZE / 2
    middle = centre + BEND * ((start + end) / 2 - centre)
    parts = np.concatenate([start, middle, end], axis=1)
    path = "".join(
        f"M{a:.0f} {b:.0f}Q{c:.0f} {d:.0f} {e:.0f} {f:.0f}" for a, b, c, d, e, f in parts
    )
    return f'<path class="chord{css}" d="{path}"/>'


def graph(traces: RunTraces) -> Markup | None:
    """Return the recurrent graph of the pruned network, or None without it."""
    pre, post, cluster = traces.graph_pre, traces.graph_post, traces.graph_cluster
    if pre is None or post is None or cluster is None or not cluster.size:
        return None
    n = cluster.size
    inhibitory = np.zeros(n, bool) if traces.inhibitory is None else traces.inhibitory
    angle = _positions(cluster, inhibitory)
    xy = SIZE / 2 + RING * np.stack([np.sin(angle), -np.cos(angle)], axis=1)
    degree = np.bincount(pre, minlength=n) + np.bincount(post, minlength=n)
    every = max(1, math.ceil(pre.size / MAX_EDGES))
    shown = slice(None, None, every)
    inhibits = inhibitory[pre[shown]]
    body = ""
    for mask, css in ((~inhibits, ""), (inhibits, " inhibitory")):
        body += _chords(xy, pre[shown][mask], post[shown][mask], css)
    radius = SMALLEST + (LARGEST - SMALLEST) * degree / max(1, degree.max())
    for (x, y), r, sign, d, k in zip(xy, radius, inhibitory, degree, range(n), strict=True):
        css = "mark inhibitory" if sign else "mark"
        body += (
            f'<circle class="{css}" cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}">'
            f"<title>neuron {k}: {d} synapse{'' if d == 1 else 's'}</title></circle>"
        )
    names, sizes = np.unique(cluster, return_counts=True)
    if names.size > 1:
        for name, size in zip(names, sizes, strict=True):
            turn = float(np.mean(angle[cluster == name]))
            x, y = SIZE / 2 + (RING + 20) * math.sin(turn), SIZE / 2 - (RING + 20) * math.cos(turn)
            body += text(x, y + 4, str(size), "tick mid")
    if every > 1:
        body += text(SIZE, SIZE - 6, f"one of {every} synapses drawn", "tick end")
    said = f"Graph of {n} neurons and {pre.size} recurrent synapses in {names.size} clusters"
    return drawing(SIZE, SIZE, body, said)


def degrees(traces: RunTraces) -> np.ndarray | None:
    """Return the synapses of each neuron, in and out together, (N,); None without a graph."""
    if traces.graph_pre is None or traces.graph_cluster is None:
        return None
    n = traces.graph_cluster.size
    ends = np.concatenate([traces.graph_pre, traces.graph_post])
    return np.bincount(ends, minlength=n)
