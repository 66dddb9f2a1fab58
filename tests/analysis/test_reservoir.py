import numpy as np
import pytest

from hrsnn_edge.analysis.memory import memory_capacity
from hrsnn_edge.analysis.reservoir import (
    draw_reservoir,
    integrator_recipe,
    match_rate,
    memory_recipe,
)
from hrsnn_edge.errors import TrainingError


def series(n, seed=0):
    """Independent samples in -1..1, (n, 1)."""
    return np.random.default_rng(seed).uniform(-1, 1, (n, 1))


def test_spread_is_all_that_differs():
    """Homogeneous and heterogeneous of one seed share wiring, bias and input; means are equal."""
    hom, het = (draw_reservoir(memory_recipe(100, neurons=k), 1, 3) for k in ("hom", "het"))
    np.testing.assert_array_equal(hom.net.w_rec.weights, het.net.w_rec.weights)
    np.testing.assert_array_equal(hom.net.w_rec.col_idx, het.net.w_rec.col_idx)
    np.testing.assert_array_equal(hom.bias, het.bias)
    np.testing.assert_array_equal(hom.w_current, het.w_current)
    for part in (hom.net.inhibitory, ~hom.net.inhibitory):
        assert hom.net.tau_mem[part].mean() == pytest.approx(het.net.tau_mem[part].mean())
    assert np.ptp(hom.net.tau_mem[~hom.net.inhibitory]) == 0 < np.ptp(het.net.tau_mem)


def test_recipe():
    """30 % of the neurons receive; inhibition is four times excitation over the root fan-in."""
    reservoir = draw_reservoir(memory_recipe(), 1, 0)
    assert (reservoir.w_current != 0).sum() == 90
    w, net = reservoir.net.w_rec.weights, reservoir.net
    assert w[w > 0].mean() == pytest.approx(1 / np.sqrt(0.05 * 299), rel=0.05)
    assert w[w < 0].mean() == pytest.approx(-4 / np.sqrt(0.05 * 299), rel=0.05)
    assert net.inhibitory.mean() == pytest.approx(0.2)
    assert 8 < reservoir.rate_hz(series(300)) < 25


def test_integrators_fire_along_a_rectified_line():
    """Unconnected, without input: spikes a step are the bias less what leaks, never below 0."""
    reservoir = draw_reservoir(integrator_recipe(200, weight=0.0), 1, 4)
    counts = reservoir.run(np.zeros((60, 1))).counts[10:].mean(axis=0) / reservoir.hold
    # A spike takes one threshold; the membrane in between, about a half, leaks 1/100 a step.
    expected = np.maximum(reservoir.bias - 0.005, 0)
    np.testing.assert_allclose(counts, expected, atol=0.01)


def test_rate_matching():
    """The heterogeneous network is brought to the rate of the homogeneous one within 5 %."""
    x = series(300)
    hom, het = (draw_reservoir(memory_recipe(150, neurons=k), 1, 5) for k in ("hom", "het"))
    goal = hom.rate_hz(x)
    assert het.rate_hz(x) > 1.1 * goal
    matched = match_rate(het, goal, x)
    assert matched.rate_hz(x) == pytest.approx(goal, rel=0.05)
    assert np.ptp(matched.bias - het.bias) == pytest.approx(0, abs=1e-12)
    with pytest.raises(TrainingError, match=r"Target rate must be between .* not 1e\+04"):
        match_rate(het, 1e4, x)


def test_remembers():
    """A network of 100 neurons remembers past inputs, and fewer of them without recurrence."""
    x = series(1700, 2)

    def capacity(weight):
        run = draw_reservoir(memory_recipe(100, weight=weight), 1, 1).run(x)
        return memory_capacity(run.traces.reshape(1700, -1), x[:, 0], n_train=1000).above_chance

    with_recurrence, without = capacity(1.0), capacity(0.0)
    assert with_recurrence > 0.8
    assert without < with_recurrence
