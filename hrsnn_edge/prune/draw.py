"""From scores to a number of kept edges: probabilities, and a draw of exactly that number."""

from __future__ import annotations

import numpy as np

#: Scores below this share of the greatest count as this, so that edges of score 0 come last
#: instead of making a target unreachable.
_SCORE_FLOOR = 1e-9


def keep_count(n_edges: int, sparsity: float) -> int:
    """Return how many of `n_edges` stay at a sparsity of 0 (all) .. 1 (none), rounded."""
    if not 0 <= sparsity <= 1:
        raise ValueError(f"Sparsity must be between 0 and 1, not {sparsity}")
    return round(n_edges * (1 - sparsity))


def keep_probabilities(scores: np.ndarray, count: int) -> np.ndarray:
    """Return ``min(1, rho * scores)`` with `rho` such that they sum to `count`, eq. (16).

    Parameters
    ----------
    scores : (E,) float64
        Importance of each edge, not negative.
    count : int
        Expected number of kept edges, 0 .. E.

    Notes
    -----
    The papers search `rho` by bisection. It has a closed form: with the scores in falling order
    and the first m of them at probability 1, ``rho = (count - m) / sum of the rest``, for the
    least m at which the next probability is at most 1.
    """
    scores = np.asarray(scores, float)
    if np.any(scores < 0) or not np.isfinite(scores).all():
        raise ValueError("Scores must be finite and not negative")
    if not 0 <= count <= scores.size:
        raise ValueError(f"Kept edges must be between 0 and {scores.size}, not {count}")
    if count == scores.size:
        return np.ones(scores.size)
    scores = np.maximum(scores / scores.max(), _SCORE_FLOOR) if scores.any() else scores + 1
    falling = np.sort(scores)[::-1]
    rest = np.cumsum(falling[::-1])[::-1]
    rho = (count - np.arange(scores.size)) / rest
    return np.minimum(1, rho[np.argmax(rho * falling <= 1)] * scores)


def draw_exact(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a mask, (E,) bool, of exactly ``round(sum(probabilities))`` edges.

    Systematic sampling in a random order: every edge is kept with just its probability, so
    weights over probabilities stay unbiased, and the number does not vary as with one draw an
    edge. The price is a slight dependence between edges, which the random order spreads evenly.
    """
    p = np.asarray(probabilities, float)
    mask = p >= 1
    open_edges = rng.permutation(np.flatnonzero(~mask))
    count = round(p.sum()) - int(mask.sum())
    if count > 0:
        ends = np.cumsum(p[open_edges])
        ends *= count / ends[-1]
        ends[-1] = np.inf
        mask[open_edges[np.searchsorted(ends, rng.random() + np.arange(count), side="right")]] = 1
    return mask
