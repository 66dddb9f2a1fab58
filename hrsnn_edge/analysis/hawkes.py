"""Interacting Hawkes populations, eq. (11), by thinning: excitatory A and inhibitory B.

``lambda_A = Phi_A(x1) Phi_BA(x2)`` and ``lambda_B = Phi_B(x3) + Phi_AB(x4)``, where
``x_k = 1/N sum_j int h_k(t - u) dZ_j(u)`` with exponential kernels
``h_k(t) = a_jk exp(-t / tau_k)``. An amplitude belongs to its source, so that all neurons of a
population see the same fields; heterogeneous plasticity makes amplitudes heavy-tailed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

#: A rate function of a field: not negative.
RateFunction = Callable[[float], float]


@dataclass(frozen=True, eq=False)
class Kernel:
    """Exponential synapses of one population onto one field.

    Attributes
    ----------
    amplitude : (N,) float64
        Of each source, not negative; the integral of its kernel is ``amplitude * tau``.
    tau : float
        Decay [ms].
    """

    amplitude: np.ndarray
    tau: float

    def __post_init__(self):
        """Check what the bound of the thinning rests on."""
        if np.any(np.asarray(self.amplitude) < 0) or not self.tau > 0:
            raise ValueError("Kernel must have amplitudes of at least 0 and a tau above 0")


@dataclass(frozen=True, eq=False)
class HawkesPopulations:
    """Two populations of eq. (11).

    Attributes
    ----------
    h1, h2, h3, h4 : Kernel
        A to A, B to A, B to B, A to B; those with the same source have as many amplitudes.
    phi_a, phi_b, phi_ab : callable
        Rates [1/ms] of their fields, not falling.
    phi_ba : callable
        Multiplicative inhibition of A by B, not rising.
    """

    h1: Kernel
    h2: Kernel
    h3: Kernel
    h4: Kernel
    phi_a: RateFunction
    phi_b: RateFunction
    phi_ab: RateFunction
    phi_ba: RateFunction

    def __post_init__(self):
        """Check the sizes of the populations."""
        sizes = [np.size(h.amplitude) for h in (self.h1, self.h2, self.h3, self.h4)]
        if sizes[0] != sizes[3] or sizes[1] != sizes[2]:
            raise ValueError(
                "Kernels h1 and h4, and h2 and h3, must have as many amplitudes, "
                f"not {sizes[0]} and {sizes[3]}, {sizes[1]} and {sizes[2]}"
            )


@dataclass(frozen=True, eq=False)
class HawkesRun:
    """Event times of the two populations.

    Attributes
    ----------
    t_a, t_b : (events,) float64
        Times [ms], rising.
    source_a, source_b : (events,) int64
        Neuron of each event.
    rate_a, rate_b : float
        Mean rate of a neuron [1/ms].
    """

    t_a: np.ndarray
    source_a: np.ndarray
    t_b: np.ndarray
    source_b: np.ndarray
    rate_a: float
    rate_b: float


def simulate_hawkes(
    model: HawkesPopulations, duration: float, seed: int, *, max_events: int = 1_000_000
) -> HawkesRun:
    """Simulate from silence for `duration` [ms] by thinning (Ogata).

    Between events all fields decay, so each rate is bounded by its value after the last candidate,
    with ``Phi_BA`` taken at 0; a candidate of the bound is kept with the ratio of the rates.

    Raises
    ------
    ValueError
        When a rate function is negative, rises where it must not, or makes more than `max_events`
        events: a branching ratio of 1 or more explodes.
    """
    rng = np.random.default_rng(seed)
    kernels = (model.h1, model.h2, model.h3, model.h4)
    tau = np.array([h.tau for h in kernels])
    n_a, n_b = np.size(model.h1.amplitude), np.size(model.h3.amplitude)
    jump_a = np.stack([model.h1.amplitude, model.h4.amplitude]) / n_a
    jump_b = np.stack([model.h2.amplitude, model.h3.amplitude]) / n_b
    x, t = np.zeros(4), 0.0
    times, sources = ([], []), ([], [])
    free = model.phi_ba(0.0)
    while True:
        bound = n_a * model.phi_a(x[0]) * free + n_b * (model.phi_b(x[2]) + model.phi_ab(x[3]))
        if bound <= 0:
            break
        wait = rng.exponential(1 / bound)
        t += wait
        if t >= duration:
            break
        x *= np.exp(-wait / tau)
        rate_a = n_a * model.phi_a(x[0]) * model.phi_ba(x[1])
        rate_b = n_b * (model.phi_b(x[2]) + model.phi_ab(x[3]))
        if min(rate_a, rate_b) < 0 or rate_a + rate_b > bound * (1 + 1e-9):
            raise ValueError(
                f"Rates at {t:.3f} ms must be between 0 and {bound:g}, their bound, not "
                f"{rate_a:g} and {rate_b:g}. Phi_BA must not rise, the others must not fall."
            )
        u = rng.random() * bound
        if u < rate_a:
            j = int(rng.integers(n_a))
            x[[0, 3]] += jump_a[:, j]
        elif u < rate_a + rate_b:
            j = int(rng.integers(n_b))
            x[[1, 2]] += jump_b[:, j]
        else:
            continue
        population = int(u >= rate_a)
        times[population].append(t)
        sources[population].append(j)
        if len(times[0]) + len(times[1]) > max_events:
            raise ValueError(
                f"Events must be at most {max_events}, not more at {t:.1f} of {duration} ms. "
                "Lower the kernels: a branching ratio of 1 or more explodes."
            )
    return HawkesRun(
        t_a=np.array(times[0]),
        source_a=np.array(sources[0], int),
        t_b=np.array(times[1]),
        source_b=np.array(sources[1], int),
        rate_a=len(times[0]) / (n_a * duration),
        rate_b=len(times[1]) / (n_b * duration),
    )
