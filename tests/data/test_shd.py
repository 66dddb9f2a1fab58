import h5py
import numpy as np
import pytest

from hrsnn_edge.data.shd import bin_spikes, load_shd, read_file
from hrsnn_edge.errors import DataError
from tests.data.files import shared


def write(path, n=20, n_classes=10, change=None, speaker=True):
    """Write `n` recordings in the published layout; `change` edits their times and units."""
    rng = np.random.default_rng(0)
    times = [np.sort(rng.random(30)).astype(np.float16) for _ in range(n)]
    units = [rng.integers(0, 700, 30).astype(np.uint16) for _ in range(n)]
    if change:
        change(times, units)
    with h5py.File(path, "w") as f:
        for name, kind, values in (
            ("times", np.float16, times), ("units", np.uint16, units),
        ):  # fmt: skip
            data = f.create_dataset(f"spikes/{name}", (n,), dtype=h5py.vlen_dtype(kind))
            for k, v in enumerate(values):
                data[k] = v
        f["labels"] = (np.arange(n) % n_classes).astype(np.uint16)
        f["extra/keys"] = np.array([f"w{k}".encode() for k in range(n_classes)])
        if speaker:
            f["extra/speaker"] = (np.arange(n) // 10).astype(np.uint16)
    return path


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "shd_train.h5", 40)
    write(tmp_path / "shd_test.h5", 10)
    return tmp_path


def test_bins_by_hand():
    """A spike at 9 ms on channel 13 is in step 2 of 4 ms, channel 1 of ten; late ones go."""
    found = {"times": [np.array([0.009, 0.5])], "units": [np.array([13, 0])]}
    events = bin_spikes(found, dt_ms=4.0, n_steps=10, pool=10)
    assert (events.t.tolist(), events.address.tolist(), events.n_inputs) == ([2], [1], 70)


def test_published_layout(folder):
    """Names of the classes come from the file, folds from the speakers."""
    data = load_shd(folder)
    assert data.class_names == tuple(f"w{k}" for k in range(10))
    assert (len(data.train.labels), data.n_folds, data.train.events.n_inputs) == (40, 4, 700)
    assert data.train.events.n_steps.tolist() == [250] * 40


def test_validation_file_joins_the_train_part(tmp_path):
    """Spiking Speech Commands have a third file; without speakers folds are by class."""
    for part, n in (("train", 20), ("valid", 20), ("test", 10)):
        write(tmp_path / f"ssc_{part}.h5", n, speaker=False)
    data = load_shd(tmp_path, name="ssc")
    assert len(data.train.labels) == 40 and np.bincount(data.fold).tolist() == [10] * 4


def edit(name, k, value):
    """Return a change of one recording."""

    def change(times, units):
        {"times": times, "units": units}[name][k] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            edit("times", 3, np.zeros(0, np.float16)),
            "recording 3: recording must hold spikes",
        ),
        (edit("times", 2, np.zeros(7, np.float16)), "recording 2: must have a unit for each of 7"),
        (
            edit("units", 5, np.full(30, 700, np.uint16)),
            "recording 5: unit must be between 0",
        ),
        (
            edit("times", 1, np.full(30, np.nan, np.float16)),
            "recording 1, spike 0: time must",
        ),
        (edit("times", 1, np.full(30, -1, np.float16)), "recording 1, spike 0: time .* not -1.0"),
    ],
)
def test_bad_recording_is_named(tmp_path, change, message):
    """An empty, torn or impossible recording is named with its number."""
    with pytest.raises(DataError, match=message):
        read_file(write(tmp_path / "a.h5", change=change))


def test_damaged_file_is_named(folder, tmp_path):
    """A cut file, one of another kind and a missing group are named."""
    path = folder / "shd_train.h5"
    whole = path.read_bytes()
    for cut in (whole[: len(whole) // 2], b"no HDF5"):
        path.write_bytes(cut)
        with pytest.raises(DataError, match=r"shd_train.h5: must be a whole HDF5 file"):
            load_shd(folder)
    with h5py.File(path, "w") as f:
        f["labels"] = np.zeros(3)
    with pytest.raises(DataError, match="must hold 'spikes/times'"):
        load_shd(folder)
    write(path)
    with h5py.File(path, "a") as f:
        del f["labels"]
        f.create_dataset("labels", (2**40,), np.uint16)  # sparse: two terabytes if it were read
    with pytest.raises(DataError, match="must have as many times and units as labels"):
        load_shd(folder)
    path.unlink()
    with pytest.raises(DataError, match="must hold shd_train.h5, not none"):
        load_shd(folder)


def test_class_missing_from_test_is_named(folder):
    """A word without a test recording is named."""
    write(folder / "shd_test.h5", 9)
    with pytest.raises(DataError, match="Class 'w9' must have a sample in the test part"):
        load_shd(folder)


def test_shared_files():
    """The shared files of the same layout hold 50 and 20 recordings of ten digits."""
    data = load_shd(shared("shd-format"))
    assert (len(data.train.labels), len(data.test.labels), len(data.class_names)) == (50, 20, 10)
