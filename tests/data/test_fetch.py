import hashlib
import io
import tarfile
import threading
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hrsnn_edge.data.catalogue import (
    ENTRIES,
    Remote,
    cache_folder,
    find_entry,
    find_files,
    locate,
)
from hrsnn_edge.data.fetch import fetch
from hrsnn_edge.errors import DataError


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without a log."""

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server of two archives and a plain file, and the checksums of each."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    folder = tmp_path / "served"
    folder.mkdir()
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("Train/0/1.bin", b"abcde")
    with tarfile.open(folder / "b.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("inner/batch")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"xyz"))
    (folder / "c.gz").write_bytes(b"plain")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{http.server_address[1]}/"
        yield {
            f.name: Remote(
                address + f.name, "sha256:" + hashlib.sha256(f.read_bytes()).hexdigest(), f.name
            )
            for f in folder.iterdir()
        }
        http.shutdown()


def made_of(*remotes):
    """Return a data set made of these remotes."""
    return replace(find_entry("nmnist"), name="made", remotes=remotes)


def test_download_is_checked_and_unpacked(server, tmp_path):
    """Archives are unpacked, other files kept as they are, and nothing else is left."""
    target = fetch(made_of(*server.values()), tmp_path / "data")
    found = sorted(p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file())
    assert found == ["Train/0/1.bin", "c.gz", "inner/batch"]
    assert (target / "inner/batch").read_bytes() == b"xyz"
    assert [p.name for p in (tmp_path / "data").iterdir()] == ["made"]


def test_what_is_there_is_kept(server, tmp_path):
    """A second download asks no server."""
    entry = made_of(server["c.gz"])
    target = fetch(entry, tmp_path)
    (target / "c.gz").write_bytes(b"mine")
    fetch(replace(entry, remotes=(replace(server["c.gz"], url="http://127.0.0.1:1/"),)), tmp_path)
    assert (target / "c.gz").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"checksum": "md5:" + "0" * 32}, "c.gz: checksum must be md5:0000"),
        ({"url": "http://127.0.0.1:1/c.gz"}, "127.0.0.1:1/c.gz: must answer"),
        ({"file": "c.zip"}, "c.zip: must be a whole archive"),
        ({"file": "c.tar.gz"}, "c.tar.gz: must be a whole archive"),
    ],
)
def test_failed_download_leaves_nothing(server, tmp_path, change, message):
    """A wrong checksum, a silent address and a damaged archive are named; nothing is left."""
    entry = made_of(server["a.zip"], replace(server["c.gz"], **change))
    with pytest.raises(DataError, match=message):
        fetch(entry, tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []


def test_archive_cannot_leave_its_folder(server, tmp_path):
    """A path that climbs out of the archive is refused."""
    with tarfile.open(tmp_path / "served" / "b.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../../outside"), io.BytesIO())
    data = (tmp_path / "served" / "b.tar.gz").read_bytes()
    remote = replace(server["b.tar.gz"], checksum="sha256:" + hashlib.sha256(data).hexdigest())
    with pytest.raises(DataError, match="must be a whole archive .*outside"):
        fetch(made_of(remote), tmp_path / "data")
    assert not (tmp_path / "outside").exists()


def test_data_set_without_address(tmp_path):
    """What has no stable address says where it comes from."""
    with pytest.raises(DataError, match=r"'kth' cannot be downloaded. Get it from https://www.csc"):
        fetch(find_entry("kth"), tmp_path)
    with pytest.raises(DataError, match="must be one of digits, fsdd.*not 'kht'"):
        find_entry("kht")


def test_places_are_searched_in_order(tmp_path, monkeypatch):
    """HRSNN_DATA comes first; what is nowhere is named with how to get it."""
    monkeypatch.setenv("HRSNN_DATA", str(tmp_path))
    assert cache_folder() == tmp_path
    assert find_files("mnist") is None
    with pytest.raises(DataError, match="nothing is there. Download it: hrsnn data fetch mnist"):
        locate("mnist")
    (tmp_path / "mnist-small").mkdir()
    assert locate("mnist") == tmp_path / "mnist-small"
    (tmp_path / "mnist").mkdir()
    assert locate("mnist") == tmp_path / "mnist"
    with pytest.raises(DataError, match="Data of 'mnist' must be at elsewhere, but nothing"):
        locate("mnist", "elsewhere")


def test_catalogue_is_whole():
    """Every data set says its licence and origin; every download has a checksum over https."""
    for entry in ENTRIES.values():
        assert entry.licence and entry.origin and entry.samples
        for remote in entry.remotes:
            kind, digest = remote.checksum.split(":")
            assert len(digest) == {"md5": 32, "sha256": 64}[kind]
            assert remote.url.startswith("https://")
