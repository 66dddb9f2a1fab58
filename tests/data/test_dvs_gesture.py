import struct

import numpy as np
import pytest

from hrsnn_edge.data.aedat import decode_aedat
from hrsnn_edge.data.camera import CameraEvents, read_packed
from hrsnn_edge.data.dvs_gesture import load_dvs_gesture, load_recordings, read_gestures
from hrsnn_edge.errors import DataError
from tests.data.files import SHARED, aedat_bytes, shared


def events(seed, n=400, end_us=400_000):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 128, (2, n))
    return CameraEvents(x, y, rng.random(n) < 0.5, np.sort(rng.integers(0, end_us, n)))


@pytest.fixture
def folder(tmp_path):
    """Two persons, three gestures each, in the published layout."""
    for k, (name, part) in enumerate((("user01_led", "train"), ("user24_led", "test"))):
        (tmp_path / f"{name}.aedat").write_bytes(aedat_bytes(events(k)))
        (tmp_path / f"{name}_labels.csv").write_text(
            "class,startTime_usec,endTime_usec\n1,0,100000\n2,100000,200000\n3,210000,390000\n"
        )
        (tmp_path / f"trials_to_{part}.txt").write_text(f"{name}.aedat\n")
    train = tmp_path / "user01_led_labels.csv"
    train.write_text(train.read_text() + "1,0,90000\n2,100000,190000\n3,200000,300000\n")
    return tmp_path


def test_event_by_hand():
    """Word 1 | on << 1 | y << 2 | x << 17; the time counts overflows of 31 bits."""
    one = CameraEvents(np.array([5]), np.array([9]), np.array([True]), np.array([7 + (3 << 31)]))
    data = aedat_bytes(one)
    assert data.endswith(struct.pack("<II", 1 | 2 | 9 << 2 | 5 << 17, 7))
    found = decode_aedat(data, "a.aedat")
    assert (found.x, found.y, found.on, found.t_us) == (5, 9, True, 7 + (3 << 31))


def test_other_packets_and_invalid_events_are_passed_over():
    """Only valid polarity events count."""
    made = events(3)
    data = bytearray(aedat_bytes(made, per_packet=100))
    data[-8] &= 0xFE  # the last event is marked invalid
    found = decode_aedat(bytes(data), "a.aedat")
    np.testing.assert_array_equal(found.x, made.x[:-1])
    np.testing.assert_array_equal(found.t_us, made.t_us[:-1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d[:-3], r"a.aedat, byte \d+: packet must hold 50 events, not 49"),
        (lambda d: d[: d.index(b"HEADER\r\n") + 20], r"byte 61: packet head is cut short"),
        (lambda d: d.replace(b"DAT3.1", b"DAT2.0"), "must start with '#!AER-DAT3.1'"),
        (lambda d: d.replace(b"#!END", b"#?END"), "must have a header that ends with"),
        (lambda d: d[:61], "recording must hold polarity events, not 0"),
        (lambda d: d[:65] + b"\xff\xff\xff\xff" + d[69:], "byte 61: packet head must be possible"),
    ],
)
def test_damaged_file_is_named(change, message):
    """A cut file, another version and an impossible packet are named with their place."""
    with pytest.raises(DataError, match=message):
        decode_aedat(change(aedat_bytes(events(1))), "a.aedat")


def test_published_folder(folder):
    """Gestures go to the part that the trial lists name; the person is not in both."""
    data = load_dvs_gesture(folder, window_ms=90.0, n_folds=2)
    assert data.class_names == ("hand clapping", "right hand wave", "left hand wave")
    assert (len(data.train.labels), len(data.test.labels)) == (6, 3)
    assert data.train.events.n_inputs == 512


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n", "first line must be 'class,startTime_usec,endTime_usec'"),
        ("class,startTime_usec,endTime_usec\n1,0\n", "line 2: must be three integers"),
        ("class,startTime_usec,endTime_usec\n12,0,9\n", "line 2: must be a class of 1..11"),
        (
            "class,startTime_usec,endTime_usec\n1,9,9\n",
            "line 2: .* and a rising time",
        ),
        ("class,startTime_usec,endTime_usec\n1,900000,999999\n", "gesture 0: recording must hold"),
    ],
)
def test_bad_labels_are_named(folder, text, message):
    """A label file that is wrong is named with its line; a gesture without events too."""
    (folder / "user01_led_labels.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        load_dvs_gesture(folder)


def test_class_missing_from_test_is_named(folder):
    """A gesture that nobody in the test part makes is named."""
    path = folder / "user24_led_labels.csv"
    path.write_text(path.read_text().replace("\n2,", "\n1,"))
    with pytest.raises(DataError, match="Class 'right hand wave' must have a sample in the test"):
        load_dvs_gesture(folder, window_ms=90.0, n_folds=2)


def test_real_file_holds_the_packed_events():
    """The AEDAT fixture holds the first 0.4 s of the packed recordings of its three classes."""
    found, labels = read_gestures(shared("dvs-gesture-10/aedat31-fixture/user99_fixture.aedat"))
    np.testing.assert_array_equal(labels, [0, 1, 7])
    packed, _ = read_packed(SHARED / "dvs-gesture-10/dvs_gesture_10.npz", 128)
    for one, k in zip(found, labels, strict=True):
        n = one.x.size
        np.testing.assert_array_equal(one.x, packed[k].x[:n])
        np.testing.assert_array_equal(one.on, packed[k].on[:n])
        np.testing.assert_array_equal(one.t_us, packed[k].t_us[:n] - packed[k].t_us[0])


def test_packed_recordings_are_cut_into_windows():
    """The last window of each recording is its test part."""
    path = shared("dvs-gesture-10/dvs_gesture_10.npz")
    _, labels, is_test, fold = load_recordings(path, 250.0)
    np.testing.assert_array_equal(labels[is_test], np.arange(10))
    np.testing.assert_array_equal(np.flatnonzero(is_test) + 1, len(labels) // 10 * np.arange(1, 11))
    np.testing.assert_array_equal(np.bincount(fold), [10] * (len(labels) // 10 - 1))
    with pytest.raises(DataError, match="must hold 3 windows of 900 ms, not 1"):
        load_recordings(path, 900.0)
