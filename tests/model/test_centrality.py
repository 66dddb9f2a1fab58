"""The neurons that a perceptron readout reads."""

import numpy as np

from hrsnn_edge.model.centrality import most_central
from hrsnn_edge.network import SparseRows


def test_most_central_by_hand():
    """In the chain 3 -> 1 -> 0 -> 2 the paths pass 1 and 0, two each; ties go low."""
    matrix = np.zeros((4, 4))
    matrix[[3, 1, 0], [1, 0, 2]] = 1
    rows = SparseRows.from_dense(matrix)
    assert most_central(rows, 0.5).tolist() == [0, 1]
    assert most_central(rows, 0.25).tolist() == [0]
    assert most_central(rows, 0.0).tolist() == [0]
