"""Homeostatic thresholds in integers: the rules of `docs/numeric-contract.md`, "Upkeep"."""

from __future__ import annotations

from dataclasses import replace
from math import isqrt

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.network import IntNetwork


def next_threshold(threshold: int, spikes: int, target: int, soft: int, *, fine: bool) -> int:
    """Return the threshold after one round, before its limits.

    ``isqrt(th**2 * (spikes + soft) // (target + soft))``, the square root of the rate's ratio; in a
    fine round ``isqrt(th * that)``, its fourth root.

    >>> next_threshold(1000, 90, 20, 5, fine=False), next_threshold(1000, 90, 20, 5, fine=True)
    (1949, 1396)
    """
    coarse = isqrt(threshold * threshold * (spikes + soft) // (target + soft))
    return isqrt(threshold * coarse) if fine else coarse


def settle_thresholds(
    net: IntNetwork, events: EventBatch, target: int, soft: int, rounds: int, limits
) -> tuple[IntNetwork, list[int]]:
    """Move each threshold until its neuron fires `target` times over the samples.

    Parameters
    ----------
    target, soft : int
        Wanted spikes of a neuron over all samples; added to both counts, so that a silent neuron
        moves by a finite factor.
    rounds : int
        Runs over the samples; the second half are fine.
    limits : ((N,), (N,)) int
        Least and greatest threshold of each neuron.

    Returns
    -------
    net : IntNetwork
        With new thresholds, above the resets.
    history : list of int
        Spikes of all neurons before each round.
    """
    low = np.maximum(limits[0], net.v_reset + 1)
    history = []
    for k in range(rounds):
        spikes = run_batch(net, events).spike_counts.sum(axis=(0, 1))
        history.append(int(spikes.sum()))
        moved = [
            next_threshold(th, count, target, soft, fine=k >= (rounds + 1) // 2)
            for th, count in zip(net.v_threshold.tolist(), spikes.tolist(), strict=True)
        ]
        net = replace(net, v_threshold=np.clip(moved, low, limits[1]).astype(np.int32))
    return net, history
