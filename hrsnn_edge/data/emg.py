"""EMG gestures: eight positions of the hand from eight electrodes around the forearm.

Reads the published folder (`emg_text`), or ``emg_myo.npz``: ``x`` (S, 256, 8) int8 at 200 samples a
second; ``label``, ``subject`` (index into ``subjects``), ``session``, ``split``, ``classes``,
``rate``. Two protocols: for one person, the first sessions train and the last one tests (a band
fitted to its wearer); for all, the persons of ``split`` 1 are new to the network. One window of
1.28 s from the middle of each hold: onsets and transitions are not in it, so nothing is shown
about continuous use.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hrsnn_edge.data.archive import check_lengths, read_npz
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.emg_text import N_CHANNELS, RATE, WINDOW, read_published
from hrsnn_edge.data.encode import lif_encoders
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.errors import DataError

#: The encoder of the recipe: gains, membrane time constant [ms], step [ms], refractory steps.
GAINS, TAU, DT, REFRACTORY = (0.25, 0.35, 0.5, 0.8), 50.0, 5.0, 1
#: Gains for the signals of `contrast_signals`; chosen on validation.
CONTRAST_GAINS = (0.6, 1.2)
#: Neighbours around the forearm, and samples before, that `contrast_signals` compares with.
_NEIGHBOURS, _LAGS = (1, 2), (1, 2, 3)


@dataclass(frozen=True, eq=False)
class Windows:
    """All windows and what is known of each.

    Attributes
    ----------
    x : (S, 256, 8) int8
        Samples, arbitrary unit.
    labels, person, session : (S,) int64
        Gesture; index into `persons`; number of the session, rising in time.
    new_person : (S,) bool
        In the test part of the published split.
    persons, class_names : tuple of str
        Names.
    """

    x: np.ndarray
    labels: np.ndarray
    person: np.ndarray
    session: np.ndarray
    new_person: np.ndarray
    persons: tuple[str, ...]
    class_names: tuple[str, ...]


def load_windows(path) -> Windows:
    """Return the checked windows of a file or folder; a window of a dead band is named."""
    path = Path(path)
    names = ("x", "label", "subject", "subjects", "session", "split", "classes", "rate")
    z = read_published(path) if path.is_dir() else read_npz(path, names)
    if int(z["rate"]) != RATE:
        raise DataError(
            f"{path}: sample rate must be {RATE} Hz, not {int(z['rate'])}. Resample it."
        )
    if z["x"].ndim != 3 or z["x"].shape[1:] != (WINDOW, N_CHANNELS):
        raise DataError(f"{path}: 'x' must be (n, {WINDOW}, {N_CHANNELS}), not {z['x'].shape}")
    check_lengths(path, z, ("label", "subject", "session", "split"), len(z["x"]))
    bad = np.argwhere(~np.isfinite(z["x"]).all(axis=(1, 2)))
    if bad.size:
        raise DataError(f"{path}, window {bad[0][0]}: must be finite")
    dead = np.flatnonzero(~z["x"].any(axis=(1, 2)))
    if dead.size:
        raise DataError(f"{path}, window {dead[0]}: must hold a signal, not zeros. Remove it.")
    return Windows(
        z["x"],
        *(z[name].astype(np.int64) for name in ("label", "subject", "session")),
        z["split"] == 1,
        tuple(str(p) for p in z["subjects"]),
        tuple(str(c) for c in z["classes"]),
    )


def level_signals(window) -> np.ndarray:
    """Return ``ln(1 + |x| / 2)`` and ``ln(1 + |x[t] - x[t - 1]| / 2)``, 0 at the start, (T, 16)."""
    window = np.asarray(window, np.float64)
    change = np.abs(np.diff(window, axis=0, prepend=window[:1]))
    return np.log1p(np.hstack([np.abs(window), change]) / 2)


def contrast_signals(window) -> np.ndarray:
    """Return levels, contrasts around the forearm and changes of a window, (T, 48).

    With ``u = sign(x) ln(1 + |x| / 2)`` these are ``|u|``; ``|u - v|`` for the electrodes one and
    two places on, `v`; and ``|u[t] - u[t - k]|`` for 1, 2 and 3 samples, 0 at the start. A contrast
    is small where two electrodes hear one muscle in phase: the mean of a signal then carries what
    else only products of electrodes do.
    """
    window = np.asarray(window, np.float64)
    u = np.sign(window) * np.log1p(np.abs(window) / 2)
    around = [np.abs(u - np.roll(u, -place, axis=1)) for place in _NEIGHBOURS]
    changes = [np.abs(u - np.concatenate([u[:k], u[:-k]])) for k in _LAGS]
    for k, change in zip(_LAGS, changes, strict=True):
        change[:k] = 0
    return np.hstack([np.abs(u), *around, *changes])


def encode_windows(x, gains=None, *, contrast: bool = False) -> EventBatch:
    """Return windows, (S, T, 8), as events of LIF encoders, one step a sample.

    Parameters
    ----------
    x : (S, T, 8) int8
        Samples.
    gains : sequence of float, optional
        Each signal has an encoder a gain; default `GAINS` or `CONTRAST_GAINS`.
    contrast : bool
        Signals of `contrast_signals` instead of those of `level_signals`.
    """
    signals = contrast_signals if contrast else level_signals
    gains = gains or (CONTRAST_GAINS if contrast else GAINS)
    return EventBatch.from_rasters(
        lif_encoders(signals(window), gains=gains, dt=DT, tau=TAU, refractory_steps=REFRACTORY)
        for window in x
    )


def quarter_features(x, log: bool = True) -> np.ndarray:
    """Return mean absolute value and mean step in 4 quarters, (S, 64); their ``ln(1 + v)``."""
    v = np.asarray(x, np.float64).reshape(len(x), 4, -1, N_CHANNELS)
    both = [np.abs(v).mean(axis=2), np.abs(np.diff(v, axis=2)).mean(axis=2)]
    features = np.concatenate(both, axis=1).reshape(len(x), -1)
    return np.log1p(features) if log else features


def contrast_features(x) -> np.ndarray:
    """Return the mean of each of the `contrast_signals` over a window, (S, 48)."""
    return np.array([contrast_signals(window).mean(axis=0) for window in x])


def covariance_features(x) -> np.ndarray:
    """Return the logarithm of the covariance of 8 electrodes and of them a sample ago, (S, 136).

    The upper triangle of the matrix logarithm, off the diagonal times the root of 2, so that
    distances are those of the matrices; 2 is added to the diagonal: a quiet electrode is one of
    some bits.
    """
    v = np.asarray(x, np.float64)
    v = np.concatenate([v[:, 1:], v[:, :-1]], axis=2)
    covariance = np.einsum("sti,stj->sij", v, v) / v.shape[1] + 2 * np.eye(v.shape[2])
    spread, axes = np.linalg.eigh(covariance)
    log = np.einsum("sik,sk,sjk->sij", axes, np.log(spread), axes)
    i, j = np.triu_indices(v.shape[2])
    return log[:, i, j] * np.where(i == j, 1, np.sqrt(2))


def person_parts(windows: Windows, person: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the windows of a person to train on, to test on, and the fold of each to train on.

    The last session is the test part; each earlier one is a validation fold.
    """
    if person not in windows.persons:
        raise DataError(f"Person must be one of {', '.join(windows.persons)}, not {person!r}")
    own = np.flatnonzero(windows.person == windows.persons.index(person))
    session = windows.session[own]
    last = session == session.max()
    fold = np.unique(session[~last], return_inverse=True)[1]
    return own[~last], own[last], fold


def load_emg(
    path, *, person: str | None = None, gains=None, contrast: bool = False, n_folds: int = 4
) -> Dataset:
    """Return the windows as events, 16 channels a gain, 48 with contrast, 256 steps of 5 ms.

    Parameters
    ----------
    path : path
        As in `load_windows`.
    person : str, optional
        The wearer: last session against the earlier ones. Without it persons not seen before.
    gains, contrast : sequence of float or None, bool
        See `encode_windows`.
    n_folds : int
        Validation folds by person; of one wearer each earlier session is a fold.
    """
    windows = load_windows(path)
    if person is None:
        train, test = np.flatnonzero(~windows.new_person), np.flatnonzero(windows.new_person)
        fold = np.unique(windows.person[train], return_inverse=True)[1] % n_folds
    else:
        train, test, fold = person_parts(windows, person)
    splits = [
        Split(encode_windows(windows.x[k], gains, contrast=contrast), windows.labels[k])
        for k in (train, test)
    ]
    return Dataset(
        name="emg" if person is None else f"emg-{person}",
        class_names=windows.class_names,
        train=splits[0],
        test=splits[1],
        fold=fold,
        features_train=quarter_features(windows.x[train]),
        features_test=quarter_features(windows.x[test]),
    )
