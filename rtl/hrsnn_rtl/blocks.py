"""Block RAMs of the parts: the shapes they take, and how a memory is best cut into them."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

#: Depth and width of the shapes a block RAM can take, by the name of the block.
BLOCK_SHAPES = MappingProxyType(
    {
        # ECP5: true dual port up to 18 bits, one write and one read port for 36.
        "DP16KD": ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1)),
        # iCE40.
        "ICESTORM_RAM": ((256, 16), (512, 8), (1024, 4), (2048, 2)),
        # Gowin, one write and one read port.
        "BSRAM": ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1)),
    }
)
#: Blocks whose part has distributed RAM too, for memories of a few words.
WITH_DISTRIBUTED_RAM = ("DP16KD", "BSRAM")


@cache
def _best(units: int, width: int, block: str) -> tuple[int, int, tuple[int, ...]]:
    """Return blocks, number and depths of the best segments for a depth in units of the least."""
    least = min(depth for depth, _ in BLOCK_SHAPES[block])
    if units <= 0:
        return 0, 0, ()
    found = []
    for depth, wide in BLOCK_SHAPES[block]:
        count, number, rest = _best(units - depth // least, width, block)
        found.append((count - (-width // wide), number + 1, (depth, *rest)))
    return min(found)


def _segments(depth: int, width: int, block: str) -> tuple[int, tuple[int, ...]]:
    least = min(d for d, _ in BLOCK_SHAPES[block])
    count, _, depths = _best(-(-depth // least), width, block)
    return count, tuple(sorted(depths, reverse=True))


def segments(depth: int, width: int, block: str) -> tuple[int, ...]:
    """Return the depths of the memories that a memory is best cut into, the deepest first.

    Each segment is one shape of the block deep, so that nothing chooses between blocks but the
    number of the segment. Together they take the fewest blocks; of equally good cuts the one with
    the fewest segments is taken. All but the last are powers of two, so no segment begins within a
    multiple of its own depth, and the last ends with the memory.

    >>> segments(18789, 14, "DP16KD")
    (16384, 2048, 357)
    >>> segments(2256, 26, "DP16KD")
    (2048, 208)
    >>> segments(300, 24, "ICESTORM_RAM")
    (300,)
    """
    whole, left = [], depth
    for deep in _segments(depth, width, block)[1]:
        whole.append(min(deep, left))
        left -= whole[-1]
    return tuple(whole)


def blocks(depth: int, width: int, block: str) -> int:
    """Return the blocks of a memory that is cut into `segments`.

    >>> blocks(18789, 14, "DP16KD"), blocks(2256, 26, "DP16KD"), blocks(300, 24, "ICESTORM_RAM")
    (17, 4, 3)
    """
    return _segments(depth, width, block)[0]


def blocks_of_one(depth: int, width: int, block: str) -> int:
    """Return the blocks of a memory for which synthesis takes one shape throughout.

    >>> blocks_of_one(18789, 14, "DP16KD")
    19
    """
    return min(-(-depth // d) * -(-width // w) for d, w in BLOCK_SHAPES[block])
