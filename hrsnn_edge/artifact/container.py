"""The byte container of every network file: a checked header, then named arrays, then a hash.

``docs/artifact.md`` specifies every byte. Pure: bytes in, values out, nothing is executed and no
size is believed before it has been compared with the bytes that are there.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from hrsnn_edge.errors import ArtifactError

MAGIC = b"HRSNN\r\n\x1a"
#: Versions that are read. Version 2 has the fields of exponential synapses and other readouts,
#: version 3 that of a subtractive reset.
VERSIONS = (1, 2, 3)
#: Kinds of content.
INT_NETWORK, FLOAT_NETWORK = 1, 2
KIND_NAMES = {INT_NETWORK: "an integer network", FLOAT_NETWORK: "a float network"}

#: magic, version, kind, header length, header CRC-32
_PREFIX = struct.Struct("<8sHHII")
_ALIGN = 8
_HASH_SIZE = 32
#: Element types a section may have, little-endian.
DTYPES = ("|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<i8", "<f8")
#: Longest header that is read.
_MAX_HEADER = 16 << 20


def _padding(size: int) -> int:
    return -size % _ALIGN


def pack(
    kind: int, meta: Mapping[str, Any], sections: Mapping[str, np.ndarray], version: int = 1
) -> bytes:
    """Return the bytes of a file.

    Parameters
    ----------
    kind : int
        What the content is.
    meta : mapping
        Anything JSON knows, without NaN.
    sections : mapping of str to array
        Arrays of one of `DTYPES`, written in this order.
    version : int
        The least version that has all the fields.
    """
    table, body = [], bytearray()
    for name, array in sections.items():
        dtype = array.dtype.newbyteorder("<").str
        if dtype not in DTYPES:
            raise TypeError(f"Section {name!r} must have one of the types {DTYPES}, not {dtype}")
        data = np.ascontiguousarray(array, dtype).tobytes()
        table.append(
            {"name": name, "dtype": dtype, "shape": list(array.shape), "crc32": zlib.crc32(data)}
        )
        body += data + bytes(_padding(len(data)))
    header = json.dumps(
        {"meta": meta, "sections": table},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
        allow_nan=False,
    ).encode()
    header += b" " * _padding(_PREFIX.size + len(header))
    prefix = _PREFIX.pack(MAGIC, version, kind, len(header), zlib.crc32(header))
    content = prefix + header + bytes(body)
    return content + hashlib.sha256(content).digest()


def unpack(data: bytes, name: str) -> tuple[int, dict[str, Any], dict[str, np.ndarray]]:
    """Return kind, meta and sections of a file called `name`.

    Raises
    ------
    ArtifactError
        Which part is wrong: magic, version, header, a section by name, or the file's hash.
    """
    _check_prefix(data, name)
    _, _, kind, header_size, header_crc = _PREFIX.unpack_from(data)
    start = _PREFIX.size + header_size
    if header_size > _MAX_HEADER or start + _HASH_SIZE > len(data):
        raise ArtifactError(
            f"{name}: the header must fit the file of {len(data)} bytes, not take {header_size}. "
            "The file is cut short or altered."
        )
    raw = data[_PREFIX.size : start]
    _check_crc(name, "header", raw, header_crc)
    try:
        header = json.loads(raw)
        meta, table = header["meta"], header["sections"]
        sections = _read_sections(memoryview(data)[start:-_HASH_SIZE], table, name)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(f"{name}: the header must be that of a network: {error!r}") from error
    if hashlib.sha256(data[:-_HASH_SIZE]).digest() != data[-_HASH_SIZE:]:
        raise ArtifactError(f"{name}: the SHA-256 of the file does not fit. The file is altered.")
    return kind, meta, sections


def version_of(data: bytes) -> int:
    """Return the version of a file that `unpack` takes."""
    return _PREFIX.unpack_from(data)[1]


def _check_prefix(data: bytes, name: str) -> None:
    if len(data) < _PREFIX.size + _HASH_SIZE:
        raise ArtifactError(
            f"{name}: must be at least {_PREFIX.size + _HASH_SIZE} bytes, not {len(data)}. "
            "The file is cut short."
        )
    magic, version, kind, _, _ = _PREFIX.unpack_from(data)
    if magic != MAGIC:
        raise ArtifactError(
            f"{name}: must start with {MAGIC!r}, not {magic!r}. It is not a network of hrsnn."
        )
    if version not in VERSIONS:
        raise ArtifactError(
            f"{name}: format version must be between {VERSIONS[0]} and {VERSIONS[-1]}, not "
            f"{version}. "
            "Write it again with this version of hrsnn."
        )
    if kind not in KIND_NAMES:
        raise ArtifactError(f"{name}: kind must be one of {sorted(KIND_NAMES)}, not {kind}")


def _check_crc(name: str, part: str, data, expected: int) -> None:
    found = zlib.crc32(data)
    if found != expected:
        raise ArtifactError(
            f"{name}: CRC of '{part}' must be 0x{expected:08x}, not 0x{found:08x}. "
            "The file is cut short or altered."
        )


def _read_sections(body: memoryview, table: list, name: str) -> dict[str, np.ndarray]:
    """Return the arrays of the table, which must cover `body` exactly."""
    sections: dict[str, np.ndarray] = {}
    at = 0
    for row in table:
        part, dtype, shape = row["name"], row["dtype"], row["shape"]
        if dtype not in DTYPES or not all(isinstance(n, int) and n >= 0 for n in shape):
            raise ArtifactError(f"{name}: section {part!r} has an unknown type or shape")
        size = int(np.dtype(dtype).itemsize)
        for n in shape:  # Python integers: no overflow, however absurd the shape
            size *= n
        if at + size > len(body):
            raise ArtifactError(
                f"{name}: section {part!r} must fit the {len(body) - at} bytes left, "
                f"not take {size}. The file is cut short or altered."
            )
        chunk = body[at : at + size]
        _check_crc(name, part, chunk, row["crc32"])
        if part in sections:
            raise ArtifactError(f"{name}: section {part!r} must stand once, not twice")
        sections[part] = np.frombuffer(chunk, dtype).reshape(shape)
        at += size + _padding(size)
    if at != len(body):
        raise ArtifactError(
            f"{name}: the sections must take {len(body)} bytes, not {at}. "
            "The file is cut short or altered."
        )
    return sections
