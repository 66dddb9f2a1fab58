import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hrsnn_edge.cli import execute, main
from tests.experiments import PRUNED, small_experiment

SMALL = small_experiment(PRUNED)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a small experiment, in which verbs run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HRSNN_STORE", str(tmp_path / "store"))
    Path("small.toml").write_text(SMALL)
    return tmp_path


def chain(capsys) -> dict[str, dict]:
    """Run the numerical verbs one after the other and return what each printed."""
    lines = {
        "encode": ["encode", "small.toml", "-o", "data.npz"],
        "train": ["train", "small.toml", "-o", "float.hrsnn"],
        "prune": ["prune", "float.hrsnn", "-o", "pruned.hrsnn"],
        "quantise": ["quantise", "pruned.hrsnn", "-o", "net.hrsnn"],
        "simulate": ["simulate", "net.hrsnn", "-o", "sim.json", "--samples", "20"],
    }
    found = {}
    for name, argv in lines.items():
        assert execute([*argv, "--json", "-q"]) == 0, name
        found[name] = json.loads(capsys.readouterr().out)
    return found


def test_the_numerical_verbs_follow_each_other(folder, capsys):
    """encode, train, prune, quantise, simulate: file in, file out, one JSON object each."""
    found = chain(capsys)
    assert found["encode"]["n_inputs"] == 64
    assert found["encode"]["n_train"] + found["encode"]["n_test"] == 1797
    before, after = found["prune"]["synapses"]["rec"]
    assert after == round(before * 0.5)
    assert found["quantise"]["format"]["weight_width"] == 6
    assert found["simulate"]["engine"]["mismatches"] == 0
    assert found["simulate"]["engine"]["steps"] == 4 * 8
    assert sum(map(sum, found["simulate"]["confusion"])) == 20
    beside = json.loads(Path("net.hrsnn.json").read_text())
    assert beside["command"][0] == "hrsnn"
    assert beside["seed"] == 3
    assert list(beside["inputs"]) == ["pruned.hrsnn"]


def test_whole_algorithm_from_the_command_line(folder, capsys):
    """`prune --steps` removes neurons and tunes time constants; quantise and simulate follow."""
    chain(capsys)
    steps = ["--steps", "I,II,III,IV", "--rounds", "3", "--n-min", "10", "--quantile", "0.1"]
    steps += ["--timescale-evaluations", "6", "--added-rule", "low_degree", "--max-fan-out", "20"]
    argv = ["prune", "float.hrsnn", "-o", "pruned.hrsnn", *steps, "--json", "-q"]
    assert execute(argv) == 0
    found = json.loads(capsys.readouterr().out)
    before, after = found["neurons"]
    assert (before, after < 40) == (40, True)
    assert len(found["rounds"]) <= 3
    assert {"n_neurons", "n_synapses", "density", "ipr"} <= set(found["rounds"][0]["graph"])
    assert execute(["quantise", "pruned.hrsnn", "-o", "net.hrsnn", "-q"]) == 0
    capsys.readouterr()
    assert (
        execute(["simulate", "net.hrsnn", "-o", "sim.json", "--samples", "5", "--json", "-q"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["engine"]["mismatches"] == 0
    assert execute(["prune", "float.hrsnn", "--steps", "II"]) == 2
    assert "Steps must include I, not II" in " ".join(capsys.readouterr().err.split())


def test_same_seed_same_bytes(folder, capsys):
    """The same experiment gives the same artifact, byte for byte; another seed another one."""
    chain(capsys)
    first = Path("net.hrsnn").read_bytes()
    chain(capsys)
    assert Path("net.hrsnn").read_bytes() == first
    assert execute(["train", "small.toml", "-o", "other.hrsnn", "--seed", "4", "-q"]) == 0
    assert Path("other.hrsnn").read_bytes() != Path("float.hrsnn").read_bytes()


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["nonsense"], 2, "No such command"),
        (["verify"], 2, "either an artifact or --random"),
        (["verify", "--random", "1", "--lanes", "3"], 2, "1, 2, 4 or 8, not 3"),
        (["verify", "--random", "1", "--sim", "modelsim"], 2, "not 'modelsim'"),
        (["train", "missing.toml"], 1, "missing.toml: no such file"),
        (["simulate", "small.toml"], 1, "not a network of hrsnn"),
        (["prune", "small.toml", "--sparsity", "x"], 2, "a valid number"),
    ],
)
def test_errors_have_their_exit_code(folder, capsys, argv, code, words):
    """Usage is 2, wrong input 1, each with one clear sentence on stderr."""
    assert execute(argv) == code
    error = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert words in error
    assert "Traceback" not in error


def test_wrong_key_is_refused_before_anything_runs(folder, capsys):
    """A misspelt key ends the run at once, with its line and the right spelling."""
    Path("bad.toml").write_text(SMALL + "sparcity = 1\n")
    assert execute(["run", "bad.toml", "--json"]) == 1
    printed = capsys.readouterr()
    assert "bad.toml: line 23: unknown key 'quantise.sparcity'" in printed.err
    assert json.loads(printed.out)["error"]["exit_code"] == 1
    assert not Path("runs").exists()


def test_altered_artifact_is_refused(folder, capsys):
    """One altered byte of the file is enough, and the file named."""
    chain(capsys)
    data = bytearray(Path("net.hrsnn").read_bytes())
    data[len(data) // 2] ^= 1
    Path("bad.hrsnn").write_bytes(data)
    assert execute(["simulate", "bad.hrsnn", "-q"]) == 1
    assert "bad.hrsnn: CRC of '" in capsys.readouterr().err
    Path("cut.hrsnn").write_bytes(data[:100])
    assert execute(["simulate", "cut.hrsnn", "-q"]) == 1
    assert "cut short" in capsys.readouterr().err


def test_failed_verb_leaves_the_old_output(folder, capsys):
    """A run that fails does not touch the file that was there."""
    Path("net.hrsnn").write_bytes(b"old")
    Path("pruned.hrsnn").write_bytes(b"nothing")
    assert execute(["quantise", "pruned.hrsnn", "-o", "net.hrsnn"]) == 1
    assert Path("net.hrsnn").read_bytes() == b"old"


def test_interrupted_run_says_so_and_continues(folder):
    """Ctrl-C is exit code 130; what was finished is found again."""
    text = SMALL.replace("samples = 20", "samples = 4000").replace("n_steps = 8", "n_steps = 64")
    Path("long.toml").write_text(text)
    process = subprocess.Popen(
        [sys.executable, "-m", "hrsnn_edge", "run", "long.toml"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        # A shell that runs the tests in the background makes its children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    seen = []
    deadline = time.monotonic() + 60
    for line in process.stderr:
        seen.append(line)
        if "train" in line or time.monotonic() > deadline:
            break
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 130, "".join(seen) + rest
    assert "a rerun continues" in rest
    names = [p.name for p in (folder / "store").iterdir()]
    assert [n for n in names if n.startswith("encode-")], names
    assert not [n for n in names if n.startswith("train-")], names


def test_missing_tool_is_exit_code_3(folder, capsys, monkeypatch):
    """A tool that is not there is named, with what supplies it."""
    from hrsnn_edge import tools
    from hrsnn_edge.errors import ToolMissingError

    def missing():
        raise ToolMissingError("iverilog must be installed. Debian's package iverilog supplies it.")

    monkeypatch.setattr(tools, "doctor", missing)
    assert execute(["doctor"]) == 3
    assert "package iverilog supplies it" in capsys.readouterr().err


def test_doctor_lists_every_tool(capsys):
    """`hrsnn doctor --json` names every tool with version, state and supplier."""
    assert execute(["doctor", "--json"]) in (0, 3)
    found = json.loads(capsys.readouterr().out)
    names = {tool["name"] for tool in found["tools"]}
    assert {"numba", "amaranth", "cocotb", "yosys", "c++", "iverilog"} <= names
    assert all(tool["supplied_by"] for tool in found["tools"])


def test_help_lists_the_verbs_quickly(capsys):
    """`hrsnn --help` names every verb and imports no station."""
    code = (
        "import sys; from hrsnn_edge.cli import execute; execute(['--help']); "
        "print(sorted({'numba', 'scipy', 'amaranth', 'sklearn', 'numpy'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for verb in ("run", "tune", "train", "prune", "quantise", "verify", "build", "doctor"):
        assert verb in out.stdout
    assert out.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("given", "found"), [({}, "passive"), ({"OMP_WAIT_POLICY": "active"}, "active")]
)
def test_threads_sleep_while_they_wait(monkeypatch, given, found):
    """The command line asks for it before anything is loaded; the user's choice stays."""
    others = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    monkeypatch.setattr(os, "environ", others | given)
    monkeypatch.setattr(sys, "argv", ["hrsnn", "--version"])
    with pytest.raises(SystemExit):
        main()
    assert os.environ["OMP_WAIT_POLICY"] == found
