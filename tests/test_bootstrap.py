"""The set-up of a fresh machine: causes named, steps stamped, interrupted steps done again."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def boot(tmp_path, monkeypatch):
    """The set-up script, working on a folder of its own."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    places = {"ROOT": tmp_path, "VENV": venv, "STATE": venv / "setup", "CACHE": venv / "cache"}
    for name, value in (places | {"PYTHON": venv / "bin" / "python"}).items():
        monkeypatch.setattr(module, name, value)
    (venv / "setup").mkdir(parents=True)
    for name in module.PACKAGE_FILES:
        (tmp_path / name).write_text(name)
    return module


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", "The disk is full"),
        ("Failed to establish a new connection: [Errno -3]", "package index cannot be reached"),
        ("ERROR: No matching distribution found for numba>=0.60", "no version for this Python"),
        ("PermissionError: [Errno 13] Permission denied", "the checkout must be yours"),
    ],
)
def test_causes_are_told_in_one_sentence(boot, log, sentence):
    """What the machine lacks is named instead of the tool's own log."""
    assert sentence in boot.explain("Collecting numpy\n" + log)


def test_unknown_cause_shows_the_log(boot):
    """A step that fails for another reason shows the last lines of its log and where it is."""
    with pytest.raises(boot.SetupError, match=r"step failed \(log: .*step\.log\):\n(.|\n)*odd"):
        boot.run([sys.executable, "-c", "import sys; sys.exit('very odd')"], "step")


def test_python_too_old(boot, monkeypatch):
    """An old Python goes on under a newer one, or says in one sentence what is needed."""
    monkeypatch.setattr(boot.sys, "version_info", (3, 10, 12))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(boot.SetupError, match=r"must be 3\.11 or newer, not 3\.10\. Install one"):
        boot.use_new_enough_python()


def test_venv_missing(boot, monkeypatch):
    """A Python without venv names the package that Debian and Ubuntu put it in."""
    monkeypatch.setattr(boot.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(boot.SetupError, match=r"python3\.\d+-venv"):
        boot.check_machine()


def test_disk_too_small(boot, monkeypatch):
    """Too little space is told before anything is downloaded."""
    monkeypatch.setattr(boot.shutil, "disk_usage", lambda path: SimpleNamespace(free=10**9))
    with pytest.raises(boot.SetupError, match=r"At least 4 GB must be free .* not 1\.0 GB"):
        boot.check_machine()


def record_runs(boot, monkeypatch, fail=False):
    """Replace the running of commands by noting them; the first one may be cut off."""
    runs = []

    def run(command, step, env=None, only_zero=True):
        runs.append([str(word) for word in command])
        if fail:
            raise KeyboardInterrupt

    monkeypatch.setattr(boot, "run", run)
    return runs


def test_packages_are_installed_once(boot, monkeypatch):
    """A second set-up installs nothing until one of the files changes that pin the packages."""
    runs = record_runs(boot, monkeypatch)
    for _ in range(2):
        boot.install_packages()
    assert len(runs) == 1 and "--force-reinstall" not in runs[0]
    (boot.ROOT / "constraints.txt").write_text("numpy==2")
    boot.install_packages()
    assert len(runs) == 2


def test_interrupted_installation_is_done_anew(boot, monkeypatch):
    """After an installation that was cut off every package is laid down again."""
    record_runs(boot, monkeypatch, fail=True)
    with pytest.raises(KeyboardInterrupt):
        boot.install_packages()
    runs = record_runs(boot, monkeypatch)
    boot.install_packages()
    boot.install_packages()
    assert len(runs) == 1 and "--force-reinstall" in runs[0]


def test_compiled_tool_appears_only_when_whole(boot, monkeypatch):
    """A compilation that leaves nothing is an error; a whole one is moved into the cache once."""
    monkeypatch.setattr(boot, "run", lambda *a, **k: (boot.STATE / "tool.log").write_text("broken"))
    with pytest.raises(boot.SetupError, match=r"tool does not run:\nbroken"):
        boot.compile_tool("tool", "package/tool.wasm", "-V")
    calls = []

    def run(command, step, env, only_zero):
        calls.append(command)
        made = Path(env["YOWASP_CACHE_DIR"]) / "package/tool.wasm"
        made.mkdir(parents=True)
        (made / "digest").write_text("machine code")

    monkeypatch.setattr(boot, "run", run)
    for _ in range(2):
        boot.compile_tool("tool", "package/tool.wasm", "-V")
    assert len(calls) == 1
    assert (boot.CACHE / "package/tool.wasm/digest").read_text() == "machine code"


def test_moved_checkout_gets_another_environment(boot, monkeypatch):
    """An environment stamped for another place is removed and made again."""
    (boot.VENV / "lib").mkdir()
    boot.stamp("environment", "another place")
    runs = record_runs(boot, monkeypatch)
    boot.make_environment()
    assert not (boot.VENV / "lib").exists() and runs[0][1:] == ["-m", "venv", str(boot.VENV)]


def test_interrupt_is_told(boot, monkeypatch, capsys):
    """An interrupt ends with code 130 and says that the same command goes on."""

    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(boot, "make_environment", interrupt)
    assert boot.main() == 130
    assert "the same command goes on" in capsys.readouterr().err
