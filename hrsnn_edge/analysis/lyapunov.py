"""Lyapunov spectra by QR (Vogt et al. 2020), and the exponent of each neuron.

The spike function has no derivative, so the Jacobian of a network uses a surrogate
(EQUATIONS 5.0); its spectrum describes the surrogate, not the spikes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import step_gain
from hrsnn_edge.model.lif import membrane_after
from hrsnn_edge.network import FloatNetwork, SparseRows

#: Sharpness of the surrogate derivative of the spike function.
SURROGATE_SHARPNESS = 10.0
#: A stretching factor below this counts as this: a singular step would be minus infinity.
STRETCH_FLOOR = 1e-12

#: Multiplies a matrix of tangent vectors, (N, k), by the Jacobian of one step.
Jacobian = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class LyapunovSpectrum:
    """The leading exponents of a trajectory and the directions they belong to.

    Attributes
    ----------
    exponents : (k,) float64
        Per unit of time, in the order of the QR columns, which is falling once converged.
    participation : (N, k) float64
        Mean squared component of each coordinate in each direction; columns sum to 1, and with
        ``k = N`` rows do too.
    n_steps : int
        Steps that were averaged.
    """

    exponents: np.ndarray
    participation: np.ndarray
    n_steps: int

    @property
    def largest(self) -> float:
        """The greatest exponent, ``lambda_1``."""
        return float(self.exponents.max())

    @property
    def node_exponents(self) -> np.ndarray:
        """Exponent of each coordinate, ``sum_k participation[i, k] * exponents[k]``, (N,).

        Only a full spectrum has them: with fewer directions than coordinates the shares of a
        coordinate do not sum to 1, and renormalised ones mean nothing.
        """
        n, k = self.participation.shape
        if k != n:
            raise ValueError(f"Spectrum must have all {n} directions for exponents, not {k}")
        return self.participation @ self.exponents


# One BLAS thread: the same seed must give the same bits on any machine's number of cores.
@threadpool_limits.wrap(limits=1, user_api="blas")
def qr_spectrum(
    jacobians: Iterable[Jacobian],
    n: int,
    *,
    k: int | None = None,
    dt: float = 1.0,
    warm_up: int = 0,
    every: int = 1,
    seed: int = 0,
) -> LyapunovSpectrum:
    """Return the `k` leading exponents of a product of Jacobians.

    ``Z = J_t Q; Q R = qr(Z)`` with a positive diagonal of R; the exponents are the means of
    ``ln diag(R)`` per unit of time.

    Parameters
    ----------
    jacobians : iterable
        One Jacobian a step, as a function that multiplies an (n, k) matrix from the left.
    n : int
        Dimension.
    k : int or None
        Directions; None for all.
    dt : float
        Time of a step.
    warm_up : int
        Steps at the start that turn the directions but are not averaged.
    every : int
        Steps between two orthonormalisations: fewer are faster, too few lose the small exponents.
    seed : int
        Of the initial directions.

    Raises
    ------
    ValueError
        When no step is left after the warm-up.
    """
    k = n if k is None else k
    if not 1 <= k <= n:
        raise ValueError(f"Directions must be between 1 and {n}, not {k}")
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, k)))
    stretch, share = np.zeros(k), np.zeros((n, k))
    steps = averaged = pending = 0
    for jacobian in jacobians:
        q = jacobian(q)
        steps += 1
        pending += 1
        if pending < every and steps != warm_up:
            continue
        q, log_r = _orthonormalise(q)
        if steps > warm_up:
            stretch += log_r
            # Weighted by the steps it stands for, so that the mean is one over time.
            share += pending * q**2
            averaged += pending
        pending = 0
    if not averaged:
        raise ValueError(
            f"Steps must be at least {warm_up + every} (warm-up and one averaged), not {steps}"
        )
    return LyapunovSpectrum(stretch / (averaged * dt), share / averaged, averaged)


def _orthonormalise(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Q and ``ln diag(R)`` of the QR decomposition with a positive diagonal."""
    q, r = np.linalg.qr(z)
    diagonal = np.diag(r)
    return q * np.where(diagonal < 0, -1.0, 1.0), np.log(
        np.maximum(np.abs(diagonal), STRETCH_FLOOR)
    )


def surrogate_jacobians(
    net: FloatNetwork, current: np.ndarray, *, reset_term: bool = False
) -> Iterator[Jacobian]:
    """Run a network and yield the surrogate Jacobian of each step.

    Parameters
    ----------
    net : FloatNetwork
        With weights ``[pre, post]``.
    current : (T, N) float64
        Input of each step, in units of weights; see `input_current` and `noise_current`.
    reset_term : bool
        False: the detached form, ``diag(alpha) + diag(gain) W^T diag(psi)``, whose exponents
        measure time constants. True: the full form, with ``-alpha v psi`` of the reset, no decay
        through a reset, and zero rows of refractory neurons; it is singular in most steps, and
        the floor under a singular step makes its exponents measure firing rates.

    Notes
    -----
    ``psi = 1 / (1 + 10 |v - v_threshold| / v_threshold)**2 / v_threshold`` is the surrogate
    derivative of a spike by the membrane. A floor of the membrane is part of the run but not of
    the Jacobian.
    """
    if net.tau_syn is not None:
        raise ValueError(
            "Network must have delta synapses for its Jacobian, not tau_syn. "
            "Take the spectrum of the network without it."
        )
    if reset_term and net.reset != "hard":
        raise ValueError(f"Reset must be 'hard' for its term of the Jacobian, not {net.reset!r}")
    alpha, gain = net.alpha, step_gain(net)
    threshold = net.v_threshold
    incoming = transposed(net.w_rec, gain)
    v = np.zeros(net.n_neurons)
    wait = np.zeros(net.n_neurons, np.int64)
    spikes = np.zeros(net.n_neurons)
    for step_input in current:
        x = alpha * v + gain * step_input + incoming @ spikes
        held = wait > 0
        fired = (x >= threshold) & ~held
        x = np.where(held, v if net.reset == "subtract" else net.v_reset, x)
        psi = 1 / (1 + SURROGATE_SHARPNESS * np.abs(x - threshold) / threshold) ** 2 / threshold
        diagonal = alpha
        if reset_term:
            diagonal = alpha * (1 - fired) - alpha * x * psi
        rows = ~held if reset_term else None
        yield _apply(diagonal, incoming, psi, rows)
        v = membrane_after(x, v, held, fired, net)
        wait = np.where(fired, net.refractory_steps, np.maximum(wait - 1, 0))
        spikes = fired.astype(float)


def _apply(diagonal, incoming, psi, rows) -> Jacobian:
    """Return the product with ``diag(diagonal) + incoming diag(psi)``, rows outside `rows` 0."""

    def jacobian(q: np.ndarray) -> np.ndarray:
        z = diagonal[:, None] * q + incoming @ (psi[:, None] * q)
        return z if rows is None else rows[:, None] * z

    return jacobian


def transposed(rows: SparseRows, gain: np.ndarray) -> csr_array:
    """Return the weights as a sparse ``[post, pre]`` matrix times the `gain` of the target."""
    shape = (rows.n_post, rows.n_pre)
    return csr_array((rows.weights * gain[rows.col_idx], (rows.col_idx, rows.pre_idx)), shape)


def input_current(net: FloatNetwork, events: EventBatch) -> np.ndarray:
    """Return the summed input weights of each step, (T, N), of all samples one after the other."""
    first = np.concatenate([[0], np.cumsum(events.n_steps)[:-1]])
    step = np.repeat(first, np.diff(events.sample_ptr)) + events.t
    shape = (int(events.n_steps.sum()), net.n_inputs)
    raster = csr_array((np.ones(step.size), (step, events.address)), shape)
    return (raster @ transposed(net.w_in, np.ones(net.n_neurons)).T).toarray()


def noise_current(
    net: FloatNetwork, n_steps: int, seed: int, *, deviation: float = 0.5
) -> np.ndarray:
    """Return white noise that moves each membrane by `deviation` of its threshold, (T, N).

    The stationary deviation of ``v' = alpha v + gain I`` under white noise of deviation ``s`` is
    ``gain s / sqrt(1 - alpha**2)``; with 0.5 a neuron without other input crosses its threshold
    at two deviations. It needs no data, so pruning by it sees no task.
    """
    scale = deviation * net.v_threshold * np.sqrt(1 - net.alpha**2) / step_gain(net)
    return np.random.default_rng(seed).normal(size=(n_steps, net.n_neurons)) * scale


def network_spectrum(
    net: FloatNetwork,
    current: np.ndarray,
    *,
    k: int | None = None,
    warm_up: int = 100,
    every: int = 5,
    reset_term: bool = False,
    seed: int = 0,
) -> LyapunovSpectrum:
    """Return the spectrum of a network under an input [1/ms].

    Parameters
    ----------
    net : FloatNetwork
        The network.
    current : (T, N) float64
        Input of each step, warm-up included.
    k, warm_up, every, seed
        See `qr_spectrum`.
    reset_term : bool
        See `surrogate_jacobians`.

    Notes
    -----
    Cost of a step: ``k`` sparse products, ``O(nnz k)``, and every few steps a QR, ``O(N k**2)``.
    30 to 60 averaged steps are enough for node exponents; a reported ``lambda_1`` wants 1,000 or
    more, and its slowest direction then approaches ``-1 / max(tau_mem)`` for weak weights.
    """
    jacobians = surrogate_jacobians(net, current, reset_term=reset_term)
    return qr_spectrum(
        jacobians, net.n_neurons, k=k, dt=net.dt, warm_up=warm_up, every=every, seed=seed
    )


#: Greatest exponent wanted [1/ms], slightly stable, and the weight of unstable directions.
TARGET_EXPONENT = -0.01
INSTABILITY_WEIGHT = 0.1


def spectrum_score(exponents: np.ndarray, target: float = TARGET_EXPONENT) -> float:
    """Return ``-(lambda_1 - target)**2 - 0.1 mean_k max(0, lambda_k)``; exponents in 1/ms."""
    unstable = np.maximum(exponents, 0).mean()
    return float(-((exponents.max() - target) ** 2) - INSTABILITY_WEIGHT * unstable)
