"""Step I and its log for large networks, by sparse products and to a stated accuracy.

`lyapunov_noise` and `graph.laplacian_ipr` have the same by dense matrices, exactly but in
``O(N**3)``. What is not computed here is NaN.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import laplacian
from scipy.sparse.linalg import ArpackNoConvergence, eigs, eigsh

from hrsnn_edge.errors import PruneError
from hrsnn_edge.network import SparseRows
from hrsnn_edge.prune.graph import N_END_MODES, Ipr, inverse_participation, largest_component

#: Greatest error of the covariance at edges and diagonal, in standard deviations of both ends.
TOLERANCE = 1e-3
#: Terms after which the series of the covariance has converged or never will.
_MAX_TERMS = 200
#: Columns of a dense matrix that are multiplied at a time, so that they stay in the cache.
_PANEL = 128
#: Random vectors on which eq. (15) is looked at.
N_VECTORS = 64
#: Vectors that Lanczos keeps.
_N_KEPT = 80


def series_covariance(
    rows: SparseRows, values: np.ndarray, leak: np.ndarray, noise: np.ndarray | None = None
) -> np.ndarray:
    """Return C of ``A C + C A^T + diag(noise) = 0``, ``A = -D + L``, (N, N), to `TOLERANCE`.

    Parameters
    ----------
    rows : SparseRows
        Recurrent connectivity.
    values : (nnz,) float64
        L at the edges.
    leak : (N,) float64
        D, above 0.
    noise : (N,) float64 or None
        As in `lyapunov_noise.covariance`.

    Raises
    ------
    PruneError
        When the series does not converge: L outweighs D, though A may still be stable.

    Notes
    -----
    ``C_ij = (L C + C L^T + diag(noise))_ij / (D_i + D_j)``, applied again and again: each term is
    one product of the sparse L with a dense matrix, so ``2 nnz N`` operations, and every path of
    one more synapse. With the leak of `lyapunov_noise.dominant_leak` it cannot diverge. The error
    that is left is judged from the last change and the ratio of the last two, as in a geometric
    series.
    """
    n = rows.n_post
    noise = np.ones(n) if noise is None else np.asarray(noise, float)
    inward = _matrix(rows, values)
    pre, post, ends = rows.pre_idx, rows.col_idx, np.arange(n)
    c = np.diag(noise / (2 * leak))
    before = np.inf  # the first change says nothing about the next
    for _ in range(_MAX_TERMS):
        after = np.empty_like(c)
        for first in range(0, n, _PANEL):
            panel = slice(first, first + _PANEL)
            after[:, panel] = inward @ np.ascontiguousarray(c[:, panel])
        after = after + after.T
        after[ends, ends] += noise
        after /= leak[:, None] + leak
        deviation = np.sqrt(np.maximum(after[ends, ends], np.finfo(float).tiny))
        moved = np.abs(after[pre, post] - c[pre, post]) / (deviation[pre] * deviation[post])
        change = max(
            moved.max(initial=0.0), (np.abs(after[ends, ends] - c[ends, ends]) / deviation**2).max()
        )
        c, ratio = after, change / before
        if change == 0 or (0 < ratio < 1 and change * ratio / (1 - ratio) <= TOLERANCE):
            return c
        if not np.isfinite(change):
            break
        before = change
    raise PruneError(
        f"Series of the covariance must converge within {_MAX_TERMS} terms, not still change by "
        f"{change:.3g}. Use algebra='dense'."
    )


def _matrix(rows: SparseRows, elements: np.ndarray) -> csr_array:
    """Return the matrix ``[post, pre]`` with these elements at the edges."""
    at = (rows.col_idx, rows.pre_idx)
    return coo_array((elements, at), (rows.n_post, rows.n_pre)).tocsr()


def sampled_errors(
    rows: SparseRows,
    values: np.ndarray,
    leak: np.ndarray,
    mask: np.ndarray,
    probabilities: np.ndarray,
) -> dict[str, float]:
    """Return eps of eq. (15) over `N_VECTORS` random vectors, as `lyapunov_noise.spectral_errors`.

    The vectors stand in for the eigenvectors, and are the same in every call; eigenvalues are NaN.
    The sparse matrix is that of `lyapunov_noise.sparsified`.
    """
    n = rows.n_post
    x = np.random.default_rng(0).normal(size=(n, N_VECTORS))
    kept = np.where(mask, values / probabilities, 0.0)
    change = np.bincount(rows.col_idx, np.abs(kept) - np.abs(values), n)

    def quadratic(elements, diagonal):
        return (x * (_matrix(rows, elements) @ x - diagonal[:, None] * x)).sum(axis=0)

    exact = quadratic(values, leak)
    error = np.abs(quadratic(kept, leak + change) - exact)
    error /= np.maximum(np.abs(exact), np.finfo(float).tiny)
    return {
        "rayleigh_median": float(np.median(error)),
        "rayleigh_max": float(error.max()),
        "eigenvalue_median": np.nan,
        "eigenvalue_max": np.nan,
    }


def spectral_radius(rows: SparseRows, values: np.ndarray) -> float:
    """Return the greatest magnitude of an eigenvalue of L; 0 where Arnoldi finds none."""
    n = rows.n_post
    try:
        found = eigs(_matrix(rows, values), k=1, v0=np.ones(n), return_eigenvectors=False)
    except ArpackNoConvergence:
        return 0.0
    return float(np.abs(found).max())


def end_modes_ipr(rows: SparseRows) -> Ipr:
    """Return `graph.laplacian_ipr` of the modes at both ends by Lanczos; the mean over all is NaN.

    Graphs of a few modes only are taken whole.
    """
    both = largest_component(rows)
    matrix = csr_array(laplacian(both))
    n = matrix.shape[0]
    start = np.random.default_rng(0).normal(size=n)
    slow, top = (
        inverse_participation(eigsh(matrix, k=k, which=which, v0=start, ncv=min(n, _N_KEPT))[1])
        for k, which in ((N_END_MODES + 1, "SA"), (N_END_MODES, "LA"))
    )
    return Ipr(slow=float(slow[1:].mean()), top=float(top.mean()), mean=np.nan)
