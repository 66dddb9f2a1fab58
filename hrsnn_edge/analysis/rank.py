"""Effective rank of states: the separation property and its companion, generalisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.errors import DataError, TrainingError

#: Share of the sum of singular values that the effective rank must reach.
RANK_SHARE = 0.99


@dataclass(frozen=True)
class EffectiveRank:
    """The number of directions that hold nearly all of a state matrix.

    Attributes
    ----------
    rank : int
        Effective rank.
    silent : tuple of int
        Columns that are all zero: inputs the network did not answer. They add nothing.
    """

    rank: int
    silent: tuple[int, ...] = ()


@dataclass(frozen=True)
class RankPair:
    """Rank over different inputs and over jittered copies of one.

    Attributes
    ----------
    separation : EffectiveRank
        Of different inputs: high is good.
    generalisation : EffectiveRank
        Of copies of one input: low is good.
    """

    separation: EffectiveRank
    generalisation: EffectiveRank

    @property
    def difference(self) -> int:
        """Separation minus generalisation (Legenstein and Maass)."""
        return self.separation.rank - self.generalisation.rank


def effective_rank(states, share: float = RANK_SHARE) -> EffectiveRank:
    """Return the smallest r whose r greatest singular values are `share` of their sum.

    Parameters
    ----------
    states : (N, m) float
        Column `u` is the final state of the network for input `u`.
    share : float
        Above 0, at most 1; with 1 the rank counts the singular values above rounding.

    Raises
    ------
    TrainingError
        When all states are zero.
    """
    if not 0 < share <= 1:
        raise ValueError(f"Share must be above 0 and at most 1, not {share}")
    states = np.asarray(states, float)
    if states.ndim != 2 or states.size == 0:
        raise ValueError(f"States must be (neurons, inputs), not of shape {states.shape}")
    bad = np.argwhere(~np.isfinite(states))
    if bad.size:
        neuron, column = bad[0]
        raise DataError(
            f"State of neuron {neuron}, input {column}: must be finite, "
            f"not {states[neuron, column]}"
        )
    silent = np.flatnonzero(~states.any(axis=0))
    if silent.size == states.shape[1]:
        raise TrainingError(
            f"States must differ from zero for at least 1 of {silent.size} inputs, not for 0. "
            "The network is silent: raise the input weights or lower the thresholds."
        )
    s = np.linalg.svd(states, compute_uv=False)
    s[s <= s[0] * max(states.shape) * np.finfo(float).eps] = 0
    cumulative = np.cumsum(s) / s.sum()
    # Rounding may leave the last sum a little short of 1.
    rank = int(np.searchsorted(cumulative, share * (1 - 1e-12)) + 1)
    return EffectiveRank(rank, tuple(silent.tolist()))


def rank_pair(states, jittered, share: float = RANK_SHARE) -> RankPair:
    """Return the ranks of states of different inputs, and of copies of one; see `RankPair`."""
    return RankPair(effective_rank(states, share), effective_rank(jittered, share))
