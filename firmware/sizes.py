"""Code, data and worst stack on small processors, of the library and the SoC's program.

Run by ``make sizes``, which writes them to ``sizes.csv``; the compiler is clang from the Python
package ziglang, which knows every target. The stack is the sum of the frames on the deepest way
through the calls; a port's callbacks come on top of it.
"""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from hrsnn_rtl.soc_program import SOURCES, build_program

from hrsnn_edge import embedded
from hrsnn_edge.embedded import TARGETS, section_sizes
from hrsnn_edge.tools import tool_environment

FIRMWARE = Path(__file__).parent
OPTIONS = [
    *embedded.OPTIONS,
    "-std=c11",
    *(f"-I{FIRMWARE / name}" for name in ("include", "src", "soc")),
]
COLUMNS = ("program", "target", "code_bytes", "data_bytes", "device_bytes", "stack_bytes")
#: Name of a program -> its C files, and what a caller must provide for a device.
PROGRAMS = {
    "library over frames": (
        ("src/hrsnn.c", "src/hrsnn_frames.c"),
        "hrsnn_t device; hrsnn_frames_t frames;",
    ),
    "library with learning": (
        ("src/hrsnn.c", "src/hrsnn_learn.c", "src/hrsnn_frames.c"),
        "hrsnn_t device; hrsnn_frames_t frames;",
    ),
    "library over SPI": (
        ("src/hrsnn.c", "src/hrsnn_frames.c", "src/hrsnn_spi.c"),
        "hrsnn_t device; hrsnn_frames_t frames; hrsnn_port_t port;",
    ),
    "library over a bus": (("src/hrsnn.c", "src/hrsnn_bus.c"), "hrsnn_t device;"),
}


def compiled(source: Path, options: list[str], folder: Path) -> tuple[bytes, str, dict[str, int]]:
    """Return a C file's object code, its text in the compiler's own language, and its frames."""
    command = [sys.executable, "-m", "ziglang", "cc", *OPTIONS, *options, str(source)]
    made = folder / f"{source.stem}.o"
    # A file that the compiler finds in its cache gets no warnings, so it begins with an empty one.
    cache_dir = tempfile.mkdtemp(dir=folder)
    log = subprocess.run(
        [*command, "-c", "-Wframe-larger-than=0", "-o", str(made)],
        check=True,
        env=tool_environment() | {"ZIG_GLOBAL_CACHE_DIR": cache_dir},
        stderr=subprocess.PIPE,
        text=True,
    ).stderr
    frames = re.findall(r"stack frame size \((\d+)\) .* in '(\w+)'", log)
    text = folder / f"{source.stem}.ll"
    emit = [*command, "-S", "-emit-llvm", "-o", str(text)]
    subprocess.run(emit, check=True, env=tool_environment())
    return made.read_bytes(), text.read_text(), {name: int(size) for size, name in frames}


def calls(text: str) -> dict[str, set[str]]:
    """Return the functions that each function of a text calls by name."""
    out: dict[str, set[str]] = {}
    for body in re.findall(r"^define .*?^}", text, re.M | re.S):
        name = re.search(r"@(\w+)\(", body)[1]
        out[name] = set(re.findall(r"call [^@\n]*@(\w+)\(", body)) - {name}
    return out


def measure(sources: Sequence[str], device: str, target: str) -> dict[str, int]:
    """Return the sizes of C files on a target, and of the variables that declare a device."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        parts = [compiled(FIRMWARE / source, TARGETS[target], folder) for source in sources]
        probe = folder / "probe.c"
        probe.write_text(f'#include "hrsnn.h"\n{device}\n')
        _, device_bytes = section_sizes(compiled(probe, TARGETS[target], folder)[0])
    sizes = [section_sizes(elf) for elf, _, _ in parts]
    code, data = (sum(part) for part in zip(*sizes, strict=True))
    frames = {function: size for _, _, part in parts for function, size in part.items()}
    graph = {caller: called for _, text, _ in parts for caller, called in calls(text).items()}

    @cache
    def depth(function: str) -> int:
        return frames.get(function, 0) + max(map(depth, graph.get(function, ())), default=0)

    deepest = max(map(depth, graph))
    return dict(zip(COLUMNS[2:], (code, data, device_bytes, deepest), strict=True))


def rows() -> list[dict[str, int | str]]:
    """Return a row for each library and target, and one for the linked program of the SoC."""
    found = [
        {"program": program, "target": target} | measure(sources, device, target)
        for program, (sources, device) in PROGRAMS.items()
        for target in TARGETS
    ]
    sources = [source for source in SOURCES if source.endswith(".c")]
    soc, linked = measure(sources, "hrsnn_t device;", "rv32i"), build_program()
    soc |= {"code_bytes": linked.code_bytes, "data_bytes": linked.data_bytes}
    return [*found, {"program": "system on chip", "target": "rv32i"} | soc]


def text() -> str:
    """Return the text of ``sizes.csv``."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows())
    return file.getvalue()


if __name__ == "__main__":
    (FIRMWARE / "sizes.csv").write_text(text())
    print((FIRMWARE / "sizes.csv").read_text(), end="")
