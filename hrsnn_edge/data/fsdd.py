"""The Free Spoken Digit Dataset: loading, checking and its two protocols.

Reads either ``fsdd.npz`` (all clips end to end) or a folder of the official recordings
``{digit}_{speaker}_{take}.wav``, mono, 16 bit, 8 kHz. Takes 0..4 are test, as published.
"""

from __future__ import annotations

import re
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hrsnn_edge.data.archive import check_offsets, read_npz
from hrsnn_edge.data.cochlea import CochleaConfig, encode_clips
from hrsnn_edge.data.dataset import Dataset, check_classes
from hrsnn_edge.data.events import Split
from hrsnn_edge.errors import DataError

#: Samples a second of every recording.
RATE = 8000
#: Takes below this one are the published test part.
TEST_TAKES = 5
CLASS_NAMES = tuple("0123456789")
_NAME = re.compile(r"(\d)_([a-z]+)_(\d+)\.wav")


@dataclass(frozen=True, eq=False)
class Recordings:
    """The clips of the data set and what is known of each.

    Attributes
    ----------
    clips : tuple of (L,) int16
        Audio at 8,000 samples a second.
    labels, speaker, take : (S,) int64
        Digit; index into `speakers`; number of the recording.
    speakers : tuple of str
        Names.
    """

    clips: tuple[np.ndarray, ...]
    labels: np.ndarray
    speaker: np.ndarray
    take: np.ndarray
    speakers: tuple[str, ...]


def load_recordings(path) -> Recordings:
    """Read and check the recordings at `path`, an ``.npz`` file or a folder of ``.wav`` files.

    Raises
    ------
    DataError
        Nothing there, a cut file, a wrong rate or width, an empty recording, a missing class.
    """
    path = Path(path)
    if path.is_dir():
        found = _read_folder(path)
    elif path.is_file():
        found = _read_npz(path)
    else:
        raise DataError(
            f"FSDD must be a file or a folder, not the missing {path}. Set HRSNN_DATA to the "
            "folder that holds fsdd/fsdd.npz, or give a folder of the official .wav files."
        )
    for k, clip in enumerate(found.clips):
        if clip.size == 0:
            name = f"{found.labels[k]}_{found.speakers[found.speaker[k]]}_{found.take[k]}"
            raise DataError(f"{path}: recording {name} must hold samples, not 0. Remove it.")
    check_classes(found.labels, CLASS_NAMES, str(path))
    return found


def _read_npz(path: Path) -> Recordings:
    """Read the clips of an ``.npz`` file."""
    z = read_npz(path, ("audio", "offsets", "label", "speaker", "take", "speakers", "rate"))
    _check_rate(str(path), int(z["rate"]))
    offsets = z["offsets"]
    check_offsets(path, offsets, z["audio"].size)
    return Recordings(
        tuple(np.split(z["audio"], offsets[1:-1])),
        z["label"].astype(np.int64),
        z["speaker"].astype(np.int64),
        z["take"].astype(np.int64),
        tuple(str(name) for name in z["speakers"]),
    )


def _read_folder(folder: Path) -> Recordings:
    """Read the ``.wav`` files of a folder, sorted by name; other files are ignored."""
    files = [(f, _NAME.fullmatch(f.name)) for f in sorted(folder.glob("*.wav"))]
    files = [(f, m) for f, m in files if m]
    if not files:
        raise DataError(f"{folder}: must hold files named like 7_jackson_32.wav, not none")
    speakers = tuple(sorted({m[2] for _, m in files}))
    return Recordings(
        tuple(read_wav(f) for f, _ in files),
        np.array([int(m[1]) for _, m in files]),
        np.array([speakers.index(m[2]) for _, m in files]),
        np.array([int(m[3]) for _, m in files]),
        speakers,
    )


def read_wav(path: Path) -> np.ndarray:
    """Return the samples of one recording, (L,) int16, after checking its form."""
    try:
        with wave.open(str(path), "rb") as f:
            _check_rate(str(path), f.getframerate())
            form = (f.getnchannels(), 8 * f.getsampwidth())
            if form != (1, 16):
                raise DataError(
                    f"{path}: must be mono, 16 bit, not {form[0]} channels, {form[1]} bit. "
                    "Convert it first."
                )
            wanted = f.getnframes()
            data = f.readframes(wanted)
    except (wave.Error, EOFError) as error:
        raise DataError(f"{path}: must be a whole .wav file ({error}).") from error
    if len(data) != 2 * wanted:
        raise DataError(
            f"{path}: must hold {wanted} samples, not {len(data) // 2}. The file is cut short."
        )
    return np.frombuffer(data, "<i2").astype(np.int16)


def _check_rate(name: str, rate: int) -> None:
    """Raise `DataError` for another rate than that of the data set."""
    if rate != RATE:
        raise DataError(
            f"{name}: sample rate must be {RATE} Hz, not {rate}. Resample the audio first."
        )


def load_fsdd(
    path,
    *,
    cochlea: CochleaConfig | None = None,
    n_folds: int = 3,
    fold_by: str = "take",
    held_out_speaker: str | None = None,
) -> Dataset:
    """Return the spoken digits as spikes of the audio front end.

    Parameters
    ----------
    path : path
        As in `load_recordings`.
    cochlea : CochleaConfig, optional
        The front end; the measured recipe without it.
    n_folds : int
        Validation folds by take.
    fold_by : str
        ``'take'``: all speakers and digits are in each fold; ``'speaker'``: one training speaker
        is one fold, so that settings are chosen for voices not heard before.
    held_out_speaker : str, optional
        Test on this speaker and train on all clips of the others; without it the published
        split, takes 0..4 of everybody.
    """
    found = load_recordings(path)
    if held_out_speaker is None:
        is_test = found.take < TEST_TAKES
    elif held_out_speaker in found.speakers:
        is_test = found.speaker == found.speakers.index(held_out_speaker)
    else:
        raise DataError(
            f"Held-out speaker must be one of {', '.join(found.speakers)}, not {held_out_speaker!r}"
        )
    if fold_by == "take":
        fold = found.take[~is_test] % n_folds
    elif fold_by == "speaker":
        fold = np.unique(found.speaker[~is_test], return_inverse=True)[1]
    else:
        raise ValueError(f"Folds must be by 'take' or by 'speaker', not {fold_by!r}")
    events, features = encode_clips(found.clips, RATE, cochlea or CochleaConfig())
    return Dataset(
        name="fsdd",
        class_names=CLASS_NAMES,
        train=Split(events.select(~is_test), found.labels[~is_test]),
        test=Split(events.select(is_test), found.labels[is_test]),
        fold=fold,
        features_train=features[~is_test],
        features_test=features[is_test],
    )
