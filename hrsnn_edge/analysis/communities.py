"""Communities of a recurrent graph: neurons with more synapses among them than with others."""

from __future__ import annotations

import networkx as nx
import numpy as np

from hrsnn_edge.network import SparseRows

#: Communities below this share of the neurons are one rest.
SMALLEST_SHARE = 0.02
#: Synapses above which no communities are sought: the search takes seconds there.
MAX_SYNAPSES = 60_000


def communities(rows: SparseRows, seed: int = 0) -> np.ndarray:
    """Return the community of each neuron, (N,) int64, 0 the largest.

    Louvain's modularity on the undirected graph of summed ``|w|`` (Blondel et al. 2008). Groups of
    less than `SMALLEST_SHARE` of the neurons, such as neurons without synapses, share the last
    number. A graph of more than `MAX_SYNAPSES` is left whole.

    Parameters
    ----------
    rows : SparseRows
        Square.
    seed : int
        Of the order in which neurons are visited.
    """
    n = rows.n_pre
    label = np.zeros(n, np.int64)
    if rows.nnz > MAX_SYNAPSES or not rows.nnz:
        return label
    graph = nx.Graph()
    graph.add_nodes_from(range(n))
    for pre, post, weight in zip(
        rows.pre_idx.tolist(), rows.col_idx.tolist(), np.abs(rows.weights).tolist(), strict=True
    ):
        known = graph.get_edge_data(pre, post, {"weight": 0.0})["weight"]
        graph.add_edge(pre, post, weight=known + weight)
    found = nx.community.louvain_communities(graph, seed=seed)
    large = [sorted(group) for group in found if len(group) >= max(2, SMALLEST_SHARE * n)]
    large.sort(key=lambda group: (-len(group), group))
    label[:] = len(large)
    for k, group in enumerate(large):
        label[group] = k
    return label
