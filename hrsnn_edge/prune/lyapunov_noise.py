"""Lyapunov noise pruning, step I: which recurrent synapses to keep, eq. (13)-(16).

One function a step: node exponents -> Lyapunov matrix (13) -> linearised dynamics (14) ->
covariance under noise -> scores (16) -> probabilities and draw (`prune.draw`) -> diagnostics
(15). Edges are those of a `SparseRows`, in its order; matrices are ``[post, pre]``.

The steps that follow in the papers (nodes by betweenness, added edges, time constants) act on the
same rows and node exponents.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, diags_array

from hrsnn_edge.errors import PruneError
from hrsnn_edge.network import SparseRows

#: Node exponents below this share of the greatest magnitude count as this.
EXPONENT_FLOOR = 1e-3
#: Leak beyond diagonal dominance, in greatest row sums.
LEAK_SHARE = 0.01
#: Greatest backward error of a covariance.
MAX_RESIDUAL = 1e-12
#: Doublings after which the covariance iteration has converged or never will.
_MAX_DOUBLINGS = 60

EDGE_VALUES = ("lyapunov", "weight", "product")


def lyapunov_matrix(rows: SparseRows, exponents: np.ndarray) -> np.ndarray:
    """Return the harmonic mean of the neighbourhood's exponents for each edge, eq. (13).

    ``n / sum(1 / lam_k)`` over the n nodes that are in- or out-neighbours of either end.

    Parameters
    ----------
    rows : SparseRows
        Recurrent connectivity.
    exponents : (N,) float64
        Node exponents. Magnitudes are used, floored at `EXPONENT_FLOOR` of the greatest: a
        harmonic mean of mixed signs has no bound. The sign of a synapse is restored later.

    Returns
    -------
    (nnz,) float64
        Not negative.

    Notes
    -----
    With B the symmetric 0/1 adjacency, the union of two neighbourhoods has the sums of both less
    that of the common neighbours, which is an element of ``B B`` (or ``B diag(1/lam) B``); only
    the elements at edges are used. In a dense graph every union is almost the whole graph and
    the values are nearly equal.
    """
    magnitude = np.abs(exponents)
    if not magnitude.any() or not np.isfinite(magnitude).all():
        raise PruneError("Node exponents must be finite and not all 0")
    inverse = 1 / np.maximum(magnitude, EXPONENT_FLOOR * magnitude.max())
    pre, post = rows.pre_idx, rows.col_idx
    one_way = coo_array((np.ones(rows.nnz), (pre, post)), (rows.n_pre, rows.n_post)).tocsr()
    b = ((one_way + one_way.T) > 0).astype(float)
    degree, total = b.sum(axis=1), b @ inverse
    common = _elements(b @ b, pre, post)
    common_total = _elements(b @ diags_array(inverse) @ b, pre, post)
    return (degree[pre] + degree[post] - common) / (total[pre] + total[post] - common_total)


def _elements(matrix, pre, post) -> np.ndarray:
    """Return the elements of a sparse matrix at the edges, (nnz,)."""
    return np.asarray(matrix.tocsr()[pre, post]).ravel()


def edge_values(
    rows: SparseRows, exponents: np.ndarray | None, kind: str, sign: np.ndarray
) -> np.ndarray:
    """Return the signed value of each edge in the linearised dynamics, in no fixed unit.

    Parameters
    ----------
    rows : SparseRows
        Recurrent connectivity; its weights matter for ``weight`` and ``product``.
    exponents : (N,) float64 or None
        Node exponents; not used by ``weight``.
    kind : str
        ``'lyapunov'`` (the papers'), ``'weight'``, or ``'product'`` of both.
    sign : (nnz,) float64
        1 for excitatory, -1 for inhibitory.
    """
    if kind not in EDGE_VALUES:
        raise ValueError(f"Edge value must be one of {', '.join(EDGE_VALUES)}, not {kind!r}")
    values = np.ones(rows.nnz)
    if kind != "weight":
        values = values * lyapunov_matrix(rows, exponents)
    if kind != "lyapunov":
        values = values * np.abs(rows.weights)
    if not values.any():
        raise PruneError(f"Edge values '{kind}' must not all be 0. Use another edge value.")
    return sign * values


def linearised(rows: SparseRows, values: np.ndarray, leak: np.ndarray | None = None) -> np.ndarray:
    """Return ``A = -D + L`` of eq. (14), (N, N), with a leak D that makes it stable.

    Parameters
    ----------
    rows : SparseRows
        Recurrent connectivity.
    values : (nnz,) float64
        L at the edges.
    leak : (N,) float64 or None
        D; None for `dominant_leak`, with which every eigenvalue has a negative real part whatever
        the signs.
    """
    a = np.zeros((rows.n_post, rows.n_pre))
    a[rows.col_idx, rows.pre_idx] = values
    a[np.diag_indices_from(a)] -= dominant_leak(rows, values) if leak is None else leak
    return a


def dominant_leak(rows: SparseRows, values: np.ndarray) -> np.ndarray:
    """Return ``sum_j |L_ij| + LEAK_SHARE * greatest row sum``, (N,): diagonal dominance."""
    row_sum = np.bincount(rows.col_idx, np.abs(values), rows.n_post)
    return row_sum + LEAK_SHARE * row_sum.max()


def covariance(a: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
    """Return C of ``A C + C A^T + diag(noise) = 0``: the covariance of the linear dynamics.

    Parameters
    ----------
    a : (N, N) float64
        Stable matrix.
    noise : (N,) float64 or None
        Power of the white noise onto each node, not negative; None for 1 everywhere.

    Raises
    ------
    PruneError
        When A is not stable (C does not exist, or the equation is singular), there is no noise,
        or the residual is above `MAX_RESIDUAL`.

    Notes
    -----
    Squared Smith iteration: a bilinear map with the shift p turns the equation into
    ``C = S C S^T + M``, whose series is summed by doubling. It consists of matrix products, is
    several times faster than the Schur method and has a residual ten times smaller on these
    matrices. Cost: one inverse and three products of N x N matrices a doubling, some ten
    doublings, so about ``70 N**3`` operations, and six matrices of memory. The best p is the
    geometric mean of the least and the greatest eigenvalue, here of their bounds.
    """
    n = len(a)
    if n == 0:
        raise PruneError("Linearised dynamics must have a node, not 0")
    noise = np.ones(n) if noise is None else np.asarray(noise, float)
    if noise.shape != (n,) or not np.isfinite(noise).all() or (noise < 0).any():
        raise ValueError(f"Noise must be {n} finite values of at least 0, not {noise}")
    if not noise.any():
        raise PruneError(f"Noise must reach a node, not none of {n}. Give the input's power.")
    least, greatest = _stable_range(a)
    shift = np.sqrt(least * greatest)
    inverse = np.linalg.inv(shift * np.eye(n) - a)
    step = (shift * np.eye(n) + a) @ inverse
    c = 2 * shift * (inverse * noise) @ inverse.T
    for _ in range(_MAX_DOUBLINGS):
        term = step @ c @ step.T
        c = c + term
        if np.linalg.norm(term) <= 1e-17 * np.linalg.norm(c):
            break
        step = step @ step
    c = (c + c.T) / 2
    residual = covariance_residual(a, c, noise)
    if not residual <= MAX_RESIDUAL:
        raise PruneError(
            f"Residual of the covariance must be at most {MAX_RESIDUAL:g}, not {residual:.3g}. "
            f"The dynamics are too close to instability: raise the leak."
        )
    return c


def _stable_range(a: np.ndarray) -> tuple[float, float]:
    """Return bounds of the magnitudes of the eigenvalues of a stable matrix, or raise.

    A diagonal that outweighs its rows has its eigenvalues in the discs of Gershgorin, at no cost;
    any other matrix needs them computed.
    """
    diagonal = -np.diag(a)
    off = np.abs(a).sum(axis=1) - np.abs(diagonal)
    tiny = np.finfo(float).eps * np.abs(diagonal).max()
    if (diagonal - off).min() > tiny:
        return float((diagonal - off).min()), float((diagonal + off).max())
    eigenvalues = np.linalg.eigvals(a)
    magnitudes = np.abs(eigenvalues)
    if eigenvalues.real.max() >= -np.finfo(float).eps * magnitudes.max():
        raise PruneError(
            f"Linearised dynamics must be stable (greatest real part below 0), not "
            f"{eigenvalues.real.max():.3g}. Raise the leak."
        )
    return float(magnitudes.min()), float(magnitudes.max())


def covariance_residual(a: np.ndarray, c: np.ndarray, noise: np.ndarray | None = None) -> float:
    """Return ``|A C + C A^T + diag(noise)|`` relative to ``2 |A| |C|``, Frobenius norms."""
    noise = np.ones(len(a)) if noise is None else noise
    product = a @ c
    residual = np.linalg.norm(product + product.T + np.diag(noise))
    return float(residual / (2 * np.linalg.norm(a) * np.linalg.norm(c)))


def signal_shares(rows: SparseRows, values: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return ``l**2 C_pre / C_post`` of each edge, (nnz,): what it brings of the target's signal.

    With noise that enters where the input does, ``C_ii`` is how much of it neuron i carries. The
    score prefers edges out of neurons that carry much to neurons that get it from nowhere else;
    the spread of eq. (16) does not know the direction. 0 where no noise arrives.
    """
    variance = np.diag(c)
    pre, post = variance[rows.pre_idx], variance[rows.col_idx]
    share = np.divide(pre, post, out=np.zeros(rows.nnz), where=post > 0)
    return values**2 * np.maximum(share, 0)


def edge_scores(rows: SparseRows, values: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return ``|l| (C_ii + C_jj - 2 sign(l) C_ij)`` of each edge, (nnz,); eq. (16) without rho.

    Not negative, since C is positive semidefinite; rounding below 0 is cut off.
    """
    pre, post = rows.pre_idx, rows.col_idx
    variance = np.diag(c)
    spread = variance[pre] + variance[post] - 2 * np.sign(values) * c[pre, post]
    return np.maximum(np.abs(values) * spread, 0)


def sparsified(
    a: np.ndarray, rows: SparseRows, mask: np.ndarray, probabilities: np.ndarray
) -> np.ndarray:
    """Return A with kept elements over their probabilities and the diagonal corrected.

    The diagonal falls by ``sum_j |A_sparse_ij| - sum_j |A_ij|``, mean 0 over draws, so that rows
    stay diagonally dominant.
    """
    out = np.zeros_like(a)
    post, pre = rows.col_idx[mask], rows.pre_idx[mask]
    out[post, pre] = a[post, pre] / probabilities[mask]
    off = a - np.diag(np.diag(a))
    change = np.abs(out).sum(axis=1) - np.abs(off).sum(axis=1)
    out[np.diag_indices_from(out)] = np.diag(a) - change
    return out


def spectral_errors(a: np.ndarray, a_sparse: np.ndarray) -> dict[str, float]:
    """Return how well `a_sparse` keeps the quadratic form of `a`, eq. (15).

    Returns
    -------
    dict
        ``rayleigh_median``, ``rayleigh_max``: relative error of ``x^T A x`` on the eigenvectors
        of the symmetric part; ``eigenvalue_median``, ``eigenvalue_max``: of its sorted
        eigenvalues.

    Notes
    -----
    The theory covers symmetric diagonally dominant A; for a directed network this is a diagnostic.
    """
    values, vectors = np.linalg.eigh((a + a.T) / 2)
    sparse = (a_sparse + a_sparse.T) / 2
    rayleigh = np.abs(np.einsum("ik,ij,jk->k", vectors, sparse, vectors, optimize=True) - values)
    shift = np.abs(np.linalg.eigvalsh(sparse) - values)
    scale = np.maximum(np.abs(values), np.finfo(float).tiny)
    return {
        "rayleigh_median": float(np.median(rayleigh / scale)),
        "rayleigh_max": float((rayleigh / scale).max()),
        "eigenvalue_median": float(np.median(shift / scale)),
        "eigenvalue_max": float((shift / scale).max()),
    }
