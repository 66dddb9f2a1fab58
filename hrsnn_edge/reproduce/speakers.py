"""Spoken digits of speakers never heard: STDP and backpropagation, with copies of the clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.data.augment import AugmentConfig, join, vary
from hrsnn_edge.data.events import Split
from hrsnn_edge.data.fsdd import CLASS_NAMES, TEST_TAKES, load_recordings
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.model.config import ReadoutConfig
from hrsnn_edge.model.readout import accuracy, fit_readout
from hrsnn_edge.model.recipes import UNHEARD
from hrsnn_edge.model.topology import stream
from hrsnn_edge.model.train import input_counts, train
from hrsnn_edge.reproduce.speech import FILE, N_BINS, kept_figures, speech_data, variant_config
from hrsnn_edge.reproduce.table import Metric, Place, Plot, Row, Table

#: A copy of each training clip for the readout: another vocal tract, another pace.
COPIES = AugmentConfig(copies=1, shift=1, group=5, stretch=0.1)
ENCODER = "encoder spikes"
#: Network -> row -> whether the encoder is read beside it, whether the readout sees copies.
ROWS = {
    ENCODER: {"encoder spikes": (False, False), "encoder spikes, copies": (False, True)},
    "HeNHeS": {
        "HeNHeS": (False, False),
        "HeNHeS, copies": (False, True),
        "HeNHeS and encoder, copies": (True, True),
    },
    "HeNHeS, W = 0": {"HeNHeS, W = 0, and encoder, copies": (True, True)},
    "HeNB": {"HeNB, copies": (False, True)},
    "HeNB, W = 0": {"HeNB, W = 0, copies": (False, True)},
}


@dataclass(frozen=True)
class SpeakerSettings:
    """Sizes: N, and strength of the readout."""

    n_neurons: int = 300
    strength: float = 0.3


def all_clips(place: Place) -> tuple[Split, np.ndarray, tuple[str, ...]]:
    """Return every clip, the speaker of each, (S,) int, and the names of the speakers."""
    found, data = load_recordings(place.data / FILE), speech_data(place)
    order = np.argsort(found.take < TEST_TAKES, kind="stable")
    clips = Split(join([data.train.events, data.test.events]), found.labels[order])
    return clips, found.speaker[order], found.speakers


def unseen_figures(
    name: str, clips: Split, unseen: np.ndarray, settings: SpeakerSettings, seed: int
) -> dict[str, float]:
    """Return the test accuracy [%] of a network's rows on the clips `unseen`, (S,) bool.

    Rates, STDP, backpropagation and readouts see the other clips only.
    """
    heard, tested = clips.select(~unseen), clips.select(unseen)
    batches = [heard.events, vary(heard.events, COPIES, stream(seed, "copies")), tested.events]
    spikes = [input_counts(events, N_BINS) for events in batches]
    counts = spikes
    if name != ENCODER:
        config = variant_config(name, settings.n_neurons)
        if config.backprop.epochs:
            config = config.with_values(UNHEARD)
        net, _ = train(config, heard, n_classes=len(CLASS_NAMES), seed=seed)
        counts = [run_counts(net, events, N_BINS) for events in batches]
    out = {}
    for row, (beside, copies) in ROWS[name].items():
        parts = counts
        if beside:
            parts = [np.concatenate(pair, axis=2) for pair in zip(counts, spikes, strict=True)]
        x = np.concatenate(parts[: 1 + copies])
        y = np.tile(heard.labels, 1 + copies)
        readout = fit_readout(x, y, len(CLASS_NAMES), ReadoutConfig(strength=settings.strength))
        out[row] = 100 * accuracy(readout, parts[2], tested.labels)
    return out


def measure(seed: int, settings: SpeakerSettings, place: Place) -> list[Row]:
    """Return the rows of one seed, each speaker left out in turn; a network is kept when done."""
    clips, speaker, names = all_clips(place)

    def kept(name, k):
        inputs = {"network": name, "unseen": names[k], "settings": settings, "seed": seed}

        def work():
            return unseen_figures(name, clips, speaker == k, settings, seed)

        return kept_figures(place, inputs, work, __name__)

    rows = []
    for name in ROWS:
        by_speaker = [kept(name, k) for k in range(len(names))]
        for row in ROWS[name]:
            apart = [found[row] for found in by_speaker]
            figures = dict(zip(names, apart, strict=True))
            figures |= {"mean": float(np.mean(apart)), "worst": min(apart)}
            rows.append(Row(row, figures, "" if row == ENCODER else ENCODER))
    return rows


SPEAKERS = Table(
    name="speakers",
    title="spoken digits of unheard speakers",
    shows=(
        "FSDD with one speaker of five left out: rates, STDP, backpropagation and readout never "
        "see the speaker. Counts in 4 parts of a clip, logistic readout. 'copies': the readout is "
        "fitted to each training clip and to a copy, shifted by up to a filter (some 8 % in "
        "frequency) and stretched by up to 10 %. W = 0: the same network without its recurrent "
        "synapses, trained in the same way. 'and encoder': the encoder's spikes are read beside "
        "the network's."
    ),
    measure=measure,
    scaled=SpeakerSettings(),
    full=SpeakerSettings(1000),
    metrics=(
        Metric("mean", "mean [%]", "more", 1),
        Metric("worst", "worst speaker [%]", "more", 1),
        *(
            Metric(name, name, "more", 1)
            for name in ("george", "jackson", "nicolas", "theo", "yweweler")
        ),
    ),
    plots=(Plot("strip", "mean"),),
    files=(FILE,),
)
