"""C for small processors: the compiler's options, and the sizes of what it makes."""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from hrsnn_edge.errors import ToolFailedError, ToolMissingError
from hrsnn_edge.tools import tool_environment

#: Name of a processor -> options of the compiler.
TARGETS = {
    "rv32i": ["-target", "riscv32-freestanding-none", "-mcpu=generic_rv32-m-a-f-d-c"],
    "cortex-m0plus": ["-target", "thumb-freestanding-eabi", "-mcpu=cortex_m0plus"],
    "cortex-m4": ["-target", "thumb-freestanding-eabi", "-mcpu=cortex_m4"],
}
#: Options for all of them.
OPTIONS = [
    "-Wno-unused-command-line-argument",
    "-Os",
    "-ffreestanding",
    "-fno-sanitize=undefined",
]


def section_sizes(elf: bytes) -> tuple[int, int]:
    """Return the bytes of code with constants, and of variables, of a 32-bit object file."""
    (table,) = struct.unpack_from("<I", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 46)
    code = data = 0
    for k in range(count):
        _, kind, flags, _, _, length = struct.unpack_from("<6I", elf, table + k * size)
        allocated, writable = flags & 2, flags & 1
        if allocated and kind in (1, 8):
            code, data = (code, data + length) if writable else (code + length, data)
    return code, data


def compiled_sizes(files: Mapping[str, str], source: str, target: str) -> tuple[int, int]:
    """Return what one C file comes to on a processor.

    Parameters
    ----------
    files : mapping of str to str
        Text of each file that the compilation needs.
    source : str
        The one to compile.
    target : str
        One of `TARGETS`.

    Returns
    -------
    code_bytes, data_bytes : int
        Code with constant tables, and variables.

    Raises
    ------
    ToolMissingError
        The compiler's package is not installed.
    ToolFailedError
        The compiler refused the file.
    """
    if find_spec("ziglang") is None:
        raise ToolMissingError(
            "Package ziglang must be installed to size code. pip install '.[hardware]' supplies it."
        )
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text)
        options = ["-std=c99", *OPTIONS, *TARGETS[target]]
        command = [sys.executable, "-m", "ziglang", "cc", *options, "-c", source, "-o", "out.o"]
        done = subprocess.run(
            command, cwd=folder, env=tool_environment(), capture_output=True, text=True
        )
        if done.returncode:
            raise ToolFailedError(
                f"zig cc must compile {source} for {target}: {done.stderr[-800:]}"
            )
        return section_sizes((Path(folder) / "out.o").read_bytes())
