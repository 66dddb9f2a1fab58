"""Float against integer: errors by population, spike counts, and warnings."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts, step_gain
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import FloatNetwork, IntNetwork, MlpReadout, SparseRows, TraceReadout
from hrsnn_edge.quantise.report import NeuronError, QuantisationReport, WeightError
from hrsnn_edge.quantise.traces import weights_of

#: Rates that have moved by more than this factor are worth a warning.
RATE_FACTOR = 1.5
#: Keeps a division by the size of weights that are all 0 finite.
TINY = 1e-300
#: Share of weights that may round to 0 without a warning.
ZEROED_SHARE = 0.25


def compare(net: FloatNetwork, integer: IntNetwork, events: EventBatch) -> QuantisationReport:
    """Return the error of an integer network against its float original on given samples."""
    weights = weight_errors(net, integer)
    float_counts = run_counts(net, events, integer.readout.n_bins)
    int_counts = run_batch(integer, events).spike_counts
    seconds = events.n_steps.sum() * net.dt / 1000
    neurons = {
        name: _neuron_error(net, integer, part, float_counts, int_counts, seconds)
        for name, part in (("excitatory", ~net.inhibitory), ("inhibitory", net.inhibitory))
        if part.any()
    }
    return QuantisationReport(
        weights, neurons, readout_error(net, integer), warnings_of(net, weights, neurons)
    )


def weight_errors(net: FloatNetwork, integer: IntNetwork) -> dict[str, WeightError]:
    """Return the rounding of the weights by the kind of their source."""
    source = net.inhibitory[net.w_rec.pre_idx]
    out = {}
    for name, exact, rounded, shift, part in (
        ("input", net.w_in, integer.w_in, integer.shift_in, np.ones(net.w_in.nnz, bool)),
        ("excitatory", net.w_rec, integer.w_rec, integer.shift_rec, ~source),
        ("inhibitory", net.w_rec, integer.w_rec, integer.shift_rec, source),
    ):
        if not part.any():
            continue
        # In thresholds of the target, which no scale changes.
        worth = np.exp2(integer.fmt.v_shift) / integer.v_threshold.astype(float)
        stored = _aligned(exact, rounded)
        back = stored * np.exp2(shift[exact.pre_idx]) * worth[exact.col_idx]
        wanted = exact.weights * (step_gain(net) / net.v_threshold)[exact.col_idx]
        rows = np.unique(exact.pre_idx[part])
        out[name] = WeightError(
            synapses=int(part.sum()),
            rms_error=_rms((back - wanted)[part]) / max(_rms(wanted[part]), TINY),
            zeroed=float(np.mean((stored == 0)[part])),
            shifts={int(s): int(n) for s, n in enumerate(np.bincount(shift[rows])) if n},
        )
    return out


def _aligned(exact: SparseRows, rounded: SparseRows) -> np.ndarray:
    """Return the integer weight of each float synapse, 0 for one that was dropped."""
    width = max(1, exact.n_post)
    key = exact.pre_idx.astype(np.int64) * width + exact.col_idx
    kept = rounded.pre_idx.astype(np.int64) * width + rounded.col_idx
    weights = np.zeros(exact.nnz)
    weights[np.searchsorted(key, kept)] = rounded.weights
    return weights


def _rms(values) -> float:
    """Return the root mean square, 0 for nothing."""
    return float(np.sqrt(np.mean(np.square(values)))) if np.size(values) else 0.0


def effective_tau(integer: IntNetwork, dt: float) -> np.ndarray:
    """Return the time constants that the integer decays stand for [ms], (N,)."""
    with np.errstate(divide="ignore"):
        return -dt / np.log(integer.decay / 2.0**integer.fmt.decay_width)


def readout_error(net: FloatNetwork, integer: IntNetwork) -> float:
    """Return the relative root mean square error of the readout weights, of all layers."""
    if isinstance(net.readout, TraceReadout):
        exact = net.readout.w_out
        return _rms(weights_of(integer.readout) - exact) / max(_rms(exact), TINY)
    errors = [
        _scaled_error(exact, rounded)
        for exact, rounded in zip(
            _readout_weights(net.readout), _readout_weights(integer.readout), strict=False
        )
    ]
    return _rms(errors)


def _readout_weights(readout) -> list[np.ndarray]:
    """Return the arrays of weights that have a scale of their own."""
    if readout is None:
        return []
    if isinstance(readout, MlpReadout):
        return [layer.weights for layer in readout.layers]
    return [readout.w_out]


def _scaled_error(exact, rounded) -> float:
    """Return the relative rounding error of weights, by the scale at which it is least."""
    if not exact.any():
        return 0.0
    scale = np.vdot(rounded, exact) / np.vdot(exact, exact)
    return _rms(rounded / scale - exact) / _rms(exact) if scale else 1.0


def _neuron_error(net, integer, part, float_counts, int_counts, seconds) -> NeuronError:
    """Return the errors of the neurons of `part`."""
    low = signed_range(integer.fmt.v_width)[0]
    threshold = integer.v_threshold[part]
    tau, exact = effective_tau(integer, net.dt)[part], net.tau_mem[part]
    a, b = float_counts[:, :, part].astype(np.int64), int_counts[:, :, part].astype(np.int64)
    top = 1 - 2.0**-integer.fmt.decay_width
    depth = -low / threshold
    return NeuronError(
        neurons=int(part.sum()),
        threshold_lsb=int(threshold.min()),
        tau_error=float(np.mean(np.abs(tau - exact) / exact)),
        tau_clipped=int((net.alpha[part] > top).sum()),
        floor=(float(depth.min()), float(depth.max())),
        rate_float_hz=float(a.sum() / part.sum() / seconds),
        rate_int_hz=float(b.sum() / part.sum() / seconds),
        spike_mismatch=float(np.abs(a - b).sum() / max(1, a.sum())),
        silenced=int(((a.sum(axis=(0, 1)) > 0) & (b.sum(axis=(0, 1)) == 0)).sum()),
    )


def warnings_of(net: FloatNetwork, weights, neurons) -> tuple[str, ...]:
    """Return what a user should know before using the integer network."""
    out = []
    for name, n in neurons.items():
        ceiling = 1000 / net.dt / (1 + net.refractory_steps.mean())
        if n.rate_int_hz == 0:
            out.append(
                f"{name} neurons are silent: {n.rate_int_hz:.1f} Hz, in float "
                f"{n.rate_float_hz:.1f} Hz. Use wider weights or a row shift."
            )
        elif n.rate_int_hz > ceiling / 2:
            out.append(
                f"{name} neurons are saturated: {n.rate_int_hz:.1f} Hz of {ceiling:.0f} Hz, in "
                f"float {n.rate_float_hz:.1f} Hz. Use wider weights or a wider membrane."
            )
        elif max(n.rate_int_hz, n.rate_float_hz) > RATE_FACTOR * min(
            n.rate_int_hz, n.rate_float_hz
        ):
            out.append(
                f"{name} neurons fire at {n.rate_int_hz:.1f} Hz, in float "
                f"{n.rate_float_hz:.1f} Hz. Fit the readout to the integer network."
            )
        if n.tau_clipped:
            out.append(
                f"{n.tau_clipped} {name} neurons have a longer time constant than their decay can "
                "say. Use a wider decay."
            )
    for name, w in weights.items():
        if w.zeroed > ZEROED_SHARE:
            out.append(
                f"{w.zeroed:.0%} of the {name} weights became 0. Use wider weights or a wider row "
                "shift."
            )
    return tuple(out)
