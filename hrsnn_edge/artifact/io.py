"""The only place that opens a network file."""

from __future__ import annotations

from pathlib import Path

from hrsnn_edge.artifact.schema import Artifact, FloatArtifact, from_bytes, to_bytes
from hrsnn_edge.errors import ArtifactError
from hrsnn_edge.files import write_atomic

#: Largest file that is read [bytes].
MAX_SIZE = 1 << 30


def write_artifact(path: Path, artifact: Artifact | FloatArtifact) -> None:
    """Write a network file; an existing one is replaced only by the whole new one."""
    write_atomic(Path(path), to_bytes(artifact))


def _read(path: Path):
    path = Path(path)
    size = path.stat().st_size
    if size > MAX_SIZE:
        raise ArtifactError(f"{path}: must be at most {MAX_SIZE} bytes, not {size}")
    return from_bytes(path.read_bytes(), str(path))


def read_network(path: Path) -> Artifact | FloatArtifact:
    """Return the network of a file, integer or float.

    Raises
    ------
    ArtifactError
        The file is damaged.
    """
    return _read(path)


def read_artifact(path: Path) -> Artifact:
    """Return the integer network of a file.

    Raises
    ------
    ArtifactError
        The file is damaged, or it holds a float network.
    """
    found = _read(path)
    if not isinstance(found, Artifact):
        raise ArtifactError(
            f"{path}: must hold an integer network, not a float one. Run `hrsnn quantise` first."
        )
    return found


def read_float(path: Path) -> FloatArtifact:
    """Return the float network of a file.

    Raises
    ------
    ArtifactError
        The file is damaged, or it holds an integer network.
    """
    found = _read(path)
    if not isinstance(found, FloatArtifact):
        raise ArtifactError(
            f"{path}: must hold a float network, not an integer one. "
            "Give the output of `hrsnn train` or `hrsnn prune`."
        )
    return found
