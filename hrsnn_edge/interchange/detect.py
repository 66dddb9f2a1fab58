"""Which exchange format a file is."""

from __future__ import annotations

from pathlib import Path

from hrsnn_edge.errors import InterchangeError

HDF5 = b"\x89HDF\r\n\x1a\n"


def is_nir(path: Path) -> bool:
    """Tell whether a file is NIR, which is HDF5; if not, it must be named as ONNX.

    Raises
    ------
    InterchangeError
        Neither; ONNX files have no mark of their own but their name.
    """
    with Path(path).open("rb") as file:
        start = file.read(len(HDF5))
    if start == HDF5:
        return True
    if Path(path).suffix == ".onnx":
        return False
    raise InterchangeError(
        f"{path}: must be a NIR file (HDF5) or a file named .onnx, not one that starts {start!r}"
    )
