"""The log of the algorithm: the recurrent graph in numbers, round by round."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hrsnn_edge.network import FloatNetwork
from hrsnn_edge.prune.edges import degree_variance
from hrsnn_edge.prune.graph import Ipr, laplacian_ipr
from hrsnn_edge.prune.sparse import end_modes_ipr

#: A graph that changes by less than this share for so many rounds has come to rest.
REST_SHARE = 1e-3
REST_ROUNDS = 5


@dataclass(frozen=True)
class GraphMeasures:
    """A recurrent graph in numbers.

    Attributes
    ----------
    n_neurons, n_synapses : int
        |V| and |E|.
    density : float
        Synapses over possible ones.
    excitatory_share : float
        Of the neurons.
    degree_variance : float
        The objective h of eq. (17).
    ipr : Ipr
        Localisation of the eigenvectors.
    """

    n_neurons: int
    n_synapses: int
    density: float
    excitatory_share: float
    degree_variance: float
    ipr: Ipr


@dataclass(frozen=True)
class LnpRecord:
    """One round of the algorithm.

    Attributes
    ----------
    index : int
        From 1.
    graph : GraphMeasures
        After the round.
    sparsity : float
        Share of the first recurrent synapses that is gone.
    n_drawn, n_added : int
        Synapses that step I kept and step III added.
    n_removed : int
        Neurons that step II removed, dead ones included.
    lambda_1 : float
        Greatest exponent at the start of the round [1/ms], a short average; `LnpRound`.
    probability_cv : float
        Coefficient of variation of step I's keep probabilities; 0 is uniform random pruning.
    errors : dict
        eps of eq. (15) for step I; `lyapunov_noise.spectral_errors`.
    """

    index: int
    graph: GraphMeasures
    sparsity: float
    n_drawn: int
    n_added: int
    n_removed: int
    lambda_1: float
    probability_cv: float
    errors: dict[str, float]


def measure(network: FloatNetwork, algebra: str = "dense") -> GraphMeasures:
    """Return the recurrent graph in numbers; see `LnpConfig.algebra`."""
    rows = network.w_rec
    return GraphMeasures(
        rows.n_pre,
        rows.nnz,
        rows.density,
        float((~network.inhibitory).mean()),
        degree_variance(rows),
        laplacian_ipr(rows) if algebra == "dense" else end_modes_ipr(rows),
    )


def at_rest(graphs: list[GraphMeasures]) -> bool:
    """Return whether neurons and synapses changed by less than `REST_SHARE` in each last round."""
    last = graphs[-REST_ROUNDS - 1 :]
    pairs = pairwise(last)
    still = [
        abs(b.n_neurons - a.n_neurons) < REST_SHARE * a.n_neurons
        and abs(b.n_synapses - a.n_synapses) < REST_SHARE * a.n_synapses
        for a, b in pairs
    ]
    return len(still) == REST_ROUNDS and all(still)
