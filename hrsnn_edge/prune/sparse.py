"""Step I and its log for large networks, by sparse products and to a stated accuracy.

`lyapunov_noise` and `graph.laplacian_ipr` have the same by dense matrices, exactly but in
``O(N**3)``.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, laplacian
from scipy.sparse.linalg import eigs, eigsh

from hrsnn_edge.errors import PruneError
from hrsnn_edge.network import SparseRows
from hrsnn_edge.prune.graph import (
    N_END_MODES,
    Ipr,
    inverse_participation,
    laplacian_ipr,
    largest_component,
)

#: Greatest error of the covariance at edges and diagonal, in standard deviations of both ends.
TOLERANCE = 1e-3
#: Terms after which the series of the covariance has converged or never will.
_MAX_TERMS = 2000
#: Columns of a dense matrix that are multiplied at a time, so that they stay in the cache.
_PANEL = 128
#: Random vectors on which eq. (15) is looked at.
N_VECTORS = 64
#: Vectors that Lanczos keeps.
_N_KEPT = 80


# A series that diverges is found by its changes.
@np.errstate(over="ignore", invalid="ignore")
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
    one more synapse. With the leak of `lyapunov_noise.dominant_leak` it cannot diverge.
    """
    n = rows.n_post
    noise = np.ones(n) if noise is None else np.asarray(noise, float)
    inward = _matrix(rows, values)
    ends = np.arange(n)
    c = np.diag(noise / (2 * leak))
    changes = []
    while len(changes) < _MAX_TERMS and np.isfinite(changes[-1:]).all():
        after = np.empty_like(c)
        for first in range(0, n, _PANEL):
            panel = slice(first, first + _PANEL)
            after[:, panel] = inward @ np.ascontiguousarray(c[:, panel])
        after = after + after.T
        after[ends, ends] += noise
        after /= leak[:, None] + leak
        changes.append(_change(c, after, rows))
        c = after
        # A quarter, since the slowest paths show last: 600 small random graphs stayed within it.
        if _rest(changes[-4:]) <= TOLERANCE / 4:
            return c
    raise PruneError(
        f"Series of the covariance must converge within {_MAX_TERMS} terms, not still change after "
        f"{len(changes)}: synapses outweigh the leak. Use algebra='dense'."
    )


def _change(before: np.ndarray, after: np.ndarray, rows: SparseRows) -> float:
    """Return the greatest change at edges and diagonal, in deviations of both ends.

    1 where a path has only now reached an end.
    """
    ends = np.arange(len(after))
    pre, post = np.append(rows.pre_idx, ends), np.append(rows.col_idx, ends)
    moved = np.abs(after[pre, post] - before[pre, post])
    deviation = np.sqrt(np.maximum(np.diag(after), 0))  # a partial sum may be indefinite
    unit = deviation[pre] * deviation[post]
    share = np.divide(moved, unit, out=(moved > 0).astype(float), where=unit > 0)
    return float(share.max())


def _rest(changes: list[float]) -> float:
    """Return what all further terms of a series may change, judged from the last four terms.

    Geometric, over two terms at a time, since noise that comes back to where it entered after two
    synapses moves ends and edges by turns. Infinite while a change is great: then paths still reach
    neurons for the first time, and say nothing of the ratio.
    """
    if len(changes) < 4 or max(changes) > 0.1:
        return 0.0 if changes[-1:] == [0.0] else np.inf
    earlier, last = max(changes[:2]), max(changes[2:])
    if last == 0:
        return 0.0
    ratio = last / earlier if earlier else np.inf
    return 2 * last * ratio / (1 - ratio) if ratio < 1 else np.inf


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

    The vectors, the same in every call, stand in for eigenvectors, so errors are smaller: they
    have no part along which the form is near 0. Eigenvalues are not compared. The sparse matrix is
    that of `lyapunov_noise.sparsified`.
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
    }


def spectral_radius(rows: SparseRows, values: np.ndarray) -> float:
    """Return the greatest magnitude of an eigenvalue of L, 0 in a graph without cycles."""
    n, matrix = rows.n_post, _matrix(rows, values)
    if connected_components(matrix, connection="strong", return_labels=False) == n:
        return 0.0
    if n < _N_KEPT:
        return float(np.abs(np.linalg.eigvals(matrix.toarray())).max())
    found = eigs(matrix, k=1, v0=np.ones(n), ncv=_N_KEPT, return_eigenvectors=False)
    return float(np.abs(found).max())


def end_modes_ipr(rows: SparseRows) -> Ipr:
    """Return `graph.laplacian_ipr` of the modes at both ends alone, by Lanczos.

    Graphs of so few modes that Lanczos would keep all are taken whole.
    """
    matrix = csr_array(laplacian(largest_component(rows)))
    n = matrix.shape[0]
    if n <= _N_KEPT:
        return laplacian_ipr(rows)
    start = np.random.default_rng(0).normal(size=n)
    slow, top = (
        inverse_participation(eigsh(matrix, k=k, which=which, v0=start, ncv=_N_KEPT)[1])
        for k, which in ((N_END_MODES + 1, "SA"), (N_END_MODES, "LA"))
    )
    return Ipr(slow=float(slow[1:].mean()), top=float(top.mean()), mean=None)
