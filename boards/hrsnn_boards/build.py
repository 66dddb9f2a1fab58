"""From a network to a bitstream: Amaranth's platform plans, the tools run, one folder comes out."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from amaranth.build.run import BuildPlan
from amaranth.hdl import Elaboratable, Module
from amaranth.lib import io, wiring
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.flash_image import flash_image
from hrsnn_rtl.generate import SYNTH_PREPARE
from hrsnn_rtl.image import MemoryImage
from hrsnn_rtl.placer import place
from hrsnn_rtl.plastic_image import core_images
from hrsnn_rtl.top import Top

from hrsnn_boards.board import Board
from hrsnn_boards.boards import BOARDS
from hrsnn_boards.estimate import DEFAULT_STEPS, choose_lanes, estimate
from hrsnn_boards.resources import configure
from hrsnn_boards.result import (
    BuildResult,
    FlashFile,
    find_shortage,
    load_report,
    read_fmax_mhz,
    read_utilisation,
)
from hrsnn_edge import tools
from hrsnn_edge.errors import CapacityError, ToolFailedError
from hrsnn_edge.network import IntNetwork

#: Base name of all files of a build.
NAME = "top"
REPORT = f"{NAME}.report.json"
RESULT = "build.json"
#: The network, for the flash of a board that loads it from there.
MODEL = "model.bin"


class BoardTop(Elaboratable):
    """A component with `rx` and `tx` on the pins of a board's UART, under the board's clock.

    If it has `flash`, that goes to the board's flash.
    """

    def __init__(self, component: wiring.Component, board: Board):
        self._component, self._board = component, board

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        self._board.add_clock(m, platform)
        m.submodules.system = self._component
        uart = platform.request("uart", 0, dir="-")
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.Buffer("o", uart.tx)
        m.d.comb += [self._component.rx.eq(rx.i), tx.o.eq(self._component.tx)]
        if hasattr(self._component, "flash"):
            self._add_flash(m, platform.request("spi_flash_1x", 0, dir="-"))
        return m

    def _add_flash(self, m: Module, port) -> None:
        """Connect the component with the pins of the flash; write protect and hold stay off."""
        pins = self._component.flash
        outputs = {"cs": ~pins.cs_n, "clk": pins.sck, "copi": pins.copi, "wp": 0, "hold": 0}
        for name, level in outputs.items():
            m.submodules[f"flash_{name}"] = pin = io.Buffer("o", getattr(port, name))
            m.d.comb += pin.o.eq(level)
        m.submodules.flash_cipo = cipo = io.Buffer("i", port.cipo)
        m.d.comb += pins.cipo.eq(cipo.i)


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
        nextpnr_opts=f"--seed {seed} --report {REPORT} --timing-allow-fail {board.nextpnr_opts}",
    )


def commands_of(plan: BuildPlan) -> list[tuple[tools.Tool, list[str]]]:
    """Return the tool and the arguments of each command of a plan, in order."""
    lines = json.loads(plan.files[f"{plan.script}.json"])["commands"]
    return [(tools.require(name), args) for name, *args in map(_present, lines)]


def _present(line: list[str]) -> list[str]:
    """Return a command as today's tools take it: Amaranth calls a retired one for Gowin parts."""
    if line[0] != "nextpnr-gowin":
        return line
    new = {"--family": "family", "--cst": "cst"}
    args, rest = ["nextpnr-himbaechel-gowin"], iter(line[1:])
    for arg in rest:
        args += ["--vopt", f"{new[arg]}={next(rest)}"] if arg in new else [arg]
    return args


def inputs_sha256(plan: BuildPlan, model: bytes = b"") -> str:
    """Return the hash of all that a build follows from: files, options, tools, a flash's model."""
    parts = [plan.digest().hex(), hashlib.sha256(model).hexdigest()]
    parts += [f"{tool.name} {tool.version} {shlex.join(args)}" for tool, args in commands_of(plan)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _finished(folder: Path, inputs: str) -> BuildResult | None:
    """Return the result that lies in a folder if it is of the same inputs and unharmed."""
    try:
        result = BuildResult.from_json((folder / RESULT).read_text())
        result.check_files(folder)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return result if result.inputs_sha256 == inputs else None


def build_component(
    component: wiring.Component,
    board: Board,
    out_dir: Path,
    *,
    lanes: int,
    seed: int = 1,
    estimated: Mapping[str, int] = MappingProxyType({}),
    model: bytes = b"",
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
    lanes, estimated
        For the record, see `BuildResult`.
    seed : int
        Seed of the placer; the same seed gives the same bytes.
    model : bytes
        What goes into the board's flash, beside the bitstream; the board must have a place there.

    Raises
    ------
    ToolMissingError, ToolFailedError
        A tool is not there, or ran and failed. Its logs stay in ``<out_dir>.part``.
    CapacityError
        The part has too little of something.
    """
    plan = plan_build(component, board, seed)
    inputs = inputs_sha256(plan, model)
    done = _finished(out_dir, inputs)
    if done is not None:
        return done
    if out_dir.exists() and any(out_dir.iterdir()) and not (out_dir / RESULT).exists():
        raise ValueError(f"{out_dir} must be a build's folder or empty, not one of other files")
    work = out_dir.with_name(f"{out_dir.name}.part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    plan.extract(work)
    seconds = _run(plan, board, work)
    report = load_report(work / REPORT)
    fmax_mhz = read_fmax_mhz(report)
    bitstream = f"{NAME}{board.bitstream_suffix}"
    if model:
        (work / MODEL).write_bytes(model)
    result = BuildResult(
        board=board.name,
        part=board.part,
        lanes=lanes,
        fits=True,
        clock_mhz=board.clock_hz / 1e6,
        fmax_mhz=round(fmax_mhz, 2),
        timing_met=fmax_mhz * 1e6 >= board.clock_hz,
        utilisation=read_utilisation(report),
        estimated=dict(estimated),
        seed=seed,
        bitstream=bitstream,
        sha256=hashlib.sha256((work / bitstream).read_bytes()).hexdigest(),
        inputs_sha256=inputs,
        tools={tool.name: tool.version or "unknown" for tool, _ in commands_of(plan)},
        seconds=seconds,
        model=_model_file(board, model, (work / bitstream).stat().st_size) if model else None,
    )
    with (work / RESULT).open("w") as file:
        file.write(result.to_json())
        file.flush()
        os.fsync(file.fileno())
    shutil.rmtree(out_dir, ignore_errors=True)
    work.rename(out_dir)
    return result


def _model_file(board: Board, model: bytes, bitstream_bytes: int) -> FlashFile:
    """Return what is known of a model in a board's flash, behind the bitstream."""
    if bitstream_bytes > board.flash.address:
        raise ValueError(
            f"Bitstream must be at most {board.flash.address} bytes, where the network lies in the "
            f"flash of {board.title}, not {bitstream_bytes}"
        )
    return FlashFile(MODEL, board.flash.address, hashlib.sha256(model).hexdigest())


def _run(plan: BuildPlan, board: Board, work: Path) -> dict[str, float]:
    """Run the commands of a plan and return what each took [s]."""
    seconds = {}
    for tool, args in commands_of(plan):
        start = time.monotonic()
        log = work / f"{tool.name}.log"
        try:
            tools.run_tool([*tool.command, *args], cwd=work, log=log)
        except ToolFailedError as error:
            shortage = find_shortage(log.read_text(errors="replace"))
            if shortage is None:
                raise
            raise CapacityError(
                f"The design must fit {board.title}: {shortage}. Prune the network, or take "
                "another board or fewer lanes."
            ) from error
        seconds[tool.name] = round(time.monotonic() - start, 1)
    return seconds


def build(
    net: IntNetwork,
    board: Board,
    out_dir: Path,
    *,
    n_steps: int = DEFAULT_STEPS,
    lanes: int | None = None,
    seed: int = 1,
    **options,
) -> BuildResult:
    """Build a network for a board, after checking that it fits.

    Where the board's part allows it the bitstream holds the network. Otherwise it holds a core that
    loads the network from the board's flash, for which there is a file beside it. Another network
    can be loaded over the link. The result says whether timing is met.

    Parameters
    ----------
    net : IntNetwork
        The network.
    board : Board
        The board.
    out_dir : Path
        Folder for the bitstream, ``build.json``, and the tools' logs and reports.
    n_steps : int
        Longest run, which sets the width of the readout.
    lanes : int, optional
        Lanes of the core; by default the fewest that fit.
    seed : int
        Seed of the placer; the same seed gives the same bytes.
    **options
        Other fields of the core, as of `CoreConfig.for_network`; with `stdp` it learns.

    Raises
    ------
    CapacityError
        The network does not fit; says what would make it fit. Raised before synthesis where the
        estimate can tell.
    ToolMissingError, ToolFailedError
        A tool is not there, or ran and failed.
    """
    others = {"n_steps": n_steps, "boards": BOARDS.values()}
    if lanes is None:
        lanes = choose_lanes(net, board, **others, **options)
    expected = estimate(net, board, lanes, **others, **options)
    expected.check()
    placement = place(net, lanes)
    config = configure(net, board, lanes, n_steps, placement=placement, **options)
    images = core_images(net, config, placement, options.get("stdp"))
    return build_component(
        board_top(config, board, images if board.init_in_bitstream else ()),
        board,
        out_dir,
        lanes=lanes,
        seed=seed,
        estimated={name: usage.used for name, usage in expected.utilisation.items()},
        model=flash_image(config, images, net.n_neurons) if board.flash else b"",
    )


def board_top(
    config: CoreConfig,
    board: Board,
    images: Sequence[MemoryImage] = (),
    *,
    vendor_cells: bool = True,
) -> Top:
    """Return the design that a board gets, with what its memories hold at start."""
    return Top(
        config=config,
        images=images,
        uart_divisor=board.uart_divisor,
        flash=board.flash,
        vendor_cells=vendor_cells,
    )


@dataclass(frozen=True)
class BoardAnswer:
    """What became of a network on one of several boards.

    Attributes
    ----------
    board : Board
        The board.
    refusal : str or None
        Why it does not fit.
    result : BuildResult or None
        The build where it does.
    """

    board: Board
    refusal: str | None
    result: BuildResult | None

    @property
    def good(self) -> bool:
        """Whether it does not fit, or meets the board's clock: nothing is left to be done."""
        return self.result is None or self.result.timing_met


def build_each(
    net: IntNetwork, boards: Iterable[Board], out_dir: Path, **options
) -> Iterator[BoardAnswer]:
    """Build a network for several boards, each in a folder of its own below `out_dir`.

    A board that it does not fit is answered with the reason; `options` are those of `build`.
    """
    for board in boards:
        try:
            result = build(net, board, out_dir / board.name, **options)
        except CapacityError as error:
            yield BoardAnswer(board, str(error), None)
        else:
            yield BoardAnswer(board, None, result)
