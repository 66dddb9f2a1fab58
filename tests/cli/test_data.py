import gzip
import json

import numpy as np
import pytest

from hrsnn_edge.cli import execute
from hrsnn_edge.data.catalogue import ENTRIES, Remote
from tests.data.files import idx_bytes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data folder with a small MNIST in it and nothing else."""
    monkeypatch.setenv("HRSNN_DATA", str(tmp_path))
    place = tmp_path / "mnist"
    place.mkdir()
    rng = np.random.default_rng(0)
    for stem, n in (("train", 40), ("t10k", 20)):
        images = idx_bytes(rng.integers(0, 256, (n, 28, 28)))
        (place / f"{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (place / f"{stem}-labels-idx1-ubyte").write_bytes(idx_bytes(np.arange(n) % 10))
    return tmp_path


def test_list_says_what_is_there(folder, capsys):
    """Each data set is listed with task, licence and place, or with how to get it."""
    assert execute(["data", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["data"]}
    assert list(rows) == list(ENTRIES)
    assert rows["mnist"]["at"] == str(folder / "mnist") and rows["mnist"]["found"]
    assert rows["shd"]["at"] == "Download it: hrsnn data fetch shd" and not rows["shd"]["found"]
    assert rows["digits"]["found"]
    assert execute(["data"]) == 0
    assert "emg: hand gestures, forearm EMG\n    8 classes" in capsys.readouterr().out


def test_show_counts_what_is_there(folder, capsys):
    """Shapes, classes, rates and split are those of the encoded data; a baseline if asked."""
    assert execute(["data", "show", "mnist", "--json", "--baseline"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n_inputs"], found["train"]["samples"], found["test"]["samples"]) == (196, 40, 20)
    assert found["train"]["per_class"] == [4] * 10 and sum(found["fold_sizes"]) == 40
    assert found["train"]["steps"] == [200, 200, 200]
    # Poisson at half of 100 Hz on average, for half of the time.
    assert found["train"]["rate_hz"] == pytest.approx(25, rel=0.05)
    assert set(found["baseline"]) == {"features", "spikes"}
    assert execute(["data", "show", "mnist"]) == 0
    assert "n_inputs: 196" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["show", "minst"], "Data set must be one of digits"),
        (["show", "nmnist"], "nothing is there. Download it: hrsnn data fetch nmnist"),
        (["show", "mnist", "--path", "gone"], "must be at gone, but nothing is there"),
        (["fetch", "kth"], "cannot be downloaded. Get it from https://www.csc.kth.se"),
    ],
)
def test_what_is_missing_is_named(folder, capsys, argv, message):
    """An unknown or absent data set is wrong input, exit code 1, with the way out."""
    assert execute(["data", *argv, "--json"]) == 1
    printed = capsys.readouterr()
    assert message in printed.err
    assert message in json.loads(printed.out)["error"]["message"]


def test_damaged_file_is_wrong_input(folder, capsys):
    """A cut file of a data set ends in exit code 1 and its name."""
    path = folder / "mnist" / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-100])
    assert execute(["data", "show", "mnist"]) == 1
    assert "t10k-images-idx3-ubyte.gz: must be a whole gzip file" in capsys.readouterr().err


def test_fetch_refuses_a_wrong_checksum(folder, capsys, monkeypatch):
    """What comes with another checksum is refused, and nothing of it stays."""

    def retrieve(url, known_hash, fname, path):
        raise ValueError("MD5 hash differs")

    monkeypatch.setattr("pooch.retrieve", retrieve)
    assert execute(["data", "fetch", "shd", "-q"]) == 1
    assert "checksum must be md5:f3252aeb598ac776c1b526422d90eecb" in capsys.readouterr().err
    assert [p.name for p in folder.iterdir()] == ["mnist"]


def test_fetch_says_where(folder, capsys, monkeypatch):
    """A download lands in HRSNN_DATA under the name of the data set."""

    def download(remote: Remote, aside):
        (aside / remote.file.removesuffix(".zip")).write_bytes(b"file")
        return aside / remote.file.removesuffix(".zip")

    monkeypatch.setattr("hrsnn_edge.data.fetch.download", download)
    assert execute(["data", "fetch", "shd", "--json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["output"] == str(folder / "shd")
    assert sorted(p.name for p in (folder / "shd").iterdir()) == ["shd_test.h5", "shd_train.h5"]
