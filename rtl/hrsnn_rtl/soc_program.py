"""The program of the system on chip: ``firmware/`` compiled and linked into words of its RAM."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from hrsnn_edge.embedded import OPTIONS, TARGETS, section_sizes
from hrsnn_edge.errors import CapacityError, ToolFailedError, ToolMissingError
from hrsnn_edge.tools import tool_environment
from hrsnn_rtl.soc import RAM_WORDS

FIRMWARE = Path(__file__).parents[2] / "firmware"
#: What the program is made of; the linker leaves out what is not called.
SOURCES = (
    *("soc/crt0.S", "soc/main.c", "soc/message.c", "soc/console.c"),
    *("src/hrsnn.c", "src/hrsnn_bus.c"),
)
#: Compiler for RISC-V as distributions call it.
GCC = "riscv64-unknown-elf-gcc"
#: Options of that one for the same instructions.
_GCC_TARGET = ("-march=rv32i", "-mabi=ilp32", "-lgcc")
_BUILD = (
    *("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-Iinclude", "-Isrc", "-Isoc"),
    *("-ffunction-sections", "-fdata-sections", "-nostdlib", "-Wl,--gc-sections"),
    "-Wl,-T,soc/soc.ld",
)
#: Bytes that the stack may need, more than ``firmware/sizes.csv`` says.
STACK_BYTES = 2048


@dataclass(frozen=True)
class Program:
    """A linked program.

    Attributes
    ----------
    words : tuple of int
        What the RAM begins with.
    code_bytes, data_bytes : int
        Code with constants, and variables.
    """

    words: tuple[int, ...]
    code_bytes: int
    data_bytes: int


def has_gcc() -> bool:
    """Tell whether gcc for RISC-V is installed."""
    return shutil.which(GCC) is not None


@cache
def build_program(ram_words: int = RAM_WORDS, *, gcc: bool = False) -> Program:
    """Compile and link the program.

    Parameters
    ----------
    ram_words : int
        Words of the RAM; the stack grows down from its end.
    gcc : bool
        Take gcc in place of clang from the Python package ziglang.

    Raises
    ------
    ToolMissingError
        The compiler is not installed, or the project's folder ``firmware`` is not there.
    ToolFailedError
        The compiler refused the program.
    CapacityError
        Program, variables and stack need more than the RAM.
    """
    if not FIRMWARE.is_dir():
        raise ToolMissingError(
            f"{FIRMWARE} must be the project's firmware, not missing. Work in a checkout."
        )
    if gcc:
        compiler, options, objcopy = [GCC], _GCC_TARGET, [GCC.replace("gcc", "objcopy")]
        present = has_gcc()
    else:
        zig = [sys.executable, "-m", "ziglang"]
        compiler, options, objcopy = [*zig, "cc"], TARGETS["rv32i"], [*zig, "objcopy"]
        present = find_spec("ziglang") is not None
    if not present:
        raise ToolMissingError(
            "A compiler for RISC-V must be installed. pip install '.[hardware]' supplies ziglang."
        )
    with tempfile.TemporaryDirectory() as folder:
        elf, image = Path(folder) / "soc.elf", Path(folder) / "soc.bin"
        ram = f"-DSOC_RAM_BYTES={4 * ram_words}"
        shared = [option for option in OPTIONS if not gcc or option.startswith(("-O", "-ff"))]
        _run([*compiler, *shared, *_BUILD, ram, *SOURCES, *options, "-o", str(elf)])
        _run([*objcopy, "-O", "binary", str(elf), str(image)])
        code, data = section_sizes(elf.read_bytes())
        content = image.read_bytes()
    if code + data + STACK_BYTES > 4 * ram_words:
        raise CapacityError(
            f"Program of {code} bytes, variables of {data} and a stack of {STACK_BYTES} must fit "
            f"{4 * ram_words} bytes of RAM. Take more."
        )
    content += bytes(-len(content) % 4)
    return Program(struct.unpack(f"<{len(content) // 4}I", content), code, data)


def _run(command: list[str]) -> None:
    """Run a compiler in the firmware's folder."""
    done = subprocess.run(
        command, cwd=FIRMWARE, env=tool_environment(), capture_output=True, text=True
    )
    if done.returncode:
        raise ToolFailedError(f"{command[0]} must make the firmware: {done.stderr[-800:]}")
