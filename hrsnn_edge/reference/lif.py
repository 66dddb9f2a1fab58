"""The membrane step of the numeric contract (eq. (1) in integers)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.fixed import saturate, scale_toward_zero
from hrsnn_edge.network import IntNetwork


@dataclass(frozen=True, eq=False)
class LifParams:
    """Parameters of N integrate-and-fire neurons; every array is (N,) int, in LSB of ``v``."""

    decay: np.ndarray
    v_threshold: np.ndarray
    v_reset: np.ndarray
    refractory_steps: np.ndarray
    v_width: int
    decay_width: int
    v_shift: int
    subtracts: bool = False

    @classmethod
    def of(cls, net: IntNetwork) -> LifParams:
        """Return the parameters of the neurons of a network.

        Currents of exponential synapses already have their shift: `v_shift` is then 0.
        """
        return cls(
            net.decay.astype(np.int64),
            net.v_threshold.astype(np.int64),
            net.v_reset.astype(np.int64),
            net.refractory_steps.astype(np.int64),
            net.fmt.v_width,
            net.fmt.decay_width,
            net.fmt.v_shift if net.synapses is None else 0,
            net.reset == "subtract",
        )


def lif_step(v, refractory, syn_sum, params: LifParams):
    """Advance the membrane potentials of one population by one step.

    Parameters
    ----------
    v, refractory, syn_sum : (N,) int64
        Membrane potential and refractory counter before the step; sum delivered in it, or the
        current of exponential synapses.

    Returns
    -------
    v, refractory, spikes : (N,) int64, (N,) int64, (N,) bool
        The state after leak, input, threshold, reset and saturation; who fired.

    Notes
    -----
    ``x = trunc(v * decay / 2**decay_width) + (syn_sum << v_shift)``, exact, and a spike is
    ``x >= v_threshold``. Rounding is toward zero, so a membrane without input reaches 0 from both
    sides. A spike sets ``v`` to `v_reset`; with `subtracts` it takes ``v_threshold - v_reset`` off
    ``x``, before the saturation. A neuron whose counter is above 0 counts down, stays where the
    spike left it and loses the sum.
    """
    held = refractory > 0
    x = scale_toward_zero(v, params.decay, params.decay_width) + (syn_sum << params.v_shift)
    spikes = (x >= params.v_threshold) & ~held
    if params.subtracts:
        drop = np.where(spikes, params.v_threshold - params.v_reset, 0)
        v = np.where(held, v, saturate(x - drop, params.v_width))
    else:
        v = np.where(held | spikes, params.v_reset, saturate(x, params.v_width))
    refractory = np.where(held, refractory - 1, np.where(spikes, params.refractory_steps, 0))
    return v, refractory, spikes
