"""A driven network in integers: held values in as bit planes, filtered spikes out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.analysis.lyapunov import input_current
from hrsnn_edge.analysis.reservoir import Reservoir
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.data.planes import Planes
from hrsnn_edge.engine.int_run import run_stream
from hrsnn_edge.engine.int_stream import StreamRun
from hrsnn_edge.network import FloatNetwork, IntFormat, IntNetwork, SparseRows, TraceReadout
from hrsnn_edge.quantise.calibrate import membrane_range
from hrsnn_edge.quantise.convert import choose_scales, convert, wanted_scale
from hrsnn_edge.quantise.dequantise import dequantise
from hrsnn_edge.quantise.traces import blank_traces, trace_steps
from hrsnn_edge.tune.objectives import Driven

#: What a spike adds to a filter while its greatest value is measured.
TRIAL_STEP = 64
#: Samples of the series from which the membranes' range is measured.
CALIBRATION_SAMPLES = 200
#: Samples of -1..1 in twelve bits, with room for twice that.
HELD = Planes(n_bits=12, frac=10)


@dataclass(frozen=True, eq=False)
class IntReservoir:
    """A driven network in integers.

    Attributes
    ----------
    net : IntNetwork
        Its inputs are the planes of each coordinate and a constant; a trace readout without
        weights holds the filters.
    planes : Planes
        Form of the input.
    """

    net: IntNetwork
    planes: Planes

    def events(self, samples) -> EventBatch:
        """Return the events of a series, (M, D) float in -1..1, rounded down to the planes."""
        return self.planes.events(self.planes.integers(samples), self.net.readout.hold)

    def run(self, samples) -> StreamRun:
        """Drive the network with a series, (M, D) float in -1..1, from the cleared state."""
        return run_stream(self.net, self.events(samples))


@dataclass(frozen=True)
class IntegerDrive:
    """Drives the rounded network: the `drive` of a `ReservoirScore` with the format in the loop.

    Attributes
    ----------
    fmt : IntFormat
        Widths.
    planes : Planes
        Form of the input.
    """

    fmt: IntFormat
    planes: Planes = HELD

    def __call__(self, reservoir: Reservoir, series: np.ndarray) -> Driven:
        """Round the network, run it in integers and return its filters in spikes.

        The Jacobian is that of the rounded values as real numbers, `dequantise`: the truncation
        of the leak has no derivative.
        """
        rounded = round_reservoir(reservoir, series, self.fmt, self.planes)
        run = rounded.run(series)
        net = dequantise(rounded.net, reservoir.net.dt, with_readout=False)
        return Driven(
            filters_in_spikes(rounded.net, run).reshape(len(series), -1),
            run.spike_counts / len(series),
            net,
            lambda n_samples: input_current(net, rounded.events(series[:n_samples])),
        )


def driven_by_events(reservoir: Reservoir, planes: Planes) -> FloatNetwork:
    """Return the driven network as one of events: planes of the sample, then a constant."""
    weights = planes.weights(reservoir.w_current, reservoir.bias)
    return replace(reservoir.net, w_in=SparseRows.from_dense(weights))


def round_reservoir(reservoir: Reservoir, samples, fmt: IntFormat, planes: Planes) -> IntReservoir:
    """Round a driven network; ranges of membranes and filters are those under `samples`.

    Parameters
    ----------
    reservoir : Reservoir
        Its filters become those of the readout.
    samples : (M, D) float
        The series that drives, in -1..1. The first `CALIBRATION_SAMPLES` set the membranes' range.
    fmt : IntFormat
        Widths; ``v_shift`` and ``refractory_width`` are chosen here.
    planes : Planes
        Form of the input.
    """
    whole = planes.integers(samples)
    float_net = driven_by_events(reservoir, planes)
    few = planes.events(whole[:CALIBRATION_SAMPLES], reservoir.hold)
    wanted = wanted_scale(float_net, membrane_range(float_net, few), fmt)
    net = convert(float_net, choose_scales(float_net, wanted, fmt), fmt, drop=False)
    events = planes.events(whole, reservoir.hold)
    return IntReservoir(with_filters(net, reservoir.decay, reservoir.hold, events), planes)


def with_filters(net: IntNetwork, decay, hold: int, events: EventBatch) -> IntNetwork:
    """Return the network with filters of its spikes as its readout, without weights.

    Parameters
    ----------
    net : IntNetwork
        Its own readout goes.
    decay : (F, N) float64
        Of each filter in a step.
    hold : int
        Steps of a sample, at the end of which filters are read.
    events : EventBatch
        One sample; what a spike adds to a filter leaves room for the greatest value under it.
    """
    blank = TraceReadout(decay, np.zeros((*decay.shape, 1)), np.zeros(1), hold)
    trial = replace(net, readout=blank_traces(blank, np.full(len(decay), TRIAL_STEP)))
    peak = run_stream(trial, events).filters.max(axis=(0, 2), initial=0) / TRIAL_STEP
    return replace(net, readout=blank_traces(blank, trace_steps(peak)))


def filters_in_spikes(net: IntNetwork, run: StreamRun) -> np.ndarray:
    """Return the (M, F, N) float64 filters of a run in which a spike counts 1."""
    return run.filters / net.readout.trace_step.astype(float)[:, None]
