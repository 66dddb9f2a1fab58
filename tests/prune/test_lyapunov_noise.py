import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import solve_continuous_lyapunov

from hrsnn_edge.errors import PruneError
from hrsnn_edge.network import SparseRows
from hrsnn_edge.prune.draw import draw_exact, keep_probabilities
from hrsnn_edge.prune.lyapunov_noise import (
    covariance,
    covariance_residual,
    dominant_leak,
    edge_scores,
    edge_values,
    linearised,
    lyapunov_matrix,
    signal_shares,
    sparsified,
    spectral_errors,
)

seeds = st.integers(0, 10_000)


def random_rows(n, density, seed, signed=True):
    """Random directed rows without self connections, a fifth of the sources inhibitory."""
    rng = np.random.default_rng(seed)
    mask = (rng.random((n, n)) < density) & ~np.eye(n, dtype=bool)
    mask[0, 1] = True
    sign = np.where((np.arange(n) % 5 == 4) & signed, -1.0, 1.0)[:, None]
    return SparseRows.from_dense(np.where(mask, rng.gamma(2, 0.5, (n, n)) * sign, 0), mask)


def naive_lyapunov(rows, exponents):
    """Equation (13), read word by word."""
    links = [set() for _ in range(rows.n_pre)]
    for i, j in zip(rows.pre_idx, rows.col_idx, strict=True):
        links[i].add(int(j))
        links[j].add(int(i))
    floored = np.maximum(np.abs(exponents), 1e-3 * np.abs(exponents).max())
    unions = [links[i] | links[j] for i, j in zip(rows.pre_idx, rows.col_idx, strict=True)]
    return np.array([len(u) / sum(1 / floored[k] for k in u) for u in unions])


@given(n=st.integers(2, 25), density=st.floats(0.02, 0.9), seed=seeds)
def test_lyapunov_matrix_is_the_naive_one(n, density, seed):
    """The sparse form of eq. (13) equals the sets it is defined by."""
    rows = random_rows(n, density, seed)
    exponents = np.random.default_rng(seed).normal(size=n)
    assert lyapunov_matrix(rows, exponents) == pytest.approx(naive_lyapunov(rows, exponents))


def test_worked_lyapunov_matrix():
    """Hand-worked: chain 0 -> 1 -> 2; N(0) + N(1) = {0, 1, 2}, so 3 / (1 + 1/2 + 1/4)."""
    rows = SparseRows.from_dense(np.array([[0, 1.0, 0], [0, 0, 1.0], [0, 0, 0]]))
    assert lyapunov_matrix(rows, np.array([-1.0, -2.0, 4.0])) == pytest.approx([12 / 7] * 2)


def test_values():
    """The three edge values carry the sign and are as named."""
    rows = random_rows(12, 0.3, 1)
    exponents = -np.linspace(0.5, 2, 12)
    sign = np.sign(rows.weights)
    harmonic = lyapunov_matrix(rows, exponents)
    expected = {
        "lyapunov": harmonic,
        "weight": abs(rows.weights),
        "product": harmonic * abs(rows.weights),
    }
    for kind, magnitude in expected.items():
        values = edge_values(rows, exponents, kind, sign)
        assert values == pytest.approx(sign * magnitude)
    with pytest.raises(ValueError, match="Edge value must be one of lyapunov, weight, product"):
        edge_values(rows, exponents, "length", sign)
    silent = rows.with_weights(np.zeros(rows.nnz))
    with pytest.raises(PruneError, match="Edge values 'product' must not all be 0"):
        edge_values(silent, exponents, "product", sign)
    with pytest.raises(PruneError, match="Node exponents must be finite and not all 0"):
        lyapunov_matrix(rows, np.zeros(12))


@settings(max_examples=30)
@given(n=st.integers(2, 40), density=st.floats(0.02, 0.9), seed=seeds)
def test_linearised_is_stable(n, density, seed):
    """Whatever the signs and directions, every eigenvalue has a negative real part."""
    rows = random_rows(n, density, seed)
    a = linearised(rows, rows.weights)
    assert np.linalg.eigvals(a).real.max() < 0
    assert a[rows.col_idx, rows.pre_idx] == pytest.approx(rows.weights)


@settings(max_examples=30)
@given(n=st.integers(2, 40), density=st.floats(0.02, 0.9), seed=seeds)
def test_covariance_of_directed_signed(n, density, seed):
    """The residual is below 1e-12, C is positive, equals the Schur method's, and all p >= 0."""
    rows = random_rows(n, density, seed)
    values = rows.weights / np.abs(rows.weights).max()
    a = linearised(rows, values)
    c = covariance(a)
    assert covariance_residual(a, c) < 1e-14
    # With the leak of `linearised` the residual is this small relative to the noise itself too.
    assert np.linalg.norm(a @ c + c @ a.T + np.eye(n)) < 1e-12 * np.sqrt(n)
    assert np.linalg.eigvalsh(c).min() > 0
    assert c == pytest.approx(solve_continuous_lyapunov(a, -np.eye(n)), rel=1e-9, abs=1e-9)
    spread = np.diag(c)[rows.pre_idx] + np.diag(c)[rows.col_idx]
    raw = spread - 2 * np.sign(values) * c[rows.pre_idx, rows.col_idx]
    assert raw.min() > -1e-12
    assert edge_scores(rows, values, c).min() >= 0


def test_covariance_closed_forms():
    """Symmetric A: C = -A^-1 / 2. Normal A: C = -(A + A^T)^-1."""
    rng = np.random.default_rng(5)
    b = rng.normal(size=(15, 15))
    symmetric = -(b @ b.T + np.eye(15))
    assert covariance(symmetric) == pytest.approx(-np.linalg.inv(symmetric) / 2, rel=1e-9)
    circulant = np.array([np.roll([-3, 1, 0.2, 0, -0.5], k) for k in range(5)])
    expected = -np.linalg.inv(circulant + circulant.T)
    assert covariance(circulant) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(max_examples=30)
@given(n=st.integers(2, 30), density=st.floats(0.02, 0.9), seed=seeds, leak=st.floats(0.3, 3))
def test_covariance_of_any_noise(n, density, seed, leak):
    """Noise onto some nodes, a leak that dominates or not: the Schur method's C, or unstable."""
    rows = random_rows(n, density, seed)
    rng = np.random.default_rng(seed)
    noise = rng.random(n) * (rng.random(n) < 0.4)
    noise[0] = 1
    a = linearised(rows, rows.weights, leak * dominant_leak(rows, rows.weights))
    if np.linalg.eigvals(a).real.max() > -1e-3:
        return
    c = covariance(a, noise)
    assert c == pytest.approx(solve_continuous_lyapunov(a, -np.diag(noise)), rel=1e-8, abs=1e-8)
    assert covariance_residual(a, c, noise) < 1e-14


def test_noise_must_arrive():
    """Noise of 0 everywhere is named with the number of nodes; wrong noise is a wrong call."""
    with pytest.raises(PruneError, match="must reach a node, not none of 3"):
        covariance(-np.eye(3), np.zeros(3))
    for noise in (np.array([1.0, -1, 0]), np.ones(2), np.array([1.0, np.nan, 0])):
        with pytest.raises(ValueError, match="3 finite values of at least 0"):
            covariance(-np.eye(3), noise)
    with pytest.raises(PruneError, match="must have a node, not 0"):
        covariance(np.zeros((0, 0)))


def test_worked_signal_shares():
    """Hand-worked: noise into 0, edge 0 -> 1 of value l: l**2 C_00 / C_11; no signal, no share."""
    rows = SparseRows.from_dense(np.array([[0.0, 0.5, 0], [0, 0, 0], [0, 2.0, 0]]))
    a = linearised(rows, rows.weights, np.ones(3))
    c = covariance(a, np.array([1.0, 0, 0]))
    # C_00 = 1/2; C_01 = l C_00 / 2 = 1/8; C_11 = l C_01 = 1/16; C_22 = 0.
    assert np.diag(c) == pytest.approx([1 / 2, 1 / 16, 0])
    assert signal_shares(rows, rows.weights, c) == pytest.approx([0.25 * 8, 0])
    back = SparseRows.from_dense(np.array([[0.0, 0], [3.0, 0]]))
    assert signal_shares(back, back.weights, np.diag([1.0, 0])) == pytest.approx([0])
    assert signal_shares(back, back.weights, np.diag([0.0, 1])) == pytest.approx([0])


def test_no_covariance():
    """An unstable matrix and a singular Lyapunov equation are refused with the number."""
    with pytest.raises(PruneError, match=r"must be stable .* not 0.5. Raise the leak"):
        covariance(np.diag([-1.0, 0.5]))
    laplacian = nx.laplacian_matrix(nx.path_graph(6)).toarray().astype(float)
    with pytest.raises(PruneError, match="must be stable"):
        covariance(-laplacian)
    rotation = np.array([[0.0, 1.0], [-1.0, 0.0]])
    with pytest.raises(PruneError, match="must be stable"):
        covariance(rotation)


def test_oscillating_dynamics():
    """Dynamics that turn many times while they decay have their covariance too."""
    a = np.array([[-0.01, 1.0], [-1.0, -0.01]])
    assert covariance(a) == pytest.approx(50 * np.eye(2))


def laplacian_case(graph, delta):
    """Return rows of both directions of a weighted graph, its values, and A = -(L + delta I)."""
    weights = nx.to_numpy_array(graph)
    rows = SparseRows.from_dense(weights)
    a = weights - np.diag(weights.sum(1)) - delta * np.eye(len(weights))
    return rows, a


def test_leverage_scores():
    """With A = -(Laplacian + delta I) twice the score is the leverage score of the edge."""
    graph = nx.gnm_random_graph(20, 50, seed=2)
    rng = np.random.default_rng(0)
    for u, v in graph.edges:
        graph.edges[u, v]["weight"] = rng.uniform(0.5, 2)
    rows, a = laplacian_case(graph, 1e-8)
    scores = 2 * edge_scores(rows, rows.weights, covariance(a))
    inverse = np.linalg.pinv(nx.laplacian_matrix(graph).toarray().astype(float))
    i, j = rows.pre_idx, rows.col_idx
    resistance = inverse[i, i] + inverse[j, j] - 2 * inverse[i, j]
    assert scores == pytest.approx(rows.weights * resistance, rel=1e-5)


def test_foster():
    """Leverage scores of the edges i < j of a connected graph of 60 nodes sum to 59."""
    graph = nx.connected_watts_strogatz_graph(60, 6, 0.2, seed=1)
    rows, a = laplacian_case(graph, 1e-7)
    scores = 2 * edge_scores(rows, rows.weights, covariance(a))
    assert scores[rows.pre_idx < rows.col_idx].sum() == pytest.approx(59, abs=1e-3)


def test_bridge():
    """A bridge has leverage 1, and no other edge of two rings has."""
    graph = nx.disjoint_union(nx.cycle_graph(8), nx.cycle_graph(7))
    graph.add_edge(0, 8)
    rows, a = laplacian_case(graph, 1e-8)
    scores = 2 * edge_scores(rows, rows.weights, covariance(a))
    bridge = (rows.pre_idx == 0) & (rows.col_idx == 8)
    assert scores[bridge] == pytest.approx(1, abs=1e-5)
    assert scores[(rows.pre_idx < 8) == (rows.col_idx < 8)].max() < 0.9


def test_inhibitory_edges_see_the_sum():
    """Hand-worked: one edge 0 -> 1 of value l; the covariance enters with the sign of -l."""
    rows = SparseRows.from_dense(np.array([[0.0, 1.0], [0.0, 0.0]]))
    c = np.array([[2.0, 0.5], [0.5, 1.0]])
    assert edge_scores(rows, np.array([0.5]), c) == pytest.approx([0.5 * (3 - 1)])
    assert edge_scores(rows, np.array([-0.5]), c) == pytest.approx([0.5 * (3 + 1)])


def test_sparsified_is_unbiased():
    """Over 4,000 draws the mean of A_sparse is A, off the diagonal and on it."""
    rows = random_rows(12, 0.4, 3)
    values = rows.weights / np.abs(rows.weights).max()
    a = linearised(rows, values)
    p = keep_probabilities(edge_scores(rows, values, covariance(a)), rows.nnz // 2)
    rng = np.random.default_rng(7)
    draws = np.array([sparsified(a, rows, draw_exact(p, rng), p) for _ in range(4000)])
    # Four standard errors of the mean of each element.
    margin = 4 * draws.std(0) / np.sqrt(4000) + 1e-9
    assert (np.abs(draws.mean(0) - a) < margin).mean() > 0.99
    one = draws[0]
    off = np.abs(one - np.diag(np.diag(one))).sum(1)
    assert (np.diag(one) < 0).all()
    assert -np.diag(one) - off == pytest.approx(-np.diag(a) - np.abs(a).sum(1) - np.diag(a))


def test_spectral_errors():
    """Keeping all edges is no error; doubling the matrix is an error of 1 everywhere."""
    rows = random_rows(10, 0.4, 3)
    a = linearised(rows, rows.weights)
    everything = sparsified(a, rows, np.ones(rows.nnz, bool), np.ones(rows.nnz))
    assert max(spectral_errors(a, everything).values()) == pytest.approx(0, abs=1e-9)
    assert list(spectral_errors(a, 2 * a).values()) == pytest.approx([1] * 4)
