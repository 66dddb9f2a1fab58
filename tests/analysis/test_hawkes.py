from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.analysis.hawkes import HawkesPopulations, Kernel, simulate_hawkes


def populations(n_a=20, n_b=5, amplitude=0.0, tau=5.0, **changes):
    """Populations of constant rates 0.01 and 0.02 per ms; only h1 acts unless changed."""
    model = HawkesPopulations(
        h1=Kernel(np.full(n_a, amplitude), tau),
        h2=Kernel(np.zeros(n_b), tau),
        h3=Kernel(np.zeros(n_b), tau),
        h4=Kernel(np.zeros(n_a), tau),
        phi_a=lambda x: 0.01 + x,
        phi_b=lambda x: 0.02 + x,
        phi_ab=lambda x: x,
        phi_ba=lambda x: 1 / (1 + x),
    )
    return replace(model, **changes)


def test_poisson():
    """Without kernels both populations are Poisson: the stated rate, and variance equal to mean."""
    run = simulate_hawkes(populations(), 20_000, seed=1)
    assert run.rate_a == pytest.approx(0.01, rel=0.06)
    assert run.rate_b == pytest.approx(0.02, rel=0.08)
    per_bin = np.histogram(run.t_a, bins=400, range=(0, 20_000))[0]
    assert per_bin.var() / per_bin.mean() == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("branching", [0.3, 0.6])
def test_linear_hawkes(branching):
    """A single linear population has the mean rate mu / (1 - n), n the integral of its kernel."""
    run = simulate_hawkes(populations(amplitude=branching / 5.0), 20_000, seed=2)
    assert run.rate_a == pytest.approx(0.01 / (1 - branching), rel=0.08)


def test_heterogeneous_sources_share_the_mean():
    """In the linear case only the mean amplitude of the sources counts for the mean rate."""
    amplitude = np.random.default_rng(0).pareto(3, 20)
    kernel = Kernel(0.1 * amplitude / amplitude.mean(), 5.0)
    run = simulate_hawkes(populations(h1=kernel), 20_000, seed=3)
    assert run.rate_a == pytest.approx(0.02, rel=0.1)


def test_inhibition_divides():
    """With B at rate 0.02 and a kernel of integral 50 the field is 1 and the rate of A halves."""
    run = simulate_hawkes(populations(n_b=100, h2=Kernel(np.full(100, 0.5), 100.0)), 20_000, seed=4)
    assert run.rate_a == pytest.approx(0.005, rel=0.12)
    assert run.rate_b == pytest.approx(0.02, rel=0.05)


def test_excitation_of_b_adds():
    """A at rate 0.01 through a kernel of integral 1 adds 0.01 to the rate of B."""
    run = simulate_hawkes(populations(h4=Kernel(np.full(20, 0.2), 5.0)), 20_000, seed=5)
    assert run.rate_b == pytest.approx(0.03, rel=0.08)


def test_seed_and_order():
    """The same seed gives the same events, in rising time, of existing neurons."""
    runs = [simulate_hawkes(populations(amplitude=0.1), 3_000, seed=s) for s in (7, 7, 8)]
    np.testing.assert_array_equal(runs[0].t_a, runs[1].t_a)
    assert not np.array_equal(runs[0].t_a, runs[2].t_a)
    assert np.all(np.diff(runs[0].t_a) > 0) and set(runs[0].source_a) <= set(range(20))


def test_silent_populations():
    """Rates of 0 end without an event."""
    model = populations(phi_a=lambda x: 0.0, phi_b=lambda x: 0.0)
    run = simulate_hawkes(model, 100, seed=0)
    assert (run.t_a.size, run.t_b.size, run.rate_a) == (0, 0, 0)


def test_wrong_models():
    """An explosion, a rate beyond its bound, negative kernels and unequal sizes are named."""
    with pytest.raises(ValueError, match="branching ratio of 1 or more explodes"):
        simulate_hawkes(populations(amplitude=0.5), 20_000, seed=0, max_events=2_000)
    rising = populations(h2=Kernel(np.full(5, 1.0), 20.0), phi_ba=lambda x: 1 + x)
    with pytest.raises(ValueError, match="Phi_BA must not rise"):
        simulate_hawkes(rising, 5_000, seed=0)
    with pytest.raises(ValueError, match="amplitudes of at least 0"):
        Kernel(np.array([-1.0]), 5.0)
    with pytest.raises(ValueError, match="not 20 and 3, 5 and 5"):
        populations(h4=Kernel(np.zeros(3), 5.0))
