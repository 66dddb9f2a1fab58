"""Writing files so that a reader sees the old one or the whole new one, never a part."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hrsnn_edge.errors import HrsnnError

_REASONS = {
    errno.ENOSPC: "the disk is full. Free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up. Free some space and run the same command again",
    errno.EACCES: "the folder may not be written. Choose another output",
    errno.EROFS: "the file system is read-only. Choose another output",
}


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or a read-only folder into one clear sentence, an `HrsnnError`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REASONS:
            raise
        raise HrsnnError(f"{path}: {_REASONS[error.errno]}.") from error


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` aside, flush it to disk, then rename it to `path`.

    Raises
    ------
    HrsnnError
        The disk is full or the folder may not be written; what was at `path` is still there.
    """
    path = Path(path)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(aside).chmod(0o644)
            Path(aside).replace(path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
