"""Synthesis, place and route of a component alone on a part, to measure it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from amaranth.lib import wiring
from hrsnn_rtl.generate import SYNTH_PREPARE, emit_rtlil

from hrsnn_boards.result import find_shortage, load_report, read_fmax_mhz
from hrsnn_edge import tools
from hrsnn_edge.errors import CapacityError, ToolFailedError

#: Where measurements are kept, by the hash of what they follow from.
WORK = Path("build/bench-hardware")
REPORT = "report.json"
#: Characters of a cell's name that say where it comes from; what follows names its neighbours.
NAME_LENGTH = 60


@dataclass(frozen=True)
class Part:
    """A device of a family, and how the open tools are told.

    Attributes
    ----------
    name, title : str
        Ours, and as the vendor prints it.
    prepare : str
        Yosys lines before synthesis.
    synthesis : str
        Yosys command of the family.
    place : tuple of str
        Place and route: its name in `tools.NEEDS`, and the options that choose the part.
    logic, registers, block_ram, multiplier : str
        nextpnr's names of a LUT, a flip-flop, a block RAM and a multiplier.
    pins : tuple of str
        Pins for the ports, where the router takes none by itself; the first for the clock.
    """

    name: str
    title: str
    synthesis: str
    place: tuple[str, ...]
    logic: str
    registers: str
    block_ram: str
    multiplier: str
    prepare: str = ""
    pins: tuple[str, ...] = ()


PARTS = MappingProxyType(
    {
        part.name: part
        for part in (
            Part(
                "ecp5-85f",
                "LFE5U-85F CABGA381, speed 6",
                "synth_ecp5",
                ("nextpnr-ecp5", "--85k", "--package", "CABGA381", "--speed", "6"),
                "TRELLIS_COMB",
                "TRELLIS_FF",
                "DP16KD",
                "MULT18X18D",
            ),
            Part(
                "up5k",
                "iCE40UP5K SG48",
                "synth_ice40 -dsp",
                ("nextpnr-ice40", "--up5k", "--package", "sg48"),
                "ICESTORM_LC",
                "ICESTORM_LC",
                "ICESTORM_RAM",
                "ICESTORM_DSP",
                # There is no distributed RAM: small memories choose between blocks and registers.
                "setattr -unset ram_style a:ram_style=distributed\n",
            ),
            Part(
                "gw1nr-9c",
                "GW1NR-LV9QN88PC6/I5",
                "synth_gowin",
                (
                    "nextpnr-himbaechel-gowin",
                    *("--device", "GW1NR-LV9QN88PC6/I5", "--vopt", "family=GW1N-9C"),
                ),
                "LUT4",
                "DFF",
                "BSRAM",
                "MULT18X18",
                pins=("52", "10", "11", "13", "14"),
            ),
            Part(
                "gw2ar-18c",
                "GW2AR-LV18QN88C8/I7",
                "synth_gowin",
                (
                    "nextpnr-himbaechel-gowin",
                    *("--device", "GW2AR-LV18QN88C8/I7", "--vopt", "family=GW2A-18C"),
                ),
                "LUT4",
                "DFF",
                "BSRAM",
                "MULT18X18",
                pins=("4", "15", "16", "17", "18"),
            ),
        )
    }
)


@dataclass(frozen=True)
class Placed:
    """A placed and routed component.

    Attributes
    ----------
    fmax_mhz : float
        Fastest clock that nextpnr's analysis allows.
    used : mapping of str to int
        By nextpnr's name of the resource.
    critical_path : tuple of str
        The longest path from register to register: kind of each part, its delay [ns] and where.
    """

    fmax_mhz: float
    used: Mapping[str, int]
    critical_path: tuple[str, ...]


def place(
    component: wiring.Component, part: Part, freq_mhz: float, *, seed: int = 1, work: Path = WORK
) -> Placed:
    """Synthesise, place and route a component; a result that is there already is read again.

    Parameters
    ----------
    component : wiring.Component
        A design in the domain ``sync``, with no more ports than the part has pins.
    part : Part
        The part.
    freq_mhz : float
        What place and route is asked for; it stops trying when it has that.
    seed : int
        Seed of the placer.
    work : Path
        Folder of all results.

    Raises
    ------
    ToolMissingError, ToolFailedError
        A tool is not there, or ran and failed.
    CapacityError
        The part has too little of something.
    """
    design = emit_rtlil(component, "top")
    script = (
        f"read_rtlil top.il\n{SYNTH_PREPARE}{part.prepare}{part.synthesis} -top top -json top.json"
    )
    synthesis, router = tools.require("yosys"), tools.require(part.place[0])
    options = [*part.place[1:], "--json", "top.json", "--report", REPORT]
    options += ["--seed", str(seed), "--freq", f"{freq_mhz:g}", "--timing-allow-fail"]
    constraints = ""
    if part.pins:
        ports = ["clk", *component.signature.members]
        constraints = "".join(
            f'IO_LOC "{port}" {pin};\n' for port, pin in zip(ports, part.pins, strict=False)
        )
        options += ["--vopt", "cst=top.cst"]
    versions = f"{synthesis.version} {router.version}"
    key = "\n".join((design, script, constraints, *part.place, *options, versions))
    folder = work / hashlib.sha256(key.encode()).hexdigest()[:20]
    if not (folder / REPORT).exists():
        aside = folder.with_suffix(".part")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        (aside / "top.il").write_text(design)
        (aside / "top.ys").write_text(script + "\n")
        (aside / "top.cst").write_text(constraints)
        tools.run_tool(
            [*synthesis.command, "-q", "-l", "yosys.log", "top.ys"], cwd=aside, log=aside / "out"
        )
        try:
            tools.run_tool([*router.command, *options], cwd=aside, log=aside / "nextpnr.log")
        except ToolFailedError as error:
            log = (aside / "nextpnr.log").read_text(errors="replace")
            shortage = find_shortage(log)
            if shortage is None:
                raise
            raise CapacityError(f"The design must fit {part.title}: {shortage}.") from error
        for name in ("top.il", "top.json"):
            (aside / name).unlink()
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    return read_placed(load_report(folder / REPORT))


def read_placed(report: Mapping) -> Placed:
    """Return what nextpnr's report says of a design with one clock."""
    return Placed(
        read_fmax_mhz(report),
        {name: row["used"] for name, row in report["utilization"].items() if row["used"]},
        critical_path(report),
    )


def critical_path(report: Mapping) -> tuple[str, ...]:
    """Return the parts of the longest path between two registers, in order, carries left out."""
    inner = [
        path["path"]
        for path in report.get("critical_paths", ())
        if all(path[end].partition(" ")[0] in ("posedge", "negedge") for end in ("from", "to"))
    ]
    longest = max(inner, key=lambda path: sum(part["delay"] for part in path), default=())
    return tuple(
        f"{part['type']} {part['delay']:.2f} {end['cell'][:NAME_LENGTH]}.{end['port']}"
        for part in longest
        if "CARRY" not in (end := part["to"])["cell"]
    )
