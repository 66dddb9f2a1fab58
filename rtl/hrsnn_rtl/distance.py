"""Targets of a row as distances from one to the next, and back.

A distance takes fewer bits than a target. One that is too long takes *fillers* in front, words
without a synapse that only carry on: each is a word more, and a cycle whenever its row is
delivered.
"""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hrsnn_edge.network import IntNetwork
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.placer import Placement


def filler(width: int) -> int:
    """Return the distance that marks a filler, the greatest of `width` bits.

    It carries on by as many slots; the others stand for one slot more than they say.
    """
    return (1 << width) - 1


def distances(row: np.ndarray, slot: np.ndarray) -> np.ndarray:
    """Return the slots from each synapse's target back to the one before it in its row.

    Parameters
    ----------
    row : (n,) int
        Number of the row of each synapse; those of a row stand together.
    slot : (n,) int
        Their targets, rising within a row. The first of a row counts from slot -1.

    Returns
    -------
    (n,) int64
        At least 1.
    """
    before = np.full(slot.size, -1, np.int64)
    before[1:] = np.where(row[1:] == row[:-1], slot[:-1], -1)
    return slot - before


def fillers(distance: np.ndarray, width: int) -> np.ndarray:
    """Return the fillers in front of each synapse, whose distance has `width` bits.

    >>> fillers(np.array([1, 3, 4, 6, 7]), 2).tolist()
    [0, 0, 1, 1, 2]
    """
    return (distance - 1) // filler(width)


def encode(distance: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances of all words, fillers included, and which words are the synapses.

    >>> codes, synapses = encode(np.array([1, 4, 3]), 2)
    >>> codes.tolist(), synapses.tolist()
    ([0, 3, 0, 2], [0, 2, 3])
    """
    synapses = np.cumsum(1 + fillers(distance, width)) - 1
    codes = np.full(int(synapses[-1]) + 1 if synapses.size else 0, filler(width), np.int64)
    codes[synapses] = (distance - 1) % filler(width)
    return codes, synapses


def row_words(
    net: IntNetwork, placement: Placement, width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return source, lane and words, with the fillers in front of it, of each synapse.

    Parameters
    ----------
    net : IntNetwork
        The network.
    placement : Placement
        Neurons to lanes.
    width : int
        Bits of a distance; with 0, for targets, each synapse is one word.

    Returns
    -------
    source, lane, words : (n_synapses,) int64
        Inputs are sources behind the neurons.
    """
    source = np.concatenate([net.w_rec.pre_idx, net.n_neurons + net.w_in.pre_idx.astype(np.int64)])
    target = np.concatenate([net.w_rec.col_idx, net.w_in.col_idx])
    lane, slot = placement.lane[target], placement.slot[target]
    if not width:
        return source, lane, np.ones(lane.size, np.int64)
    order = np.lexsort((slot, source, lane))
    source, lane = source[order], lane[order]
    row = lane * (net.n_neurons + net.n_inputs) + source
    return source, lane, 1 + fillers(distances(row, slot[order]), width)


def lane_words(net: IntNetwork, placement: Placement, width: int) -> np.ndarray:
    """Return the words of each lane's rows, (lanes,) int64, as of `row_words`."""
    _, lane, words = row_words(net, placement, width)
    return np.bincount(lane, weights=words, minlength=placement.lanes).astype(np.int64)


class RowTargets(wiring.Component):
    """Distances in, targets out a cycle later: a sum along each row.

    Parameters
    ----------
    config : CoreConfig
        Widths.

    Members
    -------
    valid, first : In(1)
        A word is there, and it is the first one of its row.
    distance : In
        Its distance.
    synapse : Out(1)
        The word before was a synapse.
    target : Out
        Its target.
    """

    def __init__(self, *, config: CoreConfig):
        self._width = config.distance_width
        super().__init__(
            {
                "valid": In(1),
                "first": In(1),
                "distance": In(config.distance_width),
                "synapse": Out(1),
                "target": Out(config.slot_width),
            }
        )

    def elaborate(self, platform):
        """Build the circuit: one adder, to whose carry goes that a synapse takes its slot."""
        m = Module()
        is_filler = self.distance == filler(self._width)
        begins = Mux(self.first, 0, self.target)
        m.d.sync += [
            self.synapse.eq(self.valid & ~is_filler),
            self.target.eq(begins + self.distance + (self.synapse & ~self.first)),
        ]
        return m
