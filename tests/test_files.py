import errno

import pytest

from hrsnn_edge import files
from hrsnn_edge.errors import HrsnnError
from hrsnn_edge.files import write_atomic


def test_write_atomic_keeps_the_old_file_when_the_disk_is_full(tmp_path, monkeypatch):
    """A full disk is one clear sentence, and what existed stays as it was."""
    path = tmp_path / "net.hrsnn"
    write_atomic(path, b"old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(HrsnnError, match="the disk is full"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["net.hrsnn"]


def test_other_disk_errors_pass_through(tmp_path):
    """An error that has no sentence of its own is not hidden."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileExistsError):
        write_atomic(tmp_path / "file" / "below", b"x")
