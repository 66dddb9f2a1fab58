"""Training by backpropagation through time with a surrogate gradient (HoNB, HeNB)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import log_softmax

from hrsnn_edge.data.augment import NO_CHANGE, AugmentConfig, vary
from hrsnn_edge.data.events import Split
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.engine.surrogate import surrogate_gradients
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.model.config import BackpropConfig
from hrsnn_edge.model.topology import stream
from hrsnn_edge.network import FloatNetwork

#: Decays of Adam's averages, its epsilon, and the greatest norm of a gradient.
_FIRST, _SECOND, _EPSILON, _NORM = 0.9, 0.999, 1e-8, 1.0
#: Range of a threshold relative to its start.
_THRESHOLD_RANGE = (0.1, 10.0)
#: A cross entropy beyond this is that of a training that diverges.
_LOSS_LIMIT = 1e4
#: Share of the steps in which the learning rate rises.
_WARM_UP = 0.1

#: Named arrays: parameters, or gradients by them.
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Epoch:
    """One pass over the samples: mean loss, accuracy in training 0..1, mean rate [Hz]."""

    loss: float
    accuracy: float
    rate_hz: float


@dataclass
class Adam:
    """Adam on named arrays; a group's gradients are clipped together to a norm of 1."""

    means: dict[str, np.ndarray] = field(default_factory=dict)
    squares: dict[str, np.ndarray] = field(default_factory=dict)
    steps: int = 0

    def step(self, values: Arrays, gradients: Arrays, rate: float) -> dict[str, np.ndarray]:
        """Return the values after one step against the gradients."""
        self.steps += 1
        norm = np.sqrt(sum(float((g**2).sum()) for g in gradients.values()))
        clip = min(1.0, _NORM / max(norm, 1e-12))
        out = dict(values)
        for name, gradient in gradients.items():
            g = clip * gradient
            mean = _FIRST * self.means.get(name, 0.0) + (1 - _FIRST) * g
            square = _SECOND * self.squares.get(name, 0.0) + (1 - _SECOND) * g**2
            self.means[name], self.squares[name] = mean, square
            mean = mean / (1 - _FIRST**self.steps)
            square = square / (1 - _SECOND**self.steps)
            out[name] = values[name] - rate * mean / (np.sqrt(square) + _EPSILON)
        return out


# A loss beyond all bounds is found by its value.
@np.errstate(over="ignore", invalid="ignore")
def train_backprop(
    net: FloatNetwork,
    config: BackpropConfig,
    data: Split,
    *,
    n_bins: int,
    n_classes: int,
    learn_neurons: bool,
    tau_range: tuple[float, float],
    target_hz: float | None,
    seed: int,
    augment: AugmentConfig = NO_CHANGE,
    progress: Callable[[str], None] = lambda stage: None,
) -> tuple[FloatNetwork, tuple[Epoch, ...]]:
    """Train weights, and time constants and thresholds if asked, on labelled samples.

    A linear readout of the spike counts is trained along and dropped at the end, where the usual
    one is fitted. Connections stay where they are, recurrent weights keep Dale's sign.

    Parameters
    ----------
    net : FloatNetwork
        The start, calibrated; delta synapses.
    config : BackpropConfig
        Settings.
    data : Split
        Training samples; never a test part.
    n_bins, n_classes : int
        Of the readout.
    learn_neurons : bool
        Whether each neuron learns its time constant and threshold (HeNB).
    tau_range : (float, float)
        Range of the time constants [ms].
    target_hz : float or None
        Rate that `config.rate_weight` pulls to.
    seed : int
        Of the order of the samples, of the dropout and of the copies.
    augment : AugmentConfig
        Every batch is a new copy of its samples if these settings change anything.
    progress : callable
        Told each epoch.

    Returns
    -------
    net, history : FloatNetwork without a readout, tuple of Epoch

    Raises
    ------
    TrainingError
        For exponential synapses, and when the loss leaves all bounds.
    """
    if net.tau_syn is not None:
        raise TrainingError(
            "Synapses must be delta synapses for backpropagation, not exponential. Set "
            "tau_syn_mean = 0."
        )
    form, adam = NetworkForm(net, tau_range, learn_neurons), Adam()
    values = form.values()
    values["w_out"] = np.zeros((n_bins * net.n_neurons, n_classes))
    values["bias"] = np.zeros(n_classes)
    rng, copies = stream(seed, "backprop"), stream(seed, "backprop copies")
    n = len(data.labels)
    total = config.epochs * -(-n // config.batch)
    history = []
    for epoch in range(config.epochs):
        order = rng.permutation(n)
        sums = np.zeros(3)
        for start in range(0, n, config.batch):
            batch = data.select(np.sort(order[start : start + config.batch]))
            if augment.changes:
                batch = replace(batch, events=vary(batch.events, augment, copies))
            loss, gradients, seen = _batch(form, values, batch, config, target_hz, rng)
            if not loss < _LOSS_LIMIT:
                raise TrainingError(
                    f"Loss must be below {_LOSS_LIMIT:g}, not {loss:.3g} in epoch {epoch + 1}: "
                    "training diverges. Lower learning_rate."
                )
            rate = config.learning_rate * one_cycle((adam.steps + 1) / total)
            values = form.projected(adam.step(values, gradients, rate))
            sums += np.array([loss, *seen]) * len(batch.labels)
        history.append(Epoch(*(float(value) for value in sums / n)))
        progress(f"backprop {epoch + 1}/{config.epochs}: {history[-1].accuracy:.1%} in training")
    return form.network(values), tuple(history)


def one_cycle(share: float) -> float:
    """Return the learning rate at a share of the steps, 0..1: a linear rise, a cosine fall."""
    if share < _WARM_UP:
        return share / _WARM_UP
    return (1 + np.cos(np.pi * (share - _WARM_UP) / (1 - _WARM_UP))) / 2


@dataclass(frozen=True, eq=False)
class NetworkForm:
    """How a network is written in learned values: logarithms, weights in threshold units.

    Attributes
    ----------
    start : FloatNetwork
        Before training.
    tau_range : (float, float)
        Range of the time constants [ms].
    learn_neurons : bool
        Whether time constants and thresholds are among the values.
    """

    start: FloatNetwork
    tau_range: tuple[float, float]
    learn_neurons: bool

    def values(self) -> dict[str, np.ndarray]:
        """Return the values at the start."""
        net = self.start
        found = {
            name: rows.weights / net.v_threshold[rows.col_idx]
            for name, rows in (("w_in", net.w_in), ("w_rec", net.w_rec))
        }
        if self.learn_neurons:
            found["log_tau"] = np.log(net.tau_mem)
            found["log_threshold"] = np.log(net.v_threshold)
        return found

    def network(self, values: Arrays) -> FloatNetwork:
        """Return the network of the values."""
        net = self.start
        for name in ("w_in", "w_rec"):
            rows = getattr(net, name)
            weights = values[name] * self.start.v_threshold[rows.col_idx]
            net = replace(net, **{name: rows.with_weights(weights)})
        if self.learn_neurons:
            threshold = np.exp(values["log_threshold"])
            floor = net.v_floor
            if isinstance(floor, np.ndarray):
                floor = floor * (threshold / net.v_threshold)
            tau = np.exp(values["log_tau"])
            net = replace(net, tau_mem=tau, v_threshold=threshold, v_floor=floor)
        return net

    def gradients(self, net: FloatNetwork, by: Arrays) -> dict[str, np.ndarray]:
        """Return the gradients by the values from those by the network `net`."""
        found = {
            name: by[name] * self.start.v_threshold[getattr(net, name).col_idx]
            for name in ("w_in", "w_rec")
        }
        if self.learn_neurons:
            found["log_tau"] = by["alpha"] * net.alpha * net.dt / net.tau_mem
            found["log_threshold"] = by["v_threshold"] * net.v_threshold
        return found

    def projected(self, values: Arrays) -> dict[str, np.ndarray]:
        """Return the values with Dale's law and the ranges of the neurons restored."""
        rows = self.start.w_rec
        sign = np.where(self.start.inhibitory, -1.0, 1.0)[rows.pre_idx]
        out = {**values, "w_rec": sign * np.maximum(sign * values["w_rec"], 0)}
        if self.learn_neurons:
            out["log_tau"] = np.clip(values["log_tau"], *np.log(self.tau_range))
            moved = values["log_threshold"] - np.log(self.start.v_threshold)
            out["log_threshold"] = (
                values["log_threshold"] - moved + np.clip(moved, *np.log(_THRESHOLD_RANGE))
            )
        return out


def _batch(form: NetworkForm, values: Arrays, batch: Split, config, target_hz, rng):
    """Return the loss of a batch, the gradients by the values, and accuracy and rate [Hz]."""
    net, events, labels = form.network(values), batch.events, batch.labels
    n_out = values["bias"].size
    n_bins = len(values["w_out"]) // net.n_neurons
    counts = run_counts(net, events, n_bins).astype(float)
    kept = (rng.random((len(labels), len(values["w_out"]))) >= config.dropout) / (
        1 - config.dropout
    )
    features = counts.reshape(len(labels), -1) * kept
    log_p = log_softmax(features @ values["w_out"] + values["bias"], axis=1)
    loss = -log_p[np.arange(len(labels)), labels].mean()
    by_logit = (np.exp(log_p) - np.eye(n_out)[labels]) / len(labels)
    by_count = (by_logit @ values["w_out"].T * kept).reshape(counts.shape)
    per_spike = 1000 / (events.n_steps.sum() * net.n_neurons * net.dt)
    rate = counts.sum() * per_spike
    if target_hz is not None:
        error = rate / target_hz - 1
        loss += config.rate_weight * error**2
        by_count = by_count + 2 * config.rate_weight * error * per_spike / target_hz
    gradients = form.gradients(net, surrogate_gradients(net, events, by_count, config.slope))
    gradients |= {"w_out": features.T @ by_logit, "bias": by_logit.sum(axis=0)}
    right = float((log_p.argmax(axis=1) == labels).mean())
    return float(loss), gradients, (right, float(rate))
