"""The real numbers that an integer network stands for."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import FloatNetwork, IntNetwork, LinearReadout, SparseRows

#: Time constants, in steps, whose decays are exactly 0 and 1 in floating point.
INSTANT, ENDLESS = 1e-3, 2.0**60


def dequantise(net: IntNetwork, dt: float = 1.0, *, with_readout: bool = True) -> FloatNetwork:
    """Return the float network of the same values, in LSB of ``v``.

    It differs from the integer network in its step alone: the leak is not truncated.

    Parameters
    ----------
    dt : float
        Step [ms]; an integer network has none.
    with_readout : bool
        Whether the readout comes along.

    Raises
    ------
    InterchangeError
        A readout other than the linear one, whose rounding is part of what it computes.
    """
    if not dt > 0:
        raise ValueError(f"dt must be above 0, not {dt}")

    def rows(found: SparseRows, shift) -> SparseRows:
        scale = np.exp2(shift[found.pre_idx] + net.fmt.v_shift)
        return found.with_weights(found.weights * scale)

    scale = 2.0**net.fmt.decay_width
    readout = None
    if with_readout:
        if not isinstance(net.readout, LinearReadout):
            raise InterchangeError(
                f"Readout must be linear to be written in real numbers, not {net.readout.kind!r}. "
                "Export without it: --no-readout"
            )
        readout = LinearReadout(net.readout.w_out.astype(float), net.readout.bias.astype(float))
    return FloatNetwork(
        w_in=rows(net.w_in, net.shift_in),
        w_rec=rows(net.w_rec, net.shift_rec),
        inhibitory=net.inhibitory,
        tau_mem=tau_of(net.decay / scale, dt),
        v_threshold=net.v_threshold.astype(float),
        v_reset=net.v_reset.astype(float),
        refractory_steps=net.refractory_steps.astype(np.int64),
        dt=dt,
        v_floor=float(signed_range(net.fmt.v_width)[0]),
        readout=readout,
        tau_syn=None if net.synapses is None else tau_of(net.synapses.syn_decay / scale, dt),
        reset=net.reset,
    )


def tau_of(alpha, dt: float) -> np.ndarray:
    """Return the time constants whose exact decay in a step is `alpha`, 0 and 1 included."""
    inside = (alpha > 0) & (alpha < 1)
    tau = -dt / np.log(np.where(inside, alpha, 0.5))
    return np.where(inside, tau, dt * np.where(alpha > 0, ENDLESS, INSTANT))
