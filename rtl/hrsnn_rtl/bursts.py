"""A network as bursts of register words: what a host sends, and what a board's flash holds."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from hrsnn_rtl.image import MemoryImage
from hrsnn_rtl.interfaces import Select
from hrsnn_rtl.registers import BY_NAME

#: Bits of a word that `MEM_DATA` carries; `MEM_HIGH` has the others.
LOW_WIDTH = 32

#: The name of a register, and the words that are written from it on.
Burst = tuple[str, list[int]]


def model_mark(images: Sequence[MemoryImage]) -> int:
    """Return the word that marks a loaded network: a checksum of its images, never 0."""
    crc = 0
    for image in images:
        head = np.array([image.select, image.lane, image.base], np.int64)
        crc = zlib.crc32(image.words.astype("<i8").tobytes(), zlib.crc32(head.tobytes(), crc))
    return crc or 1


def place_word(select: Select, lane: int, address: int) -> int:
    """Return the word of `MEM_ADDRESS` for a place in the core's memories."""
    register = BY_NAME["MEM_ADDRESS"]
    values = {"address": address, "lane": lane, "select": int(select)}
    return sum(register.field(name).put(value) for name, value in values.items())


def memory_bursts(select: Select, lane: int, address: int, words, most: int) -> Iterator[Burst]:
    """Give the bursts that write consecutive words of a memory.

    Parameters
    ----------
    select, lane, address
        Where the first word goes.
    words : (n,) int64
        The words, unsigned.
    most : int
        Words of a burst, at most.
    """
    words = np.asarray(words, np.int64)
    low, high = words & ((1 << LOW_WIDTH) - 1), words >> LOW_WIDTH
    yield "MEM_ADDRESS", [place_word(select, lane, address)]
    start, held = 0, None
    while start < words.size:
        if high[start] != held:
            held = high[start]
            yield "MEM_HIGH", [int(held)]
        same = high[start : start + most] == held
        end = start + (same.size if same.all() else int(np.argmin(same)))
        yield "MEM_DATA", low[start:end].tolist()
        start = end


def load_bursts(images: Sequence[MemoryImage], n_neurons: int, most: int) -> Iterator[Burst]:
    """Give the bursts that load a network.

    `MODEL` is 0 from the first to the last of them, so a load that was cut short is never run.
    """
    yield "MODEL", [0]
    for image in images:
        yield from memory_bursts(image.select, image.lane, image.base, image.words, most)
    yield "MODEL", [model_mark(images), n_neurons]
