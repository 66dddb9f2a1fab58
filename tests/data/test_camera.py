import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.data.camera import CameraEvents, bin_recordings, count_features, decode_bin
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.data.nmnist import load_nmnist, load_recordings
from hrsnn_edge.errors import DataError
from tests.data.files import SHARED, bin_bytes, shared


def recording(rng, n=60, size=34):
    """A made recording of `n` events."""
    t = np.sort(rng.integers(0, 300_000, n))
    x, y = rng.integers(0, size, (2, n))
    return CameraEvents(x, y, rng.random(n) < 0.5, t)


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(1)
    for part, count in (("Train", 3), ("Test", 1)):
        for digit in range(10):
            (tmp_path / part / str(digit)).mkdir(parents=True)
            for k in range(count):
                path = tmp_path / part / str(digit) / f"{k:05}.bin"
                path.write_bytes(bin_bytes(recording(rng)))
    return tmp_path


def test_five_bytes_by_hand():
    """x 3, y 33, on, time 0x012345: bytes 03 21 81 23 45."""
    found = decode_bin(bytes([0x03, 0x21, 0x81, 0x23, 0x45]), "a.bin")
    assert (found.x, found.y, found.on, found.t_us) == (3, 33, True, 0x012345)


@given(seed=st.integers(0, 1000), n=st.integers(1, 40))
def test_decoding_gives_back_what_was_written(seed, n):
    """Any events survive the five-byte format."""
    events = recording(np.random.default_rng(seed), n)
    found = decode_bin(bin_bytes(events), "a.bin")
    for name in ("x", "y", "on", "t_us"):
        np.testing.assert_array_equal(getattr(found, name), getattr(events, name))


def test_binning_by_hand():
    """Pixels of one square and polarity share a channel; late events are dropped."""
    events = CameraEvents(
        np.array([0, 1, 3, 3]), np.array([0, 1, 2, 2]), np.array([1, 1, 0, 0], bool),
        np.array([0, 900, 1000, 3000]),
    )  # fmt: skip
    found = bin_recordings([events], size=4, pool=2, dt_ms=1.0, n_steps=3)
    assert found.n_inputs == 8 and len(found) == 1
    np.testing.assert_array_equal(found.t, [0, 1])
    np.testing.assert_array_equal(found.address, [1, 6])
    features = count_features([events], size=4, pool=2, n_parts=2, duration_us=2000)
    assert features.shape == (1, 16) and features[0, 1] == np.sqrt(2)


@given(
    events=st.lists(st.tuples(*(st.integers(0, k) for k in (3, 5, 7))), max_size=30),
)
def test_lists_and_rasters_agree(events):
    """Events given in any order make the batch that their rasters make."""
    rasters = np.zeros((4, 6, 8), bool)
    for sample, t, address in events:
        rasters[sample, t, address] = True
    owner, t, address = np.array(events, int).reshape(-1, 3).T
    found = EventBatch.from_lists(owner, t, address, [6] * 4, 8)
    for k in range(4):
        np.testing.assert_array_equal(found.raster(k), rasters[k])


def test_event_beyond_the_end_is_named():
    """A step or a channel out of range is refused."""
    with pytest.raises(DataError, match="Sample 1: step must be between 0 and 5, not 6"):
        EventBatch.from_lists([0, 1], [5, 6], [0, 0], [6, 6], 2)
    with pytest.raises(DataError, match="address must be between 0 and 1"):
        EventBatch.from_lists([0], [0], [2], [6], 2)


def test_published_folders(folder):
    """Parts and digits come from the folders; channels are pooled."""
    data = load_nmnist(folder, pool=17)
    assert (len(data.train.labels), len(data.test.labels)) == (30, 10)
    assert data.train.events.n_inputs == 8
    assert data.n_folds == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b[:-2], "00000.bin: must hold whole events of 5 bytes, not 298 bytes"),
        (lambda b: b"", "00000.bin: recording must hold events, not 0"),
        (lambda b: b"\x22" + b[1:], r"00000.bin, event 0: pixel must be between 0 and 33"),
        (lambda b: b[-5:] + b[:5], "event 1: time must not fall"),
    ],
)
def test_bad_recording_is_named(folder, change, message):
    """A cut, empty or impossible recording is named with file and event."""
    file = folder / "Train" / "4" / "00000.bin"
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(DataError, match=message):
        load_recordings(folder)


def test_missing_class_is_named(folder):
    """A digit without a test recording is named with the part."""
    (folder / "Test" / "7" / "00000.bin").unlink()
    with pytest.raises(DataError, match="Class '7' must have a sample in the test part"):
        load_nmnist(folder)


def packed(path, recordings, **changed):
    """Write recordings as a packed file."""
    values = {
        "x": np.concatenate([r.x for r in recordings]).astype(np.uint8),
        "y": np.concatenate([r.y for r in recordings]).astype(np.uint8),
        "p": np.packbits(np.concatenate([r.on for r in recordings])),
        "dt": np.concatenate([np.diff(r.t_us, prepend=0) for r in recordings]).astype(np.uint16),
        "offsets": np.cumsum([0] + [r.x.size for r in recordings]),
        "label": np.arange(len(recordings)) % 10,
        "split": np.arange(len(recordings)) // 30,
    }
    np.savez(path, **{**values, **changed})
    return path


def test_packed_file_and_its_faults(tmp_path):
    """A packed file gives the same recordings; what does not fit together is named."""
    rng = np.random.default_rng(2)
    made = [recording(rng) for _ in range(40)]
    path = packed(tmp_path / "a.npz", made)
    found, labels, is_test = load_recordings(path)
    np.testing.assert_array_equal(found[7].t_us, made[7].t_us)
    np.testing.assert_array_equal(found[7].on, made[7].on)
    assert (is_test.sum(), labels[13]) == (10, 3)
    with pytest.raises(DataError, match="offsets must rise"):
        load_recordings(packed(path, made, offsets=np.array([0, 9, 3])))
    with pytest.raises(DataError, match="'label' must have 40 rows, not 3"):
        load_recordings(packed(path, made, label=np.zeros(3)))
    offsets = np.cumsum([0] + [60] * 40)
    offsets[5] = offsets[4]
    with pytest.raises(DataError, match="recording 4 must hold samples, not 0"):
        load_recordings(packed(path, made, offsets=offsets))


def test_real_recordings_agree(tmp_path):
    """The published files and the packed file hold the same events."""
    archive = shared("nmnist-small/original-layout.zip")
    with zipfile.ZipFile(archive) as z:
        names = sorted(n for n in z.namelist() if n.startswith("Train"))
        found = decode_bin(z.read(names[0]), names[0])
    recordings, labels, _ = load_recordings(SHARED / "nmnist-small/nmnist_small.npz")
    digit, number = names[0].split("/")[1:]
    with np.load(SHARED / "nmnist-small/nmnist_small.npz") as file:
        k = int(np.flatnonzero(file["sample_id"] == int(number.removesuffix(".bin")))[0])
    np.testing.assert_array_equal(found.t_us, recordings[k].t_us)
    np.testing.assert_array_equal(found.x, recordings[k].x)
    assert labels[k] == int(digit)
