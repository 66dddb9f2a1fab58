from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.analysis.lyapunov import (
    SURROGATE_SHARPNESS,
    input_current,
    network_spectrum,
    noise_current,
    qr_spectrum,
    surrogate_jacobians,
)
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts, step_gain
from hrsnn_edge.model.lif import lif_step
from hrsnn_edge.network import FloatNetwork, SparseRows


def make_network(n=20, density=0.2, weight=0.1, seed=0, n_inputs=5):
    """A small network with Dale's law, distance-free random wiring and spread time constants."""
    rng = np.random.default_rng(seed)
    inhibitory = np.arange(n) % 5 == 4
    mask = (rng.random((n, n)) < density) & ~np.eye(n, dtype=bool)
    magnitude = rng.gamma(2, weight / 2, (n, n)) * np.where(inhibitory, -4, 1)[:, None]
    return FloatNetwork(
        SparseRows.from_dense(rng.gamma(2, 0.2, (n_inputs, n)) * (rng.random((n_inputs, n)) < 0.5)),
        SparseRows.from_dense(np.where(mask, magnitude, 0)),
        inhibitory,
        rng.uniform(5, 50, n),
        rng.uniform(0.5, 1.5, n),
        np.zeros(n),
        np.full(n, 2),
        v_floor=-1.0,
    )


def test_worked_diagonal():
    """Hand-worked: the exponents of diag(4, 1/2) are ln 4 and -ln 2, one axis each."""
    steps = [lambda q: np.array([[4.0], [0.5]]) * q] * 60
    spectrum = qr_spectrum(steps, 2, warm_up=20)
    assert spectrum.exponents == pytest.approx([np.log(4), -np.log(2)])
    assert spectrum.participation == pytest.approx(np.eye(2), abs=1e-9)
    assert spectrum.node_exponents == pytest.approx([np.log(4), -np.log(2)])
    assert spectrum.largest == pytest.approx(np.log(4))


@pytest.mark.parametrize("every", [1, 3])
def test_linear_map(every):
    """The spectrum of a linear map is ln |eigenvalue|, whatever the orthonormalisation period."""
    rng = np.random.default_rng(2)
    basis = rng.normal(size=(5, 5))
    eigenvalues = np.array([1.7, -1.1, 0.6, 0.3, -0.1])
    a = basis @ np.diag(eigenvalues) @ np.linalg.inv(basis)
    spectrum = qr_spectrum([lambda q: a @ q] * 400, 5, warm_up=100, every=every)
    assert spectrum.exponents == pytest.approx(np.log(np.abs(eigenvalues)), abs=1e-6)
    leading = qr_spectrum([lambda q: a @ q] * 400, 5, k=2, warm_up=100, every=every)
    assert leading.exponents == pytest.approx(spectrum.exponents[:2], abs=1e-6)


def _lorenz_jacobians(n_steps, dt):
    """Tangent maps of Lorenz63, each a fourth-order Runge-Kutta step of state and tangents."""

    def flow(state, tangent):
        x, y, z = state
        jacobian = np.array([[-10.0, 10, 0], [28 - z, -1, -x], [y, x, -8 / 3]])
        return np.array([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]), jacobian @ tangent

    def step(state, q):
        k1, d1 = flow(state, q)
        k2, d2 = flow(state + dt / 2 * k1, q + dt / 2 * d1)
        k3, d3 = flow(state + dt / 2 * k2, q + dt / 2 * d2)
        k4, d4 = flow(state + dt * k3, q + dt * d3)
        return state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4), q + dt / 6 * (
            d1 + 2 * d2 + 2 * d3 + d4
        )

    state = np.array([1.0, 1.0, 20.0])
    for _ in range(n_steps):
        yield lambda q, s=state: step(s, q)[1]
        state, _ = step(state, np.eye(3))


def test_lorenz63():
    """Lorenz63 has the exponents 0.906, 0 and -14.57 per unit time, and their sum is -13.667."""
    spectrum = qr_spectrum(_lorenz_jacobians(22_000, 0.01), 3, dt=0.01, warm_up=2_000, every=5)
    assert spectrum.exponents == pytest.approx([0.906, 0, -14.572], abs=0.03)
    assert spectrum.exponents.sum() == pytest.approx(-41 / 3, abs=2e-3)


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), reset_term=st.booleans())
def test_sum_rule(seed, reset_term):
    """The sum of a network's spectrum is the mean of ln |det J| over the averaged steps."""
    net = replace(make_network(8, 0.4, seed=seed), refractory_steps=np.zeros(8, int))
    current = noise_current(net, 30, seed)
    dense = [j(np.eye(8)) for j in surrogate_jacobians(net, current, reset_term=reset_term)]
    spectrum = network_spectrum(net, current, warm_up=10, every=1, reset_term=reset_term)
    exact = np.mean([np.linalg.slogdet(j)[1] for j in dense[10:]])
    assert spectrum.exponents.sum() == pytest.approx(exact, rel=1e-6, abs=1e-6)


def test_worked_jacobian():
    """Hand-worked: two neurons, 0 -> 1 with weight 0.5, at a known membrane."""
    net = FloatNetwork(
        SparseRows.from_dense(np.zeros((1, 2))),
        SparseRows.from_dense(np.array([[0, 0.5], [0, 0]])),
        np.zeros(2, bool), np.array([10.0, 20.0]), np.ones(2), np.zeros(2), np.zeros(2, int),
    )  # fmt: skip
    (jacobian,) = surrogate_jacobians(net, np.array([[0.8, 1.3]]))
    psi = 1 / (1 + SURROGATE_SHARPNESS * np.array([0.2, 0.3])) ** 2
    alpha = np.exp([-0.1, -0.05])
    assert jacobian(np.eye(2)) == pytest.approx(np.array([[alpha[0], 0], [0.5 * psi[0], alpha[1]]]))
    (full,) = surrogate_jacobians(net, np.array([[0.8, 1.3]]), reset_term=True)
    diagonal = [alpha[0] * (1 - 0.8 * psi[0]), -alpha[1] * 1.3 * psi[1]]
    assert np.diag(full(np.eye(2))) == pytest.approx(diagonal)


def test_trajectory_is_the_engines():
    """The run behind the Jacobians spikes as the compiled engine does."""
    net = replace(make_network(30, weight=0.3, seed=3), refractory_steps=np.zeros(30, int))
    raster = np.random.default_rng(1).random((40, 5)) < 0.3
    events = EventBatch.from_rasters([raster])
    fired = np.zeros(30, int)
    # In the full form a spike is seen as a diagonal without the decay: alpha (1 - s) - alpha v psi.
    for j in surrogate_jacobians(net, input_current(net, events), reset_term=True):
        fired += np.diag(j(np.eye(30))) < -1e-9
    counts = run_counts(net, events)[0, 0]
    assert counts.sum() > 20
    assert np.array_equal(fired, counts)


def test_trajectory_with_a_subtractive_reset():
    """The membranes behind the Jacobians are those of the readable step; the reset term is refused.

    A Jacobian is detached, so psi of every step says how far its membrane was from the threshold.
    """
    net = replace(make_network(12, weight=0.3, seed=3), reset="subtract")
    current = input_current(net, EventBatch.from_rasters([np.ones((20, 5), bool)]))
    v, wait, spike = np.zeros(12), np.zeros(12, int), np.zeros(12)
    w, gain, fired = net.w_rec.to_dense(), step_gain(net), 0
    for j, row in zip(surrogate_jacobians(net, current), current, strict=True):
        x = np.where(wait > 0, v, net.alpha * v + gain * (row + spike @ w))
        psi = 1 / (1 + SURROGATE_SHARPNESS * np.abs(x / net.v_threshold - 1)) ** 2 / net.v_threshold
        np.testing.assert_allclose(j(np.eye(12)) - np.diag(net.alpha), (psi[:, None] * w * gain).T)
        v, wait, spike = lif_step(v, wait, row + spike @ w, net)
        fired += int(spike.sum())
    assert fired > 20
    with pytest.raises(ValueError, match="Reset must be 'hard' for its term of the Jacobian"):
        next(surrogate_jacobians(net, current, reset_term=True))


def test_node_exponents_of_a_weak_network():
    """With weak weights the node exponents are -1 / tau, and lambda_1 is that of the slowest."""
    net = make_network(40, weight=1e-4, seed=5)
    spectrum = network_spectrum(net, noise_current(net, 160, 0), warm_up=100)
    assert np.corrcoef(spectrum.node_exponents, -1 / net.tau_mem)[0, 1] > 0.9
    assert spectrum.participation.sum(1) == pytest.approx(1)
    assert spectrum.participation.sum(0) == pytest.approx(1)
    assert spectrum.exponents.sum() == pytest.approx((-1 / net.tau_mem).sum(), rel=1e-3)


def test_input_current():
    """Hand-worked: the weights of the channels that have an event, step by step, samples joined."""
    net = make_network(4, n_inputs=2, seed=1)
    w = net.w_in.to_dense()
    events = EventBatch.from_rasters([np.array([[1, 0], [0, 0]]), np.array([[1, 1]])])
    assert input_current(net, events) == pytest.approx(np.array([w[0], 0 * w[0], w[0] + w[1]]))


def test_noise_moves_the_membrane_as_said():
    """White noise of the stated size gives a membrane deviation of half the threshold."""
    net = make_network(6, seed=2)
    v, seen = np.zeros(6), []
    for current in noise_current(net, 20_000, 4):
        v = net.alpha * v + current
        seen.append(v)
    assert np.std(seen, axis=0) / net.v_threshold == pytest.approx(0.5, rel=0.15)


def test_wrong_calls():
    """A spectrum without averaged steps, and node exponents of a part of it, are refused."""
    steps = [lambda q: q] * 5
    with pytest.raises(ValueError, match=r"Steps must be at least 11 .* not 5"):
        qr_spectrum(steps, 2, warm_up=10)
    with pytest.raises(ValueError, match="Directions must be between 1 and 2, not 3"):
        qr_spectrum(steps, 2, k=3)
    with pytest.raises(ValueError, match="must have all 2 directions for exponents, not 1"):
        print(qr_spectrum(steps, 2, k=1).node_exponents)
