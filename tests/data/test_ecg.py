import numpy as np
import pytest

from hrsnn_edge.data.ecg import load_ecg, read_beats, read_signals
from hrsnn_edge.errors import DataError
from tests.data.files import shared

RATE = 360


def signal_bytes(pairs) -> bytes:
    """Return (n, 2) samples of 12 bits in format 212."""
    low, high = np.asarray(pairs).T & 0xFFF
    middle = low >> 8 | (high >> 8) << 4
    return np.stack([low & 0xFF, middle, high & 0xFF], axis=1).astype(np.uint8).tobytes()


def beat_bytes(beats, code=1) -> bytes:
    """Return annotations at rising samples; long distances go through a skip."""
    words, at = [], 0
    for beat in beats:
        step = beat - at
        if step >= 1024:
            words += [59 << 10, step >> 16, step & 0xFFFF]
            step = 0
        words.append(code << 10 | step)
        at = beat
    return np.array([*words, 0], "<u2").tobytes()


@pytest.fixture
def record(tmp_path):
    """A minute with a beat every 0.8 s: a triangle on both signals."""
    n, beats = 60 * RATE, np.arange(200, 60 * RATE - 200, 288)
    signal = np.zeros(n)
    for beat in beats:
        signal[beat - 20 : beat + 20] = 200 * (1 - np.abs(np.arange(-20, 20)) / 20)
    pairs = np.stack([1024 + signal, 1024 - signal], axis=1).astype(int)
    (tmp_path / "1.dat").write_bytes(signal_bytes(pairs))
    (tmp_path / "1.atr").write_bytes(beat_bytes(beats))
    line = "1.dat 212 200 11 1024 0 0 0"
    (tmp_path / "1.hea").write_text(f"# made\n1 2 {RATE} {n}\n{line} a\n{line} b\n")
    return tmp_path / "1.hea"


def test_samples_by_hand(tmp_path):
    """Three bytes hold two samples of 12 bits in two's complement."""
    path = tmp_path / "a.dat"
    path.write_bytes(bytes([0x34, 0xF2, 0xFE]))
    np.testing.assert_array_equal(read_signals(path, 1), [[0x234, -2]])
    path.write_bytes(signal_bytes([[-2048, 2047], [5, -5]]))
    np.testing.assert_array_equal(read_signals(path, 2), [[-2048, 2047], [5, -5]])


def test_annotations_by_hand(tmp_path):
    """Skips count, notes and other marks do not move time; only beats are kept."""
    path = tmp_path / "a.atr"
    beats = [10, 20, 5000, 70_000, *range(70_100, 71_000, 100)]
    note = np.array([63 << 10 | 3, 0x4142, 0x43], "<u2").tobytes()
    rhythm = np.array([28 << 10 | 0], "<u2").tobytes()
    path.write_bytes(rhythm + note + beat_bytes(beats))
    np.testing.assert_array_equal(read_beats(path, 80_000), beats)


def test_windows_of_both_classes(record):
    """Beats and pauses alternate; only beats send events here."""
    data = load_ecg(record)
    assert data.class_names == ("between", "beat")
    sizes = np.diff(data.train.events.sample_ptr)
    assert sizes[data.train.labels == 0].max() == 0 < sizes[data.train.labels == 1].min()


@pytest.mark.parametrize(
    ("suffix", "change", "message"),
    [
        (".dat", lambda b: b[:-5], r"1.dat: must hold \d+ bytes, not \d+. The file is cut short"),
        (".atr", lambda b: b[:40], "1.atr: must hold beats within 21600 samples and an end mark"),
        (".atr", lambda b: b[:8] + b"\0\xec", "1.atr, byte 10: annotation is cut short"),
        (
            ".hea",
            lambda b: b.replace(b" 212 ", b" 16 "),
            "two signals of format 212, not .*16",
        ),
        (".hea", lambda b: b[:12], "1.hea: must be a WFDB header"),
    ],
)
def test_damaged_record_is_named(record, suffix, change, message):
    """Each cut or foreign file of a record is named."""
    path = record.with_suffix(suffix)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=message):
        load_ecg(record)


def test_shared_record():
    """Record 100 has 2,273 beats in half an hour."""
    path = shared("ecg-mitdb100/100.atr")
    assert len(read_beats(path, 650_000)) == 2273
