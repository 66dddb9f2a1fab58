"""The order in which a small NIR graph is computed, and the edges that close its loops."""

import networkx as nx

SPIKING = ("LIF", "CubaLIF", "IF")


def order_of(graph):
    """Return node names in order, and the edges out of spiking nodes that lie in a loop."""
    whole = nx.DiGraph(graph.edges)
    home = nx.condensation(whole).graph["mapping"]
    back = {
        (a, b)
        for a, b in graph.edges
        if home[a] == home[b] and type(graph.nodes[a]).__name__ in SPIKING
    }
    whole.remove_edges_from(back)
    return list(nx.topological_sort(whole)), back
