"""Neurons to lanes, so that the rows of every source are spread evenly.

A step lasts as long as its busiest lane, so what counts is not only how many synapses a lane has
but that each *source* has its targets spread: the greedy rule below looks at exactly those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import IntNetwork


@dataclass(frozen=True, eq=False)
class Placement:
    """Where each neuron of a network is on a core.

    Attributes
    ----------
    lanes, n_slots : int
        Lanes, and slots of each.
    lane, slot : (N,) int64
        Lane and slot of each neuron.
    """

    lanes: int
    n_slots: int
    lane: np.ndarray
    slot: np.ndarray

    def __post_init__(self):
        """Check that no two neurons share a place."""
        for name in ("lane", "slot"):
            value = np.array(getattr(self, name), np.int64)
            value.flags.writeable = False
            object.__setattr__(self, name, value)
        if self.lane.shape != self.slot.shape or self.lane.ndim != 1:
            raise ValueError("Every neuron must have one lane and one slot")
        for name, values, limit in (
            ("Lane", self.lane, self.lanes),
            ("Slot", self.slot, self.n_slots),
        ):
            if values.size and not (values.min() >= 0 and values.max() < limit):
                raise ValueError(f"{name} must be between 0 and {limit - 1}")
        if np.unique(self.index).size != self.lane.size:
            raise ValueError("Every neuron must have a place of its own")

    @property
    def index(self) -> np.ndarray:
        """Hardware index of each neuron, (N,) int64."""
        return self.slot * self.lanes + self.lane

    @property
    def neuron(self) -> np.ndarray:
        """Neuron of each hardware index, (lanes * n_slots,) int64; -1 where there is none."""
        out = np.full(self.lanes * self.n_slots, -1, np.int64)
        out[self.index] = np.arange(self.lane.size)
        return out

    def synapses(self, net: IntNetwork) -> np.ndarray:
        """Return the synapses of each lane, (lanes,) int64."""
        targets = np.concatenate([net.w_rec.col_idx, net.w_in.col_idx])
        return np.bincount(self.lane[targets], minlength=self.lanes)

    def balance(self, net: IntNetwork) -> float:
        """Return the greatest over the mean synapses of a lane; 1 is even."""
        counts = self.synapses(net)
        return float(counts.max() / counts.mean()) if counts.any() else 1.0


def place(net: IntNetwork, lanes: int, n_slots: int | None = None) -> Placement:
    """Assign neurons to lanes.

    Neurons go by falling in-degree, each to the lane with room that has the fewest synapses from
    *that neuron's own sources* so far; on a tie to the emptier lane. Within a lane neurons keep
    their order, so one lane leaves every index as it was.

    Parameters
    ----------
    net : IntNetwork
        The network.
    lanes : int
        Number of lanes.
    n_slots : int, optional
        Slots a lane; as few as hold the network when not given.
    """
    needed = -(-net.n_neurons // lanes)
    n_slots = needed if n_slots is None else n_slots
    if n_slots < needed:
        raise CapacityError(
            f"Slots a lane must be at least {needed} for {net.n_neurons} neurons on {lanes} lanes,"
            f" not {n_slots}. Prune neurons or take more lanes."
        )
    sources = np.concatenate([net.w_rec.pre_idx, net.w_in.pre_idx + net.n_neurons])
    targets = np.concatenate([net.w_rec.col_idx, net.w_in.col_idx])
    by_target = np.argsort(targets, kind="stable")
    ptr = np.concatenate([[0], np.cumsum(np.bincount(targets, minlength=net.n_neurons))])
    held = np.zeros((lanes, net.n_neurons + net.n_inputs), np.int64)
    filled = np.zeros(lanes, np.int64)
    lane = np.zeros(net.n_neurons, np.int64)
    for neuron in np.argsort(-np.diff(ptr), kind="stable"):
        own = sources[by_target[ptr[neuron] : ptr[neuron + 1]]]
        cost = [
            (held[k, own].sum() if filled[k] < n_slots else np.inf, filled[k], k)
            for k in range(lanes)
        ]
        best = min(cost)[2]
        held[best, own] += 1
        filled[best] += 1
        lane[neuron] = best
    slot = np.zeros(net.n_neurons, np.int64)
    for k in range(lanes):
        members = np.flatnonzero(lane == k)
        slot[members] = np.arange(members.size)
    return Placement(lanes, n_slots, lane, slot)
