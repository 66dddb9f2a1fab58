"""Targets or distances: what either takes of a network's rows, and which is cheaper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import IntNetwork
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.distance import lane_words
from hrsnn_rtl.memory_plan import core_memories, total_blocks, total_spram
from hrsnn_rtl.placer import Placement

#: Memories whose size depends on the coding: the words, and their addresses.
PRICED = ("synapses", "rows")


@dataclass(frozen=True)
class IndexCoding:
    """A way to store the targets of a network's rows, and its price.

    Attributes
    ----------
    distance_width : int
        As in `CoreConfig`: bits of a distance, 0 where targets are stored.
    word_width : int
        Bits of a synapse word.
    synapse_depth : int
        Words of the fullest lane.
    filler_share : float
        Fillers a synapse: so many more cycles a delivery takes where all rows are as active.
    blocks : int
        RAM blocks of words and their addresses, of all lanes, single-port ones included.
    """

    distance_width: int
    word_width: int
    synapse_depth: int
    filler_share: float
    blocks: int

    def applied(self, config: CoreConfig) -> CoreConfig:
        """Return a core whose rows are stored so."""
        return replace(config, distance_width=self.distance_width, synapse_depth=self.synapse_depth)


def index_codings(net: IntNetwork, config: CoreConfig, placement: Placement) -> list[IndexCoding]:
    """Return every way to store a network's rows in a core, targets first if they fit its words.

    Parameters
    ----------
    net : IntNetwork
        The network.
    config : CoreConfig
        A core for it, with `CoreConfig.block_ram`.
    placement : Placement
        Neurons to lanes.
    """
    if not config.block_ram:
        raise ValueError("block_ram must be given to price memories, not ''")
    synapses = int(placement.synapses(net).sum())
    found = []
    for width in range(1 if config.plasticity else config.slot_width):
        words = lane_words(net, placement, width)
        depth = max(1, int(words.max()))
        if depth > CoreConfig.LIMITS["synapse_depth"][1]:
            continue
        try:
            stored = replace(config, distance_width=width, synapse_depth=depth)
        except CapacityError:
            # Words of single-port RAMs have a fixed width.
            continue
        share = float(words.sum() / max(1, synapses) - 1)
        found.append(IndexCoding(width, stored.synapse_width, depth, share, _blocks(stored)))
    return found


def _blocks(config: CoreConfig) -> int:
    """Return the RAM blocks of the priced memories."""
    specs = [spec for spec in core_memories(config) if spec.name in PRICED]
    return total_blocks(specs, config.block_ram) + total_spram(specs)


def cheapest(codings: Sequence[IndexCoding]) -> IndexCoding:
    """Return the coding with the fewest blocks; of equals that with the fewest words."""
    return min(codings, key=lambda coding: (coding.blocks, coding.synapse_depth))
