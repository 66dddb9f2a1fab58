"""Lyapunov noise pruning in full: Algorithm 1, rounds of steps I to III, then step IV."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np
from threadpoolctl import threadpool_limits

from hrsnn_edge.errors import PruneError
from hrsnn_edge.network import FloatNetwork, SparseRows
from hrsnn_edge.prune.draw import keep_count
from hrsnn_edge.prune.edges import (
    AddRule,
    candidates,
    choose_edges,
    degrees,
    draw_weights,
)
from hrsnn_edge.prune.evolution import GraphMeasures, LnpRecord, at_rest, measure
from hrsnn_edge.prune.graph import (
    insert,
    keep_nodes,
    weak_components,
)
from hrsnn_edge.prune.nodes import NodeRule, prune_nodes
from hrsnn_edge.prune.pruning import n_unreachable, restore_input
from hrsnn_edge.prune.record import MAX_FACTOR, LnpConfig, LnpRound
from hrsnn_edge.prune.synapses import choose_synapses, input_power
from hrsnn_edge.prune.timescales import TimescaleSearch, optimise_timescales
from hrsnn_edge.tune.loop import TuneResult


@dataclass(frozen=True)
class LnpSchedule:
    """Settings of the whole algorithm.

    Attributes
    ----------
    sparsity : float
        Share of the recurrent synapses to remove, above 0 and below 1; the rounds end when it
        is met. Step II takes synapses too, so it may be passed by up to one round.
    rounds : int
        Greatest number of rounds. Step I keeps ``(1 - sparsity)**(1 / rounds)`` of the synapses
        in each.
    edges : LnpConfig
        Step I; its `rounds` must be 1.
    nodes : NodeRule or None
        Step II; None keeps all neurons.
    added : AddRule or None
        Step III; None adds nothing.
    timescales : TimescaleSearch or None
        Step IV, after the last round; None keeps the time constants.
    preserve_input : bool
        Multiply the recurrent weights at the end by one factor, at most `MAX_FACTOR`, so that
        the mean absolute recurrent weight onto a neuron is that of the unpruned network.
    """

    sparsity: float = 0.95
    rounds: int = 100
    edges: LnpConfig = field(default_factory=LnpConfig)
    nodes: NodeRule | None = field(default_factory=NodeRule)
    added: AddRule | None = field(default_factory=AddRule)
    timescales: TimescaleSearch | None = None
    preserve_input: bool = False

    def __post_init__(self):
        """Check the numbers."""
        if not 0 < self.sparsity < 1:
            raise ValueError(f"Sparsity must be above 0 and below 1, not {self.sparsity}")
        if self.rounds < 1:
            raise ValueError(f"Rounds must be 1 or more, not {self.rounds}")
        if self.edges.rounds != 1:
            raise ValueError(
                f"Rounds of step I must be 1, not {self.edges.rounds}. The schedule has the rounds."
            )


@dataclass(frozen=True, eq=False)
class LnpResult:
    """What the algorithm returns.

    Attributes
    ----------
    network : FloatNetwork
        Pruned, without readout.
    kept : (N,) bool
        Which neurons of the unpruned network are in it, in their old order.
    start : GraphMeasures
        Of the unpruned graph.
    rounds : tuple of LnpRecord
        Rounds that count. One that broke the graph or passed `NodeRule.n_min` does not.
    stop : str
        Why the rounds ended: ``'sparsity'`` (met), ``'rounds'`` (spent), ``'rest'`` (no change),
        ``'disconnected'`` or ``'few neurons'`` (the next round would have been so).
    factor : float
        By which `preserve_input` multiplied the recurrent weights; 1 without.
    search : TuneResult or None
        Of step IV.
    """

    network: FloatNetwork
    kept: np.ndarray
    start: GraphMeasures
    rounds: tuple[LnpRecord, ...]
    stop: str
    factor: float = 1.0
    search: TuneResult | None = None

    def to_dict(self) -> dict:
        """Return plain values for JSON: the start, the rounds and why they ended."""
        rounds = [asdict(r) for r in self.rounds]
        return {"start": asdict(self.start), "rounds": rounds, "stop": self.stop}


@dataclass(frozen=True, eq=False)
class _State:
    """Between rounds.

    Attributes
    ----------
    network : FloatNetwork
        So far.
    kept : (N,) bool
        Which neurons of the unpruned network it has.
    factor : SparseRows
        ``1/p`` of each synapse.
    driven : (n,) bool
        Neurons that get input.
    noise : (n,) float64 or None
        Power of the input onto each, for ``noise='input'``.
    unit : float or None
        Of edge values, from the first round.
    """

    network: FloatNetwork
    kept: np.ndarray
    factor: SparseRows
    driven: np.ndarray
    noise: np.ndarray | None = None
    unit: float | None = None


# One BLAS thread: the same seed must draw the same graph on any machine's number of cores.
@threadpool_limits.wrap(limits=1, user_api="blas")
def lnp(
    network: FloatNetwork,
    schedule: LnpSchedule,
    seed: int,
    on_round: Callable[[LnpRecord], None] | None = None,
    *,
    activity: Mapping[str, np.ndarray] | None = None,
    current: np.ndarray | None = None,
) -> LnpResult:
    """Prune a network by Algorithm 1, without labels and, but for `activity`, without data.

    Parameters
    ----------
    network : FloatNetwork
        Untrained small world in the papers; any network whose graph is weakly connected.
    schedule : LnpSchedule
        The settings.
    seed : int
        Of every draw; the same seed gives the same network.
    on_round : callable or None
        Called with the record of each round that counts.
    activity, current
        The input, for ``noise='input'``; see `input_power`. Neurons with a `current` count as
        reached by the input.

    Raises
    ------
    PruneError
        When the graph is not connected from the start, or no input would reach any neuron.
    """
    _check_start(network)
    rng = np.random.default_rng(seed)
    state = _first_state(network, schedule.edges, activity or {}, current)
    algebra = schedule.edges.algebra
    start, rounds, stop = measure(network, algebra), [], "rounds"
    n_first = network.w_rec.nnz
    for index in range(1, schedule.rounds + 1):
        after, drawn = _step_one(state, n_first, schedule, rng)
        if schedule.nodes is not None:
            after = _step_two(after, schedule.nodes, rng)
        n_pruned = after.network.w_rec.nnz
        if fault := _fault(after.network, schedule):
            stop = fault
            break
        if schedule.added is not None:
            after = _step_three(after, network, schedule.added, rng)
        _check_paths(index, network, after.network)
        graph = measure(after.network, algebra)
        record = LnpRecord(
            index,
            graph,
            sparsity=1 - graph.n_synapses / n_first,
            n_drawn=drawn.after,
            n_added=graph.n_synapses - n_pruned,
            n_removed=state.network.n_neurons - graph.n_neurons,
            lambda_1=drawn.lambda_1,
            probability_cv=drawn.probability_cv,
            errors=drawn.errors,
        )
        state = after
        rounds.append(record)
        if on_round is not None:
            on_round(record)
        if record.graph.n_synapses <= keep_count(n_first, schedule.sparsity):
            stop = "sparsity"
            break
        if at_rest([start, *(r.graph for r in rounds)]):
            stop = "rest"
            break
    pruned, factor = _final_weights(network, state, schedule)
    search = None
    if schedule.timescales is not None:
        pruned, search = optimise_timescales(pruned, schedule.timescales, int(rng.integers(2**31)))
    return LnpResult(pruned, state.kept, start, tuple(rounds), stop, factor, search)


def _first_state(network: FloatNetwork, edges: LnpConfig, activity, current) -> _State:
    """Return the state before the first round."""
    driven, noise = network.w_in.fan_in > 0, None
    if current is not None:
        driven = driven | (np.asarray(current) > 0)
    if edges.noise == "input":
        noise = input_power(network, activity, current, edges.unit)
    ones = network.w_rec.with_weights(np.ones(network.w_rec.nnz))
    everyone = np.ones(network.n_neurons, bool)
    return _State(replace(network, readout=None), everyone, ones, driven, noise)


def _step_one(state: _State, n_first: int, schedule: LnpSchedule, rng) -> tuple[_State, LnpRound]:
    """Return the state without the synapses of a round, and what step I recorded."""
    rows = state.network.w_rec
    share = (1 - schedule.sparsity) ** (1 / schedule.rounds)
    goal = keep_count(n_first, schedule.sparsity)
    count = min(rows.nnz, max(goal, round(share * rows.nnz)))
    choice = choose_synapses(state.network, count, rng, schedule.edges, state.noise, state.unit)
    factor = state.factor.with_weights(state.factor.weights / choice.probabilities)
    after = replace(
        state,
        network=replace(state.network, w_rec=rows.keep(choice.mask)),
        factor=factor.keep(choice.mask),
        unit=choice.unit,
    )
    return after, choice.record


def _step_two(state: _State, rule: NodeRule, rng) -> _State:
    """Return the state without dead neurons and those that few shortest paths pass through."""
    network, stays = prune_nodes(state.network, rule, rng, state.driven)
    kept = state.kept.copy()
    kept[kept] = stays
    return _State(
        network,
        kept,
        keep_nodes(state.factor, stays),
        state.driven[stays],
        None if state.noise is None else state.noise[stays],
        state.unit,
    )


def _step_three(state: _State, first: FloatNetwork, add: AddRule, rng) -> _State:
    """Return the state with added synapses."""
    rows = state.network.w_rec
    count = round(add.share * rows.nnz)
    pairs = candidates(rows, keep_nodes(first.w_rec, state.kept), count)
    pre, post = choose_edges(pairs, degrees(rows), rows.fan_out, count, add, rng).T
    weights = draw_weights(pre, state.network.inhibitory, first.w_rec, first.inhibitory, rng)
    network = replace(state.network, w_rec=insert(rows, pre, post, weights))
    return replace(
        state, network=network, factor=insert(state.factor, pre, post, np.ones(pre.size))
    )


def _final_weights(first: FloatNetwork, state: _State, schedule: LnpSchedule):
    """Return the network, weights over probabilities and input restored, and the last factor."""
    network = state.network
    if schedule.edges.weights == "rescale":
        weights = network.w_rec.weights * np.minimum(state.factor.weights, MAX_FACTOR)
        network = replace(network, w_rec=network.w_rec.with_weights(weights))
    factors = {"rec": 1.0}
    if schedule.preserve_input:
        network, factors = restore_input(first, network, ("rec",), {})
    return network, factors["rec"]


def _fault(network: FloatNetwork, schedule: LnpSchedule) -> str:
    """Return why a round does not count, or an empty string."""
    if schedule.nodes is not None and network.n_neurons < schedule.nodes.n_min:
        return "few neurons"
    return "disconnected" if weak_components(network.w_rec)[0] != 1 else ""


def _check_start(network: FloatNetwork) -> None:
    """Raise `PruneError` when the graph has no synapses or falls apart before any pruning."""
    if network.w_rec.nnz == 0:
        raise PruneError("w_rec must have synapses to prune, not 0")
    parts, label = weak_components(network.w_rec)
    if parts != 1:
        raise PruneError(
            f"Recurrent graph must be weakly connected, not in {parts} parts, the largest of "
            f"{np.bincount(label).max()} of {network.n_neurons} neurons. Raise the density, or "
            f"keep the neurons of one part only."
        )


def _check_paths(index: int, before: FloatNetwork, after: FloatNetwork) -> None:
    """Raise `PruneError` when a round cut every path from the input to a neuron."""
    if n_unreachable(after) == after.n_neurons and n_unreachable(before) < before.n_neurons:
        raise PruneError(
            f"Some input must reach a neuron after round {index}, not none of "
            f"{after.n_neurons}. Lower the sparsity or the quantile."
        )
