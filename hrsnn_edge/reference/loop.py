"""The closed loop of the numeric contract: an integer forecaster fed its own forecasts."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from hrsnn_edge.data.planes import Planes
from hrsnn_edge.network import IntNetwork
from hrsnn_edge.reference.network import run


class Stream(Protocol):
    """A run that goes on, sample after sample."""

    def __call__(self, raster) -> np.ndarray:
        """Return the (n_out,) outputs after the next (T, n_inputs) bool steps."""


class ReferenceStream:
    """The reference as a `Stream`, from the cleared state."""

    def __init__(self, net: IntNetwork):
        self._net, self._state = net, None

    def __call__(self, raster) -> np.ndarray:
        """Return the outputs after the next steps."""
        trace = run(self._net, raster, state=self._state)
        self._state = trace.state
        return trace.out[-1]


def closed_loop(
    net: IntNetwork,
    planes: Planes,
    history,
    horizon: int,
    limits: tuple[int, int],
    stream: Stream | None = None,
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
    stream : Stream, optional
        What computes the network, from its cleared state; by default the reference.
    """
    stream, x = stream or ReferenceStream(net), None
    waiting, out = [np.asarray(sample, np.int64) for sample in history], []
    while len(out) < horizon:
        x = waiting.pop(0) if waiting else x
        bits = planes.bits(planes.integers(x[None], net.readout.out_frac))[0]
        raster = np.tile(np.append(bits, True), (net.readout.hold, 1))
        x = np.clip(x + stream(raster), *limits)
        if not waiting:
            out.append(x)
    return np.array(out)
