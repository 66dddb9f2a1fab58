"""Firing rates: measuring, calibrating by the input weights, and homeostatic thresholds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.network import FloatNetwork

#: Exponents of the homeostatic step: first coarse, then fine.
_COARSE, _FINE = 0.6, 0.3
#: Added to both rates [Hz], so that a silent neuron moves by a finite factor.
_SOFTENING_HZ = 0.5
#: Relative rate error at which calibration stops.
_TOLERANCE = 0.02


def neuron_rates(net: FloatNetwork, events: EventBatch) -> np.ndarray:
    """Return the mean rate of each neuron over the samples [Hz], (N,)."""
    seconds = events.n_steps.sum() * net.dt / 1000
    return run_counts(net, events).sum(axis=(0, 1)) / seconds


def scale_inputs(net: FloatNetwork, factor: float) -> FloatNetwork:
    """Return the network with all input weights times `factor`."""
    return replace(net, w_in=net.w_in.with_weights(net.w_in.weights * factor))


def calibrate_rate(net: FloatNetwork, events: EventBatch, target_hz: float) -> FloatNetwork:
    """Return the network with its input weights scaled so that the mean rate is `target_hz`.

    Bisection in the logarithm of one global factor, to 2 % of the target.

    Raises
    ------
    TrainingError
        When no factor between 1e-3 and 1e3 brackets the rate: the layer cannot fire that fast,
        or fires by itself.
    """
    low, high = 1e-3, 1e3

    def rate(factor):
        return neuron_rates(scale_inputs(net, factor), events).mean()

    if rate(high) < target_hz:
        raise TrainingError(
            f"Mean rate must reach {target_hz} Hz, not {rate(high):.3g} Hz with inputs times "
            f"{high:g}. The input is silent or the refractory period too long: raise the encoder "
            "rate or lower target_hz."
        )
    if rate(low) > target_hz:
        raise TrainingError(
            f"Mean rate must fall to {target_hz} Hz, not {rate(low):.3g} Hz with inputs times "
            f"{low:g}. The recurrent layer excites itself: lower weight_e or recurrent_scale."
        )
    for _ in range(40):
        middle = np.sqrt(low * high)
        got = rate(middle)
        if abs(got - target_hz) <= _TOLERANCE * target_hz:
            break
        low, high = (middle, high) if got < target_hz else (low, middle)
    return scale_inputs(net, middle)


def homeostasis(
    net: FloatNetwork, events: EventBatch, target_hz: float, rounds: int, limits
) -> tuple[FloatNetwork, list[float]]:
    """Move each threshold until its neuron fires at `target_hz`.

    ``th <- th ((r + 0.5) / (target + 0.5)) ** 0.6``, exponent 0.3 in the last half of the rounds.
    The floor of the membrane keeps its ratio to the threshold.

    Parameters
    ----------
    rounds : int
        Runs over `events`.
    limits : (float, float)
        Range of a threshold relative to its value at the start.

    Returns
    -------
    net : FloatNetwork
        With new thresholds (and floors).
    history : list of float
        Mean rate before each round [Hz].
    """
    start = net.v_threshold
    history = []
    for k in range(rounds):
        rates = neuron_rates(net, events)
        history.append(float(rates.mean()))
        power = _COARSE if k < (rounds + 1) // 2 else _FINE
        step = ((rates + _SOFTENING_HZ) / (target_hz + _SOFTENING_HZ)) ** power
        net = with_threshold(
            net, np.clip(net.v_threshold * step, limits[0] * start, limits[1] * start)
        )
    return net, history


def with_threshold(net: FloatNetwork, threshold) -> FloatNetwork:
    """Return the network with new thresholds, (N,); a floor per neuron keeps its ratio to them."""
    floor = net.v_floor
    if isinstance(floor, np.ndarray):
        floor = floor * (threshold / net.v_threshold)
    return replace(net, v_threshold=threshold, v_floor=floor)


def check_alive(net: FloatNetwork, events: EventBatch, stage: str) -> dict[str, float]:
    """Return rate figures of a network, or say why it cannot be used.

    Returns
    -------
    figures : dict
        ``rate_hz`` mean rate, ``active`` share of neurons that fired at all.

    Raises
    ------
    TrainingError
        When nothing fires, or the layer fires at more than half of its greatest rate.
    """
    rates = neuron_rates(net, events)
    figures = {"rate_hz": float(rates.mean()), "active": float((rates > 0).mean())}
    ceiling = float((1000 / net.dt / (net.refractory_steps + 1)).mean())
    if figures["active"] == 0:
        raise TrainingError(
            f"Network after {stage} must fire, not stay silent in {len(events)} samples. "
            "Raise input_weight, lower threshold_mean, or set target_hz to calibrate."
        )
    if figures["rate_hz"] > ceiling / 2:
        raise TrainingError(
            f"Mean rate after {stage} must be below {ceiling / 2:.1f} Hz, half of what the "
            f"refractory period allows, not {figures['rate_hz']:.1f} Hz. The network is "
            "saturated: lower input_weight or weight_e, or set target_hz to calibrate."
        )
    return figures


def check_rate(rate_hz: float, range_hz: tuple[float, float], remedy: str) -> None:
    """Raise `TrainingError` for a mean rate outside a range, with a sentence that says a remedy."""
    low, high = range_hz
    if not low <= rate_hz <= high:
        raise TrainingError(
            f"Mean firing rate must be between {low:g} and {high:g} Hz, not {rate_hz:.3g}. {remedy}"
        )
