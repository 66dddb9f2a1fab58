"""When spikes arrive: by how many steps a population is late, and which spikes must wait.

In the core a spike arrives one step after it was fired, whoever fired it, and an input event in its
own step. Exchange formats let a layer pass on its spikes within the step. A population that stands
``depth`` layers behind the input therefore runs `depth` steps late; spikes that would arrive too
early for that are read from a later *stage* of their source.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import networkx as nx
import numpy as np
from scipy import sparse

from hrsnn_edge.interchange.signal import CONSTANT, Signal

#: Target of the wires that the readout reads.
OUT = "(output)"
#: Name of the channel with an event in every step, by the first such step.
ALWAYS = "always on from step {}"


@dataclass(frozen=True, eq=False)
class Wire:
    """Weights, (n_source, n_target), from a stage of a source to a population, or to `OUT`.

    Stage 0 is the source itself, stage r repeats it: r steps later for a population; for an input,
    whose events arrive in their own step, stage r fires r - 1 steps later.
    """

    source: str
    stage: int
    weights: sparse.csr_array
    target: str


@dataclass(frozen=True, eq=False)
class Schedule:
    """Who is late, and all wires.

    Attributes
    ----------
    late : mapping of str to int
        Steps by which each population is late.
    latency_steps : int
        Steps by which the outputs are late.
    wires : tuple of Wire
        Everything that is read.
    constants : mapping of str to int
        Sources that are always on, with their first step, in the order of that.
    """

    late: Mapping[str, int]
    latency_steps: int
    wires: tuple[Wire, ...]
    constants: Mapping[str, int]

    def stages(self, sizes: Mapping[str, int]) -> dict[tuple[str, int], np.ndarray]:
        """Return which units of each source are needed at each stage above 0, (size,) bool."""
        needed: dict[tuple[str, int], np.ndarray] = {}
        for wire in self.wires:
            units = np.diff(wire.weights.indptr) > 0
            for r in range(1, wire.stage + 1):
                mask = needed.setdefault((wire.source, r), np.zeros(sizes[wire.source], bool))
                mask |= units
        return needed


def exact_schedule(
    populations: Collection[str], into: Mapping[str, Signal], out: Signal
) -> Schedule:
    """Return the schedule that keeps every delay."""
    late, inside = depths(populations, into)
    latency = max([0, *(late.get(source, 0) - delay for source, delay in out.terms)])
    wires, firsts = [], set()
    for post, signal in into.items():
        for delay, weights in _constants(signal):
            firsts.add(late[post] + delay)
            wires.append(Wire(ALWAYS.format(late[post] + delay), 0, weights, post))
        for (pre, delay), weights in _spikes(signal):
            arrival = late[post] + delay + ((pre, post) in inside)
            stage = arrival - late[pre] - 1 if pre in late else arrival
            wires.append(Wire(pre, stage, weights, post))
    for delay, weights in _constants(out):
        firsts.add(latency + delay)
        wires.append(Wire(ALWAYS.format(latency + delay), 1, weights, OUT))
    for (pre, delay), weights in _spikes(out):
        # The readout sees neurons alone, so an input needs a stage of its own.
        stage = latency + delay - late[pre] if pre in late else latency + delay + 1
        wires.append(Wire(pre, stage, weights, OUT))
    return Schedule(late, latency, tuple(wires), {ALWAYS.format(d): d for d in sorted(firsts)})


def loose_schedule(
    populations: Collection[str], into: Mapping[str, Signal], out: Signal
) -> Schedule:
    """Return the schedule in which every edge takes a step: for networks read by their rates."""
    wires, source = [], ALWAYS.format(0)
    for post, signal in (*into.items(), (OUT, out)):
        wires += [
            Wire(source, int(post == OUT), weights, post) for _, weights in _constants(signal)
        ]
        for (pre, _), weights in _spikes(signal):
            stage = int(post == OUT and pre not in populations)
            wires.append(Wire(pre, stage, weights, post))
    constants = {source: 0} if any(wire.source == source for wire in wires) else {}
    return Schedule(dict.fromkeys(populations, 0), 0, tuple(wires), constants)


def depths(populations, into: Mapping[str, Signal]) -> tuple[dict[str, int], set]:
    """Return the depth of each population, and the edges that lie inside a loop.

    An edge inside a loop carries a delay of one step: all populations of a loop update together
    from the spikes of the step before.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(populations)
    for post in populations:
        for (pre, _), matrix in into[post].terms.items():
            if pre in populations and matrix.nnz:
                graph.add_edge(pre, post)
    loops = nx.condensation(graph)
    home = loops.graph["mapping"]
    late = dict.fromkeys(loops, 0)
    for loop in nx.topological_sort(loops):
        for post in loops.nodes[loop]["members"]:
            for pre, delay in into[post].terms:
                if pre in home and home[pre] != loop:
                    late[loop] = max(late[loop], late[home[pre]] + 1 - delay)
    inside = {(a, b) for a, b in graph.edges if home[a] == home[b]}
    return {name: late[home[name]] for name in populations}, inside


def _constants(signal: Signal) -> list[tuple[int, sparse.csr_array]]:
    """Return the constant parts of a signal by the step in which they start."""
    first = [(0, sparse.csr_array(signal.bias[None]))] if signal.bias.any() else []
    late = [(d, matrix) for (source, d), matrix in signal.terms.items() if source == CONSTANT]
    return first + late


def _spikes(signal: Signal):
    """Return the terms of a signal that carry spikes."""
    return [(key, weights) for key, weights in signal.terms.items() if key[0] != CONSTANT]
