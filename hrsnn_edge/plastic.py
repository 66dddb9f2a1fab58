"""What a learning integer network holds: its magnitudes, and what its constants must satisfy.

Sources are numbered as in `IntStdp`: inputs first, then the recurrent neurons.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.errors import QuantisationError
from hrsnn_edge.fixed import check_range, signed_range
from hrsnn_edge.network import IntNetwork, IntStdp, SparseRows


@dataclass(frozen=True, eq=False)
class Magnitudes:
    """The magnitudes of both projections, (nnz,) int64 each, in the order of their rows."""

    w_in: np.ndarray
    w_rec: np.ndarray


def initial_magnitudes(net: IntNetwork, stdp: IntStdp) -> Magnitudes:
    """Return ``abs(weight) << learn_shift`` of every synapse."""
    return Magnitudes(
        np.abs(net.w_in.weights.astype(np.int64)) << stdp.learn_shift,
        np.abs(net.w_rec.weights.astype(np.int64)) << stdp.learn_shift,
    )


def source_signs(net: IntNetwork) -> np.ndarray:
    """Return the sign of each source, (n_inputs + N,): 1 for inputs, Dale's sign for neurons."""
    return np.concatenate([np.ones(net.n_inputs, np.int64), np.where(net.inhibitory, -1, 1)])


def check_stdp(net: IntNetwork, stdp: IntStdp, magnitudes: Magnitudes) -> None:
    """Raise `QuantisationError` where a plastic projection could leave its formats.

    The greatest weight of every source must fit ``weight_width``, no magnitude may start above its
    source's greatest one, and no plastic input weight may be negative.
    """
    n_sources = net.n_inputs + net.n_neurons
    for name, size in (
        ("decay_plus", n_sources),
        ("eta_plus", n_sources),
        ("magnitude_max", n_sources),
        ("decay_minus", net.n_neurons),
        ("eta_minus", net.n_neurons),
    ):
        if getattr(stdp, name).shape != (size,):
            raise ValueError(f"{name} must have {size} values, not {getattr(stdp, name).shape}")
    low, high = signed_range(net.fmt.weight_width)
    signs = source_signs(net)
    for plastic, rows, values, first, name in (
        (stdp.plastic_in, net.w_in, magnitudes.w_in, 0, "w_in"),
        (stdp.plastic_rec, net.w_rec, magnitudes.w_rec, net.n_inputs, "w_rec"),
    ):
        if not plastic:
            continue
        sources = slice(first, first + rows.n_pre)
        if values.shape != rows.weights.shape:
            raise ValueError(f"{name} magnitudes must be {rows.weights.shape}, not {values.shape}")
        limit = stdp.magnitude_max[sources].astype(np.int64)
        largest = signs[sources] * (limit >> stdp.learn_shift)
        check_range(f"{name} sources, sign * (magnitude_max >> learn_shift)", largest, low, high)
        wrong = np.flatnonzero((values < 0) | (values > limit[rows.pre_idx]))
        if wrong.size:
            k = wrong[0]
            raise QuantisationError(
                f"{name}, synapse {rows.pre_idx[k]} -> {rows.col_idx[k]}: magnitude must be "
                f"between 0 and {limit[rows.pre_idx[k]]} (magnitude_max), not {values[k]}"
            )
        wrong = np.flatnonzero(rows.weights * signs[sources][rows.pre_idx] < 0)
        if wrong.size:
            k = wrong[0]
            raise QuantisationError(
                f"{name}, synapse {rows.pre_idx[k]} -> {rows.col_idx[k]}: weight must have its "
                f"source's sign to be plastic, not {rows.weights[k]}"
            )


def weights_of(rows: SparseRows, magnitudes, signs, learn_shift: int) -> SparseRows:
    """Return the rows with the weights ``sign * (magnitude >> learn_shift)``."""
    weights = signs[rows.pre_idx] * (magnitudes >> learn_shift)
    return rows.with_weights(weights.astype(np.int32))


def learned_network(net: IntNetwork, stdp: IntStdp, magnitudes: Magnitudes) -> IntNetwork:
    """Return the network with the weights of these magnitudes in its plastic projections."""
    signs = source_signs(net)
    w_in, w_rec = net.w_in, net.w_rec
    if stdp.plastic_in:
        w_in = weights_of(w_in, magnitudes.w_in, signs[: net.n_inputs], stdp.learn_shift)
    if stdp.plastic_rec:
        w_rec = weights_of(w_rec, magnitudes.w_rec, signs[net.n_inputs :], stdp.learn_shift)
    return replace(net, w_in=w_in, w_rec=w_rec)


def greatest_network(net: IntNetwork, stdp: IntStdp) -> IntNetwork:
    """Return the network with the greatest weights that its plastic synapses can reach."""
    greatest = stdp.magnitude_max.astype(np.int64)
    limits = Magnitudes(greatest[net.w_in.pre_idx], greatest[net.n_inputs + net.w_rec.pre_idx])
    return learned_network(net, stdp, limits)
