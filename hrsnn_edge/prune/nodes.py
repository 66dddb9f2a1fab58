"""Lyapunov noise pruning, step II: neurons that few shortest paths pass through are removed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.model.centrality import adjacency, betweenness
from hrsnn_edge.network import FloatNetwork
from hrsnn_edge.prune.graph import keep_neurons


@dataclass(frozen=True)
class NodeRule:
    """Which neurons step II may remove.

    Attributes
    ----------
    quantile : float
        Share of the neurons, those of least betweenness, that a round tries to remove.
    n_min : int
        Neurons that are never gone below.
    excitatory_low, excitatory_high : float
        Share of excitatory neurons that removal does not leave (75:25 to 85:15), and does not
        lead further away from if it starts outside.
    readout_counts : bool
        Whether the readout is an out-edge of every neuron. If not, a neuron without recurrent
        targets is dead, although the readout hears it.
    protect_input : bool
        Whether neurons that get input stay, dead ones excepted.
    """

    quantile: float = 0.02
    n_min: int = 50
    excitatory_low: float = 0.75
    excitatory_high: float = 0.85
    readout_counts: bool = False
    protect_input: bool = False

    def __post_init__(self):
        """Check the numbers."""
        if not 0 <= self.quantile < 1:
            raise ValueError(f"Quantile must be 0 or more and below 1, not {self.quantile}")
        if self.n_min < 1:
            raise ValueError(f"Least number of neurons must be 1 or more, not {self.n_min}")
        if not 0 <= self.excitatory_low <= self.excitatory_high <= 1:
            raise ValueError(
                f"Excitatory share must be a range within 0 .. 1, not {self.excitatory_low} .. "
                f"{self.excitatory_high}"
            )


def alive(
    network: FloatNetwork, readout_counts: bool = False, driven: np.ndarray | None = None
) -> np.ndarray:
    """Return which neurons are left when those without in-edge or out-edge are removed, (N,) bool.

    In-edges are recurrent or from the input, out-edges recurrent, or any with `readout_counts`.
    Removing one may kill others, so it is repeated until none dies. `driven`, (N,) bool, says who
    gets input; None for those with input synapses.
    """
    one_way = adjacency(network.w_rec)
    fed = network.w_in.fan_in > 0 if driven is None else driven
    keep = np.ones(network.n_neurons, bool)
    while True:
        has_in = fed | (one_way.T @ keep.astype(float) > 0)
        has_out = readout_counts | (one_way @ keep.astype(float) > 0)
        after = keep & has_in & has_out
        if (after == keep).all():
            return keep
        keep = after


def removable(
    network: FloatNetwork,
    score: np.ndarray,
    rule: NodeRule,
    rng: np.random.Generator,
    driven: np.ndarray | None = None,
) -> np.ndarray:
    """Return which neurons step II removes, (N,) bool; all others keep an in- and an out-edge.

    Parameters
    ----------
    network : FloatNetwork
        Without dead neurons; see `alive`.
    score : (N,) float64
        Betweenness. The ``round(quantile * N)`` least are tried in rising order, equals in a
        random one; one that a protection holds stays, and no other takes its place.
    rule : NodeRule
        Quantile and protections.
    rng : Generator
        Of the order of equals.
    driven : (N,) bool or None
        Who gets input; None for those with input synapses.
    """
    n = network.n_neurons
    driven = network.w_in.fan_in > 0 if driven is None else driven
    rows, into = network.w_rec, adjacency(network.w_rec).T.tocsr()
    n_in = rows.fan_in + driven
    n_out = rows.fan_out + (1 if rule.readout_counts else 0)
    removed = np.zeros(n, bool)
    size = np.array([(~network.inhibitory).sum(), n])
    waiting = np.lexsort((rng.random(n), score))[: round(rule.quantile * n)].tolist()
    progress = True
    while progress:
        # A neuron held for the sake of the E:I share may go once one of the other type has gone.
        progress = False
        for i in list(waiting):
            targets = rows.col_idx[rows.row_ptr[i] : rows.row_ptr[i + 1]]
            sources = into.indices[into.indptr[i] : into.indptr[i + 1]]
            after = size - [not network.inhibitory[i], 1]
            if (
                after[1] < rule.n_min
                or (rule.protect_input and driven[i])
                or _share_gap(after, rule) > _share_gap(size, rule)
                or _strands(targets, n_in, removed, i)
                or _strands(sources, n_out, removed, i)
            ):
                continue
            n_in[targets] -= 1
            n_out[sources] -= 1
            size, removed[i], progress = after, True, True
            waiting.remove(i)
    return removed


def _share_gap(size: np.ndarray, rule: NodeRule) -> float:
    """Return how far the excitatory share of (excitatory, all) neurons is outside its range."""
    share = size[0] / size[1]
    return max(rule.excitatory_low - share, share - rule.excitatory_high, 0.0)


def _strands(neighbours: np.ndarray, n_edges: np.ndarray, removed: np.ndarray, i: int) -> bool:
    """Return whether a neighbour that stays has its only edge from or to neuron `i`."""
    at_risk = ~removed[neighbours] & (neighbours != i)
    return bool((n_edges[neighbours[at_risk]] <= 1).any())


def prune_nodes(
    network: FloatNetwork,
    rule: NodeRule,
    rng: np.random.Generator,
    driven: np.ndarray | None = None,
) -> tuple[FloatNetwork, np.ndarray]:
    """Return the network after step II and which of its neurons were kept, (N,) bool.

    Dead neurons go first and whatever the protections, then those of least betweenness. `driven`
    is that of `removable`.
    """
    driven = network.w_in.fan_in > 0 if driven is None else driven
    keep = alive(network, rule.readout_counts, driven)
    network = keep_neurons(network, keep)
    if network.n_neurons > rule.n_min and rule.quantile > 0:
        score = betweenness(network.w_rec, int(rng.integers(2**31)))
        stays = ~removable(network, score, rule, rng, driven[keep])
        network = keep_neurons(network, stays)
        keep = keep.copy()
        keep[keep] = stays
    return network, keep
