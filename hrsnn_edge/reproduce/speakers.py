"""Spoken digits at their best: more neurons, encoder and network read together, copies of clips."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from hrsnn_edge.data.cochlea import CochleaConfig, encode_clips
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.data.fsdd import CLASS_NAMES, RATE, TEST_TAKES, Recordings, load_recordings
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.flow.store import sha256_file
from hrsnn_edge.model.config import ReadoutConfig
from hrsnn_edge.model.readout import accuracy, fit_readout
from hrsnn_edge.model.train import input_counts, train
from hrsnn_edge.reproduce.speech import FILE, N_BINS, kept_figures, variant_config
from hrsnn_edge.reproduce.table import Metric, Place, Plot, Row, Table
from hrsnn_edge.reproduce.version import code_version

#: Copies of the training clips for the readout, as (up, down) of the sampling: 8 % slower and
#: lower, 8 % faster and higher.
COPIES = ((27, 25), (23, 25))
#: Folds of the validation, by take.
N_FOLDS = 3
#: Row -> features that are read, whether the readout sees copies.
ROWS = {
    "encoder spikes": (("encoder",), False),
    "encoder spikes, copies": (("encoder",), True),
    "network": (("network",), False),
    "network + encoder": (("network", "encoder"), False),
    "network + encoder, copies": (("network", "encoder"), True),
}


@dataclass(frozen=True)
class SpeakerSettings:
    """Sizes: N, and strength of the readout."""

    n_neurons: int = 1000
    strength: float = 1.0


def stretched_events(place: Place, recordings: Recordings, up: int, down: int) -> EventBatch:
    """Return the encoded spikes of all clips after a change of speed and pitch, from the store."""

    def write(folder: Path) -> None:
        clips = tuple(
            clip if up == down else resample_poly(clip.astype(float), up, down)
            for clip in recordings.clips
        )
        events, _ = encode_clips(clips, RATE, CochleaConfig())
        arrays = {key: getattr(events, key) for key in ("sample_ptr", "t", "address", "n_steps")}
        np.savez_compressed(folder / "events.npz", n_inputs=events.n_inputs, **arrays)

    folder = place.store.run(
        "encode-stretched",
        {"file": sha256_file(place.data / FILE), "up": up, "down": down},
        write,
        source=code_version("hrsnn_edge.data.fsdd"),
    )
    with np.load(folder / "events.npz") as z:
        return EventBatch(z["sample_ptr"], z["t"], z["address"], z["n_steps"], int(z["n_inputs"]))


@dataclass(frozen=True, eq=False)
class Reader:
    """Fits and judges readouts on counts of the clips, (S, N_BINS, K), and of their copies.

    Attributes
    ----------
    labels : (S,) int64
        Of the clips.
    counts : dict
        By feature: the counts of the clips as recorded and of each copy.
    strength : float
        Of the readout.
    """

    labels: np.ndarray
    counts: dict[str, list[np.ndarray]]
    strength: float

    def judge(self, row: str, fitted, judged) -> float:
        """Return the accuracy [%] on the clips `judged`, (S,) bool, after a fit to `fitted`."""
        features, copies = ROWS[row]
        versions = range(len(self.counts[features[0]]) if copies else 1)

        def of(version, clips):
            return np.concatenate([self.counts[f][version][clips] for f in features], axis=2)

        x = np.concatenate([of(version, fitted) for version in versions])
        y = np.tile(self.labels[fitted], len(versions))
        config = ReadoutConfig(strength=self.strength)
        readout = fit_readout(x, y, len(CLASS_NAMES), config)
        return 100 * accuracy(readout, of(0, judged), self.labels[judged])


def protocol_figures(
    fitted: np.ndarray,
    judged: np.ndarray,
    folds,
    settings: SpeakerSettings,
    place: Place,
    seed: int,
) -> dict[str, dict[str, float]]:
    """Return validation and test accuracy of each row when the network sees only `fitted`.

    Parameters
    ----------
    fitted, judged : (S,) bool
        Clips to learn from, STDP and rates included, and to test on.
    folds : (S,) int or None
        Validation folds of the clips; None for no validation.
    """
    recordings = load_recordings(place.data / FILE)
    batches = [stretched_events(place, recordings, *ratio) for ratio in ((1, 1), *COPIES)]
    part = Split(batches[0].select(fitted), recordings.labels[fitted])
    config = variant_config("HeNHeS", settings.n_neurons)
    net, _ = train(config, part, n_classes=len(CLASS_NAMES), seed=seed)
    counts = {
        "encoder": [input_counts(events, N_BINS) for events in batches],
        "network": [run_counts(net, events, N_BINS) for events in batches],
    }
    reader = Reader(recordings.labels, counts, settings.strength)
    out = {}
    for row in ROWS:
        out[row] = {"test": reader.judge(row, fitted, judged)}
        if folds is not None:
            out[row]["val"] = float(
                np.mean(
                    [
                        reader.judge(row, fitted & (folds != k), fitted & (folds == k))
                        for k in range(N_FOLDS)
                    ]
                )
            )
    return out


def measure(seed: int, settings: SpeakerSettings, place: Place) -> list[Row]:
    """Return the rows of one seed: the published split, and each speaker left out in turn."""
    recordings = load_recordings(place.data / FILE)

    def kept(what, fitted, judged, folds=None):
        def work():
            return protocol_figures(fitted, judged, folds, settings, place, seed)

        inputs = {"protocol": what, "settings": settings, "seed": seed}
        return kept_figures(place, inputs, work, __name__)

    test = recordings.take < TEST_TAKES
    published = kept("published", ~test, test, recordings.take % N_FOLDS)
    unseen = [
        kept(name, recordings.speaker != k, recordings.speaker == k)
        for k, name in enumerate(recordings.speakers)
    ]
    rows = []
    for name in ROWS:
        apart = [found[name]["test"] for found in unseen]
        figures = published[name] | {"unseen": float(np.mean(apart)), "worst": min(apart)}
        rows.append(Row(name, figures, "" if name == "encoder spikes" else "encoder spikes"))
    return rows


SPEAKERS = Table(
    name="speakers",
    title="spoken digits at their best, known and unseen speakers",
    shows=(
        "FSDD in the published split and with one speaker left out (mean and worst of five): the "
        "network, its STDP and rates and the readout never see the speaker. HeNHeS; counts in 4 "
        "parts. 'copies': the readout is fitted to each training clip three times, as recorded "
        "and 8 % slower or faster, which moves its formants as another speaker would."
    ),
    measure=measure,
    scaled=SpeakerSettings(),
    full=SpeakerSettings(5000),
    metrics=(
        Metric("test", "published split, test [%]", "more", 1),
        Metric("val", "validation [%]", "more", 1),
        Metric("unseen", "speaker left out, mean [%]", "more", 1),
        Metric("worst", "worst speaker [%]", "more", 1),
    ),
    plots=(Plot("strip", "test"), Plot("strip", "unseen")),
    files=(FILE,),
)
