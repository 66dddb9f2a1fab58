"""A float network to an integer one, and the error that made.

Every neuron has a scale of its own, LSB of ``v`` per unit of the float membrane, absorbed exactly
in its threshold and reset (a LIF neuron has no other use for the unit). The scale is chosen so
that saturation falls where the float membrane ends (`MembraneRange.depth` thresholds below 0), or
smaller where a neuron's greatest weight would not fit; the shift between weights and membrane is
common to all, the shift of a row to all weights of its source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts, step_gain
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import QuantisationError
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import FloatNetwork, IntFormat, IntNetwork, LinearReadout, SparseRows
from hrsnn_edge.quantise.calibrate import MembraneRange, membrane_range

#: Share of neurons whose scale the membrane decides; the rest have a greater weight than others.
FULL_SCALE_SHARE = 0.9
#: Deepest saturation asked for, in thresholds below 0.
MAX_DEPTH = 4.0
#: Rates [spikes a step] outside which a network is called silent or saturated.
SILENT_RATE, SATURATED_RATE = 1e-4, 0.2


@dataclass(frozen=True)
class PopulationError:
    """What quantisation did to one population (``E``, ``I``) or to the ``input`` weights.

    Attributes
    ----------
    weight_rms : float
        Root mean square error of the weights from this population, relative to their own.
    lost_synapses : int
        Synapses whose weight became 0 and which were dropped.
    tau_rms : float or None
        Root mean square relative error of the membrane time constants.
    threshold_rms : float or None
        Root mean square relative error of the thresholds.
    rate_float, rate_integer : float or None
        Mean spikes a neuron and step on the calibration samples.
    count_rms : float or None
        Root mean square difference of the spike counts a neuron and sample.
    """

    weight_rms: float
    lost_synapses: int
    tau_rms: float | None = None
    threshold_rms: float | None = None
    rate_float: float | None = None
    rate_integer: float | None = None
    count_rms: float | None = None


@dataclass(frozen=True)
class QuantisationReport:
    """Formats used, error of each population, and warnings in whole sentences."""

    fmt: IntFormat
    populations: dict[str, PopulationError]
    warnings: tuple[str, ...]


def quantise(
    net: FloatNetwork, fmt: IntFormat, calibration: EventBatch
) -> tuple[IntNetwork, QuantisationReport]:
    """Return the integer network in the widths of `fmt`, and what that cost.

    Parameters
    ----------
    net : FloatNetwork
        With a readout; it is rounded too, but see `refit` for one fitted to the integer network.
    fmt : IntFormat
        Widths; ``v_shift`` and ``refractory_width`` are chosen here and replaced.
    calibration : EventBatch
        Training samples, some tens, from which the membrane range and the error are measured.

    Raises
    ------
    QuantisationError
        A threshold or refractory period that no format can hold.
    """
    if net.readout is None:
        raise QuantisationError("Network must have a readout, not none. Train it first.")
    if (net.v_threshold <= 0).any():
        j = int(np.argmax(net.v_threshold <= 0))
        raise QuantisationError(
            f"{_population(net, j)}, neuron {j}: threshold must be above 0, "
            f"not {net.v_threshold[j]:g}"
        )
    fmt = replace(fmt, refractory_width=_refractory_width(net))
    span = membrane_range(net, calibration)
    scale, shifts, fmt = choose_scales(net, span, fmt)
    result = _round(net, scale, shifts, fmt)
    return result, _report(net, result, scale, shifts, calibration)


def choose_scales(
    net: FloatNetwork, span: MembraneRange, fmt: IntFormat
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray], IntFormat]:
    """Return each neuron's scale, the row shifts of both projections, and the completed format.

    Returns
    -------
    scale : (N,) float64
        LSB of ``v`` per unit of the float membrane.
    shifts : (n_inputs,) int32, (N,) int32
        Left shift of each row.
    fmt : IntFormat
        With ``v_shift``.
    """
    top = signed_range(fmt.v_width)[1]
    w_top, s_top = signed_range(fmt.weight_width)[1], (1 << fmt.shift_width) - 1
    wanted = top / (np.clip(span.depth, 1, MAX_DEPTH) * net.v_threshold)
    gain = step_gain(net)
    sources = [
        (rows.pre_idx, rows.col_idx, np.abs(rows.weights) * gain[rows.col_idx])
        for rows in (net.w_in, net.w_rec)
    ]
    for v_shift in range(IntFormat.LIMITS["v_shift"][1] + 1):
        step = 2.0**v_shift
        shifts, need = [], np.zeros(net.n_neurons)
        for (pre, post, w), n_rows in zip(sources, (net.n_inputs, net.n_neurons), strict=True):
            row_top = np.zeros(n_rows)
            np.maximum.at(row_top, pre, w * wanted[post])
            excess = np.maximum(row_top / (step * w_top), 1)
            shift = np.clip(np.ceil(np.log2(excess)), 0, s_top).astype(np.int32)
            shifts.append(shift)
            np.maximum.at(need, post, w * wanted[post] / (step * w_top * 2.0 ** shift[pre]))
        if np.mean(need <= 1) >= FULL_SCALE_SHARE:
            break
    return wanted / np.maximum(need, 1), tuple(shifts), replace(fmt, v_shift=v_shift)


def quantise_readout(readout: LinearReadout, out_weight_width: int) -> LinearReadout:
    """Return the readout in integers; one scale for weights and bias, so the order of the outputs
    is kept up to rounding.
    """
    top = signed_range(out_weight_width)[1]
    if not (np.isfinite(readout.w_out).all() and np.isfinite(readout.bias).all()):
        raise QuantisationError("Readout weights must be finite. Fit the readout again.")
    scale = top / max(np.abs(readout.w_out).max(initial=0), 1e-300)
    # A readout without weights (a silent network) keeps its bias in units of the bias itself.
    if scale > 1e100:
        scale = 1.0
    return LinearReadout(
        np.rint(readout.w_out * scale).astype(np.int32),
        np.rint(readout.bias * scale).astype(np.int64),
    )


def _refractory_width(net: FloatNetwork) -> int:
    longest = int(net.refractory_steps.max(initial=0))
    limit = (1 << IntFormat.LIMITS["refractory_width"][1]) - 1
    if longest > limit:
        j = int(net.refractory_steps.argmax())
        raise QuantisationError(
            f"{_population(net, j)}, neuron {j}: refractory period must be at most {limit} steps, "
            f"not {longest}. Take a longer step."
        )
    return longest.bit_length()


def _population(net, j: int) -> str:
    return f"population '{'I' if net.inhibitory[j] else 'E'}'"


def _round(net: FloatNetwork, scale, shifts, fmt: IntFormat) -> IntNetwork:
    """Return the network with every value rounded to the nearest integer."""
    v_low, v_top = signed_range(fmt.v_width)
    threshold = np.minimum(np.rint(net.v_threshold * scale), v_top)
    decay_top = (1 << fmt.decay_width) - 1
    w_in = _round_rows(net, net.w_in, scale, shifts[0], fmt)
    w_rec = _round_rows(net, net.w_rec, scale, shifts[1], fmt)
    return IntNetwork(
        w_in=w_in.keep(w_in.weights != 0),
        w_rec=w_rec.keep(w_rec.weights != 0),
        shift_in=shifts[0],
        shift_rec=shifts[1],
        inhibitory=net.inhibitory,
        decay=np.minimum(np.rint(net.alpha * (1 << fmt.decay_width)), decay_top).astype(np.int32),
        v_threshold=threshold.astype(np.int32),
        v_reset=np.clip(np.rint(net.v_reset * scale), v_low, threshold - 1).astype(np.int32),
        refractory_steps=net.refractory_steps.astype(np.int32),
        readout=quantise_readout(net.readout, fmt.out_weight_width),
        fmt=fmt,
    )


def _round_rows(net, rows: SparseRows, scale, shift, fmt: IntFormat) -> SparseRows:
    """Return the rows in units of ``2**(v_shift + row shift)`` LSB of the target's membrane."""
    top = signed_range(fmt.weight_width)[1]
    lsb = 2.0 ** (fmt.v_shift + shift[rows.pre_idx])
    exact = rows.weights * (step_gain(net) * scale)[rows.col_idx] / lsb
    return rows.with_weights(np.clip(np.rint(exact), -top, top).astype(np.int32))


def _report(net, result: IntNetwork, scale, shifts, calibration) -> QuantisationReport:
    fmt = result.fmt
    steps = int(calibration.n_steps.sum())
    exact = run_counts(net, calibration).sum(axis=1)
    integer = run_batch(result, calibration).spike_counts.sum(axis=1)
    tau = np.full(net.n_neurons, 0.0)
    live = result.decay > 0
    tau[live] = -net.dt / np.log(result.decay[live] / (1 << fmt.decay_width))
    populations = {
        "input": PopulationError(*_weight_error(net, net.w_in, None, scale, shifts[0], fmt))
    }
    for name, members in (("E", ~net.inhibitory), ("I", net.inhibitory)):
        if not members.any():
            continue
        populations[name] = PopulationError(
            *_weight_error(net, net.w_rec, members, scale, shifts[1], fmt),
            tau_rms=_rms(tau[members] / net.tau_mem[members] - 1),
            threshold_rms=_rms(
                result.v_threshold[members] / (net.v_threshold * scale)[members] - 1
            ),
            rate_float=float(exact[:, members].sum() / (steps * members.sum())),
            rate_integer=float(integer[:, members].sum() / (steps * members.sum())),
            count_rms=_rms(integer[:, members] - exact[:, members]),
        )
    return QuantisationReport(fmt, populations, _warnings(result, populations, integer))


def _weight_error(net, rows: SparseRows, members, scale, shift, fmt) -> tuple[float, int]:
    """Return the relative error of the weights of some sources, and how many became 0."""
    pick = slice(None) if members is None else members[rows.pre_idx]
    rounded = _round_rows(net, rows, scale, shift, fmt).weights[pick]
    lsb = 2.0 ** (fmt.v_shift + shift[rows.pre_idx[pick]])
    back = rounded * lsb / (step_gain(net) * scale)[rows.col_idx[pick]]
    exact = rows.weights[pick]
    error = _rms(back - exact) / _rms(exact) if exact.any() else 0.0
    return error, int(np.sum(rounded == 0))


def _rms(values) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if np.size(values) else 0.0


def _warnings(result: IntNetwork, populations, integer) -> tuple[str, ...]:
    found = []
    for name, p in populations.items():
        if p.rate_integer is None:
            continue
        if p.rate_integer < SILENT_RATE:
            found.append(
                f"Population {name} is silent in integers: {p.rate_integer:.2g} spikes a neuron "
                f"and step, {p.rate_float:.2g} in float. Take wider weights."
            )
        elif p.rate_integer > SATURATED_RATE:
            found.append(
                f"Population {name} is saturated in integers: {p.rate_integer:.2g} spikes a "
                f"neuron and step, {p.rate_float:.2g} in float. Take wider weights."
            )
    top = (1 << result.fmt.decay_width) - 1
    longest = -1 / np.log(top / (1 << result.fmt.decay_width))
    at_top = int(np.sum(result.decay == top))
    if at_top > 0.05 * result.n_neurons:
        found.append(
            f"{at_top} of {result.n_neurons} neurons have the longest time constant of a decay of "
            f"{result.fmt.decay_width} bits, {longest:.0f} steps. Take wider decays."
        )
    return tuple(found)
