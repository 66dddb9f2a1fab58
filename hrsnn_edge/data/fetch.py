"""Downloads of data sets from their official addresses: whole and checked, or not there at all."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from hrsnn_edge.data.catalogue import Entry, Remote, how_to_get
from hrsnn_edge.errors import DataError
from hrsnn_edge.files import disk_errors


def fetch(entry: Entry, folder: Path, say: Callable[[str], None] = lambda line: None) -> Path:
    """Download and unpack a data set to ``folder/<name>``; what is there already is kept.

    Everything is done in a folder aside, which is renamed at the end: an interrupted download
    leaves nothing.

    Raises
    ------
    DataError
        No official file is known, an address does not answer, a checksum is wrong, an archive is
        damaged.
    """
    if not entry.remotes:
        raise DataError(f"Data set {entry.name!r} cannot be downloaded. {how_to_get(entry.name)}")
    target = Path(folder) / entry.name
    if target.exists():
        say(f"{target} is there already")
        return target
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{entry.name}."))
        try:
            for remote in entry.remotes:
                say(f"{remote.url} to {target}")
                unpack(download(remote, aside), aside)
            aside.chmod(0o755)
            aside.rename(target)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
    return target


def download(remote: Remote, folder: Path) -> Path:
    """Return the file of a remote below `folder`, after comparing its checksum."""
    import pooch
    from requests import RequestException

    pooch.get_logger().setLevel("WARNING")
    try:
        path = pooch.retrieve(remote.url, remote.checksum, fname=remote.file, path=folder)
    except RequestException as error:
        raise DataError(f"{remote.url}: must answer ({error}). Try again later.") from error
    except ValueError as error:
        raise DataError(
            f"{remote.url}: checksum must be {remote.checksum} ({error}). Nothing was kept."
        ) from error
    return Path(path)


def unpack(path: Path, folder: Path) -> None:
    """Unpack a ``.zip`` or ``.tar.gz`` into `folder` and remove it; leave other files alone."""
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder)
        elif path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
        else:
            return
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise DataError(f"{path.name}: must be a whole archive ({error}).") from error
    path.unlink()
