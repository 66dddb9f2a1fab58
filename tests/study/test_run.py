import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hrsnn_edge.cli import execute as hrsnn
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.errors import ToolMissingError
from hrsnn_edge.flow.store import Store
from hrsnn_edge.study import run as study_run
from hrsnn_edge.study.networks import folds_of, held_out
from hrsnn_edge.study.plan import load_study
from hrsnn_edge.study.run import run_study
from tests.experiments import small_experiment

SMALL = small_experiment("[quantise]", "shift_width = 3", "[build]", 'boards = ["icebreaker"]', "")
STUDY = """
name = "tiny"
experiment = "small.toml"
seeds = [3]
n_jobs = 1
cycle_samples = 1
[axes]
sparsity = [0.0, 0.5]
weight_width = [3, 6]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a small study, in which verbs run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HRSNN_STORE", str(tmp_path / "store"))
    Path("small.toml").write_text(SMALL)
    Path("tiny.toml").write_text(STUDY)
    return tmp_path


def silent(line):
    """Say nothing."""


def test_a_tiny_study(folder, capsys, monkeypatch):
    """All points are measured and written; an interruption loses nothing; a rerun does nothing."""
    measured = []

    def measure(bench, experiments, folds):
        if len(measured) == 2:
            raise KeyboardInterrupt
        measured.append(1)
        return original(bench, experiments, folds)

    original = study_run.measure_network
    monkeypatch.setattr(study_run, "measure_network", measure)
    with pytest.raises(KeyboardInterrupt):
        run_study(load_study(Path("tiny.toml")), Store(folder / "store"), folder, silent, "none")
    monkeypatch.setattr(study_run, "measure_network", original)
    kept = {path.name for path in (folder / "store").glob("study-quantise-*")}
    assert len(kept) == 4  # two networks, with a fold held out and whole

    assert hrsnn(["study", "tiny.toml", "--build", "none", "--json", "-q"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["points"], found["failed"], found["seeds"]) == (4, [], [3])
    written = json.loads(Path("runs/tiny/study.json").read_text())
    rows = written["rows"]
    assert [row["id"] for row in rows] == [0, 1, 2, 3]
    assert written["front"] == found["front"] and set(found["front"]) <= {0, 1, 2, 3}
    assert {"study.html", "study.svg", "study.json"} <= {
        p.name for p in Path("runs/tiny").iterdir()
    }
    for row in rows:
        assert row["fits"] and 0.2 < row["accuracy"] <= 1 and row["cycles"] > 8 * 40
    assert rows[2]["synapses"] < rows[0]["synapses"] < rows[1]["synapses"]
    assert rows[2]["sop"] < rows[0]["sop"]
    assert rows[0]["memory_kbit"] < rows[1]["memory_kbit"]

    before = {path: path.stat().st_mtime_ns for path in (folder / "store").iterdir()}
    assert hrsnn(["study", "tiny.toml", "--build", "none", "-q"]) == 0
    assert {path: path.stat().st_mtime_ns for path in (folder / "store").iterdir()} == before
    assert kept <= {path.name for path in before}
    capsys.readouterr()
    assert hrsnn(["study", "tiny.toml", "--explain", "weight_width=3,sparsity=0.5", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["point"] == 2 and answer["limits"] and len(answer["neighbours"]) == 2

    built = []
    monkeypatch.setattr(study_run, "check_tools", lambda boards: None)
    monkeypatch.setattr(study_run.Runner, "build", lambda self, rows, ids, _: built.extend(ids))
    Path("tiny.toml").write_text(STUDY.replace("n_jobs = 1", "n_jobs = 1\nbuilds = 1"))
    run_study(load_study(Path("tiny.toml")), Store(folder / "store"), folder, silent, "front")
    assert built == found["front"][:1] and len(found["front"]) > 1


def test_explaining_before_measuring(folder, capsys):
    """Without results the message says what to run, with exit code 1."""
    assert hrsnn(["study", "tiny.toml", "--explain", "0"]) == 1
    assert "Run the study without --explain first" in capsys.readouterr().err


def test_a_missing_tool_is_named_before_any_work(folder, capsys, monkeypatch):
    """What builds is looked for first: exit code 3, and nothing was trained."""

    def missing(name):
        raise ToolMissingError(f"{name} must be installed")

    monkeypatch.setattr("hrsnn_edge.tools.require", missing)
    assert hrsnn(["study", "tiny.toml", "-q"]) == 3
    assert "yosys must be installed" in capsys.readouterr().err
    assert not (folder / "store").exists()


def test_a_silent_network_is_a_point_without_figures(folder, monkeypatch):
    """What cannot be trained is named in its row, is stored, and does not end the study."""
    Path("small.toml").write_text(SMALL.replace("[model.rate]", "[model.rate]\ntarget_hz = 1e-6"))
    Path("tiny.toml").write_text(STUDY.replace("[0.0, 0.5]", "[0.0]").replace("[3, 6]", "[3]"))
    plan, store = load_study(Path("tiny.toml")), Store(folder / "store")
    for _ in range(2):
        rows = run_study(plan, store, folder, silent, "none")
        assert "must" in rows[0]["failure"] and "accuracy" not in rows[0]


def test_held_out_fold_is_the_test_part():
    """The judged part is the fold, the fitted part all others; the test part is in neither."""
    from hrsnn_edge.data.dataset import Dataset

    def split(labels):
        return Split(EventBatch.from_rasters([np.ones((2, 1), bool)] * len(labels)), labels)

    labels = np.array([0, 1, 0, 1, 0, 1])
    fold = np.array([0, 0, 1, 1, 2, 2])
    features = np.arange(6.0)[:, None]
    data = Dataset("d", ("a", "b"), split(labels), split(labels[:2] * 0 + [0, 1]), fold, features,
                   features[:2] + 100)  # fmt: skip
    found = held_out(data, 1)
    assert found.features_train[:, 0].tolist() == [0, 1, 4, 5]
    assert found.features_test[:, 0].tolist() == [2, 3]
    assert (len(found.train.labels), len(found.test.labels)) == (4, 2)
    assert [folds_of(3, k, 2) for k in range(3)] == [[0, 1], [1, 2], [2, 0]]


def test_a_cluster_that_is_not_there(folder, capsys, monkeypatch):
    """It is named, with exit code 4, before anything is lost."""
    pytest.importorskip("distributed")
    monkeypatch.setattr("hrsnn_edge.parallel.CONNECT_SECONDS", 0.2)
    assert hrsnn(["study", "tiny.toml", "--build", "none", "--dask", "tcp://127.0.0.1:9"]) == 4
    assert "must answer at tcp://127.0.0.1:9" in capsys.readouterr().err


def command(*more):
    """Start a study in a program of its own."""
    argv = [sys.executable, "-m", "hrsnn_edge", "study", "tiny.toml", "--build", "none", *more]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_killed_and_twice_at_once(folder):
    """kill -9 in the middle, then two at once on one store: the same table as in peace."""
    first = command()
    for line in first.stderr:
        if "networks 1/" in line:
            break
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    both = [command("-o", name) for name in ("a", "b")]
    for program in both:
        _, err = program.communicate(timeout=600)
        assert program.returncode == 0, err
    rows = [json.loads(Path(name, "study.json").read_text())["rows"] for name in ("a", "b")]
    peace = Store(folder / "other")
    plan = load_study(Path("tiny.toml"))
    want = run_study(plan, peace, folder, silent, "none")
    for row in (*rows[0], *rows[1], *want):
        row["network"] = Path(row["network"]).parent.name
    assert rows[0] == rows[1] == json.loads(json.dumps(want))


@pytest.mark.slow
def test_on_a_cluster(folder):
    """The address of a Dask scheduler sends the same jobs there, with the same figures."""
    distributed = pytest.importorskip("distributed")
    plan, store = load_study(Path("tiny.toml")), Store(folder / "store")
    with distributed.LocalCluster(
        n_workers=1, processes=False, dashboard_address=None, protocol="tcp"
    ) as cluster:
        there = plan.with_settings({"dask": cluster.scheduler_address})
        rows = run_study(there, store, folder, silent, "none")
    assert rows == run_study(plan, store, folder, silent, "none")


@pytest.mark.slow
@pytest.mark.tools
def test_the_front_is_built(folder, capsys):
    """Points of the front are placed and routed; their figures stand beside the estimates."""
    Path("tiny.toml").write_text(STUDY.replace("[0.0, 0.5]", "[0.5]").replace("[3, 6]", "[3]"))
    assert hrsnn(["study", "tiny.toml", "--json", "-q"]) == 0
    row = json.loads(capsys.readouterr().out)["rows"][0]
    assert row["build"] == "timing met" and row["fmax_mhz"] >= 30
    assert row["real_block_ram"] == row["block_ram"]
    assert abs(row["real_logic"] - row["logic"]) < 0.15 * row["logic"]
