"""Engine against reference: every spike, membrane, output and count of every step."""

from __future__ import annotations

from typing import Any

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.network import IntNetwork
from hrsnn_edge.reference.network import run as run_reference


def engine_divergences(name: str, net: IntNetwork, batch: EventBatch) -> list[dict[str, Any]]:
    """Return the first divergence of each sample that has one; empty when all is equal."""
    result = run_batch(net, batch, record=range(len(batch)))
    found = []
    for k in range(len(batch)):
        want, got = run_reference(net, batch.raster(k)), result.recordings[k]
        pairs = {
            "spike": (want.spikes, got.spikes),
            "v": (want.v, got.v),
            "out": (want.out, got.out),
        }
        first = _first(pairs)
        if first is None and want.counts[-1] != result.counts[k]:
            first = {
                "step": len(want.v) - 1,
                "neuron": None,
                "quantity": "counts",
                "expected": str(want.counts[-1]),
                "got": str(result.counts[k]),
            }
        if first is not None:
            found.append({"network": name, "sample": k} | first)
    return found


def _first(pairs) -> dict[str, Any] | None:
    """Return the earliest differing value of some (T, n) pairs."""
    earliest = None
    for quantity, (want, got) in pairs.items():
        wrong = np.argwhere(np.asarray(want) != np.asarray(got))
        if wrong.size and (earliest is None or wrong[0, 0] < earliest["step"]):
            t, i = (int(n) for n in wrong[0])
            earliest = {
                "step": t,
                "neuron": i,
                "quantity": quantity,
                "expected": int(want[t, i]),
                "got": int(got[t, i]),
            }
    return earliest
