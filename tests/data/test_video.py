import io

import numpy as np
import pytest

from hrsnn_edge.data.avi import decode_avi
from hrsnn_edge.data.video import changes, load_video, pooled
from hrsnn_edge.errors import DataError
from tests.data.files import avi_bytes, shared


def frames(seed, t=8, rows=12, columns=15):
    """A bright square that moves over a dim ground."""
    out = np.full((t, rows, columns), 20, np.uint8)
    for k in range(t):
        a = (seed + k) % (columns - 4)
        out[k, 3:8, a : a + 4] = 220
    return out


@pytest.fixture
def folder(tmp_path):
    for action in ("boxing", "walking"):
        (tmp_path / action).mkdir()
        for person in (1, 2, 11):
            name = f"person{person:02}_{action}_d1_uncomp.avi"
            (tmp_path / action / name).write_bytes(avi_bytes(frames(person)))
    return tmp_path


@pytest.mark.parametrize("bits", [8, 24, 32])
def test_uncompressed_frames_come_back(bits):
    """Grey frames survive the uncompressed forms, padding and bottom-up rows included."""
    made = frames(0)
    clip = decode_avi(avi_bytes(made, bits=bits), "a.avi")
    np.testing.assert_array_equal(clip.frames, made)
    assert clip.rate == 25


def test_colour_is_weighed():
    """A pure red picture is 0.299 of full grey; bytes stand as blue, green, red."""
    row = np.zeros((2, 4 * 3), np.uint8)
    row[:, 2::3] = 255
    clip = decode_avi(avi_bytes(np.zeros((1, 2, 4), np.uint8), bodies=[row.tobytes()]), "a.avi")
    assert np.all(clip.frames == round(0.299 * 255))


def test_motion_jpeg():
    """Frames in JPEG are decoded; a damaged one is named by its number."""
    from PIL import Image

    bodies = []
    for frame in frames(0, rows=32, columns=32):
        buffer = io.BytesIO()
        Image.fromarray(frame).save(buffer, "JPEG", quality=95)
        bodies.append(buffer.getvalue())
    made = frames(0, rows=32, columns=32)
    clip = decode_avi(avi_bytes(made, codec=b"MJPG", bodies=bodies), "a.avi")
    assert np.abs(clip.frames.astype(int) - made).mean() < 4
    bodies[2] = bodies[2][: len(bodies[2]) // 2]
    with pytest.raises(DataError, match="a.avi, frame 2: must be a whole JPEG picture"):
        decode_avi(avi_bytes(made, codec=b"MJPG", bodies=bodies), "a.avi")


def test_codec_is_named_with_what_converts_it():
    """A compressed clip is refused by codec, with a command."""
    data = avi_bytes(frames(0), codec=b"XVID")
    with pytest.raises(DataError, match=r"motion JPEG, not 'XVID'. Convert .* ffmpeg"):
        decode_avi(data, "a.avi")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: b"RIFX" + d[4:], "must start with an AVI head"),
        (lambda d: d[:-100], r"byte \d+: list must hold \d+ bytes, not \d+. The file is cut short"),
        (lambda d: d[:4] + b"\x20\0\0\0" + d[8:44], r"byte \d+: list must hold"),
    ],
)
def test_cut_file_is_named(change, message):
    """A file that is no AVI or ends early is named with the byte."""
    with pytest.raises(DataError, match=message):
        decode_avi(change(avi_bytes(frames(0))), "a.avi")


def test_clip_without_frames_is_named():
    """An empty clip, a picture too short and an impossible rate are named."""
    with pytest.raises(DataError, match="a.avi: must hold frames, not 0"):
        decode_avi(avi_bytes(frames(0), bodies=[]), "a.avi")
    with pytest.raises(DataError, match="frame 0: must hold 576 bytes, not 3"):
        decode_avi(avi_bytes(frames(0), bodies=[b"abc"]), "a.avi")
    with pytest.raises(DataError, match="between 0 and 1000 frames a second, not 5000"):
        decode_avi(avi_bytes(frames(0), fps=5000), "a.avi")


def test_changes_by_hand():
    """A cell that brightens is ON by its grey levels, one that darkens is OFF."""
    made = np.zeros((3, 2, 4), np.uint8)
    made[1, :, :2] = 10
    np.testing.assert_array_equal(pooled(made, (1, 2)), [[0, 0], [10, 0], [0, 0]])
    np.testing.assert_array_equal(changes(made, (1, 2), "previous"), [[10, 0, 0, 0], [0, 10, 0, 0]])
    np.testing.assert_array_equal(changes(made, (1, 2), "median"), [[10, 0, 0, 0], [0, 0, 0, 0]])


def test_split_is_by_person(folder):
    """Published test persons are the test part; other ones can be named."""
    data = load_video(folder, grid=(3, 3))
    assert (data.class_names, len(data.train.labels), len(data.test.labels)) == (
        ("boxing", "walking"), 4, 2,
    )  # fmt: skip
    assert sorted(np.unique(data.fold)) == [0, 1]
    data = load_video(folder, grid=(3, 3), test_groups=[1, 11])
    assert len(data.test.labels) == 4
    with pytest.raises(DataError, match=r"not all in one: found \[1, 2, 11\]. Set test_groups"):
        load_video(folder, test_groups=[7])


def test_layouts_read_groups_from_names(tmp_path):
    """UCF names carry the group of a clip; its first published split tests on groups 1..7."""
    for group in (7, 8):
        for k, action in enumerate(("Archery", "Bowling")):
            path = tmp_path / action / f"v_{action}_g{group:02}_c01.avi"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(avi_bytes(frames(k)))
    data = load_video(tmp_path, layout="ucf101", grid=(3, 3))
    assert (len(data.train.labels), len(data.test.labels)) == (2, 2)
    with pytest.raises(DataError, match="must hold <class>/<clip>"):
        load_video(tmp_path, layout="kth")


def test_short_clip_is_named(folder):
    """A clip in which no change can be seen is named."""
    path = folder / "boxing" / "person01_boxing_d1_uncomp.avi"
    path.write_bytes(avi_bytes(frames(0, t=2)))
    with pytest.raises(DataError, match="person01_boxing_d1_uncomp.avi: must have 5 frames"):
        load_video(folder)


def test_drawn_clips():
    """The shared clips are motion JPEG in the layout of KTH: six actions, 50 frames."""
    path = shared("action-video")
    data = load_video(path, test_groups=[99])
    assert len(data.class_names) == 6 and data.train.events.n_steps.tolist() == [4 * 49] * 6
