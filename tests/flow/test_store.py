import os

import numpy as np
import pytest

from hrsnn_edge.flow.data_sections import section_of
from hrsnn_edge.flow.store import Store, canonical_json


def test_finished_station_is_not_run_again(tmp_path):
    """The same inputs find the stored result; other inputs do the work."""
    calls = []

    def work(folder):
        calls.append(1)
        (folder / "x").write_text("done")

    store = Store(tmp_path)
    first = store.run("train", {"seed": 1}, work)
    assert store.run("train", {"seed": 1}, work) == first
    assert store.run("train", {"seed": 2}, work) != first
    assert len(calls) == 2
    assert (first / "x").read_text() == "done"


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_killed_station_leaves_nothing(tmp_path, stop):
    """A station that ends early leaves no folder behind, finished or not."""

    def work(folder):
        (folder / "half").write_text("half")
        raise stop

    with pytest.raises(stop):
        Store(tmp_path).run("train", {}, work)
    assert list(tmp_path.iterdir()) == []


def test_canonical_json_is_order_free():
    """Key order and NumPy types do not change the hash input."""
    assert canonical_json({"b": np.int64(1), "a": np.arange(2)}) == b'{"a":[0,1],"b":1}'
    with pytest.raises(TypeError, match="must be known to JSON, not complex"):
        canonical_json(1j)


def test_changed_data_file_is_another_key(tmp_path):
    """A result of a data set is found again only while its files are the same."""
    section = section_of("vowels", str(tmp_path / "a.npz"))
    keys = []
    for content in (b"1", b"12", b"12"):
        (tmp_path / "a.npz").write_bytes(content)
        os.utime(tmp_path / "a.npz", ns=(0, len(content)))
        keys.append(Store.key("encode", {"data": section}))
    assert keys[0] != keys[1] == keys[2]


def test_two_programs_with_the_same_work(tmp_path):
    """A result that another program stored meanwhile stands, and nothing else stays behind."""
    store = Store(tmp_path)

    def other(folder):
        (folder / "x").write_text("first")

    def work(folder):
        (folder / "x").write_text("second")
        store.run("train", {}, other)

    assert (store.run("train", {}, work) / "x").read_text() == "first"
    assert len(list(tmp_path.iterdir())) == 1
