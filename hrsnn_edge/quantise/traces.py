"""The trace readout in integers: what a spike adds, and the rounding of the weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hrsnn_edge.errors import QuantisationError
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import TraceReadout
from hrsnn_edge.quantise.readout import rounded_bias
from hrsnn_edge.readouts import BIAS_WIDTH

#: Widths of a filter and of its decay: what the multipliers of small FPGAs take.
TRACE_WIDTH, DECAY_WIDTH = 16, 16
#: Room of a filter beyond the greatest value seen.
TRACE_ROOM = 1.25
#: Bits of an output below the point, at most.
OUT_FRAC = 20


def trace_steps(peak) -> np.ndarray:
    """Return what a spike adds to each filter, (F,) int32, from its greatest value in spikes.

    >>> trace_steps(np.array([1.0, 10.0])).tolist()
    [52428, 5242]
    """
    top = (1 << TRACE_WIDTH) - 1
    room = np.maximum(peak, 1) * TRACE_ROOM
    return np.clip(np.floor(top / room), 1, top).astype(np.int32)


def quantise_traces(readout: TraceReadout, step, width: int) -> TraceReadout:
    """Return a trace readout in integers.

    Parameters
    ----------
    readout : TraceReadout
        Float, on filters in which a spike counts 1.
    step : (F,) int
        What a spike adds to each integer filter.
    width : int
        Bits of a weight.

    Notes
    -----
    The scale of weights and biases is the greatest power of two at which every weight fits `width`
    bits and every bias its own, so that the shift of the sum leaves an output with a whole number
    of bits below the point. Half of what the shift cuts off is added to the biases: outputs round
    to nearest.
    """
    step = np.asarray(step, np.int32)
    weights = readout.w_out * _units(step, squares=readout.squares)
    greatest = np.abs(weights).max(initial=0)
    if not np.isfinite(greatest):
        raise QuantisationError(f"Trace readout weights must be finite, not {greatest}")
    bits = OUT_FRAC
    if greatest > 0:
        room = [signed_range(width)[1] / greatest]
        if readout.bias.any():
            room.append((1 << (BIAS_WIDTH - 2)) / np.abs(readout.bias).max())
        bits = int(np.floor(np.log2(min(room))))
    if not 0 <= bits <= OUT_FRAC + 31:
        raise QuantisationError(
            f"Greatest trace weight must be between 2**-{OUT_FRAC + 31} and 1 of a weight's range, "
            f"not {greatest:.3g}. Scale the targets."
        )
    out_frac = min(bits, OUT_FRAC)
    half = 2.0 ** (bits - out_frac - 1) if bits > out_frac else 0.0
    top = (1 << DECAY_WIDTH) - 1
    return TraceReadout(
        decay=np.minimum(np.rint(readout.decay * (top + 1)), top).astype(np.int32),
        w_out=np.rint(weights * 2.0**bits).astype(np.int32),
        bias=rounded_bias(readout.bias * 2.0**bits + half, "trace readout"),
        hold=readout.hold,
        trace_step=step,
        trace_width=TRACE_WIDTH,
        decay_width=DECAY_WIDTH,
        out_shift=bits - out_frac,
        out_frac=out_frac,
    )


def weights_of(readout: TraceReadout) -> np.ndarray:
    """Return the float weights that those of an integer readout stand for."""
    bits = readout.out_shift + readout.out_frac
    return readout.w_out / 2.0**bits / _units(readout.trace_step, squares=readout.squares)


def _units(step, *, squares: bool) -> np.ndarray:
    """Return what one integer of each feature is worth, (features, 1, 1): 1 a spike, squared."""
    unit = 1 / step.astype(float)
    if squares:
        unit = np.concatenate([unit, unit**2 * 2.0**TRACE_WIDTH])
    return unit[:, None, None]


def blank_traces(readout: TraceReadout, step) -> TraceReadout:
    """Return the integer filters of a float readout with weights of 0, to be fitted to."""
    blank = replace(readout, w_out=np.zeros_like(readout.w_out), bias=np.zeros_like(readout.bias))
    return quantise_traces(blank, step, 16)
