import numpy as np
import pytest

from hrsnn_edge.data.emg import (
    contrast_signals,
    covariance_features,
    encode_windows,
    load_emg,
    load_windows,
    quarter_features,
)
from hrsnn_edge.data.encode import lif_encoders, sequences_regular, with_silence
from hrsnn_edge.data.sequences import resample, scale_sequences
from hrsnn_edge.data.skeleton import load_skeleton
from hrsnn_edge.data.vowels import load_vowels
from hrsnn_edge.data.wand import load_wand
from hrsnn_edge.errors import DataError
from tests.data.files import shared


def test_resampling_by_hand():
    """Frames 0, 2, 4 resampled to five are 0, 1, 2, 3, 4; one frame repeats."""
    np.testing.assert_allclose(resample([[0], [2], [4]], 5)[:, 0], [0, 1, 2, 3, 4])
    np.testing.assert_allclose(resample([[7]], 3)[:, 0], [7, 7, 7])


def test_scaling_knows_the_train_part_only():
    """The range is that of the train part; what lies outside is clipped."""
    scaled = scale_sequences([np.array([[0.0], [4.0]]), np.array([[2.0], [9.0]])], [False, True])
    np.testing.assert_allclose(scaled[1][:, 0], [0.5, 1.0])
    with pytest.raises(DataError, match="Column 0 must change in the train part, not be 3.0"):
        scale_sequences([np.full((2, 1), 3.0)], [False])


def test_regular_events_by_hand():
    """Half an event a step, then a whole one: floor(0.5, 1, 2, 3 + 1/2) rises in steps 0, 2, 3."""
    events = sequences_regular([np.array([[0.5], [0.5], [1.0], [1.0]])], 1.0)
    assert events.t.tolist() == [0, 2, 3]
    longer = with_silence(events, 3)
    assert (longer.n_steps.tolist(), longer.t.tolist()) == ([7], [0, 2, 3])


def test_lif_encoder_by_hand():
    """A drive of 4 with a = 1/2 crosses 1 at once, then waits; gain 0.4 needs two steps."""
    tau = -1 / np.log(0.5)
    raster = lif_encoders(
        np.full((4, 1), 4.0), gains=(1.0, 0.4), dt=1.0, tau=tau, refractory_steps=1
    )
    # gain 0.4: v = 0.8, then 0.4 + 0.8 = 1.2.
    np.testing.assert_array_equal(raster, [[1, 0], [0, 1], [1, 0], [0, 0]])


def emg_file(path, **changed):
    """Write three persons, three sessions, eight gestures twice; session numbers differ."""
    person, session, label, _ = (
        v.ravel() for v in np.meshgrid(range(3), range(1, 4), range(8), range(2), indexing="ij")
    )
    rng = np.random.default_rng(0)
    x = rng.normal(0, 3 + 4 * label[:, None, None], (label.size, 256, 8)).clip(-128, 127)
    values = {
        "x": x.astype(np.int8), "label": label, "subject": person,
        "session": session - (person == 1),
        "split": person // 2, "subjects": np.array(["ada", "bob", "eve"]),
        "classes": np.array([f"g{k}" for k in range(8)]), "rate": np.int32(200),
    }  # fmt: skip
    np.savez(path, **{**values, **changed})
    return path


def test_protocols_of_emg(tmp_path):
    """A wearer's last session is the test part, whatever its number; else persons are new."""
    path = emg_file(tmp_path / "a.npz")
    data = load_emg(path, person="bob")
    assert (len(data.train.labels), len(data.test.labels), data.n_folds) == (32, 16, 2)
    data = load_emg(path, n_folds=2)
    assert (len(data.train.labels), len(data.test.labels)) == (96, 48)
    assert data.train.events.n_inputs == 64
    assert load_emg(path, contrast=True).train.events.n_inputs == 96
    with pytest.raises(DataError, match="Person must be one of ada, bob, eve, not 'joe'"):
        load_emg(path, person="joe")


def test_features_by_hand():
    """Mean absolute value and mean step of each quarter of a window."""
    x = np.zeros((1, 8, 8))
    x[0, :2, 0] = [3, -1]
    features = quarter_features(x, log=False)
    assert features.shape == (1, 64)
    assert (features[0, 0], features[0, 32]) == (2, 4)
    np.testing.assert_allclose(quarter_features(x)[0, 0], np.log(3))


def test_contrast_by_hand():
    """Levels, differences of neighbours, then changes over one to three samples."""
    x = np.zeros((5, 8))
    x[1, 0], x[3, 1] = 2 * (np.e - 1), -2 * (np.e**2 - 1)
    u = np.zeros((5, 8))
    u[1, 0], u[3, 1] = 1, -2
    level, one, two, *changes = np.split(contrast_signals(x), 6, axis=1)
    np.testing.assert_allclose(level, np.abs(u))
    np.testing.assert_allclose(one[[1, 3]], [[1, 0, 0, 0, 0, 0, 0, 1], [2, 2, 0, 0, 0, 0, 0, 0]])
    np.testing.assert_allclose(two[3], [0, 2, 0, 0, 0, 0, 0, 2])
    for k, change in enumerate(changes, 1):
        assert not change[:k].any()
        np.testing.assert_allclose(change[k:], np.abs(u[k:] - u[:-k]))


def test_log_covariance_by_hand():
    """Two electrodes that say the same: a power of 6 along their sum, 2 everywhere else."""
    x = np.zeros((1, 257, 8))
    x[0, 1::2, 3:5] = np.tile([2, -2], 64)[:, None]
    features = covariance_features(x)[0]
    expected = np.log(2) * np.eye(16)
    for pair in ([3, 4], [11, 12]):
        expected[np.ix_(pair, pair)] += np.log(3) / 2
    i, j = np.triu_indices(16)
    expected = expected[i, j] * np.where(i == j, 1, 2**0.5)
    np.testing.assert_allclose(features, expected, atol=1e-12)


def test_bad_emg_is_named(tmp_path):
    """Another rate, another shape, a dead band, a missing array: each is named."""
    path = tmp_path / "a.npz"
    with pytest.raises(DataError, match="sample rate must be 200 Hz, not 1000"):
        load_windows(emg_file(path, rate=np.int32(1000)))
    with pytest.raises(DataError, match=r"must be \(n, 256, 8\), not \(9, 256, 4\)"):
        load_windows(emg_file(path, x=np.ones((9, 256, 4), np.int8)))
    x = np.ones((144, 256, 8), np.int8)
    x[17] = 0
    with pytest.raises(DataError, match="window 17: must hold a signal, not zeros"):
        load_windows(emg_file(path, x=x))
    x = np.ones((144, 256, 8))
    x[3, 2, 1] = np.nan
    with pytest.raises(DataError, match="window 3: must be finite"):
        load_windows(emg_file(path, x=x))
    with pytest.raises(DataError, match="'session' must have 144 rows, not 5"):
        load_windows(emg_file(path, session=np.zeros(5)))


def test_quiet_signal_is_silent():
    """No movement, no events."""
    assert encode_windows(np.zeros((1, 256, 8), np.int8)).t.size == 0


def vowels_file(path, **changed):
    rng = np.random.default_rng(0)
    label = np.tile(np.arange(9), 4)
    values = {
        "x": rng.random((36 * 8, 12), np.float32), "offsets": np.arange(0, 36 * 8 + 1, 8),
        "label": label, "split": np.arange(36) // 27,
    }  # fmt: skip
    np.savez(path, **{**values, **changed})
    return path


def test_vowels_and_their_faults(tmp_path):
    """Utterances become steps; NaN, an empty utterance and a missing speaker are named."""
    path = vowels_file(tmp_path / "a.npz")
    data = load_vowels(path, n_curves=4, steps_per_frame=5, n_folds=3)
    assert data.train.events.n_inputs == 48 and data.train.events.n_steps.tolist() == [40] * 27
    x = np.random.default_rng(0).random((288, 12))
    x[5, 2] = np.nan
    with pytest.raises(DataError, match="a.npz, row 5, column 2: must be finite, not nan"):
        load_vowels(vowels_file(path, x=x))
    offsets = np.arange(0, 289, 8)
    offsets[3] = offsets[2]
    with pytest.raises(DataError, match="recording 2 must hold samples, not 0"):
        load_vowels(vowels_file(path, offsets=offsets))
    label = np.tile(np.arange(9), 4)
    label[-9] = 1
    with pytest.raises(DataError, match="Class 'speaker 1' must have a sample in the test part"):
        load_vowels(vowels_file(path, label=label), n_folds=3)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"must be a whole \.npz file"):
        load_vowels(path)


@pytest.mark.parametrize(
    ("load", "place", "sizes", "n_inputs"),
    [
        (load_vowels, "japanese-vowels/japanese_vowels.npz", (270, 298), 96),
        (load_wand, "wand-imu/wand_imu.npz", (180, 60), 36),
        (load_skeleton, "action-skeleton/msr_action3d.npz", (232, 214), 228),
    ],
)
def test_shared_sets(load, place, sizes, n_inputs):
    """The shared sets have their published sizes."""
    data = load(shared(place))
    assert (len(data.train.labels), len(data.test.labels)) == sizes
    assert data.train.events.n_inputs == n_inputs


def test_wand_and_skeleton_shapes_are_checked(tmp_path):
    """Arrays of another shape and values that are not finite are named."""
    path = tmp_path / "a.npz"
    common = {"label": np.arange(6) % 3, "split": np.arange(6) // 3, "classes": np.array(["a"] * 3)}
    np.savez(path, x=np.zeros((6, 9, 6)), scale=np.ones(6), **common)
    with pytest.raises(DataError, match=r"must be \(n, 128, 6\), not \(6, 9, 6\)"):
        load_wand(path)
    np.savez(path, x=np.full((6, 128, 6), np.inf), scale=np.ones(6), **common)
    with pytest.raises(DataError, match="recording 0, frame 0: must be finite"):
        load_wand(path)
    common |= {"subject": np.ones(6), "offsets": np.arange(7)}
    np.savez(path, xyz_mm=np.zeros((6, 9, 3)), **common)
    with pytest.raises(DataError, match=r"must be \(n, 20, 3\), not \(6, 9, 3\)"):
        load_skeleton(path)
