"""`hrsnn import` and `hrsnn export` on files."""

import json
import sys
from pathlib import Path

import nir
import numpy as np
import onnxruntime as ort
import pytest

from hrsnn_edge.artifact.io import read_artifact, read_float
from hrsnn_edge.cli import execute
from hrsnn_edge.cli.context import read_events
from hrsnn_edge.reference.network import run as run_reference
from tests.interchange.graphs import DT, random_graph
from tests.interchange.onnx_files import perceptron

EXPERIMENT = """
name = "small"
[data]
name = "digits"
n_steps = 24
[model.network]
n_neurons = 8
[tune]
evaluations = 0
[quantise]
weight_width = 8
decay_width = 12
train_integer = false
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a NIR file, events for it, an ONNX network and an experiment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HRSNN_STORE", str(tmp_path / "store"))
    graph, raster = random_graph(9, "spikes")
    nir.write("net.nir", graph)
    np.save("events.npy", np.stack([raster, raster[::-1]]))
    rng = np.random.default_rng(0)
    net = perceptron(
        [rng.normal(0, 0.2, (64, 12)), rng.normal(size=(12, 10))], [np.zeros(12), np.zeros(10)]
    )
    Path("ann.onnx").write_bytes(net.SerializeToString())
    Path("small.toml").write_text(EXPERIMENT)
    return tmp_path


def call(capsys, *argv):
    """Run a verb that must succeed and return its JSON object."""
    assert execute([*argv, "--json", "-q"]) == 0, argv
    return json.loads(capsys.readouterr().out)


def test_nir_to_every_format(folder, capsys):
    """NIR in, quantise with events of one's own, NIR, ONNX and C out; ONNX gives our spikes."""
    found = call(capsys, "import", "net.nir", "--dt", str(DT), "-o", "float.hrsnn")
    assert found["neurons"] == read_float(Path("float.hrsnn")).network.n_neurons
    assert {"node", "parameter", "greatest", "exact"} <= set(found["changes"][0])
    assert sum(p["size"] for p in found["populations"].values()) <= found["neurons"]
    call(capsys, "quantise", "float.hrsnn", "--calibration", "events.npy", "-o", "net.hrsnn")
    net = read_artifact(Path("net.hrsnn")).network

    assert call(capsys, "export", "onnx", "net.hrsnn", "-o", "out.onnx")["opset"] == 17
    raster = np.random.default_rng(1).random((30, net.n_inputs)) < 0.5
    spikes = ort.InferenceSession("out.onnx").run(["spikes"], {"events": raster[None]})[0]
    assert np.array_equal(spikes[0], run_reference(net, raster).spikes)

    call(capsys, "export", "nir", "net.hrsnn", "-o", "out.nir")
    again = call(capsys, "import", "out.nir", "-o", "again.hrsnn")
    assert again["neurons"] == net.n_neurons
    files = call(capsys, "export", "c", "net.hrsnn", "-o", "tiny.c")["files"]
    assert all(Path(name).exists() for name in files)
    beside = json.loads(Path("out.onnx.json").read_text())
    assert list(beside["inputs"]) == ["net.hrsnn"]


@pytest.mark.tools
def test_the_core_runs_own_events(folder, capsys):
    """A network without an experiment is co-simulated on the events of a file."""
    call(capsys, "import", "net.nir", "--dt", str(DT), "-o", "float.hrsnn")
    call(capsys, "quantise", "float.hrsnn", "--calibration", "events.npy", "-o", "net.hrsnn")
    # With the steps that the import's drive adds.
    steps = int(read_events(Path("events.npy"), read_artifact(Path("net.hrsnn"))).n_steps[0])
    found = call(capsys, "verify", "net.hrsnn", "--events", "events.npy", "--samples", "1")
    assert (found["steps"], found["mismatches"]) == (steps, 0)
    found = call(capsys, "cosim", "net.hrsnn", "--events", "events.npy", "-o", "verdict.json")
    assert (found["steps"], found["mismatches"]) == (2 * steps, 0)


def test_onnx_network_to_integers(folder, capsys):
    """A rectified network becomes a spiking one with an experiment's data, then an artifact."""
    found = call(capsys, "import", "ann.onnx", "--experiment", "small.toml", "-o", "float.hrsnn")
    assert found["neurons"] == 12
    assert set(found["accuracy"]) == {"origin", "spiking"}
    quantised = call(capsys, "quantise", "float.hrsnn", "-o", "net.hrsnn")
    assert 0 <= quantised["test_accuracy"] <= 1
    simulated = call(capsys, "simulate", "net.hrsnn", "--samples", "10")
    assert simulated["engine"]["mismatches"] == 0
    assert simulated["neurobench"]["effective_acs"] > 0


def test_onnx_readout_on_a_network_of_ours(folder, capsys):
    """A perceptron from ONNX takes the place of a network's readout."""
    call(capsys, "import", "net.nir", "--dt", str(DT), "-o", "float.hrsnn")
    n = read_float(Path("float.hrsnn")).network.n_neurons
    net = perceptron([np.ones((2 * n, 3)), np.ones((3, 4))], [np.zeros(3), np.zeros(4)])
    Path("mlp.onnx").write_bytes(net.SerializeToString())
    found = call(capsys, "import", "mlp.onnx", "--readout-of", "float.hrsnn", "-o", "with.hrsnn")
    assert (found["readout"], found["bins"], found["outputs"]) == ("mlp", 2, 4)
    artifact = read_float(Path("with.hrsnn"))
    assert len(artifact.classes) == artifact.network.readout.n_out == 4


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["import", "net.nir"], "net.nir: dt must be given"),
        (["import", "net.nir", "--dt", "0"], "dt must be above 0, not 0.0"),
        (["import", "net.nir", "--dt", "0.001", "--method", "x"], "Method must be one of exact"),
        (
            ["import", "net.nir", "--dt", "0.001", "--reset", "soft"],
            "Reset must be one of hard, sub",
        ),
        (["import", "ann.onnx"], "calibration data must be given, to set thresholds"),
        (
            ["import", "ann.onnx", "--experiment", "small.toml", "--reset", "subtract-delayed"],
            "Reset must be one of hard, subtract, not 'subtract-delayed'",
        ),
        (["import", "small.toml"], "must be a NIR file (HDF5) or a file named .onnx"),
        (["export", "onnx", "small.toml"], "not a network of hrsnn"),
    ],
)
def test_wrong_input_says_so_and_leaves_what_was_there(folder, capsys, argv, words):
    """Exit code 1, one clear sentence, and the old output as it was."""
    Path("old.hrsnn").write_bytes(b"old")
    assert execute([*argv, "-o", "old.hrsnn", "-q"]) == 1
    error = " ".join(capsys.readouterr().err.split())
    assert words in error
    assert Path("old.hrsnn").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("package", "argv"),
    [("nir", ["import", "net.nir", "--dt", "0.001"]), ("onnx", ["import", "ann.onnx"])],
)
def test_a_missing_package_is_exit_code_3(folder, capsys, monkeypatch, package, argv):
    """Without the extra the package is named, with what supplies it."""
    monkeypatch.setitem(sys.modules, package, None)
    assert execute([*argv, "-q"]) == 3
    error = capsys.readouterr().err
    assert f"Package {package} must be installed" in error
    assert "pip install '.[interchange]'" in error


def test_calibration_must_be_an_array_of_events(folder, capsys):
    """A file of something else, or of another number of channels, is named."""
    assert execute(["import", "net.nir", "--dt", str(DT), "-o", "float.hrsnn", "-q"]) == 0
    base = ["quantise", "float.hrsnn", "-q", "--calibration"]
    assert execute([*base, "small.toml"]) == 1
    assert "small.toml: must be an array of events" in capsys.readouterr().err
    np.save("flat.npy", np.zeros((3, 4)))
    assert execute([*base, "flat.npy"]) == 1
    assert "must be (samples, steps, channels), not (3, 4)" in capsys.readouterr().err
    np.save("wide.npy", np.zeros((1, 5, 99)))
    assert execute([*base, "wide.npy"]) == 1
    assert "channels like the imported network's inputs, not 99" in capsys.readouterr().err
