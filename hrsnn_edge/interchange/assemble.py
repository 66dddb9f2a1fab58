"""Populations and the signals between them, made one recurrent layer with a delay of one step.

In the core a spike arrives one step after it was fired, whoever fired it, and an input event in its
own step. Exchange formats let a layer pass on its spikes within the step. A population that stands
``depth`` layers behind the input therefore runs `depth` steps late; spikes that would arrive too
early for that go through *relays*, neurons that only repeat. Counted from the first late step, all
spikes are those of the origin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import networkx as nx
import numpy as np
from scipy import sparse

from hrsnn_edge.interchange.population import Population, relays, tau_of
from hrsnn_edge.interchange.signal import CONSTANT, Signal
from hrsnn_edge.network import FloatNetwork, Readout, SparseRows

#: Name of the channel with an event in every step, by the first such step.
ALWAYS = "always on from step {}"


@dataclass(frozen=True, eq=False)
class Assembly:
    """A float network with what its user must know.

    Attributes
    ----------
    network : FloatNetwork
        Without a readout.
    inputs : mapping of str to slice
        Channels of each input, in order.
    always_on : tuple of (int, int)
        Channels, behind the inputs, that carry an event in every step, and the first such step.
    members : mapping of str to slice
        Neurons of each population; relays come last.
    depth : mapping of str to int
        Steps by which each population is late.
    latency_steps : int
        Steps by which the outputs are late: a run must go on for so many steps more.
    outputs : (N, C) float64
        Weights of the output signal on the neurons.
    """

    network: FloatNetwork
    inputs: Mapping[str, slice]
    always_on: tuple[tuple[int, int], ...]
    members: Mapping[str, slice]
    depth: Mapping[str, int]
    latency_steps: int
    outputs: np.ndarray

    def with_readout(self, readout: Readout) -> FloatNetwork:
        """Return the network with a readout."""
        return FloatNetwork(**{**vars(self.network), "readout": readout})


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


class _Lines:
    """Stages of each source: stage 0 is the source itself, stage r fires r steps later."""

    def __init__(self, sizes: Mapping[str, int]):
        self._sizes = sizes
        self.needed: dict[tuple[str, int], np.ndarray] = {}

    def need(self, source: str, stage: int, units) -> None:
        """Note that these units of a source are read at a stage."""
        for r in range(1, stage + 1):
            mask = self.needed.setdefault((source, r), np.zeros(self._sizes[source], bool))
            mask |= units


def assemble(
    inputs: Mapping[str, int],
    populations: Mapping[str, Population],
    into: Mapping[str, Signal],
    out: Signal,
    dt_ms: float,
    *,
    in_step: bool = True,
) -> Assembly:
    """Return one recurrent network that computes what the populations compute.

    Parameters
    ----------
    inputs : mapping of str to int
        Channels of each input.
    into : mapping of str to Signal
        What arrives at each population.
    out : Signal
        What the readout reads.
    dt_ms : float
        Step [ms].
    in_step : bool
        Whether delays are kept exactly, by depths and relays. If not, each edge simply takes a
        step, which does for networks whose spikes count only by their rates.
    """
    into, out = {name: signal.compact() for name, signal in into.items()}, out.compact()
    late, inside = depths(populations, into) if in_step else (dict.fromkeys(populations, 0), set())
    latency = 0
    if in_step:
        latency = max([0, *(late.get(s, 0) - d for s, d in out.terms)])
    sizes = dict(inputs) | {name: p.size for name, p in populations.items()}
    wires = []  # source, stage, matrix, target
    for post, signal in into.items():
        for delay, matrix in _constants(signal):
            wires.append((ALWAYS.format(late[post] + delay), 0, matrix, post))
        for (pre, delay), matrix in signal.terms.items():
            if pre == CONSTANT:
                continue
            arrival = late[post] + delay + ((pre, post) in inside)
            stage = arrival - late[pre] - 1 if pre in populations else arrival
            wires.append((pre, stage if in_step else 0, matrix, post))
    reads = []  # source, stage, matrix
    for delay, matrix in _constants(out):
        reads.append((ALWAYS.format(latency + delay), 1, matrix))
    for (pre, delay), matrix in out.terms.items():
        if pre == CONSTANT:
            continue
        stage = latency + delay - late[pre] if pre in populations else latency + delay + 1
        reads.append((pre, stage if in_step or pre not in populations else 0, matrix))
    starts = {w[0] for w in (*wires, *reads)} - set(sizes)
    steps = {name: int(name.rsplit(" ", 1)[1]) for name in starts}
    used = sorted(steps, key=steps.__getitem__)
    sizes |= dict.fromkeys(used, 1)
    lines = _Lines(sizes)
    for source, stage, matrix, *_ in (*wires, *reads):
        lines.need(source, stage, np.diff(matrix.indptr) > 0)
    return _build(
        inputs, populations, wires, reads, out.size, lines, used, steps, late, latency, dt_ms
    )


def _constants(signal: Signal) -> list[tuple[int, sparse.csr_array]]:
    """Return the constant parts of a signal by the step in which they start."""
    first = [(0, sparse.csr_array(signal.bias[None]))] if signal.bias.any() else []
    late = [(d, matrix) for (source, d), matrix in signal.terms.items() if source == CONSTANT]
    return first + late


def _build(
    inputs, populations, wires, reads, n_out, lines, used, steps, late, latency, dt_ms
) -> Assembly:
    """Number channels and neurons and fill the matrices."""
    channels, at = {}, 0
    for name, size in (*inputs.items(), *((name, 1) for name in used)):
        channels[name] = slice(at, at + size)
        at += size
    n_channels = at
    parts, members, at = list(populations.values()), {}, 0
    for name, p in populations.items():
        members[name] = slice(at, at + p.size)
        at += p.size
    place = {}  # (source, stage) -> neuron of each unit
    for (source, stage), mask in lines.needed.items():
        place[source, stage] = at + np.cumsum(mask) - 1
        parts.append(relays(f"{source}, {stage} later", int(mask.sum())))
        at += int(mask.sum())
    rows = {"in": defaultdict(list), "rec": defaultdict(list)}

    def add(source, stage, matrix, target, gain) -> None:
        found = sparse.coo_array(matrix)
        pre, post = found.coords
        if stage:
            kind, pre = "rec", place[source, stage][pre]
        elif source in members:
            kind, pre = "rec", pre + members[source].start
        else:
            kind, pre = "in", pre + channels[source].start
        rows[kind]["pre"].append(pre)
        rows[kind]["post"].append(target[post])
        rows[kind]["weight"].append(found.data * gain[post])

    for source, stage, matrix, post in wires:
        target = np.arange(members[post].start, members[post].stop)
        add(source, stage, matrix, target, populations[post].gain)
    for (source, stage), mask in lines.needed.items():
        units = np.flatnonzero(mask)
        matrix = sparse.csr_array(
            (np.ones(units.size), (units, np.arange(units.size))), (mask.size, units.size)
        )
        add(source, stage - 1, matrix, place[source, stage][units], np.ones(units.size))
    outputs = np.zeros((at, n_out))
    for source, stage, matrix in reads:
        found = sparse.coo_array(matrix)
        pre, post = found.coords
        neuron = place[source, stage][pre] if stage else pre + members[source].start
        np.add.at(outputs, (neuron, post), found.data)
    w_in, w_rec = _rows(rows["in"], n_channels, at), _rows(rows["rec"], at, at)
    return Assembly(
        network=_network(parts, w_in, w_rec, dt_ms),
        inputs={name: channels[name] for name in inputs},
        always_on=tuple((channels[name].start, steps[name]) for name in used),
        members=members,
        depth=late,
        latency_steps=latency,
        outputs=outputs,
    )


def _rows(entries, n_pre: int, n_post: int) -> SparseRows:
    """Return sparse rows of collected entries; those for the same synapse add up."""
    if not entries:
        return SparseRows(np.zeros(n_pre + 1, np.int64), np.zeros(0, np.int32), np.zeros(0), n_post)
    pre, post, weight = (np.concatenate(entries[key]) for key in ("pre", "post", "weight"))
    matrix = sparse.csr_array((weight, (pre, post)), (n_pre, n_post))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return SparseRows(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data, n_post
    )


def _network(parts: list[Population], w_in: SparseRows, w_rec: SparseRows, dt: float):
    """Return the float network of all populations, without a readout."""
    alpha, beta, threshold, reset, refractory, floor = (
        np.concatenate([getattr(p, name) for p in parts])
        for name in ("alpha", "beta", "v_threshold", "v_reset", "refractory_steps", "v_floor")
    )
    sums = np.zeros(w_rec.n_pre)
    np.add.at(sums, w_rec.pre_idx, w_rec.weights)
    return FloatNetwork(
        w_in=w_in,
        w_rec=w_rec,
        inhibitory=sums < 0,
        tau_mem=tau_of(alpha, dt),
        v_threshold=threshold,
        v_reset=reset,
        refractory_steps=refractory,
        dt=dt,
        v_floor=floor,
        tau_syn=tau_of(beta, dt) if beta.any() else None,
    )
