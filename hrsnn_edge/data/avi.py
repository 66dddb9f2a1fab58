"""Frames of an AVI file: uncompressed pictures and motion JPEG, the forms that need no codec.

RIFF: ``RIFF <size> AVI`` holds lists of chunks, each a four-letter name, a size (32 bits, little
endian) and its bytes, padded to an even count. ``strh`` and ``strf`` describe a stream, ``movi``
holds its pictures, as ``00db`` or ``00dc``.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hrsnn_edge.errors import DataError

#: Weights of red, green and blue in a grey value (ITU-R BT.601).
_GREY = np.array([0.299, 0.587, 0.114])
_LISTS = (b"LIST", b"RIFF")


@dataclass(frozen=True, eq=False)
class Clip:
    """Grey frames of a clip: ``frames`` (T, rows, columns) uint8 and ``rate``, frames a second."""

    frames: np.ndarray
    rate: float


@dataclass(frozen=True)
class _Form:
    """The form of the pictures of a stream."""

    codec: bytes
    width: int
    height: int
    bits: int
    top_down: bool
    rate: float


def decode_avi(data: bytes, what: str) -> Clip:
    """Return the grey frames of the first video stream.

    Raises
    ------
    DataError
        Not an AVI file, cut short, without frames, or compressed: the codec is named, with a
        command that converts. `what` names the file.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"AVI ":
        raise DataError(f"{what}: must start with an AVI head, not {data[:12]!r}")
    form, kind, frames = None, b"", []
    for name, at, body in _chunks(data, 0, what):
        if name == b"strh":
            kind = body[:4]
            scale, rate = _unpack("<II", body, 20, what, at)
        elif name == b"strf" and kind == b"vids" and form is None:
            form = _form(body, rate / max(1, scale), what, at)
        elif name in (b"00dc", b"00db") and body:
            if form is None:
                raise DataError(f"{what}, byte {at}: must describe its video before the frames")
            frames.append(_grey(body, form, what, len(frames)))
    if not frames:
        raise DataError(f"{what}: must hold frames, not 0. Remove the empty clip.")
    return Clip(np.array(frames), form.rate)


def _chunks(data: bytes, start: int, what: str) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield name, place and bytes of every chunk, going into lists."""
    at = start
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        if name in _LISTS:
            if at + 8 + size > len(data):
                raise DataError(
                    f"{what}, byte {at}: list must hold {size} bytes, not {len(data) - at - 8}. "
                    "The file is cut short."
                )
            at += 12
            continue
        if at + 8 + size > len(data):
            raise DataError(
                f"{what}, byte {at}: chunk {name!r} must hold {size} bytes, not "
                f"{len(data) - at - 8}. The file is cut short."
            )
        yield name, at, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _unpack(form: str, body: bytes, at: int, what: str, place: int) -> tuple:
    """Return fields of a head, or say that it is too short."""
    if len(body) < at + struct.calcsize(form):
        raise DataError(f"{what}, byte {place}: head is cut short")
    return struct.unpack_from(form, body, at)


def _form(body: bytes, rate: float, what: str, place: int) -> _Form:
    """Return the form of the pictures; refuse what needs a codec."""
    _, width, height, _, bits, codec = _unpack("<IiiHH4s", body, 0, what, place)
    raw = codec in (b"\0\0\0\0", b"DIB ", b"RGB ")
    if not raw and codec.upper() != b"MJPG":
        name = codec.decode("ascii", "replace")
        raise DataError(
            f"{what}: frames must be uncompressed or motion JPEG, not {name!r}. Convert the clip: "
            "ffmpeg -i in.avi -an -c:v mjpeg -q:v 2 out.avi"
        )
    if width < 1 or height == 0 or (raw and bits not in (8, 24, 32)):
        raise DataError(
            f"{what}: frames must be 8, 24 or 32 bits a pixel, not {width} x {height}, {bits} bits"
        )
    if not 0 < rate < 1000:
        raise DataError(f"{what}: rate must be between 0 and 1000 frames a second, not {rate:g}")
    return _Form(b"" if raw else b"MJPG", width, abs(height), bits, height < 0, rate)


def _grey(body: bytes, form: _Form, what: str, k: int) -> np.ndarray:
    """Return frame `k` in grey, (rows, columns) uint8."""
    if form.codec:
        return _jpeg(body, form, what, k)
    depth = form.bits // 8
    stride = -(-form.width * depth // 4) * 4
    if len(body) < stride * form.height:
        raise DataError(
            f"{what}, frame {k}: must hold {stride * form.height} bytes, not {len(body)}"
        )
    rows = np.frombuffer(body, np.uint8, stride * form.height).reshape(form.height, stride)
    rows = rows if form.top_down else rows[::-1]
    pixels = rows[:, : form.width * depth].reshape(form.height, form.width, depth)
    if depth == 1:  # a grey palette
        return pixels[:, :, 0]
    return np.rint(pixels[:, :, 2::-1] @ _GREY).astype(np.uint8)


def _jpeg(body: bytes, form: _Form, what: str, k: int) -> np.ndarray:
    """Return one JPEG picture in grey."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(body), formats=["JPEG"]) as picture:
            grey = np.asarray(picture.convert("L"))
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{what}, frame {k}: must be a whole JPEG picture ({error}).") from error
    if grey.shape != (form.height, form.width):
        raise DataError(
            f"{what}, frame {k}: must be {form.width} x {form.height}, not "
            f"{grey.shape[1]} x {grey.shape[0]}"
        )
    return grey
