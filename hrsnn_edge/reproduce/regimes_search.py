"""Regimes of spoken digits, and the search for the distributions of a network in one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.analysis.faults import (
    coarsen,
    flip_signs,
    lose_synapses,
    noisy_events,
    with_fault,
)
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.data.fsdd import CLASS_NAMES
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.model.config import ModelConfig
from hrsnn_edge.model.readout import accuracy
from hrsnn_edge.model.recipes import fsdd_recipe
from hrsnn_edge.model.topology import stream
from hrsnn_edge.network import FloatNetwork
from hrsnn_edge.reproduce.speech import part_of, speech_data
from hrsnn_edge.reproduce.speech_best import all_clips
from hrsnn_edge.reproduce.table import Place
from hrsnn_edge.tune.loop import tune
from hrsnn_edge.tune.objectives import ValidationScore
from hrsnn_edge.tune.space import Delta, Gamma, Marginal, Parameter, SearchSpace

#: Both ends of heterogeneity: the first is what the second is compared with.
ENDS = ("HoNHoS", "HeNHeS")
#: Points of accuracy below the homogeneous network in use that a search for few spikes may give up.
ALLOWANCE = 1.0
#: What a further point below that costs, in the logarithm of E: more than any rate gives back.
PRICE = 0.5
#: Training clips on which a search sets the rates; the settings in use have 112.
CALIBRATION = 48
#: Shares of the events that are lost, and of those added.
NOISE = (0.1, 0.1)
#: Faults of synapses by name: rows and a generator to rows.
FAULTS = {
    "20 % of synapses lost": lambda rows, rng: lose_synapses(rows, 0.2, rng),
    "5 % of signs flipped": lambda rows, rng: flip_signs(rows, 0.05, rng),
    "3-bit weights": lambda rows, rng: coarsen(rows, 3),
}


@dataclass(frozen=True)
class Regime:
    """Under which conditions networks are searched, trained and judged.

    Attributes
    ----------
    name : str
        First part of the names of its rows.
    n_neurons : int
        N.
    changes : tuple of (str, value)
        Settings that differ from those in use, by dotted name.
    unheard : bool
        Whether a speaker is left out, another one for each seed, and folds are speakers.
    thrifty : bool
        Whether the search is for E at equal accuracy, over the target rate too.
    share : float
        Of the training clips.
    strain : str
        What happens at test time alone: ``'noise'`` or one of `FAULTS`; empty for nothing.
    winner_of : str
        Name of the regime whose winners are judged; empty: a search of its own.
    """

    name: str
    n_neurons: int
    changes: tuple[tuple[str, float], ...] = ()
    unheard: bool = False
    thrifty: bool = False
    share: float = 1.0
    strain: str = ""
    winner_of: str = ""

    def __post_init__(self):
        """Check the word."""
        known = ("", "noise", *FAULTS)
        if self.strain not in known:
            raise ValueError(f"Strain must be one of {known}, not {self.strain!r}")

    def config(self, variant: str) -> ModelConfig:
        """Return the settings in use of a variant, in this regime."""
        return fsdd_recipe(self.n_neurons).variant(variant).with_values(dict(self.changes))

    def data(self, place: Place, seed: int) -> Dataset:
        """Return the clips; with `unheard` those of speaker ``seed`` (modulo five) are the test."""
        if not self.unheard:
            return part_of(speech_data(place), self.share, seed)
        clips = all_clips(place)
        return leave_speaker_out(clips.all, clips.features, clips.speaker, seed)


def leave_speaker_out(clips: Split, features, speaker, seed: int) -> Dataset:
    """Return clips with speaker ``seed`` (modulo their number) as the test part, others as folds.

    Parameters
    ----------
    features : (S, F) float64
    speaker : (S,) int
        Numbers from 0, each in use.
    """
    n = int(speaker.max()) + 1
    if n < 3:
        raise ValueError(f"Speakers must be 3 or more, not {n}")
    apart = speaker == seed % n
    fold = (speaker[~apart] - seed - 1) % n
    return Dataset(
        "fsdd", CLASS_NAMES, clips.select(~apart), clips.select(apart), fold, features[~apart],
        features[apart],
    )  # fmt: skip


def unseen_fold(data: Dataset, seed: int) -> int:
    """Return the fold that no search of a seed sees."""
    return seed % data.n_folds


def search_part(data: Dataset, unseen: int) -> Dataset:
    """Return the data set without the clips of a fold; the folds that are left count from 0."""
    data.check_fold(unseen)
    keep = data.fold != unseen
    if keep.all():
        raise ValueError(f"Unseen fold must be one of {np.unique(data.fold)}, not {unseen}")
    fold = np.unique(data.fold[keep], return_inverse=True)[1]
    return replace(
        data, train=data.train.select(keep), fold=fold, features_train=data.features_train[keep]
    )


#: Least and greatest value of each searched number, and whether its axis is logarithmic.
RANGES = {
    "network.tau_e_mean": (8, 120, False), "network.tau_i_mean": (5, 60, False),
    "rate.input_scale": (0.5, 8, True),
    "network.input_fan_in": (1.5, 8, True), "network.recurrent_scale": (0.1, 4, True),
    "rate.target_hz": (1, 20, True),
}  # fmt: skip


def box(config: ModelConfig, *, thrifty: bool = False) -> SearchSpace:
    """Return the numbers that are searched for a network; spreads only where neurons have any.

    Without recurrent synapses there is no scale to them. Thresholds are not among the numbers:
    homeostasis sets them neuron by neuron, whatever they were.
    """

    def number(name):
        return Parameter(name, *RANGES[name])

    marginals = []
    for kind in "ei":
        mean = number(f"network.tau_{kind}_mean")
        if config.network.neurons == "hom":
            marginals.append(Marginal(Delta, mean))
        else:
            marginals.append(Marginal(Gamma, mean, Parameter(f"network.tau_{kind}_cv", 0, 1.2)))
    scales = ["rate.input_scale", "network.input_fan_in"]
    scales += ["network.recurrent_scale"] * (config.network.recurrent_scale > 0)
    scales += ["rate.target_hz"] * thrifty
    return SearchSpace((*marginals, *(Marginal(Delta, number(name)) for name in scales)))


def thrift(percent: float, spikes: float, least: float) -> float:
    """Return ``ln(percent / spikes)``, less what is missing to the least accuracy times `PRICE`.

    Parameters
    ----------
    percent, least : float
        Accuracy and the least that is asked for [%].
    spikes : float
        Mean spikes of a neuron and clip.
    """
    if not (percent > 0 and spikes > 0):
        raise TrainingError(
            f"Accuracy and spikes must be above 0, not {percent:g} % and {spikes:g}. "
            "Raise target_hz."
        )
    return float(np.log(percent / spikes) - PRICE * max(0.0, least - percent))


def strained_events(strain: str, events: EventBatch, seed: int) -> EventBatch:
    """Return the events as they are at test time."""
    return noisy_events(events, *NOISE, stream(seed, strain)) if strain == "noise" else events


def strained_network(strain: str, net: FloatNetwork, seed: int) -> FloatNetwork:
    """Return the network as it is at test time; it has not learned with its faults."""
    if strain not in FAULTS:
        return net
    rng = stream(seed, strain)
    return with_fault(net, lambda rows: FAULTS[strain](rows, rng))


@dataclass(frozen=True)
class RegimeJudge:
    """Score of a network on held-out clips: accuracy under strain, or `thrift` beside it.

    Attributes
    ----------
    strain : str
        As in `Regime`.
    seed : int
        Of the strain.
    least : float or None
        Accuracy that `thrift` asks for [%]; None: the score is the accuracy, 0..1.
    """

    strain: str
    seed: int
    least: float | None = None

    def __call__(self, net: FloatNetwork, fitted: Split, held_out: Split) -> float:
        """Return the score."""
        net = strained_network(self.strain, net, self.seed)
        events = strained_events(self.strain, held_out.events, self.seed)
        counts = run_counts(net, events, net.readout.n_bins)
        share = accuracy(net.readout, counts, held_out.labels)
        if self.least is None:
            return share
        return thrift(100 * share, float(counts.sum(axis=1).mean()), self.least)


def winner(
    regime: Regime, variant: str, data: Dataset, n_initial: int, n_evaluations: int, seed: int
) -> ModelConfig:
    """Return the settings that a search found from those in use.

    Networks are judged before they learn, as in the papers. All points have the same network seed,
    clips and strain, and none sees the fold `unseen_fold`.
    """
    config = regime.config(variant)
    part = search_part(data, unseen_fold(data, seed))
    judge = RegimeJudge(regime.strain, seed)

    def score(config):
        quick = config.with_values({"rate.calibration_samples": CALIBRATION})
        return ValidationScore(quick, part, (0,), (seed,), judge=judge)

    if regime.thrifty:
        least, _ = score(regime.config(ENDS[0]))({})
        judge = replace(judge, least=100 * least - ALLOWANCE)
    space, objective = box(config, thrifty=regime.thrifty), score(config)
    start = objective.settings(space.names)
    found = tune(objective, space, n_initial, n_evaluations, seed, start=start).best
    return config.with_values(found.point)
