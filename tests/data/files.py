"""Writers of small true-format files for the tests of loaders, and the shared data sets."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest

SHARED = Path(os.environ.get("HRSNN_DATA", Path(__file__).parents[3] / "shared" / "data"))


def shared(place: str) -> Path:
    """Return a file of the shared data sets, or skip the test."""
    path = SHARED / place
    if not path.exists():
        pytest.skip(f"needs the data set at {path}; set HRSNN_DATA")
    return path


def bin_bytes(events) -> bytes:
    """Return camera events in the five-byte format."""
    t = events.t_us
    high = (t >> 16) & 0x7F | events.on.astype(int) << 7
    columns = [events.x, events.y, high, t >> 8 & 0xFF, t & 0xFF]
    return np.stack(columns, axis=1).astype(np.uint8).tobytes()


def aedat_bytes(events, per_packet: int = 50) -> bytes:
    """Return camera events as AEDAT 3.1, with a special-event packet in front."""
    head = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n"
    out = head + struct.pack("<hhiiiiii", 0, 1, 8, 4, 0, 1, 1, 1) + bytes(8)
    for a in range(0, events.t_us.size, per_packet):
        part = slice(a, a + per_packet)
        word = 1 | events.on[part].astype(int) << 1 | events.y[part] << 2 | events.x[part] << 17
        body = np.stack([word, events.t_us[part] & 0x7FFFFFFF], axis=1).astype("<u4")
        overflow = int(events.t_us[a] >> 31)
        n = len(body)
        out += struct.pack("<hhiiiiii", 1, 1, 8, 4, overflow, n, n, n) + body.tobytes()
    return out


def avi_bytes(frames, codec: bytes = b"\0\0\0\0", bits: int = 24, fps: int = 25, bodies=None):
    """Return grey frames (T, rows, columns) as an AVI file, uncompressed or with given bodies."""
    t, rows, columns = frames.shape

    def chunk(name, body):
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    def group(name, body):
        return chunk(b"LIST", name + body)

    def raw(frame):
        depth = bits // 8
        line = np.repeat(frame[:, :, None], depth, axis=2).reshape(rows, columns * depth)
        padded = np.zeros((rows, -(-columns * depth // 4) * 4), np.uint8)
        padded[:, : columns * depth] = line
        return padded[::-1].tobytes()  # bottom line first

    bodies = [raw(f) for f in frames] if bodies is None else bodies
    avih = struct.pack("<14I", 1000000 // fps, 0, 0, 16, t, 0, 1, 0, columns, rows, 0, 0, 0, 0)
    strh = struct.pack(
        "<4s4sIHHIIIIIIIIhhhh", b"vids", codec, 0, 0, 0, 0, 1, fps, 0, t, 0, 0, 0, 0, 0, 0, 0
    )
    strf = struct.pack("<IiiHH4sIiiII", 40, columns, rows, 1, bits, codec, 0, 0, 0, 0, 0)
    stream = group(b"strl", chunk(b"strh", strh) + chunk(b"strf", strf))
    body = group(b"hdrl", chunk(b"avih", avih) + stream)
    name = b"00dc" if codec.strip(b"\0") else b"00db"
    body += group(b"movi", b"".join(chunk(name, b) for b in bodies))
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"AVI " + body


def idx_bytes(array) -> bytes:
    """Return a uint8 array as an IDX file."""
    array = np.asarray(array, np.uint8)
    head = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.tobytes()
