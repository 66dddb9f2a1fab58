"""The whole algorithm as the prune station runs it: network in, network and record out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from hrsnn_edge.network import FloatNetwork
from hrsnn_edge.prune.algorithm import LnpSchedule, lnp
from hrsnn_edge.prune.pruning import n_unreachable, prune, report_paths
from hrsnn_edge.prune.record import PROJECTIONS, PruneRecord

_logger = logging.getLogger(__name__)


def prune_whole(
    network: FloatNetwork,
    schedule: LnpSchedule,
    seed: int,
    projections: Sequence[str] = ("rec",),
    *,
    activity: Mapping[str, np.ndarray] | None = None,
) -> tuple[FloatNetwork, PruneRecord]:
    """Return the network after steps I to IV, and the record that `prune` gives too.

    Neurons may be gone; readout and thresholds are to be fitted again by the caller.

    Parameters
    ----------
    network : FloatNetwork
        Trained or not, with a connected recurrent graph.
    schedule : LnpSchedule
        Steps and settings.
    seed : int
        Of every draw.
    projections : sequence of str
        ``'rec'``, and ``'in'`` to prune the input synapses of the neurons that stay in the same
        share, by magnitude.
    activity : mapping or None
        As in `prune`.
    """
    if "rec" not in projections or set(projections) - set(PROJECTIONS):
        raise ValueError(f"Projections must be 'rec', or 'rec' and 'in', not {tuple(projections)}")
    result = lnp(network, schedule, seed, activity=activity)
    pruned, factors = result.network, {"rec": result.factor}
    if "in" in projections:
        inputs = {"in": activity["in"]} if activity else None
        share = {"in": schedule.sparsity}
        pruned, found = prune(
            pruned, "magnitude", share, seed,
            preserve_input=schedule.preserve_input, activity=inputs,
        )  # fmt: skip
        factors |= found.factors
    reached = result.rounds[-1].sparsity if result.rounds else 0.0
    if result.stop != "sparsity":
        _logger.warning(
            "Pruning ended after %d rounds (%s) at recurrent sparsity %.3g, not %g",
            len(result.rounds),
            result.stop,
            reached,
            schedule.sparsity,
        )
    record = PruneRecord(
        "lnp",
        schedule.sparsity,
        dict.fromkeys(projections, schedule.sparsity),
        seed,
        {
            name: (getattr(network, f"w_{name}").nnz, getattr(pruned, f"w_{name}").nnz)
            for name in PROJECTIONS
        },
        factors,
        result.rounds,
        (n_unreachable(network), n_unreachable(pruned)),
        (network.n_neurons, pruned.n_neurons),
        result.stop,
    )
    report_paths(record, pruned.n_neurons)
    return replace(pruned, readout=None), record
