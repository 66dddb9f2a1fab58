"""Neurons of an exchange format in discrete time, in the float network's own terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.errors import InterchangeError


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons with ``v <- alpha v + i``, ``i <- beta i + gain u`` for an arriving ``u``, all (N,).

    ``v`` counts from the leak potential, so a population at rest is at 0. It fires where
    ``v >= v_threshold`` and then starts again at `v_reset`, or, in a network with a subtractive
    reset, ``v_threshold - v_reset`` lower.
    """

    name: str
    alpha: np.ndarray
    beta: np.ndarray
    gain: np.ndarray
    v_threshold: np.ndarray
    v_reset: np.ndarray
    refractory_steps: np.ndarray
    v_floor: np.ndarray

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.alpha.size


def relays(name: str, size: int) -> Population:
    """Return neurons that repeat, one step later, whatever arrives with weight 1."""
    one, zero = np.ones(size), np.zeros(size)
    return Population(
        name, zero, zero, one, one, zero, zero.astype(np.int64), np.full(size, -np.inf)
    )


def decay_of(tau, dt: float, method: str, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return decay and complement of one step: ``alpha`` and ``1 - alpha`` as accurately as can be.

    Parameters
    ----------
    tau : (N,) float
        Time constants, in the unit of `dt`.
    method : 'exact' or 'euler'
        ``alpha = exp(-dt / tau)``, or ``1 - dt / tau`` as most training libraries compute.
    """
    if not (tau > 0).all():
        j = int(np.argmin(tau > 0))
        raise InterchangeError(f"{where}, neuron {j}: must be above 0, not {tau[j]:g}")
    if method == "exact":
        return np.exp(-dt / tau), -np.expm1(-dt / tau)
    part = dt / tau
    if not (part <= 1 + 1e-9).all():
        j = int(np.argmax(part))
        raise InterchangeError(
            f"{where}, neuron {j}: must be at least dt = {dt:g} for Euler steps, not {tau[j]:g}. "
            "Take a smaller dt, or exact steps."
        )
    part = np.minimum(part, 1)
    return 1 - part, part
