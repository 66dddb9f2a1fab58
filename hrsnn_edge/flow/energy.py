"""Energy of an inference: what the hardware counted, what switched, and estimates in joules."""

from __future__ import annotations

from dataclasses import asdict

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import IntNetwork
from hrsnn_edge.report.energy import COEFFICIENTS, estimate, sops


def bench_energy(
    net: IntNetwork,
    batch: EventBatch,
    *,
    lanes: int = 1,
    unpruned: IntNetwork | None = None,
    pause: float = 0.0,
    **options,
) -> dict:
    """Run samples on the compiled core and put its counters, activity and estimates together.

    Parameters
    ----------
    net, batch
        Network and samples.
    lanes : int
        Lanes of the core.
    unpruned : IntNetwork, optional
        A network to compare with, on the same samples.
    pause : float
        Chance that in a cycle the host does not offer its next command: a link is slower than the
        core.
    **options
        Further fields of the core, e.g. ``halt=True``.

    Returns
    -------
    found : dict
        ``counts`` and ``sop`` per inference from the hardware's counters, ``cycles`` per inference,
        ``halted`` of these in which the lanes stood still,
        ``blocks`` with stored bits and changes, ``estimates`` [uJ] with the source of each
        coefficient; with `unpruned` also ``unpruned`` and ``sop_ratio``.
    """
    from hrsnn_sim.activity import measure_activity
    from hrsnn_sim.bulk import Gaps

    found = measure_activity(net, batch, lanes=lanes, gaps=Gaps(command=pause), **options)
    n = found.inferences
    rows = []
    for coefficients in COEFFICIENTS:
        one = estimate(found.counts, coefficients, n_inferences=n, lanes=lanes)
        rows.append(asdict(one) | {"total_uj": one.total_uj})
    result = {
        "inferences": n,
        "counts": {name: value / n for name, value in asdict(found.counts).items()},
        "sop": sops(found.counts) / n,
        "cycles": found.cycles / n,
        "halted": found.halted / n,
        "toggles": sum(block.toggles for block in found.blocks) / n,
        "blocks": [asdict(block) for block in found.blocks],
        "estimates": rows,
    }
    if unpruned is not None:
        other = bench_energy(unpruned, batch, lanes=lanes, pause=pause, **options)
        result["unpruned"] = other
        result["sop_ratio"] = other["sop"] / max(1e-9, result["sop"])
        result["toggle_ratio"] = other["toggles"] / max(1e-9, result["toggles"])
    return result
