"""What a search maximises: accuracy on validation folds, or a measure of a driven network.

An objective maps named values to a score, greater is better, and the variance of the score. It
uses the same draws for every point, so that scores differ by the point only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from operator import attrgetter

import numpy as np

from hrsnn_edge.analysis.efficiency import spike_efficiency
from hrsnn_edge.analysis.lyapunov import network_spectrum, spectrum_score
from hrsnn_edge.analysis.memory import memory_capacity
from hrsnn_edge.analysis.reservoir import Reservoir, ReservoirConfig, draw_reservoir
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.events import Split
from hrsnn_edge.model.config import RATE_RANGE_HZ, ModelConfig
from hrsnn_edge.model.rate import check_rate
from hrsnn_edge.model.train import evaluate, train
from hrsnn_edge.network import FloatNetwork

#: Gives a trained network a score on held-out samples; may use the samples it was fitted to.
Judge = Callable[[FloatNetwork, Split, Split], float]


def float_accuracy(net: FloatNetwork, fitted: Split, held_out: Split) -> float:
    """Return the accuracy of the float network on the held-out samples, 0..1."""
    return evaluate(net, held_out)


@dataclass(frozen=True, eq=False)
class ValidationScore:
    """Mean score on held-out folds, as a function of settings of the model.

    Every point is trained with the same seeds on the same folds, so that scores differ by the
    point and not by the draw. An evaluation trains ``len(folds) * len(seeds)`` networks.

    Attributes
    ----------
    config : ModelConfig
        Settings that are not searched.
    data : Dataset
        Only its train part is used.
    folds : tuple of int
        Folds that are held out in turn.
    seeds : tuple of int
        Seeds of the networks. With two or more their spread gives the variance of the score.
    plastic : bool
        Whether the networks learn by STDP before they are judged. The papers search first and
        learn afterwards, which also makes an evaluation several times cheaper.
    judge : callable
        The score of one network; its accuracy in floating point by default.
    """

    config: ModelConfig
    data: Dataset
    folds: tuple[int, ...] = (0,)
    seeds: tuple[int, ...] = (0,)
    plastic: bool = False
    judge: Judge = float_accuracy

    def __post_init__(self):
        """Check the folds."""
        wrong = [k for k in self.folds if not 0 <= k < self.data.n_folds]
        if wrong or not self.folds or not self.seeds:
            raise ValueError(
                f"Folds must be among 0 .. {self.data.n_folds - 1} and seeds present, "
                f"not {self.folds} and {self.seeds}"
            )

    def settings(self, names: Iterable[str]) -> dict[str, float]:
        """Return the values that `config` has for dotted names: where a search may start."""
        return {name: float(attrgetter(name)(self.config)) for name in names}

    def __call__(self, point: dict[str, float]) -> tuple[float, float | None]:
        """Return the mean score, by default an accuracy, and its variance, or None with one seed.

        Parameters
        ----------
        point : dict
            Values by dotted name, for `ModelConfig.with_values`.

        Raises
        ------
        TrainingError
            When one of the networks is silent or saturated.
        """
        config = self.config.with_values(point)
        if not self.plastic:
            config = config.with_values({"plasticity.synapses": "off"})
        scores = np.array(
            [[self._score(config, fold, seed) for seed in self.seeds] for fold in self.folds]
        )
        # Folds are the same for all points: only the spread over seeds is noise.
        return mean_and_variance(scores.mean(axis=0))

    def _score(self, config: ModelConfig, fold: int, seed: int) -> float:
        """Return the score of one network on one held-out fold."""
        fitted, held_out = self.data.fold_parts(fold)
        net, _ = train(config, fitted, n_classes=len(self.data.class_names), seed=seed)
        return self.judge(net, fitted, held_out)


def mean_and_variance(scores: np.ndarray) -> tuple[float, float | None]:
    """Return the mean of the seeds' scores, (S,), and the variance of that mean, None for one."""
    variance = float(scores.var(ddof=1) / scores.size) if scores.size > 1 else None
    return float(scores.mean()), variance


#: Steps of a driven spectrum, warm-up included; its directions.
LYAPUNOV_STEPS, N_EXPONENTS = 1200, 8


def driven_spectrum_score(net: FloatNetwork, current: np.ndarray, seed: int) -> float:
    """Return `spectrum_score` of the leading exponents under an input, (T, N)."""
    k = min(N_EXPONENTS, net.n_neurons)
    return spectrum_score(network_spectrum(net, current, k=k, warm_up=200, seed=seed).exponents)


@dataclass(frozen=True, eq=False)
class Driven:
    """What a driven network did, in floats or in integers.

    Attributes
    ----------
    features : (M, F) float64
        Filtered spikes at the end of each sample.
    spikes : (N,) float64
        Mean spikes of each neuron and sample.
    net : FloatNetwork
        The float network of the same values: its Jacobian stands for the network's.
    current : callable
        Maps a number of samples to the input of `net` in their steps, (T, N).
    """

    features: np.ndarray
    spikes: np.ndarray
    net: FloatNetwork
    current: Callable[[int], np.ndarray]


#: Drives a reservoir with a series, (M, 1) float in -1..1.
Drive = Callable[[Reservoir, np.ndarray], Driven]


def float_drive(reservoir: Reservoir, series: np.ndarray) -> Driven:
    """Drive the float network."""
    run = reservoir.run(series)

    def current(n_samples):
        held = reservoir.bias + series[:n_samples] @ reservoir.w_current
        return np.repeat(held, reservoir.hold, axis=0)

    return Driven(
        run.traces.reshape(len(series), -1), run.counts.mean(axis=0), reservoir.net, current
    )


@dataclass(frozen=True, eq=False)
class ReservoirScore:
    """A measure of a driven network, as a function of the settings of `ReservoirConfig`.

    Attributes
    ----------
    config : ReservoirConfig
        Settings that are not searched.
    measure : str
        ``'capacity'``: C, eq. (9), chance subtracted; ``'spikes'``: minus the mean spikes of a
        neuron and sample; ``'efficiency'``: E, eq. (10); ``'lyapunov'``: `spectrum_score`.
    seeds : tuple of int
        Of the networks; the same for every point, the input too.
    n_samples, n_train, n_delays : int
        Length of the series, training part, greatest delay. As many samples as delays are
        washed out.
    rate_range_hz : (float, float)
        A network with a mean rate outside is a failed point.
    drive : callable
        Runs the network: in floating point by default.
    """

    config: ReservoirConfig
    measure: str = "efficiency"
    seeds: tuple[int, ...] = (0, 1, 2)
    n_samples: int = 2600
    n_train: int = 1500
    n_delays: int = 60
    rate_range_hz: tuple[float, float] = RATE_RANGE_HZ
    drive: Drive = float_drive

    def __post_init__(self):
        """Check the word and the seeds."""
        if self.measure not in MEASURES:
            raise ValueError(f"Measure must be one of {', '.join(MEASURES)}, not {self.measure!r}")
        if not self.seeds:
            raise ValueError("Seeds must be 1 or more, not 0")

    def settings(self, names: Iterable[str]) -> dict[str, float]:
        """Return the values that `config` has for the names of `reservoir_space`."""
        ratio = self.config.bias_spread / self.config.bias_mean
        return {
            name: ratio if name == "bias_cv" else float(attrgetter(name)(self.config))
            for name in names
        }

    def __call__(self, point: dict[str, float]) -> tuple[float, float | None]:
        """Return the mean score over the seeds and its variance, or None with one seed.

        Raises
        ------
        TrainingError
            When a network's mean rate is outside `rate_range_hz`.
        """
        config = reservoir_at(self.config, point)
        return mean_and_variance(np.array([self._score(config, seed) for seed in self.seeds]))

    def _score(self, config: ReservoirConfig, seed: int) -> float:
        """Return the measure of the network of one seed."""
        reservoir = draw_reservoir(config, 1, seed)
        x = np.random.default_rng([seed, 1]).uniform(-1, 1, (self.n_samples, 1))
        driven = self.drive(reservoir, x)
        rate_hz = driven.spikes.mean() / (reservoir.hold * reservoir.net.dt) * 1000
        check_rate(rate_hz, self.rate_range_hz, "Change the bias or the input gain.")
        return MEASURES[self.measure](self, driven, x, reservoir.hold, seed)

    def _capacity(self, driven: Driven, x, hold, seed) -> float:
        found = memory_capacity(
            driven.features, x[:, 0], washout=self.n_delays, n_train=self.n_train,
            n_delays=self.n_delays, seed=seed,
        )  # fmt: skip
        return found.above_chance

    def _spikes(self, driven: Driven, x, hold, seed) -> float:
        return -float(driven.spikes.mean())

    def _efficiency(self, driven: Driven, x, hold, seed) -> float:
        return spike_efficiency(self._capacity(driven, x, hold, seed), driven.spikes)

    def _lyapunov(self, driven: Driven, x, hold, seed) -> float:
        return driven_spectrum_score(driven.net, driven.current(-(-LYAPUNOV_STEPS // hold)), seed)


#: The measures by name.
MEASURES = {
    "capacity": ReservoirScore._capacity,
    "spikes": ReservoirScore._spikes,
    "efficiency": ReservoirScore._efficiency,
    "lyapunov": ReservoirScore._lyapunov,
}


def reservoir_at(config: ReservoirConfig, point: dict[str, float]) -> ReservoirConfig:
    """Return the settings with values by dotted name put in; ``bias_cv`` is spread over mean.

    Raises
    ------
    ValueError
        When a name is not a setting.
    """
    own = {name: value for name, value in point.items() if "." not in name}
    spread = own.pop("bias_cv", None)
    network = {n.removeprefix("network."): v for n, v in point.items() if "." in n}
    for part, values in ((config, own), (config.network, network)):
        unknown = set(values) - {f.name for f in fields(part)}
        if unknown:
            raise ValueError(f"Setting must be a field of the network, not {min(unknown)!r}")
    config = replace(config, network=replace(config.network, **network), **own)
    return config if spread is None else replace(config, bias_spread=spread * config.bias_mean)
