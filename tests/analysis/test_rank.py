import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.analysis.rank import effective_rank, rank_pair
from hrsnn_edge.errors import DataError, TrainingError


def test_worked_rule():
    """Hand-worked: singular values 98, 1, 1 need two for 99 % of their sum, three for all."""
    states = np.diag([98.0, 1.0, 1.0])
    assert effective_rank(states).rank == 2
    assert effective_rank(states, share=0.98).rank == 1
    assert effective_rank(states, share=1).rank == 3


@settings(max_examples=30)
@given(n=st.integers(2, 12), m=st.integers(2, 12), r=st.integers(1, 6), seed=st.integers(0, 999))
def test_bounded_by_the_rank(n, m, r, seed):
    """The effective rank is at most the rank, and equals it when all of the sum is asked for."""
    rng = np.random.default_rng(seed)
    states = rng.normal(size=(n, r)) @ rng.normal(size=(r, m))
    rank = np.linalg.matrix_rank(states)
    assert 1 <= effective_rank(states).rank <= rank
    assert effective_rank(states, share=1).rank == rank


def test_silent_column_is_flagged():
    """A column of zeros adds nothing to the rank and is named."""
    states = np.array([[1.0, 0, 0], [0, 0, 1]])
    found = effective_rank(states)
    assert (found.rank, found.silent) == (2, (1,))
    assert effective_rank(states[:, [0, 2]]).rank == found.rank


def test_pair():
    """Different inputs separate, copies of one do not: 3 directions against 1."""
    pair = rank_pair(np.eye(3), np.outer([1.0, 2, 3], [1, 1.1, 0.9]))
    assert (pair.separation.rank, pair.generalisation.rank, pair.difference) == (3, 1, 2)


def test_wrong_states():
    """A silent network, a state that is not finite and wrong calls are named."""
    with pytest.raises(TrainingError, match="at least 1 of 4 inputs, not for 0"):
        effective_rank(np.zeros((3, 4)))
    with pytest.raises(DataError, match="neuron 1, input 0: must be finite, not nan"):
        effective_rank(np.array([[1.0], [np.nan]]))
    with pytest.raises(ValueError, match="at most 1, not 1.5"):
        effective_rank(np.eye(2), share=1.5)
    with pytest.raises(ValueError, match="not of shape"):
        effective_rank(np.zeros(3))
