"""Step I on a network: its weights, noise and exponents in one unit, and which synapses stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.analysis.lyapunov import network_spectrum, noise_current
from hrsnn_edge.engine.float_run import floor_of, step_gain
from hrsnn_edge.errors import PruneError
from hrsnn_edge.network import FloatNetwork, SparseRows
from hrsnn_edge.prune.baselines import keep_largest
from hrsnn_edge.prune.draw import draw_exact, keep_probabilities
from hrsnn_edge.prune.lyapunov_noise import (
    covariance,
    dominant_leak,
    edge_scores,
    edge_values,
    linearised,
    signal_shares,
    sparsified,
    spectral_errors,
)
from hrsnn_edge.prune.record import UNITS, LnpConfig, LnpRound
from hrsnn_edge.prune.sparse import sampled_errors, series_covariance, spectral_radius

#: Spectral radius of the recurrent coupling against the leak of the membranes: well inside of
#: stability, and not so weak that signals end after a synapse. 0.5 and 0.8 did as well.
COUPLING = 0.5


def in_thresholds(network: FloatNetwork) -> FloatNetwork:
    """Return the same network with every neuron measured in its own threshold, without readout."""
    unit = network.v_threshold
    if unit.min() <= 0:
        raise PruneError(
            f"v_threshold, neuron {unit.argmin()}: must be above 0 to prune, not {unit.min()}"
        )
    w_in, w_rec = (
        rows.with_weights(rows.weights / unit[rows.col_idx])
        for rows in (network.w_in, network.w_rec)
    )
    return replace(
        network,
        w_in=w_in,
        w_rec=w_rec,
        v_threshold=np.ones(unit.size),
        v_reset=network.v_reset / unit,
        v_floor=floor_of(network) / unit,
        readout=None,
    )


def effect(network: FloatNetwork, unit: str) -> np.ndarray:
    """Return what a weight of 1 does to each membrane, (N,), in its thresholds.

    Parameters
    ----------
    network : FloatNetwork
        Any.
    unit : str
        ``'step'``: the step after one spike. ``'steady'``: the shift under a spike in every step,
        in which slow and fast neurons of a leaky network are alike; slow synapses count in full.
    """
    if unit not in UNITS:
        raise ValueError(f"Unit must be one of {', '.join(UNITS)}, not {unit!r}")
    leak = (1 - network.alpha) * (1 - network.beta) if unit == "steady" else 1.0
    return step_gain(network) / leak / network.v_threshold


def effective(network: FloatNetwork, projection: str, unit: str = "step") -> SparseRows:
    """Return the rows with the `effect` on the target as weights."""
    in_thresholds(network)
    rows = getattr(network, f"w_{projection}")
    return rows.with_weights(rows.weights * effect(network, unit)[rows.col_idx])


def input_power(
    network: FloatNetwork,
    activity: Mapping[str, np.ndarray],
    current: np.ndarray | None = None,
    unit: str = "step",
) -> np.ndarray:
    """Return the power of the input's fluctuations onto each neuron, (N,), in thresholds squared.

    Parameters
    ----------
    network : FloatNetwork
        Event inputs count ``w**2`` times the activity of the channel, as independent events do.
    activity : mapping
        Mean events a step of the channels, under ``"in"``; without it all channels are alike.
    current : (N,) float64 or None
        Variance of a current into each neuron that does not come over `w_in`, in units of weights
        squared.
    unit : str
        See `effect`.
    """
    rows = network.w_in
    rates = np.asarray(activity.get("in", np.ones(rows.n_pre)), float)
    power = np.bincount(rows.col_idx, rows.weights**2 * rates[rows.pre_idx], network.n_neurons)
    if current is not None:
        power = power + np.asarray(current, float)
    if not power.any():
        raise PruneError(
            f"Input must reach a neuron for noise='input', not none of {network.n_neurons}: every "
            f"channel is silent or without synapses. Give the power of the input's current."
        )
    return power * effect(network, unit) ** 2


@dataclass(frozen=True, eq=False)
class Choice:
    """A round of step I.

    Attributes
    ----------
    mask : (nnz,) bool
        Synapses that stay.
    probabilities : (nnz,) float64
        Keep probabilities; 1 for all where the largest are kept.
    record : LnpRound
        The round in numbers.
    unit : float
        Edge value that counted as 1, for the next round.
    """

    mask: np.ndarray
    probabilities: np.ndarray
    record: LnpRound
    unit: float


def choose_synapses(
    network: FloatNetwork,
    count: int,
    rng: np.random.Generator,
    config: LnpConfig,
    noise: np.ndarray | None = None,
    unit: float | None = None,
) -> Choice:
    """Return which synapses a round of step I keeps.

    Parameters
    ----------
    network : FloatNetwork
        Before the round.
    count : int
        Synapses to keep.
    rng : Generator
        Of the spectrum's noise and of the draw.
    config : LnpConfig
        Settings.
    noise : (N,) float64 or None
        Power of the noise onto each neuron, for ``noise='input'`` from `input_power`; None for
        1 everywhere.
    unit : float or None
        Of the first round, for ``leak='membrane'``; None in the first.
    """
    rows = effective(network, "rec", config.unit)
    exponents, lambda_1 = _node_exponents(network, rng, config)
    sign = np.where(network.inhibitory[rows.pre_idx], -1.0, 1.0)
    values = edge_values(rows, exponents, config.edge_value, sign)
    if config.leak == "dominant":
        unit = float(np.abs(values).max())
        elements = values = values / unit
        leak = dominant_leak(rows, values)
    else:
        unit = radius_unit(rows, values, config.algebra) if unit is None else unit
        values, leak = values / unit, 1 / network.tau_mem
        elements = values * leak[rows.col_idx]
        noise = leak**2 if noise is None else noise * leak**2
    if config.algebra == "dense":
        a = linearised(rows, elements, leak)
        c = covariance(a, noise)
    else:
        c = series_covariance(rows, elements, leak, noise)
    scores = (signal_shares if config.score == "share" else edge_scores)(rows, values, c)
    if config.selection == "largest":
        mask, p = keep_largest(scores, count, rng), np.ones(rows.nnz)
        spread = scores
    else:
        p = spread = keep_probabilities(scores, count)
        mask = draw_exact(p, rng)
    if config.algebra == "dense":
        errors = spectral_errors(a, sparsified(a, rows, mask, p))
    else:
        errors = sampled_errors(rows, elements, leak, mask, p)
    cv = float(spread.std() / spread.mean()) if spread.any() else 0.0
    return Choice(mask, p, LnpRound(rows.nnz, count, lambda_1, cv, errors), unit)


def radius_unit(rows: SparseRows, values: np.ndarray, algebra: str = "dense") -> float:
    """Return what to divide values by so that their spectral radius is `COUPLING`.

    A graph without cycles has radius 0 and is stable in any unit: its greatest value counts as 1.
    """
    if algebra == "dense":
        radius = np.abs(np.linalg.eigvals(linearised(rows, values, np.zeros(rows.n_post)))).max()
    else:
        radius = spectral_radius(rows, values)
    greatest = np.abs(values).max()
    return float(radius / COUPLING) if radius > 1e-9 * greatest else float(greatest)


def _node_exponents(network: FloatNetwork, rng, config: LnpConfig) -> tuple[np.ndarray, float]:
    """Return the exponent of each neuron and the greatest one [1/ms].

    The directions of the spectrum, unlike its exponents, depend on the units of each membrane.
    """
    network = in_thresholds(network)
    if config.node_exponents == "leak":
        exponents = -1 / network.tau_mem
        return exponents, float(exponents.max())
    seed = int(rng.integers(2**31))
    current = noise_current(network, config.warm_up + config.n_steps, seed)
    spectrum = network_spectrum(network, current, warm_up=config.warm_up, seed=seed)
    return spectrum.node_exponents, spectrum.largest
