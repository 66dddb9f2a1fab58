"""The outputs of a NIR graph as a readout: counts of spikes, or filtered spikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.interchange.nir_graph import INTEGRATING
from hrsnn_edge.interchange.nir_neurons import Discretisation, Dynamics, dynamics
from hrsnn_edge.interchange.nir_walk import Walk
from hrsnn_edge.interchange.signal import Signal
from hrsnn_edge.network import LinearReadout, Readout, TraceReadout


@dataclass(frozen=True, eq=False)
class End:
    """One output of a graph: what arrives there, and the integrator it passes, if any.

    `start`, (C,), is where an integrator of ours starts: the readout's bias, which NIR has not.
    """

    signal: Signal
    integrator: Dynamics | None
    start: np.ndarray


def ends(walk: Walk, how: Discretisation) -> list[End]:
    """Return the outputs of the whole graph, in the order of the file.

    Raises
    ------
    InterchangeError
        No output, or an integrator that leads to anything but an output.
    """
    graph = walk.graph
    for a, b in graph.edges:
        if walk.type_of(a) in INTEGRATING and walk.type_of(b) not in ("Output", "Flatten"):
            walk.signal(a)
    starts = {a for a, _ in graph.edges}
    finals = [name for name in graph.of_type("Output") if name not in starts]
    if not finals:
        raise InterchangeError(f"{walk.path}: graph must have an Output, not none")
    return [_end(walk, name, how) for name in finals]


def _end(walk: Walk, final: str, how: Discretisation) -> End:
    node, before = final, walk.graph.before(final)
    while len(before) == 1 and walk.type_of(before[0]) in ("Output", "Flatten"):
        node, before = before[0], walk.graph.before(before[0])
    integrators = [name for name in before if walk.type_of(name) in INTEGRATING]
    if not integrators:
        signal = walk.into(final)
        return End(signal, None, np.zeros(signal.size))
    if len(before) > 1:
        raise InterchangeError(
            f"{walk.path}: node {node!r} must take one integrator alone, not {len(before)} nodes"
        )
    signal, metadata = walk.into(integrators[0]), walk.graph.nodes[integrators[0]].metadata
    start = np.asarray(metadata.get("start", 0.0), np.float64)
    return End(signal, dynamics(walk, integrators[0], how), np.broadcast_to(start, signal.size))


def readout_of(found: list[End], weights, path: str) -> Readout:
    """Return the readout of all outputs.

    Parameters
    ----------
    weights : (N, C) float64
        What a spike of each neuron adds to the arriving signal of each output.

    Notes
    -----
    The output of spikes, or of linear nodes behind them, is its sum over the run, like that of an
    integrator without leak. Behind leaky integrators it is their potential after each step.
    """
    sums = [e.integrator is None or _endless(e.integrator) for e in found]
    if all(sums):
        gain = np.concatenate(
            [np.ones(e.signal.size) if e.integrator is None else e.integrator.gain for e in found]
        )
        return LinearReadout((weights * gain)[None], np.concatenate([e.start for e in found]))
    if any(e.integrator is None for e in found):
        raise InterchangeError(
            f"{path}: outputs must all be spikes or all be integrators, not some of each"
        )
    parts = [e.integrator for e in found]
    whole = Dynamics(
        *(np.concatenate([getattr(d, name) for d in parts]) for name in ("alpha", "beta")),
        *(np.concatenate([getattr(d, name) for d in parts]) for name in ("gain", "leak")),
    )
    return filtered_readout(weights, whole, path)


def _endless(d: Dynamics) -> bool:
    """Tell whether an integrator only adds up."""
    return bool((d.alpha == 1).all() and not d.beta.any() and not d.leak.any())


def filtered_readout(weights, d: Dynamics, path: str) -> TraceReadout:
    """Return the readout behind leaky integrators.

    Notes
    -----
    ``y <- alpha y + gain i, i <- beta i + u`` has the impulse response
    ``gain (alpha^(n+1) - beta^(n+1)) / (alpha - beta)``: the difference of two filters.
    """
    same = (d.beta > 0) & np.isclose(d.alpha, d.beta, rtol=1e-9, atol=0)
    if same.any():
        raise InterchangeError(
            f"{path}: output {int(np.argmax(same))}: tau_mem and tau_syn must differ, not both be "
            "the same. Change one a little."
        )
    filters = np.unique(np.concatenate([d.alpha, d.beta[d.beta > 0]]))
    scale = d.gain / (d.alpha - d.beta)
    w_out = np.stack(
        [
            weights
            * scale
            * (
                np.where(d.alpha == decay, d.alpha, 0)
                - np.where((d.beta == decay) & (d.beta > 0), d.beta, 0)
            )
            for decay in filters
        ]
    )
    decay = np.repeat(filters[:, None], len(weights), axis=1)
    return TraceReadout(decay, w_out, np.array(d.leak, np.float64), hold=1)
