"""Lyapunov noise pruning, step III: synapses are added so that eigenvectors spread, eq. (17)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.model.centrality import adjacency
from hrsnn_edge.network import SparseRows

EDGE_RULES = ("low_to_high", "degree_variance", "low_degree")


@dataclass(frozen=True)
class AddRule:
    """Which synapses step III adds.

    Attributes
    ----------
    rule : str
        ``'degree_variance'``: the greatest sum of degrees, which raises the variance of the
        degrees most (the papers' objective; it does not spread the eigenvectors).
        ``'low_to_high'``: the least connected neuron to its best connected neighbour's neighbour.
        ``'low_degree'``: the least sum of degrees (spreads them most, lowers the variance).
    share : float
        Added synapses over those there are.
    max_fan_out : int or None
        Synapses of a row of the hardware; a full row gets no more.
    """

    rule: str = "low_to_high"
    share: float = 0.01
    max_fan_out: int | None = None

    def __post_init__(self):
        """Check the word and the numbers."""
        if self.rule not in EDGE_RULES:
            raise ValueError(f"Rule must be one of {', '.join(EDGE_RULES)}, not {self.rule!r}")
        if not 0 <= self.share <= 1:
            raise ValueError(f"Added share must be between 0 and 1, not {self.share}")
        if self.max_fan_out is not None and self.max_fan_out < 1:
            raise ValueError(f"Greatest fan-out must be 1 or more, not {self.max_fan_out}")


def degrees(rows: SparseRows) -> np.ndarray:
    """Return synapses from and onto each neuron of square rows, (N,) int64."""
    return rows.fan_in + rows.fan_out


def candidates(rows: SparseRows, original: SparseRows, count: int) -> np.ndarray:
    """Return which pairs may be joined, (N, N) bool ``[pre, post]``: two synapses apart.

    Pairs of `original`, the graph before any pruning, are left out, as the papers say, unless
    fewer than `count` are left then: a graph that began nearly dense may take pruned ones back.
    """
    one_way = adjacency(rows)
    pairs = (one_way @ one_way).toarray() > 0
    pairs[np.diag_indices_from(pairs)] = False
    pairs[rows.pre_idx, rows.col_idx] = False
    new = pairs.copy()
    new[original.pre_idx, original.col_idx] = False
    return new if new.sum() >= count else pairs


def choose_edges(
    pairs: np.ndarray,
    degree: np.ndarray,
    fan_out: np.ndarray,
    count: int,
    add: AddRule,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return up to `count` of the pairs, (m, 2) int64 of pre and post, chosen one by one.

    Degrees are updated after each choice; equals are drawn at random. Fewer come back only when
    the pairs, or the rows that are not full, run out.

    Parameters
    ----------
    pairs : (N, N) bool
        Candidates.
    degree, fan_out : (N,) int
        Of the graph they are added to.

    Notes
    -----
    The best target of each source is kept and only repaired where a degree changed, ``O(N)`` a
    choice for the rules that want great degrees. The greedy choice is the best for one synapse:
    every synapse changes the mean alike, so (u, v) gains ``2 (d_u + d_v) + const``.
    """
    pairs, fan_out = pairs.copy(), fan_out.copy()
    limit = np.inf if add.max_fan_out is None else add.max_fan_out
    pairs[fan_out >= limit] = False
    sign = -1.0 if add.rule == "low_degree" else 1.0
    # Two draws together stay below 1, the least difference of sums of degrees.
    rank = degree + rng.random(len(degree)) * 0.499
    best, target = np.full(len(rank), -np.inf), np.zeros(len(rank), np.int64)

    def repair(rows):
        values = np.where(pairs[rows], sign * rank, -np.inf)
        target[rows] = values.argmax(axis=1)
        best[rows] = values.max(axis=1)

    repair(np.arange(len(rank)))
    chosen = []
    while len(chosen) < count and (best > -np.inf).any():
        if add.rule == "low_to_high":
            u = int(np.argmin(np.where(best > -np.inf, rank, np.inf)))
        else:
            u = int(np.argmax(best + sign * rank))
        v = int(target[u])
        chosen.append((u, v))
        pairs[u, v] = False
        fan_out[u] += 1
        if fan_out[u] >= limit:
            pairs[u] = False
        rank[[u, v]] += 1
        if sign > 0:
            for x in (u, v):
                better = pairs[:, x] & (rank[x] > best)
                best[better], target[better] = rank[x], x
            repair([u])
        else:
            repair(np.flatnonzero((target == u) | (target == v) | (np.arange(len(rank)) == u)))
    return np.array(chosen, np.int64).reshape(-1, 2)


def draw_weights(
    pre: np.ndarray,
    inhibitory: np.ndarray,
    initial: SparseRows,
    initial_inhibitory: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return weights for synapses of the sources `pre`, (m,), with the sign of the source.

    Magnitudes are drawn from those of the `initial` rows' sources of the same type; from all of
    them if that type had none.
    """
    magnitude = np.abs(initial.weights)
    kind = initial_inhibitory[initial.pre_idx]
    out = np.zeros(pre.size)
    for type_ in (False, True):
        pool = magnitude[kind == type_]
        here = inhibitory[pre] == type_
        drawn = rng.choice(pool if pool.size else magnitude, int(here.sum()))
        out[here] = -drawn if type_ else drawn
    return out


def degree_variance(rows: SparseRows) -> float:
    """Return the objective ``h`` of eq. (17), the variance of the degrees."""
    return float(np.var(degrees(rows)))
