"""From a design to a bitstream: Amaranth's platform plans, our tools run, one folder comes out."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import time
from pathlib import Path

from amaranth.build.run import BuildPlan
from amaranth.hdl import Elaboratable, Module
from amaranth.lib import wiring
from hrsnn_rtl.generate import SYNTH_PREPARE

from hrsnn_boards.board import Board
from hrsnn_boards.result import (
    BuildResult,
    load_report,
    read_fmax_mhz,
    read_utilisation,
)
from hrsnn_edge import tools

#: Base name of all files of a build.
NAME = "top"
REPORT = f"{NAME}.report.json"
RESULT = "build.json"


class BoardTop(Elaboratable):
    """A component with `rx` and `tx` on the pins of a board's UART, under the board's clock."""

    def __init__(self, component: wiring.Component, board: Board):
        self._component, self._board = component, board

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        m.submodules.clocking = self._board.clocking()
        m.submodules.system = self._component
        uart = platform.request("uart", 0)
        m.d.comb += [self._component.rx.eq(uart.rx.i), uart.tx.o.eq(self._component.tx)]
        return m


def plan_build(component: wiring.Component, board: Board, seed: int) -> BuildPlan:
    """Return the files and commands of a build; the same arguments give the same bytes."""
    return board.platform().prepare(
        BoardTop(component, board),
        NAME,
        # Source positions would carry this machine's paths into the design.
        emit_src=False,
        debug_verilog=False,
        script_after_read=SYNTH_PREPARE + board.synth_prepare,
        synth_opts=board.synth_opts,
        nextpnr_opts=f"--seed {seed} --report {REPORT} --timing-allow-fail",
    )


def _commands(plan: BuildPlan) -> list[tuple[tools.Tool, list[str]]]:
    """Return the tool and the arguments of each command of a plan, in order."""
    lines = json.loads(plan.files[f"{plan.script}.json"])["commands"]
    return [(tools.require(line[0]), line[1:]) for line in lines]


def _inputs_sha256(plan: BuildPlan, commands) -> str:
    parts = [plan.digest().hex()]
    parts += [f"{tool.name} {tool.version} {shlex.join(args)}" for tool, args in commands]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _finished(folder: Path, inputs_sha256: str) -> BuildResult | None:
    """Return the result that lies in a folder if it is of the same inputs and unharmed."""
    try:
        result = BuildResult.from_json((folder / RESULT).read_text())
        data = (folder / result.bitstream).read_bytes()
    except (OSError, ValueError, TypeError, KeyError):
        return None
    same = result.inputs_sha256 == inputs_sha256
    return result if same and hashlib.sha256(data).hexdigest() == result.sha256 else None


def build_component(
    component: wiring.Component, board: Board, out_dir: Path, *, lanes: int, seed: int = 1
) -> BuildResult:
    """Build a component for a board.

    Everything is made in a folder aside, which takes the place of `out_dir` when it is complete; a
    build of the same inputs that is there already is returned at once.

    Parameters
    ----------
    component : wiring.Component
        A design with ports `rx` and `tx`, in the domain ``sync``.
    board : Board
        The board.
    out_dir : Path
        Folder for the bitstream, ``build.json``, and the tools' logs and reports.
    lanes : int
        Lanes of the core, for the record.
    seed : int
        Seed of the placer; the same seed gives the same bytes.

    Raises
    ------
    ToolMissingError, ToolFailedError
        A tool is not there, or ran and failed.
    """
    plan = plan_build(component, board, seed)
    commands = _commands(plan)
    inputs_sha256 = _inputs_sha256(plan, commands)
    done = _finished(out_dir, inputs_sha256)
    if done is not None:
        return done
    # Kept when a tool fails, for its logs; the next build begins anew.
    work = out_dir.with_name(f"{out_dir.name}.part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    plan.extract(work)
    seconds = {}
    for tool, args in commands:
        start = time.monotonic()
        tools.run_tool([*tool.command, *args], cwd=work, log=work / f"{tool.name}.log")
        seconds[tool.name] = round(time.monotonic() - start, 1)
    report = load_report(work / REPORT)
    fmax_mhz = read_fmax_mhz(report)
    bitstream = f"{NAME}{board.bitstream_suffix}"
    result = BuildResult(
        board=board.name,
        part=board.part,
        lanes=lanes,
        fits=True,
        clock_mhz=board.clock_hz / 1e6,
        fmax_mhz=round(fmax_mhz, 2),
        timing_met=fmax_mhz * 1e6 >= board.clock_hz,
        utilisation=read_utilisation(report),
        seed=seed,
        bitstream=bitstream,
        sha256=hashlib.sha256((work / bitstream).read_bytes()).hexdigest(),
        inputs_sha256=inputs_sha256,
        tools={tool.name: tool.version or "unknown" for tool, _ in commands},
        seconds=seconds,
    )
    with (work / RESULT).open("w") as file:
        file.write(result.to_json())
        file.flush()
        os.fsync(file.fileno())
    shutil.rmtree(out_dir, ignore_errors=True)
    work.rename(out_dir)
    return result
