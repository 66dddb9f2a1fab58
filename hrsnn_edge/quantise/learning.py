"""A network trained wholly in integers: every run, every change of a weight and every threshold.

Real are only the draw of the network (first weights, time and learning constants are rounded once,
before anything runs) and the solution of the readout, which is rounded after it. Rate calibration,
homeostasis, STDP, normalisation and the counts that the readout is fitted to are the integer
engine's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.engine.float_run import step_gain
from hrsnn_edge.engine.int_learn import LearnResult, learn
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.model.config import ModelConfig, RateConfig
from hrsnn_edge.model.lif import build_network
from hrsnn_edge.model.rate import scale_inputs
from hrsnn_edge.model.stdp import FloatStdp, draw_stdp
from hrsnn_edge.model.topology import stream
from hrsnn_edge.model.train import readout_samples
from hrsnn_edge.network import FloatNetwork, IntFormat, IntNetwork, IntStdp
from hrsnn_edge.plastic import Magnitudes, learned_network
from hrsnn_edge.quantise.convert import choose_scales, convert
from hrsnn_edge.quantise.homeostasis import settle_thresholds
from hrsnn_edge.quantise.readout import refit_readout

#: Widths of the learning arithmetic. Traces hold eight spikes before they saturate.
LEARN_SHIFT, TRACE_WIDTH, TRACE_STEP, TRACE_DECAY_WIDTH = 12, 10, 128, 12
#: Room above the first thresholds, for homeostasis, and below 0, in first thresholds.
THRESHOLD_ROOM, DEPTH = 4.0, 2.0
#: Added to both rates in a homeostatic round [Hz].
SOFTENING_HZ = 0.5
#: Halvings of the factor on the input weights, from a range of 1e-3 to 1e3.
CALIBRATION_ROUNDS = 16
#: Bits of the factor by which the learning rates fall.
ETA_FACTOR_WIDTH = 16


@dataclass(frozen=True, eq=False)
class Learner:
    """A plastic integer network: its constants and the magnitudes that its weights come from."""

    net: IntNetwork
    stdp: IntStdp
    magnitudes: Magnitudes


@dataclass(frozen=True)
class IntTrainingRecord:
    """What a training in integers did.

    Attributes
    ----------
    input_factor : float
        Factor on the drawn input weights that the calibration found.
    rate_history : dict of list of float
        Mean rate [Hz] before each homeostatic round and in each block of STDP.
    weight_updates : int
        Changes of magnitudes in STDP.
    train_accuracy : float
        Of the rounded readout on the samples it was fitted to, copies included.
    """

    input_factor: float
    rate_history: dict[str, list[float]]
    weight_updates: int
    train_accuracy: float


def train_integer(
    config: ModelConfig,
    data: Split,
    fmt: IntFormat,
    *,
    n_classes: int,
    seed: int,
    learn: Callable[..., LearnResult] = learn,
) -> tuple[IntNetwork, IntStdp, IntTrainingRecord]:
    """Fit an integer network to the samples of `data`; labels are used by the readout only.

    Parameters
    ----------
    config : ModelConfig
        The settings of the float training; constants per synapse are not possible.
    fmt : IntFormat
        Widths; ``v_shift`` and ``refractory_width`` are chosen here.
    learn : callable
        Runs the samples that change the weights; by default `hrsnn_edge.engine.int_learn.learn`,
        or another of the same arguments and results, e.g. a simulated chip.

    Returns
    -------
    net, stdp, record
        The trained network, the constants it learned with, and what happened.

    Raises
    ------
    TrainingError
        For a layer that cannot reach its rate.
    """
    drawn = build_network(config.network, data.events.n_inputs, seed)
    rate, history = config.rate, {}
    pick = stream(seed, "calibration samples").permutation(len(data.labels))
    few = data.events.select(np.sort(pick[: rate.calibration_samples]))
    factor = rate.input_scale
    if rate.target_hz is not None:
        factor *= _input_factor(drawn, config, fmt, few, seed)
    learner = make_learner(scale_inputs(drawn, factor), config, fmt, seed)
    learner = _settled(learner, few, rate, history, "homeostasis", drawn.dt)
    updates = 0
    if config.plasticity.synapses != "off":
        learner, updates = _learned(learner, config, data.events, seed, history, drawn.dt, learn)
        learner = _settled(learner, few, rate, history, "homeostasis after STDP", drawn.dt)
    shown = readout_samples(data, config.augment, seed)
    net = refit_readout(learner.net, shown, n_classes, config.readout)
    predictions = run_batch(net, shown.events).predictions
    accuracy = float((predictions == shown.labels).mean())
    return net, learner.stdp, IntTrainingRecord(factor, history, updates, accuracy)


def make_learner(net: FloatNetwork, config: ModelConfig, fmt: IntFormat, seed: int) -> Learner:
    """Draw the learning constants of a network and round both."""
    return round_learner(net, draw_stdp(config.plasticity, net, seed), fmt)


def round_learner(net: FloatNetwork, stdp: FloatStdp, fmt: IntFormat) -> Learner:
    """Round a network and its learning constants; the greatest weights fit the format."""
    greatest = _greatest_weights(net, stdp)
    top = signed_range(fmt.v_width)[1]
    wanted = top / (DEPTH * THRESHOLD_ROOM * net.v_threshold.mean() * step_gain(net))
    scales = choose_scales(net, wanted, fmt, greatest=greatest)
    shift = scales.v_shift + np.concatenate([scales.shift_in, scales.shift_rec])
    unit = (scales.scale * step_gain(net))[0] * np.exp2(LEARN_SHIFT - shift)
    limit = ((signed_range(fmt.weight_width)[1] + 1) << LEARN_SHIFT) - 1
    magnitude_max = np.minimum(np.rint(stdp.weight_max * unit), limit).astype(np.int64)
    magnitudes = Magnitudes(
        *(
            np.minimum(
                np.rint(np.abs(rows.weights) * unit[sources]).astype(np.int64),
                magnitude_max[sources],
            )
            for rows, sources in (
                (net.w_in, net.w_in.pre_idx),
                (net.w_rec, net.n_inputs + net.w_rec.pre_idx),
            )
        )
    )
    constants = quantise_stdp(stdp, magnitude_max, net.dt)
    rounded = convert(net, scales, fmt, drop=False)
    return Learner(learned_network(rounded, constants, magnitudes), constants, magnitudes)


def _greatest_weights(net: FloatNetwork, stdp: FloatStdp) -> FloatNetwork:
    """Return the network with the greatest weights that its plastic synapses can reach."""
    signs = np.where(net.inhibitory, -1.0, 1.0)[net.w_rec.pre_idx]
    w_in, w_rec = net.w_in, net.w_rec
    if stdp.plastic_in:
        w_in = w_in.with_weights(stdp.weight_max[w_in.pre_idx])
    if stdp.plastic_rec:
        w_rec = w_rec.with_weights(signs * stdp.weight_max[net.n_inputs + w_rec.pre_idx])
    return replace(net, w_in=w_in, w_rec=w_rec)


def quantise_stdp(stdp: FloatStdp, magnitude_max, dt: float) -> IntStdp:
    """Return the learning constants in integers, for given greatest magnitudes of the sources.

    A float change is a share of the greatest weight of the source's kind. In integers depression
    belongs to the target alone, so both etas are shares of the mean greatest magnitude: their
    ratio is kept, and the kinds differ in speed by less than 2, as row shifts are powers of two.
    """
    mean = float(np.mean(magnitude_max))
    shares = np.concatenate([stdp.eta_plus, stdp.eta_minus]) / stdp.trace_step
    change = shares * mean / TRACE_STEP
    room = (1 << 16) - 1
    eta_shift = int(np.clip(np.floor(np.log2(room / max(change.max(), 1e-9))), 0, 24))
    eta = np.minimum(np.rint(change * 2.0**eta_shift), room).astype(np.int32)
    top = (1 << TRACE_DECAY_WIDTH) - 1

    def decay(tau):
        return np.minimum(np.rint(np.exp(-dt / tau) * (top + 1)), top).astype(np.int32)

    return IntStdp(
        plastic_in=stdp.plastic_in,
        plastic_rec=stdp.plastic_rec,
        learn_shift=LEARN_SHIFT,
        trace_width=TRACE_WIDTH,
        trace_step=TRACE_STEP,
        decay_width=TRACE_DECAY_WIDTH,
        decay_plus=decay(stdp.tau_plus),
        eta_plus=eta[: stdp.eta_plus.size],
        magnitude_max=np.asarray(magnitude_max, np.int32),
        decay_minus=decay(stdp.tau_minus),
        eta_minus=eta[stdp.eta_plus.size :],
        eta_shift=eta_shift,
    )


def _input_factor(net: FloatNetwork, config: ModelConfig, fmt, events: EventBatch, seed) -> float:
    """Return the factor on the drawn input weights at which the integer layer has its rate."""
    steps, target = int(events.n_steps.sum()), config.rate.target_hz

    def rate(factor):
        learner = make_learner(scale_inputs(net, factor), config, fmt, seed)
        return _hz(run_batch(learner.net, events).total.spikes, net.n_neurons, steps, net.dt)

    low, high = 1e-3, 1e3
    if rate(high) < target or rate(low) > target:
        raise TrainingError(
            f"Mean rate of the integer layer must reach {target} Hz, not stay between "
            f"{rate(low):.3g} and {rate(high):.3g} Hz. Change target_hz, the encoder's rate or "
            "weight_e, or use wider formats."
        )
    for _ in range(CALIBRATION_ROUNDS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if rate(middle) < target else (low, middle)
    return high


def _settled(learner: Learner, events: EventBatch, rate: RateConfig, history, name, dt) -> Learner:
    """Bring the neurons to their target rate by their thresholds."""
    if rate.target_hz is None:
        return learner
    seconds = float(events.n_steps.sum()) * dt / 1000
    start, top = learner.net.v_threshold.astype(np.int64), signed_range(learner.net.fmt.v_width)[1]
    least, most = rate.homeostasis_limits
    net, spikes = settle_thresholds(
        learner.net,
        events,
        max(1, round(rate.target_hz * seconds)),
        max(1, round(SOFTENING_HZ * seconds)),
        rate.homeostasis_rounds,
        (
            np.maximum(1, np.rint(start * least).astype(np.int64)),
            np.minimum(top, np.rint(start * most).astype(np.int64)),
        ),
    )
    history[name] = [_hz(s, net.n_neurons, int(events.n_steps.sum()), dt) for s in spikes]
    return replace(learner, net=net)


def _learned(learner: Learner, config: ModelConfig, events: EventBatch, seed, history, dt, learn):
    """Show the samples in random order; return the learner after them and its weight updates."""
    plasticity = config.plasticity
    rng = stream(seed, "stdp order")
    epochs = max(1, -(-plasticity.samples // len(events)))
    order = np.concatenate([rng.permutation(len(events)) for _ in range(epochs)])
    order = order[: plasticity.samples]
    kept = learner.magnitudes if plasticity.normalise else None
    stdp, magnitudes, updates, rates = learner.stdp, learner.magnitudes, 0, []
    for first in range(0, len(order), plasticity.eta_decay_every):
        block = events.select(order[first : first + plasticity.eta_decay_every])
        result = learn(learner.net, stdp, block, magnitudes, keep_sums=kept)
        magnitudes = result.magnitudes
        updates += result.total.weight_updates
        steps = int(block.n_steps.sum())
        rates.append(_hz(result.total.spikes, learner.net.n_neurons, steps, dt))
        stdp = slower(stdp, plasticity.eta_decay)
    history["stdp"] = rates
    net = learned_network(learner.net, learner.stdp, magnitudes)
    return Learner(net, learner.stdp, magnitudes), updates


def slower(stdp: IntStdp, factor: float) -> IntStdp:
    """Return the constants with both etas times `factor`: ``(eta * f) >> 16``, f its rounding."""
    f = round(factor * (1 << ETA_FACTOR_WIDTH))
    return replace(
        stdp,
        eta_plus=((stdp.eta_plus.astype(np.int64) * f) >> ETA_FACTOR_WIDTH).astype(np.int32),
        eta_minus=((stdp.eta_minus.astype(np.int64) * f) >> ETA_FACTOR_WIDTH).astype(np.int32),
    )


def _hz(spikes: int, n_neurons: int, steps: int, dt: float) -> float:
    """Return the mean rate [Hz] of a number of spikes."""
    return float(1000 * spikes / (n_neurons * steps * dt))
