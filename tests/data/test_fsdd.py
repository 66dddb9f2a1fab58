import os
import wave
from pathlib import Path

import numpy as np
import pytest

from hrsnn_edge.data.cochlea import CochleaConfig
from hrsnn_edge.data.fsdd import load_fsdd, load_recordings, read_wav
from hrsnn_edge.errors import DataError

SHARED = Path(os.environ.get("HRSNN_DATA", Path(__file__).parents[3] / "shared" / "data"))
SMALL = CochleaConfig(n_channels=4, gains=(0.5, 1.0))


def write_wav(path, samples, rate=8000, channels=1, width=2):
    with wave.open(str(path), "wb") as f:
        f.setnchannels(channels)
        f.setsampwidth(width)
        f.setframerate(rate)
        f.writeframes(np.asarray(samples, "<i2").tobytes())


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for digit in range(10):
        for speaker in ("ada", "bob"):
            for take in (0, 5, 6, 7):
                audio = (rng.standard_normal(160 + 8 * digit) * 3000).astype(np.int16)
                write_wav(tmp_path / f"{digit}_{speaker}_{take}.wav", audio)
    (tmp_path / "notes.wav").write_text("not a recording")
    return tmp_path


def npz_of(folder, path, **changed):
    found = load_recordings(folder)
    values = {
        "audio": np.concatenate(found.clips),
        "offsets": np.cumsum([0] + [c.size for c in found.clips]),
        "label": found.labels.astype(np.uint8),
        "speaker": found.speaker.astype(np.uint8),
        "take": found.take.astype(np.uint8),
        "speakers": np.array(found.speakers),
        "rate": np.int32(8000),
    }
    np.savez(path, **{**values, **changed})
    return path


def test_folder_and_file_agree(folder, tmp_path):
    """The same recordings read from .wav files and from an .npz give the same data set."""
    a = load_fsdd(folder, cochlea=SMALL)
    b = load_fsdd(npz_of(folder, tmp_path / "all.npz"), cochlea=SMALL)
    for part in ("train", "test"):
        x, y = getattr(a, part), getattr(b, part)
        np.testing.assert_array_equal(x.labels, y.labels)
        np.testing.assert_array_equal(x.events.t, y.events.t)
        np.testing.assert_array_equal(x.events.address, y.events.address)


def test_published_split(folder):
    """Takes 0..4 are test; the folds go by take."""
    data = load_fsdd(folder, cochlea=SMALL)
    assert (len(data.train.labels), len(data.test.labels)) == (60, 20)
    assert sorted(np.unique(data.fold)) == [0, 1, 2]


def test_speaker_is_held_out(folder):
    """Leave-one-speaker-out tests on all clips of that speaker and on nothing else."""
    data = load_fsdd(folder, cochlea=SMALL, held_out_speaker="bob")
    assert (len(data.train.labels), len(data.test.labels)) == (40, 40)
    with pytest.raises(DataError, match="must be one of ada, bob, not 'eve'"):
        load_fsdd(folder, cochlea=SMALL, held_out_speaker="eve")


def test_missing_class_is_named(folder):
    """A digit without a recording is named."""
    for f in folder.glob("7_*.wav"):
        f.unlink()
    with pytest.raises(DataError, match="Class '7' must have a sample"):
        load_fsdd(folder)


def test_class_missing_from_test_is_named(folder):
    """A digit without a test take is named with the part."""
    for f in folder.glob("3_*_0.wav"):
        f.unlink()
    with pytest.raises(DataError, match="Class '3' must have a sample in the test part"):
        load_fsdd(folder, cochlea=SMALL)


def test_empty_recording_is_named(folder):
    """A recording without samples is named."""
    write_wav(folder / "4_ada_5.wav", [])
    with pytest.raises(DataError, match="recording 4_ada_5 must hold samples, not 0"):
        load_fsdd(folder)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"rate": 16000}, "sample rate must be 8000 Hz, not 16000. Resample"),
        ({"channels": 2}, "must be mono, 16 bit, not 2 channels, 16 bit"),
        ({"width": 1}, "must be mono, 16 bit, not 1 channels, 8 bit"),
    ],
)
def test_wrong_form_is_named(tmp_path, form, message):
    """Audio of another rate, width or channel count is refused with what it has."""
    write_wav(tmp_path / "0_ada_0.wav", np.ones(64), **form)
    with pytest.raises(DataError, match=message):
        load_recordings(tmp_path)


def test_cut_wav_is_named(tmp_path):
    """A .wav that ends early is refused, in its samples or in its head."""
    path = tmp_path / "0_ada_0.wav"
    write_wav(path, np.ones(64))
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    with pytest.raises(DataError, match="must hold 64 samples, not 59. The file is cut short"):
        read_wav(path)
    path.write_bytes(whole[:20])
    with pytest.raises(DataError, match=r"must be a whole \.wav file"):
        read_wav(path)


def test_bad_npz_is_named(folder, tmp_path):
    """A cut, incomplete or inconsistent .npz is refused with the reason."""
    path = npz_of(folder, tmp_path / "all.npz")
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(DataError, match=r"must be a whole \.npz file"):
        load_recordings(path)
    with pytest.raises(DataError, match="sample rate must be 8000 Hz, not 44100"):
        load_recordings(npz_of(folder, path, rate=np.int32(44100)))
    with pytest.raises(DataError, match="offsets must rise"):
        load_recordings(npz_of(folder, path, offsets=np.array([0, 5, 3])))
    np.savez(path, audio=np.zeros(3, np.int16))
    with pytest.raises(DataError, match="must hold 'label'"):
        load_recordings(path)


def test_missing_data_says_where(tmp_path):
    """A path with nothing there says how to set it."""
    with pytest.raises(DataError, match="Set HRSNN_DATA"):
        load_recordings(tmp_path / "nothing.npz")
    with pytest.raises(DataError, match="must hold files named like"):
        load_recordings(tmp_path)


def test_real_recordings():
    """The shared data set has 2,500 clips of 5 speakers, 250 of them test."""
    path = SHARED / "fsdd" / "fsdd.npz"
    if not path.is_file():
        pytest.skip(f"needs the data set at {path}; set HRSNN_DATA")
    found = load_recordings(path)
    assert len(found.clips) == 2500 and len(found.speakers) == 5
    assert (found.take < 5).sum() == 250
