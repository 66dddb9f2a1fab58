"""Spoken digits as well as we can: a front end with contrast, the encoder read beside the network.

Apart from Table I, whose gates compare variants on the recipe of the data set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.analysis.operations import count_operations
from hrsnn_edge.data.augment import join
from hrsnn_edge.data.cochlea import CONTRAST, CochleaConfig
from hrsnn_edge.data.events import Split
from hrsnn_edge.data.fsdd import CLASS_NAMES, TEST_TAKES, load_recordings
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.model.config import ModelConfig, ReadoutConfig
from hrsnn_edge.model.readout import accuracy, fit_readout
from hrsnn_edge.model.recipes import UNHEARD_BACKPROP, UNHEARD_READOUT, best_recipe
from hrsnn_edge.model.train import evaluate, input_counts, readout_samples, train
from hrsnn_edge.network import IntFormat
from hrsnn_edge.quantise.convert import quantise
from hrsnn_edge.quantise.readout import refit_readout
from hrsnn_edge.reproduce.speech import CONTROLS, FILE, kept_figures, speech_data
from hrsnn_edge.reproduce.table import Metric, Place, Plot, Row, Table

#: Front ends by the end of a row's name: that of Table I, and the best one.
FRONT_ENDS = {"recipe": CochleaConfig(), "contrast": CONTRAST}
#: Widths of the integer networks, those of the experiment files.
WIDTHS = IntFormat(v_width=16, decay_width=8, weight_width=6, shift_width=3, out_weight_width=8)
#: Training clips from which the ranges of the integers are taken.
N_CALIBRATION = 64
#: The split that is not a speaker's name.
PUBLISHED = "published"


@dataclass(frozen=True)
class BestSettings:
    """Sizes, the networks, and which of them are tested on unheard speakers too.

    Attributes
    ----------
    n_neurons : int
        N.
    names, unheard : tuple of str
        All networks, and those with speakers left out.
    """

    n_neurons: int = 300
    names: tuple[str, ...] = ("HeNHeS, W = 0", "HoNHoS", "HeNHeS")
    unheard: tuple[str, ...] = ("HeNHeS, W = 0", "HoNHoS", "HeNHeS")


@dataclass(frozen=True, eq=False)
class Clips:
    """Every clip, whatever its part.

    Attributes
    ----------
    all : Split
        The train part, then the test part, of the published split.
    features : (S, F) float64
        Of the filter bank.
    speaker : (S,) int64
        Index into `names`.
    names : tuple of str
        Speakers.
    """

    all: Split
    features: np.ndarray
    speaker: np.ndarray
    names: tuple[str, ...]


def all_clips(place: Place, cochlea: CochleaConfig | None = None) -> Clips:
    """Return every clip and the speaker of each."""
    found, data = load_recordings(place.data / FILE), speech_data(place, cochlea)
    order = np.argsort(found.take < TEST_TAKES, kind="stable")
    return Clips(
        Split(join([data.train.events, data.test.events]), found.labels[order]),
        np.concatenate([data.features_train, data.features_test]),
        found.speaker[order],
        found.speakers,
    )


def best_config(name: str, n_neurons: int, *, unheard: bool) -> ModelConfig:
    """Return the settings of a variant, or of a control of Table I, at a size."""
    variant, _, control = name.partition(", ")
    config = best_recipe(variant, n_neurons)
    if unheard:
        config = config.with_values(UNHEARD_BACKPROP if config.backprop.epochs else UNHEARD_READOUT)
    return config.with_values(CONTROLS[name]) if control else config


def parts_of(place: Place, split: str, cochlea: CochleaConfig) -> tuple[Split, Split]:
    """Return training and test clips: of the published split, or those of one speaker apart."""
    if split == PUBLISHED:
        data = speech_data(place, cochlea)
        return data.train, data.test
    clips = all_clips(place, cochlea)
    unheard = clips.speaker == clips.names.index(split)
    return clips.all.select(~unheard), clips.all.select(unheard)


def network_figures(config: ModelConfig, heard: Split, tested: Split, seed: int, *, integers: bool):
    """Return test accuracy [%], events, work and rate of a network, and accuracy in integers."""
    net, _ = train(config, heard, n_classes=len(CLASS_NAMES), seed=seed)
    work = count_operations(net, tested.events)
    n, clips = config.network.n_neurons, len(tested.labels)
    own = work.spikes - work.input_events
    out = {
        "test": 100 * evaluate(net, tested),
        "events": work.input_events / clips,
        "sop": (work.sop_in + work.sop_rec) / clips,
        "rate_hz": 1000 * own / (n * tested.events.n_steps.sum() * net.dt),
    }
    if integers:
        rounded, _ = quantise(net, WIDTHS, heard.events.select(slice(0, N_CALIBRATION)))
        shown = readout_samples(heard, config.augment, seed)
        rounded = refit_readout(rounded, shown, len(CLASS_NAMES), config.readout)
        answers = run_batch(rounded, tested.events).outputs.argmax(axis=1)
        out["integer"] = 100 * float((answers == tested.labels).mean())
    return out


def by_split(place: Place, names: tuple[str, ...], work) -> dict[str, float]:
    """Return the figures of the published split, and the accuracy on each unheard speaker.

    Parameters
    ----------
    names : tuple of str
        Speakers to leave out in turn; none for the published split alone.
    work : callable
        Maps a split to its figures, ``test`` among them.
    """
    out = work(PUBLISHED)
    apart = {name: work(name)["test"] for name in names}
    if apart:
        out |= apart | {"mean": float(np.mean(list(apart.values()))), "worst": min(apart.values())}
    return out


def input_rows(place: Place, names: tuple[str, ...]) -> list[Row]:
    """Return the rows without a network: filter bank and encoder spikes of both front ends."""
    rows = []
    for front, cochlea in FRONT_ENDS.items():
        kept = kept_figures(
            place,
            {"front": front, "cochlea": cochlea, "names": names},
            lambda cochlea=cochlea: _input_figures(place, cochlea, names),
            __name__,
        )
        rows += [Row(f"{name}, {front}", figures) for name, figures in kept.items()]
    return rows


def _input_figures(place: Place, cochlea: CochleaConfig, names) -> dict[str, dict[str, float]]:
    """Return the figures of a linear readout of the filter bank, and of the encoder's spikes."""
    clips, published = all_clips(place, cochlea), speech_data(place, cochlea)
    n_train = len(published.train.labels)
    known, unheard = (best_config("HeNHeS", 300, unheard=flag) for flag in (False, True))
    shown = readout_samples(clips.all, unheard.augment, 0).events
    spikes = np.split(input_counts(shown, unheard.readout.n_bins), 1 + unheard.augment.copies)

    def figures(versions, split, config):
        tested = (
            np.arange(len(clips.speaker)) >= n_train
            if split == PUBLISHED
            else clips.speaker == clips.names.index(split)
        )
        return {"test": linear_accuracy(versions, clips.all.labels, tested, config.readout)}

    def bank(split):
        return figures([clips.features[:, None]], split, known)

    def encoder(split):
        config = known if split == PUBLISHED else unheard
        return figures(spikes[: 1 + config.augment.copies], split, config)

    events = spikes[0][n_train:].sum(axis=(1, 2)).mean()
    return {
        "filter bank": by_split(place, names, bank),
        "encoder spikes": by_split(place, names, encoder) | {"events": float(events)},
    }


def linear_accuracy(versions, labels, tested, config: ReadoutConfig) -> float:
    """Return the accuracy [%] on the samples `tested`, (S,) bool, of a fit to the others.

    Parameters
    ----------
    versions : sequence of (S, B, F)
        Features of the samples, then those of each set of copies, which are fitted to as well.
    """
    shown = np.concatenate([features[~tested] for features in versions])
    known = np.tile(labels[~tested], len(versions))
    readout = fit_readout(shown, known, len(CLASS_NAMES), config)
    return 100 * accuracy(readout, versions[0][tested], labels[tested])


def measure(seed: int, settings: BestSettings, place: Place) -> list[Row]:
    """Return the rows of one seed; a network is kept when done."""
    speakers = all_clips(place).names
    rows = input_rows(place, speakers)
    versus = f"encoder spikes, {list(FRONT_ENDS)[-1]}"
    for name in settings.names:

        def work(split, name=name):
            config = best_config(name, settings.n_neurons, unheard=split != PUBLISHED)

            def figures():
                parts = parts_of(place, split, CONTRAST)
                return network_figures(config, *parts, seed, integers=split == PUBLISHED)

            inputs = {"config": config, "split": split, "cochlea": CONTRAST, "seed": seed}
            return kept_figures(place, inputs, figures, __name__)

        left_out = speakers if name in settings.unheard else ()
        rows.append(Row(name, by_split(place, left_out, work), versus))
    return rows


BEST = Table(
    name="speech-best",
    title="spoken digits, best front end",
    shows=(
        "FSDD with the front end CONTRAST of hrsnn_edge.data.cochlea: narrower filters, a lower "
        "floor, lateral inhibition, onset cells; as many encoders as that of Table I ('recipe'). "
        "Networks are read together with the encoder (relay neurons), counts in 4 parts of a "
        "clip, logistic readout. Published split, and one speaker of five left out: rates, STDP "
        "and readout never see the speaker, and the readout, that of the encoder's spikes too, is"
        " fitted to two copies of each clip as well (shifted by a filter, stretched, thinned). "
        "'filter bank': the same readout on mean levels in 16 parts of a clip. A linear readout "
        "of log-mel (40 bands x 16 parts) has 97.6 % and, on unheard speakers, 68.8 % "
        "(description of the data set). Integers: 6-bit weights, 16-bit membranes, the readout "
        "fitted to what they compute. W = 0: without recurrent synapses."
    ),
    measure=measure,
    scaled=BestSettings(),
    full=BestSettings(1000),
    metrics=(
        Metric("test", "published split, test [%]", "more", 1),
        Metric("integer", "in integers [%]", "more", 1),
        Metric("mean", "unheard speakers, mean [%]", "more", 1),
        Metric("worst", "worst speaker [%]", "more", 1),
        *(
            Metric(name, name, "more", 1)
            for name in ("george", "jackson", "nicolas", "theo", "yweweler")
        ),
        Metric("events", "events a clip", "", 0),
        Metric("sop", "operations a clip", "", 0),
        Metric("rate_hz", "rate [Hz]", "", 1),
    ),
    plots=(Plot("strip", "test"), Plot("strip", "mean")),
    files=(FILE,),
)

BEST_BACKPROP = replace(
    BEST,
    name="speech-best-backprop",
    title="spoken digits, best front end, surrogate gradients",
    shows=(
        "As speech-best, trained by backpropagation through time: weights, and in HeNB each "
        "neuron's time constant and threshold; every pass sees new copies of the clips (shifted, "
        "stretched, thinned; for unheard speakers shifted further and masked). A network of an "
        "unheard speaker takes a minute or two: HeNB alone unless in full size."
    ),
    scaled=BestSettings(names=("HoNB", "HeNB"), unheard=("HeNB",)),
    full=BestSettings(1000, ("HoNB", "HeNB"), ("HoNB", "HeNB")),
)
