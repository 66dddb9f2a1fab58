"""Code, data and worst stack of the library on small processors, into ``sizes.csv``.

Run by ``make sizes`` with the C files as arguments; the compiler is clang from the Python package
ziglang, which knows every target. The stack of a call is the sum of the frames on the deepest way
through the library; the port's callbacks come on top of it.
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from hrsnn_edge import embedded
from hrsnn_edge.embedded import TARGETS, section_sizes

OPTIONS = [*embedded.OPTIONS, "-std=c11", "-Iinclude", "-Isrc"]
COLUMNS = ("target", "code_bytes", "data_bytes", "device_bytes", "stack_bytes")


def compiled(source: Path, options: list[str], folder: Path) -> tuple[bytes, str, dict[str, int]]:
    """Return a C file's object code, its text in the compiler's own language, and its frames."""
    command = [sys.executable, "-m", "ziglang", "cc", *OPTIONS, *options, str(source)]
    made = folder / f"{source.stem}.o"
    log = subprocess.run(
        [*command, "-c", "-Wframe-larger-than=0", "-o", str(made)],
        check=True,
        stderr=subprocess.PIPE,
        text=True,
    ).stderr
    frames = re.findall(r"stack frame size \((\d+)\) .* in '(\w+)'", log)
    text = folder / f"{source.stem}.ll"
    subprocess.run([*command, "-S", "-emit-llvm", "-o", str(text)], check=True)
    return made.read_bytes(), text.read_text(), {name: int(size) for size, name in frames}


def calls(text: str) -> dict[str, set[str]]:
    """Return the functions that each function of a text calls by name."""
    out: dict[str, set[str]] = {}
    for body in re.findall(r"^define .*?^}", text, re.M | re.S):
        name = re.search(r"@(\w+)\(", body)[1]
        out[name] = set(re.findall(r"call [^@\n]*@(\w+)\(", body)) - {name}
    return out


def measure(sources: list[Path], name: str) -> dict[str, int | str]:
    """Return the row of one target."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        parts = [compiled(source, TARGETS[name], folder) for source in sources]
        probe = folder / "probe.c"
        probe.write_text('#include "hrsnn.h"\nhrsnn_t device;\n')
        _, device = section_sizes(compiled(probe, TARGETS[name], folder)[0])
    sizes = [section_sizes(elf) for elf, _, _ in parts]
    code, data = (sum(part) for part in zip(*sizes, strict=True))
    frames = {function: size for _, _, part in parts for function, size in part.items()}
    graph = {caller: called for _, text, _ in parts for caller, called in calls(text).items()}

    @cache
    def depth(function: str) -> int:
        return frames.get(function, 0) + max(map(depth, graph.get(function, ())), default=0)

    return dict(zip(COLUMNS, (name, code, data, device, max(map(depth, graph))), strict=True))


def main() -> None:
    """Write ``sizes.csv`` and print it."""
    sources = [Path(name) for name in sys.argv[1:]]
    with Path("sizes.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(measure(sources, name) for name in TARGETS)
    print(Path("sizes.csv").read_text(), end="")


if __name__ == "__main__":
    main()
