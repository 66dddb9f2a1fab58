from dataclasses import replace

import pytest

from hrsnn_edge.prune.evolution import at_rest, measure
from tests.prune.networks import make_network, rows_of


def test_at_rest_worked():
    """Five changes below 0.1 % are rest; four, or one of just 0.1 % among them, are not."""
    graph = replace(measure(make_network()), n_neurons=1000, n_synapses=10_000)
    graphs = [replace(graph, n_synapses=10_000 - 9 * k) for k in range(6)]
    assert at_rest(graphs)
    assert not at_rest(graphs[1:])
    assert not at_rest([*graphs[:5], replace(graph, n_synapses=9954)])
    assert not at_rest([*graphs[:5], replace(graphs[5], n_neurons=999)])


def test_measures_worked():
    """Hand-worked: 4 leaves of 0, both ways: degrees 8 and 2, density 8/25, 4 of 5 E."""
    pairs = [(0, k) for k in range(1, 5)] + [(k, 0) for k in range(1, 5)]
    graph = measure(replace(make_network(n=5), w_rec=rows_of(5, pairs)))
    assert (graph.n_neurons, graph.n_synapses) == (5, 8)
    assert graph.density == pytest.approx(8 / 25)
    assert graph.excitatory_share == pytest.approx(0.8)
    assert graph.degree_variance == pytest.approx(5.76)
