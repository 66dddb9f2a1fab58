"""ECG: find the beat. Records of the MIT-BIH Arrhythmia Database in WFDB files (format 212).

A window of half a second around each annotated beat is class ``beat``; one of the same length
between two beats is ``between``. The first part of the record trains, the last fifth tests. One
record is one person: this shows a stream being watched, not a detector that would work on anyone
else, and beats of other kinds are far too few to be told apart.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.encode import delta_on_off
from hrsnn_edge.data.events import Split
from hrsnn_edge.errors import DataError

#: Annotation codes that mark a beat (WFDB).
BEAT_CODES = frozenset({*range(1, 14), 25, 30, 34, 35, 38, 41})
CLASS_NAMES = ("between", "beat")
_SKIP, _NUM, _SUB, _CHN, _AUX = 59, 60, 61, 62, 63


def read_header(path: Path) -> tuple[int, int, int, list[float], list[int]]:
    """Return signals, samples a second, samples, gain [1/mV] and baseline of each signal."""
    text = path.read_text(encoding="ascii", errors="replace")
    lines = [line for line in text.splitlines() if line and line[0] != "#"]
    try:
        _, n_signals, rate, n_samples = lines[0].split()[:4]
        fields = [line.split() for line in lines[1 : 1 + int(n_signals)]]
        formats = {f[1] for f in fields}
        gains, zeros = [float(f[2].split("/")[0]) for f in fields], [int(f[4]) for f in fields]
        found = int(n_signals), int(rate), int(n_samples), gains, zeros
    except (ValueError, IndexError) as error:
        raise DataError(f"{path}: must be a WFDB header ({error}).") from error
    if formats != {"212"} or len(fields) != found[0] or found[0] != 2:
        raise DataError(f"{path}: must describe two signals of format 212, not {sorted(formats)}")
    return found


def read_signals(path: Path, n_samples: int) -> np.ndarray:
    """Return two signals of format 212, (n_samples, 2) int: 12 bits each, three bytes a pair."""
    raw = np.frombuffer(path.read_bytes(), np.uint8).astype(np.int32)
    if raw.size != 3 * n_samples:
        raise DataError(
            f"{path}: must hold {3 * n_samples} bytes, not {raw.size}. The file is cut short."
        )
    low, middle, high = raw.reshape(-1, 3).T
    pair = np.stack([low | (middle & 0x0F) << 8, high | (middle >> 4) << 8], axis=1)
    return np.where(pair >= 2048, pair - 4096, pair)


def read_beats(path: Path, n_samples: int) -> np.ndarray:
    """Return the sample of each annotated beat, rising."""
    data = path.read_bytes()
    words = np.frombuffer(data[: len(data) // 2 * 2], "<u2").astype(int)
    at, k, beats = 0, 0, []
    while k < len(words) and words[k]:
        code, value = words[k] >> 10, words[k] & 0x3FF
        k += 1
        if code == _SKIP:
            if k + 2 > len(words):
                raise DataError(f"{path}, byte {2 * k}: annotation is cut short")
            at += int(np.int32(np.uint32(words[k] << 16 | words[k + 1])))
            k += 2
        elif code == _AUX:
            k += (value + 1) // 2
        elif code not in (_NUM, _SUB, _CHN):
            at += value
            if code in BEAT_CODES:
                beats.append(at)
    beats = np.array(beats, int)
    if k >= len(words) or beats.size < 10 or beats[-1] >= n_samples:
        raise DataError(f"{path}: must hold beats within {n_samples} samples and an end mark")
    return beats


def load_ecg(path, *, threshold_mv: float = 0.05, n_folds: int = 4) -> Dataset:
    """Return windows of half a second as ON and OFF events of both signals, 4 channels.

    Parameters
    ----------
    path : path
        The header, ``100.hea``; ``.dat`` and ``.atr`` lie beside it.
    threshold_mv : float
        Change that sends an event [mV].
    n_folds : int
        Validation folds, blocks in time.
    """
    path = Path(path)
    _, rate, n_samples, gains, zeros = read_header(path)
    signals = (read_signals(path.with_suffix(".dat"), n_samples) - np.array(zeros)) / gains
    beats = read_beats(path.with_suffix(".atr"), n_samples)
    between = (beats[:-1] + beats[1:]) // 2
    centre = np.concatenate([between, beats])
    labels = np.repeat([0, 1], [len(between), len(beats)])
    quarter = rate // 4  # of a second; a longer window between two beats would reach both
    inside = (centre >= quarter) & (centre + quarter <= n_samples)
    order = np.argsort(centre[inside], kind="stable")
    centre, labels = centre[inside][order], labels[inside][order]
    windows = np.array([signals[c - quarter : c + quarter] for c in centre])
    events = delta_on_off(windows, threshold_mv)
    is_test = np.arange(len(centre)) >= len(centre) - len(centre) // 5
    n_train = int((~is_test).sum())
    features = windows[:, ::6].reshape(len(windows), -1)
    return Dataset(
        name="ecg",
        class_names=CLASS_NAMES,
        train=Split(events.select(~is_test), labels[~is_test]),
        test=Split(events.select(is_test), labels[is_test]),
        fold=np.arange(n_train) * n_folds // n_train,
        features_train=features[~is_test],
        features_test=features[is_test],
    )
