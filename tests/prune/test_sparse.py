from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.errors import PruneError
from hrsnn_edge.prune.algorithm import LnpSchedule, lnp
from hrsnn_edge.prune.graph import laplacian_ipr
from hrsnn_edge.prune.lyapunov_noise import (
    covariance,
    dominant_leak,
    edge_scores,
    linearised,
    sparsified,
)
from hrsnn_edge.prune.nodes import NodeRule
from hrsnn_edge.prune.record import INPUT_SHARES, LnpConfig
from hrsnn_edge.prune.repeats import repeat_lnp
from hrsnn_edge.prune.sparse import (
    TOLERANCE,
    end_modes_ipr,
    sampled_errors,
    series_covariance,
    spectral_radius,
)
from hrsnn_edge.prune.synapses import choose_synapses
from tests.prune.networks import make_network, rows_of

seeds = st.integers(0, 10_000)


def weighted(n, density, seed):
    """Rows of a ring with random chords and signed values."""
    rows = make_network(n, density, seed).w_rec
    return rows, rows.weights / np.abs(rows.weights).max()


@settings(deadline=None)
@given(n=st.integers(2, 60), density=st.floats(0.02, 0.6), seed=seeds, some=st.booleans())
def test_series_is_the_exact_covariance(n, density, seed, some):
    """With the dominant leak the series is the Smith iteration's C, to its tolerance."""
    rows, values = weighted(n, density, seed)
    noise = None
    if some:
        noise = np.random.default_rng(seed).random(n) * (np.arange(n) % 3 == 0)
    leak = dominant_leak(rows, values)
    exact = covariance(linearised(rows, values, leak), noise)
    found = series_covariance(rows, values, leak, noise)
    deviation = np.sqrt(np.diag(exact))
    pre, post = rows.pre_idx, rows.col_idx
    off = np.abs(found - exact)
    assert (np.diag(off) <= 2 * TOLERANCE * deviation**2).all()
    assert (off[pre, post] <= 2 * TOLERANCE * deviation[pre] * deviation[post]).all()


def test_worked_series():
    """Hand-worked: 0 -> 1 of value 1, leaks 2 and 4: 1/4, 1/4/6, then (1 + 2/24) / 8."""
    rows = rows_of(2, [(0, 1)])
    c = series_covariance(rows, np.ones(1), np.array([2.0, 4.0]))
    assert c == pytest.approx(np.array([[1 / 4, 1 / 24], [1 / 24, 13 / 96]]))


def test_scores_of_the_series():
    """Scores of a weak network differ by less than a hundredth at every edge."""
    rows, values = weighted(200, 0.1, 1)
    leak = dominant_leak(rows, values)
    exact = edge_scores(rows, values, covariance(linearised(rows, values, leak)))
    found = edge_scores(rows, values, series_covariance(rows, values, leak))
    assert found == pytest.approx(exact, rel=0.01)
    assert not np.array_equal(found, exact)


def test_series_that_does_not_converge():
    """Two neurons that excite each other by more than their leaks have no covariance."""
    rows = rows_of(2, [(0, 1), (1, 0)])
    with pytest.raises(
        PruneError,
        match=r"Series of the covariance must converge .*not still change after .*'dense'",
    ):
        series_covariance(rows, np.full(2, 2.0), np.ones(2))


@given(n=st.integers(3, 40), seed=seeds)
def test_sampled_errors_are_those_of_the_dense_matrices(n, seed):
    """Errors on the random vectors are those of the matrices in full; without pruning 0."""
    rows, values = weighted(n, 0.3, seed)
    leak, rng = dominant_leak(rows, values), np.random.default_rng(seed)
    p = rng.uniform(0.3, 1, rows.nnz)
    mask = rng.random(rows.nnz) < p
    a = linearised(rows, values, leak)
    b = sparsified(a, rows, mask, p)
    x = np.random.default_rng(0).normal(size=(n, 64))
    form, other = (np.einsum("ik,ij,jk->k", x, m, x) for m in (a, b))
    found = sampled_errors(rows, values, leak, mask, p)
    assert found["rayleigh_max"] == pytest.approx(np.abs(other / form - 1).max(), abs=1e-9)
    everything = np.ones(rows.nnz)
    none = sampled_errors(rows, values, leak, everything > 0, everything)
    assert none["rayleigh_max"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("n", [30, 150])
def test_spectral_radius(n):
    """The radius is that of all eigenvalues, by either way; a graph without cycles has 0."""
    rows, values = weighted(n, 0.1, 2)
    dense = np.linalg.eigvals(linearised(rows, values, np.zeros(n)))
    assert spectral_radius(rows, values) == pytest.approx(np.abs(dense).max())
    chain = rows_of(n, [(k, k + 1) for k in range(n - 1)])
    assert spectral_radius(chain, np.ones(n - 1)) == 0


def test_end_modes_ipr():
    """Modes at both ends are those of the whole spectrum; small graphs are taken whole."""
    rows = make_network(150, 0.05, 3).w_rec
    exact, found = laplacian_ipr(rows), end_modes_ipr(rows)
    assert (found.slow, found.top) == pytest.approx((exact.slow, exact.top), rel=1e-6)
    assert found.mean is None
    small = make_network(40, 0.2, 3).w_rec
    assert end_modes_ipr(small) == laplacian_ipr(small)


@pytest.mark.parametrize("config", [LnpConfig(node_exponents="leak"), INPUT_SHARES])
def test_choice_is_nearly_the_dense_one(config):
    """Step I keeps almost the synapses that it keeps by dense matrices."""
    net = make_network(120, 0.1, 4)
    count = net.w_rec.nnz // 2
    power = np.where(np.arange(120) < 30, 1e-3, 0.0)
    masks = [
        choose_synapses(
            net, count, np.random.default_rng(0), replace(config, algebra=word), power
        ).mask
        for word in ("dense", "sparse")
    ]
    assert (masks[0] != masks[1]).mean() < 0.01


def test_whole_algorithm_in_sparse_algebra():
    """Rounds, records and their spread need no dense matrix."""
    edges = LnpConfig(node_exponents="leak", algebra="sparse")
    schedule = LnpSchedule(0.5, 4, edges, NodeRule(n_min=50))
    result = lnp(make_network(130, 0.1, 0), schedule, 0)
    assert result.start.ipr.mean is None
    assert all(r.errors["rayleigh_median"] > 0 for r in result.rounds)
    assert result.network.w_rec.nnz < 0.7 * make_network(130, 0.1, 0).w_rec.nnz
    spread = repeat_lnp(lambda seed: make_network(130, 0.1, seed), schedule, (0, 1))
    assert np.isnan(spread.mean["ipr_mean"]).all()
    assert np.isfinite(spread.sd["ipr_slow"]).all()
