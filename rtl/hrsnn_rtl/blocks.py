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


def blocks_of_slice(depth: int, width: int, block: str) -> int:
    """Return the blocks of a memory for which synthesis takes one shape throughout.

    >>> blocks_of_slice(18748, 14, "DP16KD")
    19
    """
    return min(-(-depth // d) * -(-width // w) for d, w in BLOCK_SHAPES[block])


@cache
def slices(depth: int, width: int, block: str) -> tuple[int, ...]:
    """Return the widths that a memory's word is cut into so that it takes the fewest blocks.

    Each slice is a memory of its own, so that each gets the shape that suits it; of equally good
    cuts the one with the fewest slices.

    >>> slices(18748, 14, "DP16KD")
    (9, 4, 1)
    >>> slices(18432, 18, "DP16KD")
    (18,)
    """
    best = (blocks_of_slice(depth, width, block), 1, (width,))
    for _, part in BLOCK_SHAPES[block]:
        if part < width:
            rest = slices(depth, width - part, block)
            whole = tuple(sorted((part, *rest), reverse=True))
            count = sum(blocks_of_slice(depth, w, block) for w in whole)
            best = min(best, (count, len(whole), whole))
    return best[2]
