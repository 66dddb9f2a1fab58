"""Whatever happens to the bytes of a file, the reader names the file or gives something whole."""

import contextlib
import io
import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hrsnn_edge.data.aedat import decode_aedat
from hrsnn_edge.data.archive import read_npz
from hrsnn_edge.data.avi import decode_avi
from hrsnn_edge.data.camera import CameraEvents, decode_bin
from hrsnn_edge.data.ecg import read_beats, read_header
from hrsnn_edge.data.mnist import read_idx
from hrsnn_edge.data.safe_pickle import load_pickle
from hrsnn_edge.data.shd import read_file
from hrsnn_edge.errors import DataError
from tests.data.files import aedat_bytes, avi_bytes, bin_bytes, idx_bytes
from tests.data.test_ecg import beat_bytes
from tests.data.test_shd import write

EVENTS = CameraEvents(np.arange(9), np.arange(9), np.arange(9) % 2 == 0, np.arange(9) * 10)


def jpeg_clip() -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.full((16, 16), 90, np.uint8)).save(buffer, "JPEG")
    return avi_bytes(np.zeros((2, 16, 16), np.uint8), codec=b"MJPG", bodies=[buffer.getvalue()] * 2)


def npz_bytes() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=np.arange(50))
    return buffer.getvalue()


#: Bytes, and the reader: of bytes, or of a path.
READERS = {
    "bin": (bin_bytes(EVENTS), partial(decode_bin, what="a"), False),
    "aedat": (aedat_bytes(EVENTS), partial(decode_aedat, what="a"), False),
    "avi": (avi_bytes(np.zeros((2, 4, 6), np.uint8)), partial(decode_avi, what="a"), False),
    "mjpeg": (jpeg_clip(), partial(decode_avi, what="a"), False),
    "pickle": (pickle.dumps({b"data": np.arange(6)}, 2), partial(load_pickle, what="a"), False),
    "idx": (idx_bytes(np.zeros((3, 4))), read_idx, True),
    "npz": (npz_bytes(), partial(read_npz, needed=("x",)), True),
    "atr": (beat_bytes(range(5, 3000, 170)), partial(read_beats, n_samples=3000), True),
    "hea": (
        b"1 2 360 9\n1.dat 212 200 11 4 0 0 0 a\n1.dat 212 200 11 4 0 0 0 b\n",
        read_header,
        True,
    ),
}


def damaged(data: bytes, cut: float, flips) -> bytes:
    """Return the bytes cut and with some of them changed."""
    data = bytearray(data[: int(cut * len(data))])
    for place, value in flips:
        if data:
            data[int(place * (len(data) - 1))] = value
    return bytes(data)


DAMAGE = {
    "cut": st.one_of(st.just(1.0), st.floats(0, 1)),
    "flips": st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4),
}


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(**DAMAGE)
def test_damage_is_an_error_or_nothing(tmp_path, name, cut, flips):
    """Cut or changed bytes give a `DataError` or a value, never another exception."""
    data, read, from_path = READERS[name]
    changed = damaged(data, cut, flips)
    if from_path:
        (tmp_path / "a").write_bytes(changed)
        changed = tmp_path / "a"
    with contextlib.suppress(DataError):
        read(changed)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 0.999))
def test_cut_hdf5_is_an_error(tmp_path, cut):
    """A file of spikes that ends early is refused wherever it ends.

    Only cuts: on changed bytes inside, the HDF5 library itself may crash or ask for all memory.
    """
    path = tmp_path / "a.h5"
    if not path.exists():
        write(path, n=3, n_classes=3)
    changed = tmp_path / "b.h5"
    changed.write_bytes(damaged(path.read_bytes(), cut, []))
    with pytest.raises(DataError, match=r"b.h5: must be a whole HDF5 file"):
        read_file(changed)
