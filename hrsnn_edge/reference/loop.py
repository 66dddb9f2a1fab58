"""The closed loop of the numeric contract: an integer forecaster fed its own forecasts."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.data.planes import Planes
from hrsnn_edge.network import IntNetwork
from hrsnn_edge.reference.network import run


def closed_loop(
    net: IntNetwork, planes: Planes, history, horizon: int, limits: tuple[int, int]
) -> np.ndarray:
    """Return the `horizon` samples after a history, (horizon, D) int64, each fed back.

    Parameters
    ----------
    net : IntNetwork
        With a trace readout that gives increments; inputs are the planes of each coordinate and a
        constant.
    planes : Planes
        Form of the input.
    history : (T, D) int
        True samples that are fed first, T at least 1, with ``out_frac`` bits below the point.
    horizon : int
        Samples to forecast.
    limits : (int, int)
        Every forecast is clipped to these.
    """
    state, x = None, None
    waiting, out = [np.asarray(sample, np.int64) for sample in history], []
    while len(out) < horizon:
        x = waiting.pop(0) if waiting else x
        bits = planes.bits(planes.integers(x[None], net.readout.out_frac))[0]
        raster = np.tile(np.append(bits, True), (net.readout.hold, 1))
        trace = run(net, raster, state=state)
        state = trace.state
        x = np.clip(x + trace.out[-1], *limits)
        if not waiting:
            out.append(x)
    return np.array(out)
