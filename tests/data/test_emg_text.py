import zipfile

import numpy as np
import pytest

from hrsnn_edge.data.emg import load_windows
from hrsnn_edge.data.emg_text import hold_windows, read_lines, read_published
from hrsnn_edge.errors import DataError
from tests.data.files import SHARED, shared


def minute(gesture, seed=0, holds=2):
    """Lines of a recording: rest, then holds of 700 samples with rest between."""
    rng = np.random.default_rng(seed)
    shown = np.concatenate([[0] * 400, *[[gesture] * 700 + [0] * 400] * holds])
    return np.column_stack([rng.integers(-200, 200, (shown.size, 8)), shown])


def write(folder, person, session, gesture, lines, hand="right"):
    path = folder / f"_readings_{hand}_hand" / f"{person}-{session}" / f"{gesture}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(",".join(map(str, line)) for line in lines))
    return path


def test_windows_by_hand():
    """Holds of 700 from 400 and from 1500: their middles are 750 and 1850; samples are clipped."""
    lines = minute(3)
    found = hold_windows(lines, 3)
    assert len(found) == 2
    np.testing.assert_array_equal(found[0], lines[750 - 128 : 750 + 128, :8].clip(-128, 127))
    np.testing.assert_array_equal(found[1], lines[1850 - 128 : 1850 + 128, :8].clip(-128, 127))
    assert len(hold_windows(minute(0), 0)) == 6
    assert hold_windows(minute(3), 4) == []


def test_folder_of_two_hands(tmp_path):
    """Persons are sorted, both hands are read, lines that ran together are left out."""
    for person, hand in (("11", "left"), ("22", "right")):
        for session in (1, 2):
            for gesture in range(8):
                write(tmp_path, person, session, gesture, minute(gesture), hand)
    path = write(tmp_path, "22", 2, 7, minute(7))
    path.write_text("1,2,3,4,5,6,7,8,91,2,3,4,5,6,7,8,9\n" + path.read_text() + "\n1,2,\n")
    assert len(read_lines(path)) == len(minute(7))
    windows = load_windows(tmp_path)
    assert windows.persons == ("11", "22")
    assert np.bincount(windows.labels).tolist() == [24] + [8] * 7
    assert np.bincount(windows.person).tolist() == [40, 40]


def test_what_is_wrong_is_named(tmp_path):
    """An empty folder, a cut file and a gesture that was never held are named."""
    with pytest.raises(DataError, match="must hold _readings_<left or right>_hand/<person>"):
        read_published(tmp_path)
    write(tmp_path, "11", 1, 2, minute(2)[:150])
    with pytest.raises(
        DataError, match=r"2.txt: must hold 2000 lines .*, not 150. The file is cut"
    ):
        read_published(tmp_path)
    write(tmp_path, "11", 1, 2, minute(0))
    with pytest.raises(DataError, match="2.txt: must hold a gesture for 600 samples"):
        read_published(tmp_path)


def test_real_session_agrees(tmp_path):
    """The published text of one session gives the windows of the packed file."""
    archive = shared("emg-myo/original-session.zip")
    with zipfile.ZipFile(archive) as z:
        z.extractall(tmp_path)
    found = load_windows(tmp_path)
    packed = load_windows(SHARED / "emg-myo/emg_myo.npz")
    same = (packed.person == packed.persons.index("12345")) & (packed.session == 1)
    np.testing.assert_array_equal(found.x, packed.x[same])
    np.testing.assert_array_equal(found.labels, packed.labels[same])
