"""A network as a board's SPI flash holds it; ``docs/flash.md`` describes it byte for byte."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from hrsnn_rtl.bursts import load_bursts
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import MemoryImage
from hrsnn_rtl.registers import BY_NAME, constants

#: First bytes of an image; the number of its records less 1 follows, in three bytes.
MAGIC = b"HR"
#: Bytes of header, record and check each: one byte, and a word.
UNIT_BYTES = 5
#: Words of a burst, of which an image has no notion.
MAX_BURST = 1 << 20
#: CRC-32 with the high bit first: polynomial, and value before the first bit.
CRC_POLYNOMIAL, CRC_INIT = 0x04C11DB7, 0xFFFFFFFF

#: Each byte with its bits in reverse.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def crc32_high_first(data: bytes, crc: int = CRC_INIT) -> int:
    """Return the CRC of `data`, continued from `crc`, high bit first and nothing inverted.

    It is the mirror image of zlib's: of every byte, and of the register.

    >>> hex(crc32_high_first(b"123456789"))
    '0x376e6e7'
    """
    mirrored = zlib.crc32(data.translate(_REVERSED), _mirror(crc) ^ CRC_INIT)
    return _mirror(mirrored ^ CRC_INIT)


def _mirror(word: int) -> int:
    """Return 32 bits in reverse."""
    return int.from_bytes(word.to_bytes(4, "little").translate(_REVERSED), "big")


def signature(config: CoreConfig) -> int:
    """Return what the CRC of a core's image begins with: the CRC of its constant registers.

    An image made for another core is therefore refused like a damaged one.
    """
    words = [word for _, word in sorted(constants(config).items())]
    return crc32_high_first(struct.pack(f">{len(words)}I", *words))


def flash_image(config: CoreConfig, images: Sequence[MemoryImage], n_neurons: int) -> bytes:
    """Return the bytes from which a core's `FlashLoader` loads a network.

    Parameters
    ----------
    config : CoreConfig
        The core.
    images : sequence of MemoryImage
        The network, as of `memory_images`.
    n_neurons : int
        Its neurons.
    """
    records = bytearray()
    for name, words in load_bursts(images, n_neurons, MAX_BURST):
        address, port = BY_NAME[name].address, BY_NAME[name].kind == "port"
        for k, word in enumerate(words):
            records += struct.pack(">BI", address if port else address + k, word)
    data = MAGIC + (len(records) // UNIT_BYTES - 1).to_bytes(3, "big") + bytes(records) + b"\0"
    return data + crc32_high_first(data, signature(config)).to_bytes(4, "big")
