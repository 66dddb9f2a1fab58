"""The fit of one network: draw, calibrate, homeostasis, STDP or backpropagation, readout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.data.augment import AugmentConfig, with_copies
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.model.backprop import Epoch, train_backprop
from hrsnn_edge.model.config import ModelConfig, PlasticityConfig, ReadoutConfig
from hrsnn_edge.model.lif import build_network
from hrsnn_edge.model.rate import calibrate_rate, check_alive, homeostasis, scale_inputs
from hrsnn_edge.model.readout import accuracy, fit_readout, read_neurons, scores
from hrsnn_edge.model.relays import with_relays
from hrsnn_edge.model.stdp import FloatStdp, draw_stdp, run_stdp
from hrsnn_edge.model.topology import stream
from hrsnn_edge.network import FloatNetwork

#: Readout strengths that a baseline may choose from, on the validation folds, beside that
#: of the networks.
_STRENGTHS = (0.3, 1.0, 3.0)


@dataclass(frozen=True, eq=False)
class TrainingRecord:
    """What a fit did.

    Attributes
    ----------
    stages : dict of dict
        After each stage: ``rate_hz``, ``active`` (share of neurons that fired).
    rate_history : dict of list
        Mean rate [Hz] before each homeostatic round, and per 50 samples of STDP.
    weight_change : dict
        Correlation of the weights before and after STDP, for ``input`` and ``recurrent``.
    stdp : FloatStdp or None
        The constants that were used, for a plastic integer network.
    untrained : FloatNetwork
        The network before STDP, calibrated, without readout and relays.
    train_accuracy : float
        Of the readout on the samples it was fitted to, copies included.
    epochs : tuple of Epoch
        Of backpropagation, if that was the way.
    """

    stages: dict
    rate_history: dict
    weight_change: dict
    stdp: FloatStdp | None
    untrained: FloatNetwork
    train_accuracy: float
    epochs: tuple[Epoch, ...] = ()


def train(
    config: ModelConfig,
    data: Split,
    *,
    n_classes: int,
    seed: int,
    progress: Callable[[str], None] = lambda stage: None,
) -> tuple[FloatNetwork, TrainingRecord]:
    """Fit a network to the samples of `data`; labels are used by the readout only.

    Parameters
    ----------
    config : ModelConfig
        All settings.
    data : Split
        Training samples; never a test part.
    n_classes : int
        Outputs.
    seed : int
        The same seed and data give the same network, byte for byte.
    progress : callable
        Called with the name of each stage as it starts.

    Returns
    -------
    net, record : FloatNetwork with its readout, TrainingRecord

    Raises
    ------
    TrainingError
        For a silent or saturated network, with the stage, the numbers and a remedy.
    """
    progress("draw")
    net = build_network(config.network, data.events.n_inputs, seed)
    return train_network(net, config, data, n_classes=n_classes, seed=seed, progress=progress)


def train_network(
    net: FloatNetwork,
    config: ModelConfig,
    data: Split,
    *,
    n_classes: int,
    seed: int,
    progress: Callable[[str], None] = lambda stage: None,
) -> tuple[FloatNetwork, TrainingRecord]:
    """Fit a network that is drawn already, or was pruned before training; see `train`.

    Of `config.network` only `neurons` and `tau_range` are used, by backpropagation.
    """
    stages, history, change = {}, {}, {}
    few = data.events.select(_few(len(data.labels), config.rate.calibration_samples, seed))
    net = _settle(net, few, config, history, progress, first=True)
    stages["calibrated"] = check_alive(net, few, "calibration")
    untrained, stdp = net, None
    if config.plasticity.synapses != "off":
        progress("stdp")
        stdp = draw_stdp(config.plasticity, net, seed)
        net = _learn(net, stdp, config.plasticity, data.events, seed, history)
        stages["stdp"] = check_alive(net, few, "STDP")
        change = weight_correlation(untrained, net)
        net = _settle(net, few, config, history, progress, first=False)
        stages["settled"] = check_alive(net, few, "homeostasis")
    epochs = ()
    if config.backprop.epochs:
        progress("backprop")
        net, epochs = _descend(net, config, data, n_classes, seed, progress)
        stages["backprop"] = check_alive(net, few, "backpropagation")
        change = weight_correlation(untrained, net)
    if config.readout.reads_input:
        net = with_relays(net)
    progress("readout")
    shown = readout_samples(data, config.augment, seed)
    net, train_accuracy = with_readout(net, shown, n_classes, config.readout)
    return net, TrainingRecord(stages, history, change, stdp, untrained, train_accuracy, epochs)


def readout_samples(data: Split, config: AugmentConfig, seed: int) -> Split:
    """Return what a readout is fitted to: the samples and the copies asked for, by the seed."""
    return with_copies(data, config, stream(seed, "copies"))


def with_readout(
    net: FloatNetwork, data: Split, n_classes: int, config: ReadoutConfig
) -> tuple[FloatNetwork, float]:
    """Return the network with a readout fitted to `data`, and its accuracy there."""
    counts = run_counts(net, data.events, config.n_bins)
    if not counts.any():
        raise TrainingError(
            f"Network must fire in training, not stay silent in {len(data.labels)} samples. "
            "Raise input_weight or set target_hz to calibrate."
        )
    neurons = read_neurons(net.w_rec, config)
    readout = fit_readout(counts, data.labels, n_classes, config, neurons)
    return replace(net, readout=readout), accuracy(readout, counts, data.labels)


def evaluate(net: FloatNetwork, data: Split) -> float:
    """Return the accuracy of a trained network on `data`, 0..1."""
    return accuracy(net.readout, run_counts(net, data.events, net.readout.n_bins), data.labels)


def input_counts(events: EventBatch, n_bins: int) -> np.ndarray:
    """Return the events of each channel in equal parts of each sample, (S, n_bins, K) int32."""
    owner = np.repeat(np.arange(len(events)), np.diff(events.sample_ptr))
    b = events.t.astype(np.int64) * n_bins // events.n_steps[owner]
    shape = (len(events), n_bins, events.n_inputs)
    flat = (owner * n_bins + b) * events.n_inputs + events.address
    return np.bincount(flat, minlength=np.prod(shape)).reshape(shape).astype(np.int32)


def score(counts_train, counts_test, data: Dataset, config: ReadoutConfig) -> tuple[float, float]:
    """Return the accuracy on held-out folds, and on the test part after a fit to all of train.

    Parameters
    ----------
    counts_train, counts_test : (S, n_bins, N)
        Counts or other features of the two parts; a readout is fitted for each fold, then one on
        the whole train part.
    """
    labels, n_classes = data.train.labels, len(data.class_names)
    held_out = np.empty(len(labels))
    for k in range(data.n_folds):
        data.check_fold(k)
        out = data.fold == k
        readout = fit_readout(counts_train[~out], labels[~out], n_classes, config)
        held_out[out] = scores(readout, counts_train[out]).argmax(axis=1) == labels[out]
    readout = fit_readout(counts_train, labels, n_classes, config)
    return float(held_out.mean()), accuracy(readout, counts_test, data.test.labels)


def best_score(
    counts_train, counts_test, data: Dataset, config: ReadoutConfig
) -> tuple[float, float]:
    """Return `score` with the readout strength that is best on the held-out folds.

    That of `config`, which the networks use, is among those tried.
    """
    tried = [
        score(counts_train, counts_test, data, replace(config, strength=strength))
        for strength in sorted({config.strength, *_STRENGTHS})
    ]
    return max(tried, key=lambda pair: pair[0])


def baselines(data: Dataset, config: ReadoutConfig) -> dict[str, float]:
    """Return test accuracies of linear classifiers without a network, each with its best strength.

    Returns
    -------
    accuracies : dict
        ``features``: the same classifier on the continuous features; ``spikes``: on the counts
        of the encoder's events in the readout's bins.
    """
    if config.kind == "mlp":
        config = replace(config, kind="logistic")
    features = (data.features_train[:, None], data.features_test[:, None])
    spikes = [input_counts(part.events, config.n_bins) for part in (data.train, data.test)]
    return {
        "features": best_score(*features, data, config)[1],
        "spikes": best_score(*spikes, data, config)[1],
    }


def weight_correlation(before: FloatNetwork, after: FloatNetwork) -> dict[str, float]:
    """Return the correlation of the weights of two states of a network; NaN for no spread."""
    out = {}
    for name, a, b in (
        ("input", before.w_in.weights, after.w_in.weights),
        ("recurrent", before.w_rec.weights, after.w_rec.weights),
    ):
        spread = a.size > 1 and a.std() > 0 and b.std() > 0
        out[name] = float(np.corrcoef(a, b)[0, 1]) if spread else float("nan")
    return out


def _few(n_samples: int, wanted: int, seed: int) -> np.ndarray:
    """Return the samples used for calibration, in rising order."""
    pick = stream(seed, "calibration samples").permutation(n_samples)[:wanted]
    return np.sort(pick)


def _settle(net, few, config: ModelConfig, history, progress, *, first: bool) -> FloatNetwork:
    """Bring the network to its target rate: weights at first, thresholds every time."""
    rate = config.rate
    if rate.target_hz is None:
        return scale_inputs(net, rate.input_scale) if first else net
    if first:
        progress("calibrate")
        net = scale_inputs(calibrate_rate(net, few, rate.target_hz), rate.input_scale)
    progress("homeostasis")
    net, rates = homeostasis(
        net, few, rate.target_hz, rate.homeostasis_rounds, rate.homeostasis_limits
    )
    history["homeostasis" if first else "homeostasis after STDP"] = rates
    return net


def _descend(net, config: ModelConfig, data: Split, n_classes: int, seed, progress):
    """Return the network after backpropagation, and its epochs."""
    return train_backprop(
        net,
        config.backprop,
        data,
        n_bins=config.readout.n_bins,
        n_classes=n_classes,
        learn_neurons=config.network.neurons == "het",
        tau_range=config.network.tau_range,
        target_hz=config.rate.target_hz,
        seed=seed,
        augment=config.augment,
        progress=progress,
    )


def _learn(net, stdp, config: PlasticityConfig, events, seed, history) -> FloatNetwork:
    """Show `config.samples` samples in random order and let the weights learn."""
    rng = stream(seed, "stdp order")
    epochs = -(-config.samples // len(events))
    order = np.concatenate([rng.permutation(len(events)) for _ in range(max(1, epochs))])
    shown = events.select(order[: config.samples])
    every = config.eta_decay_every
    eta_scale = config.eta_decay ** (np.arange(config.samples) // every)
    net, spikes = run_stdp(net, stdp, shown, eta_scale)
    starts = np.arange(0, config.samples, every)
    if starts.size:
        steps = np.add.reduceat(shown.n_steps.astype(np.int64), starts)
        hz = np.add.reduceat(spikes, starts) / net.n_neurons / steps / net.dt * 1000
        history["stdp"] = [float(r) for r in hz]
    return net
