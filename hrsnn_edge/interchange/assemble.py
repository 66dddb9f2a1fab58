"""Populations and the signals between them, made one recurrent layer with a delay of one step.

Where spikes must wait they go through *relays*, neurons that only repeat; see `schedule`. Counted
from the first late step, all spikes are those of the origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from hrsnn_edge.interchange.population import Population, relays
from hrsnn_edge.interchange.schedule import OUT, Schedule, exact_schedule, loose_schedule
from hrsnn_edge.interchange.signal import Signal
from hrsnn_edge.network import FloatNetwork, Readout, SparseRows
from hrsnn_edge.quantise.dequantise import tau_of


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


def assemble(
    inputs: Mapping[str, int],
    populations: Mapping[str, Population],
    into: Mapping[str, Signal],
    out: Signal,
    dt_ms: float,
    *,
    in_step: bool = True,
    reset: str = "hard",
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
    reset : 'hard' or 'subtract'
        As in `FloatNetwork`.
    """
    into, out = {name: signal.compact() for name, signal in into.items()}, out.compact()
    plan = (exact_schedule if in_step else loose_schedule)(populations, into, out)
    channels = _slices(dict(inputs) | dict.fromkeys(plan.constants, 1))
    members = _slices({name: p.size for name, p in populations.items()})
    sizes = {name: s.stop - s.start for name, s in (channels | members).items()}
    needed = plan.stages(sizes)
    place = {(name, 0): np.arange(s.start, s.stop) for name, s in members.items()}
    parts = [*populations.values()]
    n = sum(p.size for p in parts)
    for (source, stage), mask in needed.items():
        place[source, stage] = n + np.cumsum(mask) - 1
        parts.append(relays(f"{source}, {stage} later", int(mask.sum())))
        n += int(mask.sum())
    edges = _edges(plan, populations, needed, place)
    n_channels = sum(s.stop - s.start for s in channels.values())
    from_input = {(name, 0): np.arange(s.start, s.stop) for name, s in channels.items()}
    outputs = np.zeros((n, out.size))
    for wire in plan.wires:
        if wire.target == OUT:
            found = sparse.coo_array(wire.weights)
            pre, post = found.coords
            np.add.at(outputs, (place[wire.source, wire.stage][pre], post), found.data)
    return Assembly(
        network=_network(
            parts, _rows(edges, from_input, n_channels, n), _rows(edges, place, n, n), dt_ms, reset
        ),
        inputs={name: channels[name] for name in inputs},
        always_on=tuple((channels[name].start, first) for name, first in plan.constants.items()),
        members=members,
        depth=plan.late,
        latency_steps=plan.latency_steps,
        outputs=outputs,
    )


def _slices(sizes: Mapping[str, int]) -> dict[str, slice]:
    """Return the places of parts that follow one another."""
    stops = np.cumsum([*sizes.values()]).tolist()
    return {name: slice(b - sizes[name], b) for name, b in zip(sizes, stops, strict=True)}


def _edges(plan: Schedule, populations, needed, place):
    """Return source and stage, units of it, target neurons and weights of all synapses."""
    edges = []
    for wire in plan.wires:
        if wire.target != OUT:
            found = sparse.coo_array(wire.weights)
            pre, post = found.coords
            weights = found.data * populations[wire.target].gain[post]
            edges.append(((wire.source, wire.stage), pre, place[wire.target, 0][post], weights))
    for (source, stage), mask in needed.items():
        units = np.flatnonzero(mask)
        edges.append(((source, stage - 1), units, place[source, stage][units], np.ones(units.size)))
    return edges


def _rows(edges, place, n_pre: int, n_post: int) -> SparseRows:
    """Return the synapses of the sources in `place`; those between the same two add up."""
    parts = [(place[key][pre], post, w) for key, pre, post, w in edges if key in place]
    if not parts:
        none = np.zeros(0, np.int32)
        return SparseRows(np.zeros(n_pre + 1, np.int64), none, np.zeros(0), n_post)
    pre, post, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    matrix = sparse.csr_array((weights, (pre, post)), (n_pre, n_post))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return SparseRows(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data, n_post
    )


def _network(
    parts: list[Population], w_in: SparseRows, w_rec: SparseRows, dt: float, reset_kind: str
):
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
        reset=reset_kind,
    )
