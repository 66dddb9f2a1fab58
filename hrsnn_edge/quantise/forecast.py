"""A forecaster wholly in integers: held values in, a stream of increments out.

A driven network of floats (`analysis.reservoir`) becomes one of events, whose input rows are the
bit planes of the sample, and is rounded. The readout is fitted to the filters that the integer
network computes, then rounded too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.analysis.reservoir import Reservoir
from hrsnn_edge.analysis.ridge import Ridge, fit_ridge
from hrsnn_edge.data.planes import Planes
from hrsnn_edge.engine.int_run import run_stream
from hrsnn_edge.engine.int_stream import StreamState
from hrsnn_edge.network import IntFormat, IntNetwork, TraceReadout
from hrsnn_edge.quantise.driven import filters_in_spikes, round_reservoir
from hrsnn_edge.quantise.traces import quantise_traces


@dataclass(frozen=True, eq=False)
class IntForecaster:
    """An integer network that forecasts: a `Forecaster` of values in 0..1.

    Its state is an integer ``x`` of ``2**-out_frac`` for each coordinate of ``2 sample - 1``;
    a forecast is ``x + out``, so that a closed loop is exact in integers.

    Attributes
    ----------
    net : IntNetwork
        With a trace readout; its inputs are the planes of each coordinate and a constant.
    planes : Planes
        Form of the input.
    """

    net: IntNetwork
    planes: Planes

    def start(self) -> StreamState | None:
        """Return the state before the first sample: cleared."""

    def whole(self, samples) -> np.ndarray:
        """Return samples of 0..1 as integers of the loop, rounded to nearest, int64."""
        unit = 1 << self.net.readout.out_frac
        return np.rint((2 * np.asarray(samples, float) - 1) * unit).astype(np.int64)

    def step(self, state, sample) -> tuple[StreamState, np.ndarray]:
        """Return the state after the steps of a sample, (D,), and the forecast."""
        x = self.whole(sample)
        readout = self.net.readout
        whole = self.planes.integers(x[None], readout.out_frac)
        run = run_stream(self.net, self.planes.events(whole, readout.hold), state)
        return run.state, ((x + run.outputs[-1]) / 2.0**readout.out_frac + 1) / 2


def fit_integer_forecaster(
    reservoir: Reservoir,
    series,
    fmt: IntFormat,
    planes: Planes,
    *,
    washout: int = 100,
    squares: bool = False,
) -> IntForecaster:
    """Round a driven network and fit its readout to a series, (T, D), after `washout` samples.

    Parameters
    ----------
    reservoir : Reservoir
        Its filters become those of the readout.
    series : (T, D) float
        Scaled to about 0..1.
    fmt : IntFormat
        Widths; ``v_shift`` and ``refractory_width`` are chosen here.
    planes : Planes
        Form of the input.
    squares : bool
        Whether squared filters are features too.
    """
    series = np.asarray(series, float)
    scaled = 2 * series - 1
    rounded = round_reservoir(reservoir, scaled[:-1], fmt, planes)
    filters = filters_in_spikes(rounded.net, rounded.run(scaled[:-1]))
    features = np.concatenate([filters, filters**2][: 1 + squares], axis=1)
    flat = features.reshape(len(features), -1)
    ridge = fit_ridge(flat[washout:], np.diff(scaled, axis=0)[washout:])
    shape = (*features.shape[1:], series.shape[1])
    blank = TraceReadout(reservoir.decay, np.zeros(shape), np.zeros(shape[2]), reservoir.hold)
    step = rounded.net.readout.trace_step
    readout = quantise_traces(readout_of(ridge, blank), step, fmt.out_weight_width)
    return IntForecaster(replace(rounded.net, readout=readout), planes)


def readout_of(ridge: Ridge, blank: TraceReadout) -> TraceReadout:
    """Return the float trace readout of a ridge fit to its features, in their order."""
    weights = ridge.weights / ridge.scale[:, None]
    bias = ridge.intercept - ridge.mean @ weights
    return replace(blank, w_out=weights.reshape(blank.w_out.shape), bias=bias)
