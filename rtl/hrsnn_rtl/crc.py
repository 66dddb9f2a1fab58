"""CRC-16/CCITT-FALSE: polynomial 0x1021, initial value 0xFFFF, no reflection, no final XOR.

The two bytes of a CRC follow their message high byte first, so the CRC of a right frame together
with its CRC is 0.
"""

from __future__ import annotations

from amaranth.hdl import C, Cat

#: Value of the register before the first byte.
CRC_INIT = 0xFFFF


def crc16(data: bytes, crc: int = CRC_INIT) -> int:
    """Return the CRC of `data`, continued from `crc`.

    >>> hex(crc16(b"123456789"))
    '0x29b1'
    """
    for byte in data:
        # One byte at a time: the three feedback taps of 0x1021 are shifts of the same eight bits.
        x = (crc >> 8) ^ byte
        x ^= x >> 4
        crc = ((crc << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xFFFF
    return crc


def crc16_next(crc, byte):
    """Return the hardware expression of register `crc` after `byte`: one turn of `crc16`."""
    folded = crc[8:16] ^ byte
    x = folded ^ (folded >> 4)
    return Cat(C(0, 8), crc[:8]) ^ Cat(C(0, 12), x[:4]) ^ Cat(C(0, 5), x, C(0, 3)) ^ Cat(x, C(0, 8))
