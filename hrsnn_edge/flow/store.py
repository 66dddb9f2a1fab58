"""Files at the edge of the flow: atomic writes, provenance, and the store of finished stations.

A station's result is found again by the hash of everything it depends on: its name, its part of
the experiment, the files it reads and the source of the toolchain. A result is a folder that
appears in one rename, so nothing half-written is ever read, a killed run continues, and of two
programs that do the same work at once the first to finish is kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from hrsnn_edge import __version__
from hrsnn_edge.files import disk_errors, write_atomic


def canonical_json(value: Any) -> bytes:
    """Return JSON with sorted keys and no spaces; NumPy scalars and arrays become plain."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=plain).encode()


def plain(value: Any) -> Any:
    """Return a NumPy value, path or model as something JSON knows; for ``json``'s `default`."""
    if hasattr(value, "tolist"):  # NumPy, without importing it for a --help
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "store_key"):  # a data set: its files count too
        return value.store_key()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    raise TypeError(f"Value must be known to JSON, not {type(value).__name__}")


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    text = json.dumps(value, indent=1, default=plain, sort_keys=False)
    write_atomic(path, (text + "\n").encode())


@lru_cache(maxsize=1)
def source_hash() -> str:
    """Return a hash of the toolchain's own source, so that a changed program runs again."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[2]
    for package in ("hrsnn_edge", "rtl/hrsnn_rtl", "sim/hrsnn_sim", "boards/hrsnn_boards"):
        for file in sorted((root / package).rglob("*.py")):
            if "cli" not in file.relative_to(root).parts:
                digest.update(file.relative_to(root).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    packages = ("numpy", "scipy", "numba", "scikit-learn", "scikit-optimize", "amaranth")
    found = {"hrsnn-edge": __version__, "python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


@lru_cache(maxsize=1)
def commit() -> str:
    """Return the commit of the checkout this package runs from, or 'unknown'."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists() or shutil.which("git") is None:
        return "unknown"
    result = subprocess.run(
        ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"],
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout.strip() or "unknown"


def provenance(seed: int | None, inputs: list[Path]) -> dict[str, Any]:
    """Return what stands beside every output: command, seed, versions, commit, input hashes."""
    return {
        "command": ["hrsnn", *sys.argv[1:]],
        "seed": seed,
        "versions": versions(),
        "commit": commit(),
        "inputs": {str(p): sha256_file(p) for p in inputs if p.is_file()},
    }


@dataclass(frozen=True)
class Store:
    """A folder of finished stations, each in ``<station>-<hash>``.

    Attributes
    ----------
    root : Path
        The folder.
    """

    root: Path

    def run(
        self,
        station: str,
        inputs: Any,
        work: Callable[[Path], None],
        on_cached: Callable[[], None] = lambda: None,
        source: str | None = None,
    ) -> Path:
        """Return the folder of a station's result, calling ``work(folder)`` if it is not there.

        `inputs` is anything `canonical_json` takes; `work` writes its files into the folder
        given. Scratch that survives a kill (a tuning log) goes to `scratch`, not there. `source`
        is the code version, None for the hash of the whole toolchain.
        """
        folder = self.root / f"{station}-{self.key(station, inputs, source)[:16]}"
        if folder.is_dir():
            on_cached()
            return folder
        with disk_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(dir=self.root, prefix=f".{station}."))
            try:
                work(aside)
                aside.chmod(0o755)
                _move(aside, folder)
            except BaseException:
                shutil.rmtree(aside, ignore_errors=True)
                raise
        return folder

    def scratch(self, station: str, inputs: Any) -> Path:
        """Return a path for the resumable log of a station with these inputs."""
        self.root.mkdir(parents=True, exist_ok=True)
        return self.root / f"{station}-{self.key(station, inputs)[:16]}.log"

    @staticmethod
    def key(station: str, inputs: Any, source: str | None = None) -> str:
        """Return the hash of a station's name, its inputs and its source."""
        text = canonical_json([station, inputs, source or source_hash(), versions()])
        return hashlib.sha256(text).hexdigest()


def _move(aside: Path, folder: Path) -> None:
    """Rename a finished folder; one that another process put there meanwhile stands."""
    try:
        aside.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        shutil.rmtree(aside, ignore_errors=True)


def default_store() -> Store:
    """Return the store of this folder, ``build/stations``; ``HRSNN_STORE`` names another."""
    return Store(Path(os.environ.get("HRSNN_STORE", "build/stations")))
