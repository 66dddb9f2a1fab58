"""FloatNetwork to IntNetwork: scales, shifts, thresholds and decays.

A LIF neuron does not change when its weights, threshold, reset and floor are scaled together. Each
neuron ``j`` therefore has a scale of its own, ``scale[j]`` membrane LSB a unit, absorbed in its
integer threshold and reset. It is chosen such that the lowest membrane word lies at the neuron's
floor: saturation then does what the float floor did.

What remains are powers of two: weight ``i -> j`` adds ``weight << (shift[i] + v_shift)`` LSB, the
row shift being that of its source, so that strong inhibitory and weak excitatory rows both use
their bits. Row shifts and `v_shift` minimise the squared rounding error in units of the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import floor_of, step_gain
from hrsnn_edge.errors import QuantisationError
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import FloatNetwork, IntFormat, IntNetwork, SparseRows
from hrsnn_edge.quantise.calibrate import Calibration, calibrate
from hrsnn_edge.quantise.compare import compare
from hrsnn_edge.quantise.readout import quantise_readout, silent_readout
from hrsnn_edge.quantise.report import QuantisationReport

#: Depth of the membrane below 0, in thresholds, where the float network has no floor.
DEPTH_RANGE = (1.25, 4.0)
#: Least threshold [LSB]; below it the leak rounds too much away.
LEAST_THRESHOLD = 16


def quantise(
    net: FloatNetwork, fmt: IntFormat, calibration: EventBatch
) -> tuple[IntNetwork, QuantisationReport]:
    """Convert a float network to integers and report the error it made.

    Parameters
    ----------
    net : FloatNetwork
        Trained; without a readout the result has one output that stays 0.
    fmt : IntFormat
        Widths; its `v_shift` is replaced by the best one.
    calibration : EventBatch
        Samples on which ranges and spike counts are compared; never of a test part.

    Raises
    ------
    QuantisationError
        For a value with no place in the formats, with its population and neuron.
    """
    measured = calibrate(net, calibration)
    integer = convert(net, fmt, target_scale(net, fmt, depth_of(net, measured)))
    return integer, compare(net, integer, calibration, measured)


def depth_of(net: FloatNetwork, measured: Calibration) -> np.ndarray:
    """Return how far below 0 each membrane may fall, in thresholds, (N,).

    That of the float floor where there is one, else what the calibration saw, within
    `DEPTH_RANGE`.
    """
    check_thresholds(net)
    floor = floor_of(net)
    seen = np.clip(-measured.v_low / net.v_threshold, *DEPTH_RANGE)
    return np.where(np.isfinite(floor), -floor / net.v_threshold, seen)


def check_thresholds(net: FloatNetwork) -> None:
    """Raise `QuantisationError` for a threshold that is not above 0 and above the reset."""
    bad = np.flatnonzero((net.v_threshold <= 0) | (net.v_threshold <= net.v_reset))
    if bad.size:
        j = bad[0]
        raise QuantisationError(
            f"population {population(net, j)!r}, neuron {j}: threshold must be above 0 and above "
            f"the reset of {net.v_reset[j]:.6g}, not {net.v_threshold[j]:.6g}"
        )


def population(net: FloatNetwork, neuron: int) -> str:
    """Return the name of a neuron's population."""
    return "inhibitory" if net.inhibitory[neuron] else "excitatory"


def target_scale(net: FloatNetwork, fmt: IntFormat, depth) -> np.ndarray:
    """Return the membrane LSB a unit of each neuron, (N,): the word's lowest value is its floor.

    A floor above minus one threshold is lowered to that: the threshold must fit the word too.
    """
    low, high = signed_range(fmt.v_width)
    integer = np.minimum(np.rint(-low / np.maximum(depth, np.finfo(float).tiny)), high)
    return integer / net.v_threshold


def convert(net: FloatNetwork, fmt: IntFormat, scale) -> IntNetwork:
    """Return the integer network for given scales, (N,) membrane LSB a unit."""
    low, high = signed_range(fmt.v_width)
    threshold = np.rint(net.v_threshold * scale)
    reset = np.rint(net.v_reset * scale)
    _check_neurons(net, "threshold", threshold, LEAST_THRESHOLD, high, "Use a wider membrane.")
    _check_neurons(net, "reset", reset, low, threshold - 1, "Use a lower floor or a higher reset.")
    _check_neurons(
        net, "refractory_steps", net.refractory_steps, 0, (1 << fmt.refractory_width) - 1,
        "Use a wider refractory counter.",
    )  # fmt: skip
    gain = step_gain(net) * scale
    projections = [
        Projection(rows, rows.weights * gain[rows.col_idx], 1 / threshold[rows.col_idx])
        for rows in (net.w_in, net.w_rec)
    ]
    v_shift, shifts = choose_shifts(projections, fmt)
    weights = [
        p.rows.with_weights(round_weights(p.lsb, (v_shift + s)[p.rows.pre_idx], fmt.weight_width))
        for p, s in zip(projections, shifts, strict=True)
    ]
    readout = (
        silent_readout(net.n_neurons)
        if net.readout is None
        else quantise_readout(net.readout, fmt.out_weight_width)
    )
    return IntNetwork(
        w_in=weights[0],
        w_rec=weights[1],
        shift_in=shifts[0].astype(np.int32),
        shift_rec=shifts[1].astype(np.int32),
        inhibitory=net.inhibitory,
        decay=quantise_decay(net.alpha, fmt.decay_width),
        v_threshold=threshold.astype(np.int32),
        v_reset=reset.astype(np.int32),
        refractory_steps=net.refractory_steps.astype(np.int32),
        readout=readout,
        fmt=IntFormat(**{**vars(fmt), "v_shift": v_shift}),
    )


def quantise_decay(alpha, decay_width: int) -> np.ndarray:
    """Return the decays, (N,) int32: rounded to nearest, at most the greatest below 1.

    With 8 bits the longest time constant is 255.5 steps; `compare` counts what is longer.
    """
    top = (1 << decay_width) - 1
    return np.minimum(np.rint(np.asarray(alpha) * (top + 1)), top).astype(np.int32)


@dataclass(frozen=True, eq=False)
class Projection:
    """Rows with their weights in membrane LSB, and what an LSB is worth in thresholds."""

    rows: SparseRows
    lsb: np.ndarray
    worth: np.ndarray


def round_weights(lsb, shift, width: int) -> np.ndarray:
    """Return weights in LSB, (nnz,), as int32 of `width` bits and the given shifts."""
    low, high = signed_range(width)
    return np.clip(np.rint(lsb / np.exp2(shift)), low, high).astype(np.int32)


def choose_shifts(projections, fmt: IntFormat) -> tuple[int, list[np.ndarray]]:
    """Return `v_shift` and the shift of every row of each projection.

    For each row the squared error of every total shift is known; `v_shift` is the one with the
    least sum when every row takes its best shift within reach. On a tie the smaller shifts win.
    """
    least, most = IntFormat.LIMITS["v_shift"]
    reach = 1 << fmt.shift_width
    errors = [
        np.stack([_row_error(p, s, fmt.weight_width) for s in range(least, most + reach)])
        for p in projections
    ]
    totals = [
        sum(e[s : s + reach].min(axis=0).sum() for e in errors) for s in range(least, most + 1)
    ]
    v_shift = int(np.argmin(totals))
    return v_shift, [e[v_shift : v_shift + reach].argmin(axis=0) for e in errors]


def _row_error(p: Projection, shift: int, width: int) -> np.ndarray:
    """Return the squared rounding error of each row in units of the thresholds, (n_pre,)."""
    error = (round_weights(p.lsb, shift, width) * np.exp2(shift) - p.lsb) * p.worth
    return np.bincount(p.rows.pre_idx, error**2, minlength=p.rows.n_pre)


def _check_neurons(net: FloatNetwork, name: str, values, low, high, remedy: str) -> None:
    """Raise `QuantisationError` for the first neuron with a value outside low..high."""
    bad = np.flatnonzero((values < low) | (values > high))
    if bad.size:
        j = bad[0]
        low, high = (np.broadcast_to(x, values.shape)[j] for x in (low, high))
        raise QuantisationError(
            f"population {population(net, j)!r}, neuron {j}: {name} must be between {low:.0f} and "
            f"{high:.0f} LSB, not {values[j]:.0f}. {remedy}"
        )
