"""Comparison at equal work: how many synapses a rule may keep for a number of operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hrsnn_edge.errors import PruneError

Pruned = TypeVar("Pruned")


def equal_operations(
    make: Callable[[int], Pruned],
    operations: Callable[[Pruned], float],
    target: float,
    high: int,
    *,
    low: int = 0,
    tolerance: float = 0.02,
) -> tuple[Pruned, float]:
    """Return the network that needs the nearest to `target` operations, and its operations.

    Equal numbers of synapses are not equal work: a rule that keeps synapses of busy neurons needs
    more operations. Bisection over the number of synapses, measured each time.

    Parameters
    ----------
    make : callable
        Returns the pruned network of a number of synapses.
    operations : callable
        Measures it: synaptic operations per sample, per step, of a run, ...
    target : float
        Wanted, above 0.
    high, low : int
        Most and fewest synapses. At `low` there must be at most `target` operations, at `high`
        at least as many, up to the tolerance.
    tolerance : float
        Relative deviation that ends the search. Operations need not rise with every synapse, so
        the nearest that was seen is returned, which may be further off.

    Raises
    ------
    PruneError
        When the target is out of reach.
    """
    if not target > 0:
        raise ValueError(f"Target must be above 0 operations, not {target}")
    most = make(high)
    best = most, operations(most)
    if best[1] < target * (1 - tolerance):
        raise PruneError(
            f"Operations must reach {target:.6g} with all {high} synapses, not {best[1]:.6g}. "
            f"Lower the target."
        )
    first, last = low, high
    while abs(best[1] - target) > tolerance * target and last - first > 1:
        count = (first + last) // 2
        network = make(count)
        work = operations(network)
        if abs(work - target) < abs(best[1] - target):
            best = network, work
        first, last = (count, last) if work < target else (first, count)
    return best
