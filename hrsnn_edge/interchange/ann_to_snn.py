"""A network of rectified units to a spiking one: rates for activations, thresholds balanced.

A unit becomes a neuron without leak whose rate stands for the activation over the greatest one of
its layer. A hard reset throws away what a spike overshot, so a neuron fires less than
``drive / threshold``, and with either reset what arrives unevenly gives other rates than its mean
would; the thresholds are therefore balanced on calibration samples until each
neuron fires as often as it should there (after Diehl et al. 2015 and Rueckauer et al. 2017, who
scale weights instead, for the same ratio).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.interchange.ann import INPUT, Ann
from hrsnn_edge.interchange.assemble import Assembly, assemble
from hrsnn_edge.interchange.drive import drive_of, driven
from hrsnn_edge.interchange.population import Population
from hrsnn_edge.interchange.signal import Signal
from hrsnn_edge.network import FloatNetwork, LinearReadout

#: Share of a layer's activations on calibration samples that its full rate must hold.
TOP_SHARE = 0.999
#: Rounds of balancing, and how much of a ratio of rates one round takes.
ROUNDS, POWER = 12, 0.5
#: A threshold moves at most by this factor in one round.
MOST = 2.0


@dataclass(frozen=True, eq=False)
class Conversion:
    """A converted network.

    Attributes
    ----------
    network : FloatNetwork
        With its readout.
    assembly : Assembly
        Where everything went.
    unit : float
        Input value that an event in every step stands for.
    rate_error : tuple of float
        After each round, mean difference between wanted and found rates over mean wanted rate.
    """

    network: FloatNetwork
    assembly: Assembly
    unit: float
    rate_error: tuple[float, ...]


def input_unit(events: EventBatch, features) -> tuple[float, float]:
    """Return what an event in every step stands for, and the share of features it leaves unsaid.

    Least squares of the features on the rates of the channels, without a constant.

    Raises
    ------
    InterchangeError
        As many features as channels there must be.
    """
    features = np.asarray(features, np.float64)
    if features.shape != (len(events), events.n_inputs):
        raise InterchangeError(
            f"Features must be {(len(events), events.n_inputs)}, one a channel, not "
            f"{features.shape}"
        )
    rates = channel_rates(events)
    unit = float((rates * features).sum() / max((rates**2).sum(), 1e-300))
    left = np.linalg.norm(features - unit * rates) / max(np.linalg.norm(features), 1e-300)
    return unit, float(left)


def channel_rates(events: EventBatch) -> np.ndarray:
    """Return the events a step of every channel, (S, n_inputs)."""
    sample = np.repeat(np.arange(len(events)), np.diff(events.sample_ptr))
    key = sample * events.n_inputs + events.address
    counts = np.bincount(key, minlength=len(events) * events.n_inputs)
    return counts.reshape(len(events), -1) / events.n_steps[:, None]


def convert_ann(
    ann: Ann,
    events: EventBatch,
    unit: float,
    *,
    top_rate: float = 0.25,
    dt: float = 1.0,
    reset: str = "hard",
) -> Conversion:
    """Return the spiking form of a network of rectified units.

    Parameters
    ----------
    events : EventBatch
        Calibration samples, of training data.
    unit : float
        Input value that an event in every step stands for; see `input_unit`.
    top_rate : float
        Spikes a step for the greatest activation of a layer, 0 .. 1. Lower rates lose less to a
        hard reset and take longer to tell.
    dt : float
        Step [ms].
    reset : 'hard' or 'subtract'
        As in `FloatNetwork`.
    """
    if not 0 < top_rate <= 1:
        raise ValueError(f"Top rate must be above 0 and at most 1, not {top_rate}")
    if not ann.layers:
        raise InterchangeError("Network must have a layer behind a ReLU, not only linear operators")
    if events.n_inputs != ann.n_inputs:
        raise InterchangeError(
            f"Network must take {events.n_inputs} values, one a channel, not {ann.n_inputs}"
        )
    wanted = ann.activations(channel_rates(events) * unit)
    scale = {INPUT: unit}
    for name in ann.layers:
        top = float(np.quantile(wanted[name], TOP_SHARE))
        scale[name] = (top if top > 0 else 1.0) / top_rate
    into = {name: scaled_sources(signal, scale) for name, signal in ann.layers.items()}
    populations = {
        name: _integrators(name, np.full(signal.size, scale[name])) for name, signal in into.items()
    }
    out = scaled_sources(ann.out, scale)
    found = assemble({INPUT: ann.n_inputs}, populations, into, out, dt, in_step=False, reset=reset)
    # Sums over the run stand for outputs times steps; the class does not care.
    network = found.with_readout(
        LinearReadout(found.outputs[None], np.zeros(found.outputs.shape[1]))
    )
    rates = {name: wanted[name] / scale[name] for name in ann.layers}
    network, errors = balance(network, found, rates, driven(events, drive_of(found)))
    return Conversion(network, found, unit, errors)


def scaled_sources(signal: Signal, scale: Mapping[str, float]) -> Signal:
    """Return the signal of sources whose spike is worth `scale`."""
    return Signal({key: m * scale[key[0]] for key, m in signal.terms.items()}, signal.bias)


def _integrators(name: str, threshold) -> Population:
    """Return neurons without leak, refractory period or floor."""
    n = threshold.size
    one, zero = np.ones(n), np.zeros(n)
    return Population(
        name, one, zero, one, threshold, zero, zero.astype(np.int64), np.full(n, -np.inf)
    )


def balance(
    network: FloatNetwork, found: Assembly, rates: Mapping[str, np.ndarray], events: EventBatch
) -> tuple[FloatNetwork, tuple[float, ...]]:
    """Return the network with balanced thresholds, and the error of the rates after each round.

    Parameters
    ----------
    rates : mapping of str to (S, size) float
        Wanted spikes a step of each population in each sample.
    events : EventBatch
        The samples, as the network takes them.
    """
    wanted = np.concatenate([rates[name] for name in found.members], axis=1)
    n_units, steps = wanted.shape[1], events.n_steps[:, None]
    errors, best = [], network
    for _ in range(ROUNDS):
        got = run_counts(network, events)[:, 0, :n_units] / steps
        errors.append(float(np.abs(got - wanted).sum() / max(wanted.sum(), 1e-300)))
        if errors[-1] <= min(errors):
            best = network
        # Half a spike in all samples: a neuron that should be silent has a ratio too.
        floor = 0.5 / steps.sum()
        ratio = (got.mean(axis=0) + floor) / (wanted.mean(axis=0) + floor)
        threshold = network.v_threshold.copy()
        threshold[:n_units] *= np.clip(ratio**POWER, 1 / MOST, MOST)
        network = replace(network, v_threshold=threshold)
    return best, tuple(errors)
