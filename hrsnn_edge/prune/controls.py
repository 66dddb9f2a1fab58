"""What the whole algorithm is compared with: controls of equal counts of neurons and synapses.

Networks come back without readout, which the caller fits. One snapshot comes from the unpruned
network, rounds follow each other: `activity_rounds` retrains after each, `random_rounds` draws a
new graph for each of the algorithm's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hrsnn_edge.errors import PruneError
from hrsnn_edge.network import FloatNetwork, SparseRows
from hrsnn_edge.prune.baselines import keep_largest, keep_random
from hrsnn_edge.prune.edges import draw_weights
from hrsnn_edge.prune.graph import keep_neurons
from hrsnn_edge.prune.pruning import prune


def most_active(rates: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return which `count` neurons activity pruning keeps, (N,) bool; equals at random.

    Parameters
    ----------
    rates : (N,) float64
        Activity on training data, as `source_activity` gives it; measured anew after each
        retraining.
    count : int
        Neurons to keep, 1 .. N.
    rng : Generator
        Of the order of equals.
    """
    rates = np.asarray(rates, float)
    if not 1 <= count <= rates.size:
        raise ValueError(f"Kept neurons must be between 1 and {rates.size}, not {count}")
    if not (rates >= 0).all():
        raise ValueError("Rates must be numbers of at least 0")
    return keep_largest(rates, count, rng)


def activity_pruned(
    network: FloatNetwork, rates: np.ndarray, count: int, seed: int
) -> tuple[FloatNetwork, np.ndarray]:
    """Return the network of the `count` most active neurons, and which they are, (N,) bool."""
    if np.shape(rates) != (network.n_neurons,):
        raise ValueError(f"Rates must have {network.n_neurons} values, not shape {np.shape(rates)}")
    kept = most_active(rates, count, np.random.default_rng(seed))
    return keep_neurons(network, kept), kept


def activity_rounds(
    network: FloatNetwork,
    sizes: Sequence[int],
    rates: Callable[[FloatNetwork, np.ndarray], np.ndarray],
    retrain: Callable[[FloatNetwork, np.ndarray], FloatNetwork],
    seed: int,
) -> list[tuple[FloatNetwork, np.ndarray]]:
    """Return network and kept neurons, (N,) bool, after each round of activity pruning.

    A round drops the least active neurons and retrains, so that the next sees the new activity.

    Parameters
    ----------
    network : FloatNetwork
        Trained.
    sizes : sequence of int
        Neurons after each round, none more than before it.
    rates : callable
        Returns the activity on training data of a network and the neurons it has, (n,).
    retrain : callable
        Returns the trained network of a pruned one and the neurons it has.
    seed : int
        Of the order of equals.

    Raises
    ------
    PruneError
        When no neuron fires: activity says nothing then.
    """
    kept, rounds = np.ones(network.n_neurons, bool), []
    for index, size in enumerate(sizes):
        activity = np.asarray(rates(network, kept), float)
        if not activity.any():
            raise PruneError(
                f"Network must fire to be pruned by activity, not 0 spikes of "
                f"{network.n_neurons} neurons before round {index + 1}. Raise its input or rates."
            )
        network, stays = activity_pruned(network, activity, size, seed)
        kept = kept.copy()
        kept[kept] = stays
        network = retrain(network, kept)
        rounds.append((network, kept))
    return rounds


def random_rounds(
    network: FloatNetwork, counts: Sequence[tuple[int, int]], seed: int
) -> list[FloatNetwork]:
    """Return a random network for each round's counts of neurons and synapses; `erdos_renyi`."""
    seeds = np.random.default_rng(seed).integers(2**31, size=len(counts))
    return [erdos_renyi(network, n, m, int(s)) for (n, m), s in zip(counts, seeds, strict=True)]


def same_neurons(
    network: FloatNetwork, kept: np.ndarray, n_synapses: int, method: str, seed: int
) -> FloatNetwork:
    """Return the network of the neurons `kept`, its synapses pruned by another rule.

    Tells the choice of neurons from that of synapses when `kept` is that of `lnp`.

    Parameters
    ----------
    network : FloatNetwork
        Unpruned.
    kept : (N,) bool
        Surviving neurons.
    n_synapses : int
        Recurrent synapses to keep, at most those among the neurons.
    method : str
        A method of `prune`: ``'magnitude'``, ``'uniform'`` or ``'lnp'`` (step I in one round).
    seed : int
        Of every draw.
    """
    network = keep_neurons(network, kept)
    nnz = network.w_rec.nnz
    if not 0 <= n_synapses <= nnz:
        raise PruneError(
            f"Synapses to keep must be between 0 and the {nnz} among the kept neurons, "
            f"not {n_synapses}. Keep other neurons, or fewer synapses."
        )
    if n_synapses == nnz:
        return network
    return prune(network, method, 1 - n_synapses / nnz, seed)[0]


def erdos_renyi(network: FloatNetwork, n_neurons: int, n_synapses: int, seed: int) -> FloatNetwork:
    """Return a random network of equal counts: random neurons, random pairs among them.

    Neurons keep their parameters and their inputs. Every set of `n_synapses` pairs of different
    neurons is equally likely; weights are drawn from the unpruned ones with the source's sign.

    Raises
    ------
    PruneError
        When the counts do not fit the network or each other.
    """
    if not 1 <= n_neurons <= network.n_neurons:
        raise PruneError(
            f"Neurons of a random graph must be between 1 and {network.n_neurons}, not {n_neurons}"
        )
    n_pairs = n_neurons * (n_neurons - 1)
    if not 0 <= n_synapses <= n_pairs:
        raise PruneError(
            f"Synapses among {n_neurons} neurons must be between 0 and {n_pairs}, not {n_synapses}"
        )
    rng = np.random.default_rng(seed)
    some = keep_neurons(network, keep_random(network.n_neurons, n_neurons, rng))
    pair = np.sort(rng.choice(n_pairs, n_synapses, replace=False))
    pre, post = np.divmod(pair, max(1, n_neurons - 1))
    post = post + (post >= pre)
    weights = draw_weights(pre, some.inhibitory, network.w_rec, network.inhibitory, rng)
    row_ptr = np.concatenate([[0], np.cumsum(np.bincount(pre, minlength=n_neurons))])
    rows = SparseRows(row_ptr.astype(np.int64), post.astype(np.int32), weights, n_neurons)
    return replace(some, w_rec=rows)
