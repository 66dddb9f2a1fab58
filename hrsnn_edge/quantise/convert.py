"""A float network to an integer one.

Every neuron has a scale of its own, LSB of ``v`` per unit of the float membrane, absorbed exactly
in its threshold and reset (a LIF neuron has no other use for the unit). Wanted is the scale at
which saturation falls where the float membrane ends; a neuron whose greatest weight would not fit
takes a smaller one, and a deeper membrane with it. The shift between weights and membrane is
common to all, the shift of a row to all weights of its source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts, step_gain
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import QuantisationError
from hrsnn_edge.fixed import signed_range, width_for
from hrsnn_edge.model.traces import run_filters
from hrsnn_edge.network import (
    ExpSynapses,
    FloatNetwork,
    IntFormat,
    IntNetwork,
    LinearReadout,
    MlpReadout,
    SparseRows,
    TraceReadout,
)
from hrsnn_edge.quantise.calibrate import MembraneRange, membrane_range
from hrsnn_edge.quantise.codebook import group_neurons, shared_network
from hrsnn_edge.quantise.compare import compare
from hrsnn_edge.quantise.leak import two_power_decays
from hrsnn_edge.quantise.readout import quantise_mlp, quantise_readout, silent_readout
from hrsnn_edge.quantise.report import QuantisationReport
from hrsnn_edge.quantise.traces import quantise_traces, trace_steps

#: Deepest saturation asked for, in thresholds below 0.
MAX_DEPTH = 4.0
#: Room of a synaptic current beyond the greatest seen in calibration.
CURRENT_ROOM = 1.5
#: Greatest common shift is taken whose error is within this factor of the least: a greater shift
#: leaves the thresholds more LSB.
ERROR_ROOM = 1.05
#: Weights of at most so many bits are -1, 0 and 1: whatever the shift, most of their rounding error
#: stays, and what it says is noise. Their shift is the one whose spikes are nearest.
TERNARY_WIDTH = 2


@dataclass(frozen=True, eq=False)
class Scales:
    """The free choices of a conversion.

    Attributes
    ----------
    scale : (N,) float64
        LSB of ``v`` per unit of each float membrane.
    shift_in, shift_rec : (n_inputs,), (N,) int32
        Left shift of each row.
    v_shift : int
        Left shift of every sum.
    """

    scale: np.ndarray
    shift_in: np.ndarray
    shift_rec: np.ndarray
    v_shift: int


def quantise(
    net: FloatNetwork,
    fmt: IntFormat,
    calibration: EventBatch,
    leak: str = "product",
    codebook: int = 0,
) -> tuple[IntNetwork, QuantisationReport]:
    """Return the integer network in the widths of `fmt`, and what that cost.

    Parameters
    ----------
    net : FloatNetwork
        With a readout; it is rounded too, but see `refit_readout` for one fitted to the integers.
    fmt : IntFormat
        Widths; ``v_shift`` and ``refractory_width`` are chosen here and replaced.
    calibration : EventBatch
        Training samples, some tens, from which the membrane range and the error are measured.
    leak : str
        ``'product'``: any decay; ``'two_powers'``: see `leak.two_power_decays`.
    codebook : int
        Greatest number of different sets of neuron parameters, see `codebook.shared_network`; 0
        lets each neuron have its own.

    Raises
    ------
    QuantisationError
        A threshold or refractory period that no format can hold.
    """
    if net.readout is None:
        raise QuantisationError("Network must have a readout, not none. Train it first.")
    check_neurons(net)
    span = membrane_range(net, calibration)
    wanted = wanted_scale(net, span, fmt)
    if fmt.weight_width <= TERNARY_WIDTH:
        scales = nearest_scales(net, wanted, fmt, calibration)
    else:
        scales = choose_scales(net, wanted, fmt)
    shared = net
    if codebook:
        group = group_neurons(net, net.v_threshold * scales.scale, codebook)
        shared = shared_network(net, group)
        scales = share_scales(shared, scales, fmt, group)
    result = convert(shared, scales, fmt, current=span.current * net.v_threshold)
    if leak == "two_powers":
        result = replace(result, decay=two_power_decays(result.decay, fmt.decay_width))
    if isinstance(net.readout, MlpReadout):
        counts = run_counts(net, calibration, net.readout.n_bins)
        readout = quantise_mlp(net.readout, fmt.out_weight_width, counts)
        result = replace(result, readout=readout)
    if isinstance(net.readout, TraceReadout):
        filters = np.concatenate(run_filters(net, calibration))
        step = trace_steps(filters.max(axis=(0, 2), initial=0))
        readout = quantise_traces(net.readout, step, fmt.out_weight_width)
        result = replace(result, readout=readout)
    return result, compare(net, result, calibration)


def check_neurons(net: FloatNetwork) -> None:
    """Raise `QuantisationError` for the first neuron that no format can hold."""
    limit = (1 << IntFormat.LIMITS["refractory_width"][1]) - 1
    for name, values, right, condition in (
        ("threshold", net.v_threshold, net.v_threshold > 0, "above 0"),
        ("reset", net.v_reset, net.v_reset < net.v_threshold, "below the threshold"),
        (
            "refractory period",
            net.refractory_steps,
            net.refractory_steps <= limit,
            f"at most {limit} steps",
        ),
    ):
        if not right.all():
            j = int(np.argmin(right))
            population = "I" if net.inhibitory[j] else "E"
            raise QuantisationError(
                f"population '{population}', neuron {j}: {name} must be {condition}, "
                f"not {values[j]:g}"
            )


def wanted_scale(net: FloatNetwork, span: MembraneRange, fmt: IntFormat) -> np.ndarray:
    """Return the scale of each neuron at which the membrane saturates where it should, (N,).

    That is at the float floor, or, without one or with one deeper than `MAX_DEPTH` thresholds, at
    the depth that the calibration saw. A threshold must fit too: the depth is at least 1. With a
    subtractive reset, so must what spikes leave, to the same limit, and the reset potential.
    """
    floor = -span.floor
    depth = np.where(floor <= MAX_DEPTH, floor, np.minimum(span.depth, MAX_DEPTH))
    if net.reset == "subtract":
        depth = np.maximum(depth, np.minimum(span.high, MAX_DEPTH))
        depth = np.maximum(depth, -net.v_reset / net.v_threshold)
    return signed_range(fmt.v_width)[1] / (np.maximum(depth, 1) * net.v_threshold)


def nearest_scales(net: FloatNetwork, wanted, fmt: IntFormat, calibration: EventBatch) -> Scales:
    """Return scales and shifts with which the spike counts are nearest to those of the floats.

    Parameters are those of `choose_scales`. Of the shifts whose counts differ by at most
    `ERROR_ROOM` times the least difference the greatest is taken.

    Raises
    ------
    QuantisationError
        When a threshold has no LSB left with any shift.
    """
    wanted_counts = run_counts(net, calibration)[:, 0]
    candidates, refused = [], None
    for v_shift in range(IntFormat.LIMITS["v_shift"][1] + 1):
        scales = _scales_for(net, wanted, fmt, v_shift)
        try:
            counts = run_batch(convert(net, scales, fmt), calibration).spike_counts.sum(axis=1)
        except QuantisationError as error:
            refused = error
            continue
        candidates.append((scales, int(np.abs(counts - wanted_counts).sum())))
    if not candidates:
        raise refused
    least = min(error for _, error in candidates)
    return [scales for scales, error in candidates if error <= ERROR_ROOM * least][-1]


def choose_scales(
    net: FloatNetwork, wanted, fmt: IntFormat, *, greatest: FloatNetwork | None = None
) -> Scales:
    """Return scales and shifts such that every weight fits, with little rounding error.

    Parameters
    ----------
    wanted : (N,) float64
        Greatest scale of each neuron.
    greatest : FloatNetwork, optional
        For a network that learns: the same with the greatest weights that it can reach, which must
        fit too. A weight is then worth the same LSB at every target, as greatest magnitudes belong
        to the sources.
    """
    candidates = []
    gain = step_gain(net)
    for v_shift in range(IntFormat.LIMITS["v_shift"][1] + 1):
        scales = _scales_for(greatest or net, wanted, fmt, v_shift)
        if greatest is not None:
            same = (scales.scale * gain).min() / gain
            scales = Scales(same, *_row_shifts(greatest, same, fmt, v_shift), v_shift)
        candidates.append((scales, _rounding_error(net, scales)))
    least = min(error for _, error in candidates)
    return [scales for scales, error in candidates if error <= ERROR_ROOM * least][-1]


def share_scales(net: FloatNetwork, scales: Scales, fmt: IntFormat, group) -> Scales:
    """Return scales with which the neurons of a group, (N,) int, have one integer threshold.

    That is the least of the group, so that nothing needs more room than before.
    """
    fitting = _scales_for(net, scales.scale, fmt, scales.v_shift).scale
    least = np.full(group.max() + 1, np.inf)
    np.minimum.at(least, group, net.v_threshold * fitting)
    scale = np.floor(least)[group] / net.v_threshold
    return Scales(scale, *_row_shifts(net, scale, fmt, scales.v_shift), scales.v_shift)


def _scales_for(net: FloatNetwork, wanted, fmt: IntFormat, v_shift: int) -> Scales:
    """Return the greatest scales, at most `wanted`, at which all weights fit with this shift."""
    shifts = _row_shifts(net, wanted, fmt, v_shift)
    need = np.ones(net.n_neurons)
    for rows, shift in zip((net.w_in, net.w_rec), shifts, strict=True):
        size = np.abs(_steps(net, rows, wanted, v_shift, shift))
        np.maximum.at(need, rows.col_idx, size / signed_range(fmt.weight_width)[1])
    scale = wanted / need
    # A row whose targets took smaller scales may do with a smaller shift.
    return Scales(scale, *_row_shifts(net, scale, fmt, v_shift), v_shift)


def _row_shifts(net: FloatNetwork, scale, fmt: IntFormat, v_shift: int) -> list[np.ndarray]:
    """Return the least shift of each row of both projections with which its weights fit."""
    top, most = signed_range(fmt.weight_width)[1], (1 << fmt.shift_width) - 1
    shifts = []
    for rows in (net.w_in, net.w_rec):
        greatest = np.zeros(rows.n_pre)
        size = np.abs(_steps(net, rows, scale, v_shift, np.zeros(rows.n_pre)))
        np.maximum.at(greatest, rows.pre_idx, size)
        # The last bit of the division that made a scale must not cost a whole bit of weight.
        excess = np.maximum(greatest / top * (1 - 1e-12), 1)
        shifts.append(np.clip(np.ceil(np.log2(excess)), 0, most).astype(np.int32))
    return shifts


def _steps(net: FloatNetwork, rows: SparseRows, scale, v_shift: int, shift) -> np.ndarray:
    """Return the weights in steps of their row, not rounded, (nnz,)."""
    return rows.weights * (step_gain(net) * scale)[rows.col_idx] / _step(rows, v_shift, shift)


def _step(rows: SparseRows, v_shift: int, shift) -> np.ndarray:
    """Return what a weight of 1 adds to the membrane [LSB], (nnz,)."""
    return np.exp2(v_shift + shift)[rows.pre_idx]


def _rounding_error(net: FloatNetwork, scales: Scales) -> float:
    """Return the squared relative rounding errors of input, E and I weights and thresholds, summed.

    Relative, so that weak excitatory rows count as much as strong inhibitory ones; weights in
    thresholds of their targets.
    """
    threshold = net.v_threshold * scales.scale
    total = np.mean((0.5 / threshold) ** 2)
    for rows, shift, kind in (
        (net.w_in, scales.shift_in, np.zeros(net.n_inputs, bool)),
        (net.w_rec, scales.shift_rec, net.inhibitory),
    ):
        exact = _steps(net, rows, scales.scale, scales.v_shift, shift)
        worth = (_step(rows, scales.v_shift, shift) / threshold[rows.col_idx]) ** 2
        error, size = (np.rint(exact) - exact) ** 2 * worth, exact**2 * worth
        group = kind[rows.pre_idx].astype(int)
        errors, sizes = (np.bincount(group, x, minlength=2) for x in (error, size))
        total += np.sum(errors[sizes > 0] / sizes[sizes > 0])
    return float(total)


def convert(
    net: FloatNetwork, scales: Scales, fmt: IntFormat, *, drop: bool = True, current=None
) -> IntNetwork:
    """Return the network with every value rounded to the nearest integer.

    Without a linear readout the result has one output that stays 0.

    Parameters
    ----------
    drop : bool
        Whether synapses whose weight becomes 0 go: they would cost time and change nothing.
    current : (N,) float, optional
        Greatest synaptic currents seen, times their gain, from which exponential synapses get
        their width; by default the greatest width.
    """
    v_low, v_top = signed_range(fmt.v_width)
    threshold = np.minimum(np.rint(net.v_threshold * scales.scale), v_top)
    _check_membranes(net, threshold)
    decay_top = (1 << fmt.decay_width) - 1
    w_in, w_rec = (
        round_rows(net, rows, scales, shift, fmt)
        for rows, shift in ((net.w_in, scales.shift_in), (net.w_rec, scales.shift_rec))
    )
    readout = (
        quantise_readout(net.readout, fmt.out_weight_width)
        if isinstance(net.readout, LinearReadout)
        else silent_readout(net.n_neurons)
    )
    return IntNetwork(
        w_in=w_in.keep(w_in.weights != 0) if drop else w_in,
        w_rec=w_rec.keep(w_rec.weights != 0) if drop else w_rec,
        shift_in=scales.shift_in,
        shift_rec=scales.shift_rec,
        inhibitory=net.inhibitory,
        decay=np.minimum(np.rint(net.alpha * (1 << fmt.decay_width)), decay_top).astype(np.int32),
        v_threshold=threshold.astype(np.int32),
        v_reset=np.clip(np.rint(net.v_reset * scales.scale), v_low, threshold - 1).astype(np.int32),
        refractory_steps=net.refractory_steps.astype(np.int32),
        readout=readout,
        fmt=replace(
            fmt,
            v_shift=scales.v_shift,
            refractory_width=int(net.refractory_steps.max(initial=0)).bit_length(),
        ),
        synapses=None if net.tau_syn is None else quantise_synapses(net, scales, fmt, current),
        reset=net.reset,
    )


def quantise_synapses(net: FloatNetwork, scales: Scales, fmt: IntFormat, current) -> ExpSynapses:
    """Return exponential synapses in integers; parameters as in `convert`.

    A current is in LSB of its own neuron's membrane. Its width has room for `CURRENT_ROOM` times
    what was seen, within the limits of the contract.
    """
    least, most = ExpSynapses.WIDTHS
    width = most
    if current is not None:
        peak = int(np.ceil(CURRENT_ROOM * np.max(current * scales.scale)))
        width = min(max(width_for(-peak, peak), least), most)
    top = (1 << fmt.decay_width) - 1
    decay = np.minimum(np.rint(net.beta * (top + 1)), top).astype(np.int32)
    return ExpSynapses(decay, width)


def _check_membranes(net: FloatNetwork, threshold) -> None:
    """Raise `QuantisationError` where a weight so outweighs a threshold that it rounds to 0."""
    if (threshold < 1).any():
        j = int(np.argmin(threshold))
        population = "I" if net.inhibitory[j] else "E"
        raise QuantisationError(
            f"population '{population}', neuron {j}: threshold must be at least 1 LSB beside its "
            f"greatest weight, not {threshold[j]:g}. Take a wider membrane or smaller weights."
        )


def round_rows(
    net: FloatNetwork, rows: SparseRows, scales: Scales, shift, fmt: IntFormat
) -> SparseRows:
    """Return the rows with integer weights; the most negative value is not used."""
    top = signed_range(fmt.weight_width)[1]
    exact = _steps(net, rows, scales.scale, scales.v_shift, shift)
    return rows.with_weights(np.clip(np.rint(exact), -top, top).astype(np.int32))
