"""``hrsnn report`` from the command line, on records alone."""

import json

import pytest

from hrsnn_edge.cli import execute
from hrsnn_edge.report.record import record_to_bytes
from hrsnn_edge.report.traces import traces_to_bytes
from tests.report.demo import demo_record, demo_traces


@pytest.fixture
def runs(tmp_path):
    """Two run folders that differ in their seed."""
    folders = []
    for seed in (1, 2):
        folder = tmp_path / f"digits-{seed}"
        folder.mkdir()
        (folder / "record.json").write_bytes(record_to_bytes(demo_record(seed=seed)))
        (folder / "traces.npz").write_bytes(traces_to_bytes(demo_traces()))
        folders.append(folder)
    return folders


def test_report_is_written_again(runs, capsys):
    """The page of a folder is written into it and named."""
    assert execute(["report", str(runs[0])]) == 0
    assert str(runs[0] / "report.html") in capsys.readouterr().out
    assert (runs[0] / "report.html").read_text().startswith("<!DOCTYPE html>")


def test_compare_takes_folders_and_files(runs, capsys):
    """The JSON object holds the one difference; the page stands beside the second record."""
    argv = ["report", "--compare", str(runs[0]), str(runs[1] / "record.json"), "--json"]
    assert execute(argv) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["name"], row["a"], row["b"]) for row in found["changed"]] == [("seed", 1, 2)]
    assert (runs[1] / "compare.html").exists()
    assert found["report"] == str(runs[1] / "compare.html")


@pytest.mark.parametrize("extra", [[], ["run", "--compare", "a", "b"]], ids=["none", "both"])
def test_report_takes_one_run_or_two(extra, capsys):
    """Neither or both is a usage error."""
    assert execute(["report", *extra]) == 2
    assert "--compare A B" in capsys.readouterr().err


def test_a_record_that_is_none_is_named(tmp_path, capsys):
    """A damaged record exits with 1 and names what is wrong."""
    (tmp_path / "record.json").write_text("{}")
    assert execute(["report", "--compare", str(tmp_path), str(tmp_path)]) == 1
    assert "Record, name: Field required" in capsys.readouterr().err
