"""EMG gestures for each wearer: earlier sessions train, the last one tests; mean over persons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from hrsnn_edge.data.emg import (
    DT,
    GAINS,
    Windows,
    contrast_features,
    covariance_features,
    encode_windows,
    load_windows,
    person_parts,
    quarter_features,
)
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.model.config import (
    ModelConfig,
    NetworkConfig,
    PlasticityConfig,
    RateConfig,
    ReadoutConfig,
)
from hrsnn_edge.model.readout import fit_linear
from hrsnn_edge.model.train import input_counts, train
from hrsnn_edge.reproduce.speech import kept_figures
from hrsnn_edge.reproduce.table import Metric, Place, Plot, Row, Table

FILE = "emg-myo/emg_myo.npz"
#: Strengths of the logistic readout; one is chosen on validation for all persons together.
STRENGTHS = (0.01, 0.02, 0.05, 0.1, 0.3)
#: Networks, by changes of the recipe.
NETWORKS = {
    "HoNHoS": {},
    "HeNHeS": {},
    "HeNHeS, W = 0": {"network.recurrent_scale": 0.0},
}
#: Row that networks are compared with.
BASELINE = "levels in quarters, linear"
N_CLASSES = 8


@dataclass(frozen=True)
class EmgSettings:
    """Sizes.

    Attributes
    ----------
    n_neurons : int
        N.
    samples : int
        Windows shown to STDP.
    names : tuple of str
        Of `NETWORKS`.
    """

    n_neurons: int = 200
    samples: int = 1000
    names: tuple[str, ...] = tuple(NETWORKS)


def emg_recipe(name: str, settings: EmgSettings) -> ModelConfig:
    """Return the settings of one network for all persons: slow membranes."""
    config = ModelConfig(
        network=NetworkConfig(
            n_neurons=settings.n_neurons,
            dt=DT,
            tau_e_mean=60.0,
            tau_i_mean=30.0,
        ),
        plasticity=PlasticityConfig(samples=settings.samples),
        rate=RateConfig(target_hz=20.0),
        # The readout of all persons together, which `train` fits, is not used.
        readout=ReadoutConfig(kind="ridge", n_bins=1),
    )
    return config.variant(name.partition(", ")[0]).with_values(NETWORKS[name])


def logistic(strength: float):
    """Return a fit of the usual readout: training features and labels to a classifier."""

    def fit(features, labels):
        config = ReadoutConfig(strength=strength)
        weights, bias = fit_linear(features, labels, N_CLASSES, config)
        return lambda shown: (shown @ weights + bias).argmax(axis=1)

    return fit


def discriminant(features, labels):
    """Return a linear discriminant with a shrunk covariance, as a classifier."""
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    return model.fit(features, labels).predict


def person_accuracies(features, windows: Windows, fit) -> tuple[float, float]:
    """Return validation and test accuracy [%] of a readout a person, mean over persons.

    Each earlier session is held out in turn for the validation; a fold whose other sessions lack a
    gesture is left out, since no readout of eight can be fitted to them.
    """
    rows = []
    for person in windows.persons:
        fitted, tested, fold = person_parts(windows, person)
        parts = [(fitted[fold != k], fitted[fold == k]) for k in np.unique(fold)]
        right = [
            np.mean(fit(features[left], windows.labels[left])(features[out]) == windows.labels[out])
            for left, out in parts
            if len(np.unique(windows.labels[left])) == N_CLASSES
        ]
        classify = fit(features[fitted], windows.labels[fitted])
        rows.append((np.mean(right), np.mean(classify(features[tested]) == windows.labels[tested])))
    validation, test = 100 * np.mean(rows, axis=0)
    return float(validation), float(test)


def readout_figures(features, windows: Windows) -> dict[str, float]:
    """Return the accuracies of both readouts of features (S, F)."""
    tried = [person_accuracies(features, windows, logistic(s)) for s in STRENGTHS]
    best, lda = max(tried), person_accuracies(features, windows, discriminant)
    return {"validation": best[0], "test": best[1], "lda_validation": lda[0], "lda": lda[1]}


def input_rows(windows: Windows) -> dict[str, dict[str, float]]:
    """Return the figures without a network."""
    rows = {
        BASELINE: quarter_features(windows.x),
        "contrast signals, linear": contrast_features(windows.x),
        "log covariance, linear": covariance_features(windows.x),
    }
    found = {name: readout_figures(features, windows) for name, features in rows.items()}
    encoders = {
        "encoder spikes, levels": encode_windows(windows.x, [3 * gain for gain in GAINS]),
        "encoder spikes, contrast": encode_windows(windows.x, contrast=True),
    }
    for name, events in encoders.items():
        counts = input_counts(events, 1)[:, 0]
        sent = {"events": float(counts.sum(axis=1).mean())}
        found[name] = readout_figures(counts, windows) | sent
    return found


def network_counts(
    config: ModelConfig, events: EventBatch, windows: Windows, seed: int
) -> np.ndarray:
    """Return the spikes (S, N) in each window of a network that saw all but the last sessions.

    Rates and STDP use no labels, so one network serves all persons.
    """
    learn = np.concatenate([person_parts(windows, person)[0] for person in windows.persons])
    data = Split(events.select(learn), windows.labels[learn])
    net, _ = train(config, data, n_classes=N_CLASSES, seed=seed)
    return run_counts(net, events, 1)[:, 0]


def measure(seed: int, settings: EmgSettings, place: Place) -> list[Row]:
    """Return the rows of one seed."""
    windows = load_windows(place.data / FILE)
    kept = kept_figures(place, {"rows": "inputs"}, lambda: input_rows(windows), __name__, (FILE,))
    rows = [Row(name, found) for name, found in kept.items()]
    events = encode_windows(windows.x, contrast=True)
    sent = input_counts(events, 1)[:, 0]
    for name in settings.names:
        counts = network_counts(emg_recipe(name, settings), events, windows, seed)
        rate = {"rate_hz": float(counts.mean() / (windows.x.shape[1] * DT / 1000))}
        rows.append(Row(name, readout_figures(counts, windows) | rate, BASELINE))
        both = readout_figures(np.hstack([counts, sent]), windows)
        rows.append(Row(f"{name}, and encoder", both | rate, BASELINE))
    return rows


EMG = Table(
    name="emg",
    title="hand gestures from a forearm band, fitted to each wearer",
    shows=(
        "34 persons, eight gestures; two sessions train, the third tests, a readout a person, mean "
        "over persons. Strength of the logistic readout by validation (one training session "
        "against the other) for all persons together. Levels: mean absolute value and mean step in "
        "quarters of a window, logarithm; in spikes three times the gains of the recipe. Contrast: "
        "differences of neighbouring electrodes and of samples beside the levels. Log covariance: "
        "of the electrodes and of them a sample ago. Networks hear the contrast encoder; "
        "rates and STDP use the training sessions of all persons without labels. Spikes of a whole "
        "window are counted. LDA: linear discriminant with a shrunk covariance. W = 0: without "
        "recurrent synapses."
    ),
    measure=measure,
    scaled=EmgSettings(),
    full=EmgSettings(1000),
    metrics=(
        Metric("validation", "logistic, validation [%]", "more", 1),
        Metric("test", "logistic, test [%]", "more", 1),
        Metric("lda_validation", "LDA, validation [%]", "more", 1),
        Metric("lda", "LDA, test [%]", "more", 1),
        Metric("events", "events a window", "", 0),
        Metric("rate_hz", "rate [Hz]", "", 1),
    ),
    plots=(Plot("strip", "test"), Plot("strip", "lda")),
    files=(FILE,),
)
