"""What Lyapunov noise pruning is compared with: by magnitude, and at random."""

from __future__ import annotations

import numpy as np


def keep_largest(magnitudes: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return a mask of the `count` greatest of `magnitudes`, (E,); equals are drawn at random."""
    order = np.lexsort((rng.random(magnitudes.size), -np.asarray(magnitudes, float)))
    mask = np.zeros(magnitudes.size, bool)
    mask[order[:count]] = True
    return mask


def keep_random(n_edges: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return a mask of `count` of `n_edges` edges, every subset equally likely."""
    return keep_largest(np.zeros(n_edges), count, rng)
