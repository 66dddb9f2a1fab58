"""Communities are the groups that a graph was made of."""

import numpy as np

from hrsnn_edge.analysis.communities import communities
from hrsnn_edge.network import SparseRows


def test_two_blocks_are_found():
    """Two dense blocks joined by one synapse, and neurons without any: three groups."""
    n = 40
    matrix = np.zeros((n, n))
    matrix[:20, :20] = 1.0
    matrix[20:35, 20:35] = -1.0
    np.fill_diagonal(matrix, 0)
    matrix[3, 25] = 1.0
    label = communities(SparseRows.from_dense(matrix))
    assert label.tolist() == [0] * 20 + [1] * 15 + [2] * 5


def test_no_synapses_are_one_group():
    """An empty graph is one group, whatever its size."""
    assert communities(SparseRows.from_dense(np.zeros((5, 5)))).tolist() == [0] * 5


def test_the_same_graph_gives_the_same_groups():
    """The seed decides the order of visits, so the labels repeat."""
    matrix = np.random.default_rng(2).random((60, 60)) < 0.1
    rows = SparseRows.from_dense(matrix.astype(float))
    assert np.array_equal(communities(rows), communities(rows))
