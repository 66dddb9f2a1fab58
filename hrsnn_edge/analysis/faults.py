"""Disturbances at test time: events lost and added, synapses lost, coarse or of the wrong sign."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hrsnn_edge.data.augment import keep_events, owners
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import FloatNetwork, SparseRows


def _check_share(name: str, share: float, most: float = 1.0) -> None:
    """Raise `ValueError` for a share outside 0 .. `most`."""
    if not 0 <= share <= most:
        raise ValueError(f"{name} must be between 0 and {most:g}, not {share}")


def noisy_events(
    events: EventBatch, lost: float, added: float, rng: np.random.Generator
) -> EventBatch:
    """Return the samples with events lost at random and others added anywhere.

    Parameters
    ----------
    lost : float
        Probability that an event is lost.
    added : float
        Mean number of added events over those of the sample; steps and channels are drawn evenly,
        and one that falls on an event of its step and channel is that event.
    """
    _check_share("Lost share", lost)
    _check_share("Added share", added, 10.0)
    kept = keep_events(events, rng.random(events.t.size) >= lost)
    extra = rng.poisson(added * np.diff(events.sample_ptr))
    owner = np.repeat(np.arange(len(events)), extra)
    t = np.floor(rng.random(owner.size) * events.n_steps[owner])
    address = rng.integers(0, events.n_inputs, owner.size)
    return EventBatch.from_lists(
        np.concatenate([owners(kept), owner]),
        np.concatenate([kept.t, t]),
        np.concatenate([kept.address, address]),
        events.n_steps,
        events.n_inputs,
    )


def some_synapses(rows: SparseRows, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return a mask, (nnz,) bool, of a share of the synapses: that number, rounded, at random."""
    _check_share("Share of the synapses", share)
    return rng.permutation(rows.nnz) < round(share * rows.nnz)


def lose_synapses(rows: SparseRows, share: float, rng: np.random.Generator) -> SparseRows:
    """Return the rows with the weights of a share of the synapses at 0."""
    return rows.with_weights(np.where(some_synapses(rows, share, rng), 0.0, rows.weights))


def flip_signs(rows: SparseRows, share: float, rng: np.random.Generator) -> SparseRows:
    """Return the rows with the signs of a share of the synapses changed."""
    return rows.with_weights(np.where(some_synapses(rows, share, rng), -rows.weights, rows.weights))


def coarsen(rows: SparseRows, width: int) -> SparseRows:
    """Return the rows with weights rounded to signed `width` bits: one step for all of them.

    The greatest magnitude is the greatest code, ``2**(width - 1) - 1``.
    """
    if not 2 <= width <= 16:
        raise ValueError(f"Weight width must be between 2 and 16, not {width}")
    greatest = np.abs(rows.weights).max(initial=0.0)
    if greatest == 0:
        return rows
    step = greatest / (2 ** (width - 1) - 1)
    return rows.with_weights(np.rint(rows.weights / step) * step)


def with_fault(net: FloatNetwork, fault: Callable[[SparseRows], SparseRows]) -> FloatNetwork:
    """Return the network with a fault in its input and recurrent synapses; the readout is whole."""
    return replace(net, w_in=fault(net.w_in), w_rec=fault(net.w_rec))
