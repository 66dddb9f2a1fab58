"""AEDAT 3.1, the file format of the DVS128 Gesture recordings: packets of polarity events.

A text header ends with ``#!END-HEADER``. Each packet has a head of 28 bytes, little endian: type,
source (16 bits each), size of an event, offset of its time, overflows of the 31-bit time, capacity,
events, valid events (32 bits each), then `capacity` events. A polarity event (type 1) is a data
word, bit 0 valid, bit 1 on, bits 2..16 y, bits 17..31 x, and a time [us].
"""

from __future__ import annotations

import struct

import numpy as np

from hrsnn_edge.data.camera import CameraEvents
from hrsnn_edge.errors import DataError

_FIRST = b"#!AER-DAT3.1"
_END = b"#!END-HEADER\r\n"
_HEAD = struct.Struct("<hhiiiiii")
_POLARITY = 1


def decode_aedat(data: bytes, what: str) -> CameraEvents:
    """Return the valid polarity events of a file; packets of other types are passed over.

    Raises
    ------
    DataError
        Another version, no end of the header, a packet cut short or with an impossible head: with
        the byte at which it starts. `what` names the file.
    """
    if not data.startswith(_FIRST):
        raise DataError(f"{what}: must start with {_FIRST.decode()!r}, not {data[:12]!r}")
    end = data.find(_END)
    if end < 0:
        raise DataError(f"{what}: must have a header that ends with '#!END-HEADER'")
    at, words, times = end + len(_END), [], []
    while at < len(data):
        kind, size, overflow, capacity, number = _packet(data, at, what)
        body = at + _HEAD.size
        at = body + capacity * size
        if at > len(data):
            raise DataError(
                f"{what}, byte {body - _HEAD.size}: packet must hold {capacity} events, not "
                f"{(len(data) - body) // size}. The file is cut short."
            )
        if kind == _POLARITY:
            raw = np.frombuffer(data, "<u4", 2 * number, body).reshape(-1, 2).astype(np.int64)
            words.append(raw[:, 0])
            times.append(raw[:, 1] + (overflow << 31))
    if not words:
        raise DataError(f"{what}: recording must hold polarity events, not 0. Remove it.")
    word, time = np.concatenate(words), np.concatenate(times)
    valid = (word & 1) == 1
    word, time = word[valid], time[valid]
    return CameraEvents(word >> 17, word >> 2 & 0x7FFF, (word >> 1 & 1) == 1, time)


def _packet(data: bytes, at: int, what: str) -> tuple[int, int, int, int, int]:
    """Return type, event size, overflows, capacity and number of the packet at byte `at`."""
    if at + _HEAD.size > len(data):
        raise DataError(f"{what}, byte {at}: packet head is cut short")
    kind, _, size, _, overflow, capacity, number, _ = _HEAD.unpack_from(data, at)
    wrong = size < 1 or overflow < 0 or not 0 <= number <= capacity
    if wrong or (kind == _POLARITY and size != 8):
        raise DataError(
            f"{what}, byte {at}: packet head must be possible, not type {kind}, size {size}, "
            f"{number} of {capacity} events. The file is damaged."
        )
    return kind, size, overflow, capacity, number
