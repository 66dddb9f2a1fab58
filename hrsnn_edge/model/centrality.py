"""Which neurons the shortest paths of a network go through (Brandes)."""

from __future__ import annotations

import numpy as np
import rustworkx
from scipy.sparse import coo_array, csr_array

from hrsnn_edge.network import SparseRows

#: Neurons above which betweenness is estimated, and the sources it is estimated from.
EXACT_NEURONS = 1000
N_SOURCES = 256


def adjacency(rows: SparseRows) -> csr_array:
    """Return the directed 0/1 matrix ``[pre, post]`` of square rows, sparse float64."""
    edges = (rows.pre_idx, rows.col_idx)
    return coo_array((np.ones(rows.nnz), edges), (rows.n_pre, rows.n_post)).tocsr()


def betweenness(rows: SparseRows, seed: int = 0) -> np.ndarray:
    """Return the share of directed shortest paths through each neuron, summed over pairs, (N,).

    Unweighted and not normalised. Up to `EXACT_NEURONS` it is exact (rustworkx, in one thread,
    so that sums are in one order on any machine); above, `N_SOURCES` random sources stand for
    all, which rustworkx cannot do.
    """
    n = rows.n_pre
    if n > EXACT_NEURONS:
        sources = np.random.default_rng(seed).permutation(n)[:N_SOURCES]
        return sampled_betweenness(rows, sources)
    graph = rustworkx.PyDiGraph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from_no_data(
        list(zip(rows.pre_idx.tolist(), rows.col_idx.tolist(), strict=True))
    )
    values = rustworkx.digraph_betweenness_centrality(
        graph, normalized=False, parallel_threshold=n + 1
    )
    return np.array([values[i] for i in range(n)])


def sampled_betweenness(rows: SparseRows, sources: np.ndarray) -> np.ndarray:
    """Return betweenness from the paths of `sources` only, times ``N / len(sources)``, (N,).

    The algorithm of Brandes, all sources at once, one sparse product a level: counts of shortest
    paths forwards, dependencies backwards. All N sources give the exact values.
    """
    forward, n, k = adjacency(rows), rows.n_pre, len(sources)
    backward = forward.T.tocsr()
    paths = np.zeros((n, k))
    paths[sources, np.arange(k)] = 1
    levels = [paths > 0]
    while levels[-1].any():
        reached = backward @ (paths * levels[-1])
        fresh = (reached > 0) & (paths == 0)
        paths += reached * fresh
        levels.append(fresh)
    dependency = np.zeros((n, k))
    safe = np.maximum(paths, 1)
    for near, far in zip(levels[-2::-1], levels[:0:-1], strict=True):
        dependency += near * paths * (forward @ (far * (1 + dependency) / safe))
    dependency[sources, np.arange(k)] = 0
    return dependency.sum(axis=1) * (n / k)


def most_central(rows: SparseRows, share: float) -> np.ndarray:
    """Return the `share` of neurons of greatest betweenness, at least one, in rising order.

    Among equals the lower number is taken.
    """
    count = max(1, round(share * rows.n_pre))
    order = np.argsort(-betweenness(rows), kind="stable")
    return np.sort(order[:count]).astype(np.int32)
