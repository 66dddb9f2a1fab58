"""An iCE40 bitstream turned back into a design: what the part would do, simulated.

The file that is programmed is unpacked, every LUT, flip-flop, wire and block RAM with its contents
becomes Verilog, and that is compiled and driven through the UART's pins by the host's own driver.
DSP and single-port RAM blocks are not known to ``icebox_vlog``, so this is for parts without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from hrsnn_rtl.bursts import model_mark
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import memory_images
from hrsnn_sim.build import build_once
from hrsnn_sim.cxxrtl import Design
from hrsnn_sim.netlist import COMPILE_FLAGS, READ
from hrsnn_sim.pins import CompiledLine, pins_library
from hrsnn_sim.rung import Rung

from hrsnn_boards.boards import find_board
from hrsnn_boards.build import NAME, build
from hrsnn_boards.driver import HrsnnDevice
from hrsnn_boards.link import Link
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import IntFormat, IntNetwork
from hrsnn_edge.reference.network import run as run_reference
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.tools import find_tool, require, run_tool

#: The part whose bitstream is read back: no DSP, no single-port RAM, contents in the bitstream.
BOARD = "ice40-hx8k"
#: Steps and widths of the networks.
N_STEPS, FORMAT = 12, IntFormat(12, 6, 5, 0, 0, 2, 6)
#: In simulation the PLL is a wire: time is counted in its output's cycles.
PLL = """
module SB_PLL40_CORE (
    input REFERENCECLK, EXTFEEDBACK, BYPASS, RESETB, LATCHINPUTVALUE, SDI, SCLK,
    input [7:0] DYNAMICDELAY,
    output PLLOUTCORE, PLLOUTGLOBAL, LOCK, SDO
);
    parameter FEEDBACK_PATH = "", PLLOUT_SELECT = "", DELAY_ADJUSTMENT_MODE_FEEDBACK = "";
    parameter DELAY_ADJUSTMENT_MODE_RELATIVE = "", SHIFTREG_DIV_MODE = 0, FDA_FEEDBACK = 0;
    parameter FDA_RELATIVE = 0, DIVR = 0, DIVF = 0, DIVQ = 0, FILTER_RANGE = 0, TEST_MODE = 0;
    parameter ENABLE_ICEGATE = 0;
    assign PLLOUTCORE = REFERENCECLK, PLLOUTGLOBAL = REFERENCECLK, LOCK = RESETB, SDO = 0;
endmodule
"""


@dataclass(frozen=True, eq=False)
class Sample:
    """A network and one sample for it."""

    net: IntNetwork
    raster: np.ndarray


def sample(seed: int) -> Sample:
    """Return a random network and raster of the sizes that the bitstream is built for."""
    sizes = {"n_neurons": 16, "n_inputs": 8, "n_steps": N_STEPS, "n_out": 3, "n_bins": 2}
    return Sample(*random_network(seed, **sizes, fmt=FORMAT, has_reset=False, density=0.3))


def samples_for(config: CoreConfig, seed: int) -> Iterator[Sample]:
    """Yield random networks that a core holds, from a seed on."""
    for k in count(seed):
        case = sample(k)
        try:
            memory_images(case.net, config)
        except CapacityError:
            continue
        yield case


def readback_design(bitstream: Path, constraints: Path, root: Path) -> Design:
    """Return the design that an iCE40 bitstream holds, with the ports `clk`, `rx` and `tx`.

    Parameters
    ----------
    bitstream, constraints : Path
        The file that is programmed, and the pin constraints it was built with, for names.
    root : Path
        Build folder.

    Raises
    ------
    ToolMissingError, ToolFailedError
        A tool is not there, or failed.
    """
    unpack, to_verilog, yosys = require("iceunpack"), require("icebox_vlog"), require("yosys")
    data, pins = bitstream.read_bytes(), constraints.read_text()
    names = re.findall(r"^set_io (\S+)", pins, re.MULTILINE)
    (clock,), (rx,), (tx,) = ([n for n in names if k in n] for k in ("clk", "rx", "tx"))
    ports = f".{clock}(clk), .{rx}(rx), .{tx}(tx)"
    wrapper = f"module top (input clk, rx, output tx);\n    chip chip ({ports});\nendmodule\n"
    script = "\n".join(
        (
            "read_verilog top.v chip.v",
            f"{READ['ice40']} +/ice40/cells_sim.v",
            "hierarchy -check -top top",
            "proc\nflatten\nopt_expr -mux_undef\nopt_merge\nopt_clean\nwrite_rtlil top.il",
        )
    )

    def make(folder: Path) -> None:
        (folder / "chip.bin").write_bytes(data)
        (folder / "chip.pcf").write_text(pins)
        run_tool([*unpack.command, "chip.bin", "chip.asc"], cwd=folder, log=folder / "unpack.log")
        # The program prints the Verilog, which run_tool keeps like any other output.
        command = [*to_verilog.command, "-s", "-l", "-p", "chip.pcf", "chip.asc"]
        run_tool(command, cwd=folder, log=folder / "chip.v")
        (folder / "top.v").write_text(PLL + wrapper)
        (folder / "top.ys").write_text(script)
        run_tool([*yosys.command, "-q", "-s", "top.ys"], cwd=folder, log=folder / "yosys.log")

    design = build_once(root, "readback", [data, pins, PLL, script], make) / "top.il"
    return Design("top", design.read_text(), flags=COMPILE_FLAGS)


def check_run(device: HrsnnDevice, case: Sample, name: str) -> list[str]:
    """Run a sample on a device; return what differs from the reference."""
    want = run_reference(case.net, case.raster)
    got = device.run(EventBatch.from_rasters([case.raster]), spikes=True)
    wrong = {
        "spikes": not np.array_equal(got.spikes, want.spikes),
        "outputs": got.outputs.tolist() != want.out[-1].tolist(),
        "counts": got.counts != want.total,
    }
    return [f"{name}: {what} must equal the reference's" for what, bad in wrong.items() if bad]


def missing_tool() -> str | None:
    """Return the first tool that is missing to read a bitstream back."""
    names = ("yosys", "nextpnr-ice40", "icepack", "iceunpack", "icebox_vlog", "c++")
    return next((name for name in names if not find_tool(name).good), None)


def bitstream_rung(root: Path, networks: int = 3, seed: int = 6000) -> Rung:
    """Build a bitstream with a network in it, turn it back into a design, and run networks on it.

    The first network is the one that the bitstream holds; the others are loaded over the link.

    Parameters
    ----------
    root : Path
        Build folder.
    networks : int
        How many networks.
    """
    claim = "the bitstream, turned back into a design, equals the reference in every step"
    lacking = missing_tool()
    if lacking:
        return Rung("bitstream", claim, {}, skipped=f"needs {lacking}")
    board, first = find_board(BOARD), sample(seed)
    place = root / "readback" / board.name
    options = {"n_steps": N_STEPS, "lanes": 1, "spike_stream": True}
    build(first.net, board, place, **options)
    bitstream = place / f"{NAME}{board.bitstream_suffix}"
    design = readback_design(bitstream, place / f"{NAME}.pcf", root / "models")
    library = pins_library(design, board.uart_divisor, root / "models")
    line = CompiledLine(library, silence_cycles=40 * board.uart_divisor)
    # The design begins with a wait for the block RAMs.
    line.advance(2000)
    device, failures = HrsnnDevice(line), []
    config = device.identify()
    for k, case in zip(range(networks), samples_for(config, seed), strict=False):
        if k == 0:
            # The host marks what it loads; what the bitstream holds has no mark yet.
            link, images = Link(line), memory_images(case.net, config)
            link.sync()
            link.write("MODEL", [model_mark(images), case.net.n_neurons])
            device.identify()
            device.attach(case.net)
        else:
            device.load(case.net)
        failures += check_run(device, case, f"network {k}")
    covered = {"networks": networks, "steps": networks * N_STEPS}
    return Rung("bitstream", claim, covered, tuple(failures), details={"board": board.title})
