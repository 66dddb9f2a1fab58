"""The speed comparison: the integer engine before and after each peer, in one run.

CPU time of one thread, medians of short repeats; a ratio compares a peer with the engine's mean of
just before and just after it, so that a busy machine slows both.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.engine.int_learn import learn
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import ToolFailedError, ToolMissingError
from hrsnn_edge.flow.ceiling import ceilings, cpu_ms, thread_ceiling, wall_s
from hrsnn_edge.flow.peers import PEERS, Peer, run_peer
from hrsnn_edge.flow.workload import BUILDERS, Workload

#: Samples and repeats of the measurement with two threads.
BATCH, WALL_REPEATS = 32, 7


def run_engine(work: Workload):
    """Return the result of the engine on a workload, one thread."""
    if work.stdp is None:
        return run_batch(work.network, work.events, n_threads=1)
    return learn(work.network, work.stdp, work.events, work.magnitudes)


def measure_engine(work: Workload, repeats: int = 9) -> float:
    """Return the CPU time of the engine on a workload [ms]; packing and compiling are left out."""
    return cpu_ms(lambda: run_engine(work), repeats)


def thread_speedup(work: Workload) -> float:
    """Return how much faster two threads run a batch of copies of the sample, by the wall clock."""
    events = work.events.select([0] * BATCH)
    one, two = wall_s(
        [partial(run_batch, work.network, events, n_threads=n) for n in (1, 2)], WALL_REPEATS
    )
    return one / two


def bench_workload(
    name: str, neurons: int, peers: Sequence[Peer], log: Callable[[str], None]
) -> dict[str, Any]:
    """Measure a workload at a size; see `bench_engine`."""
    work = BUILDERS[name](neurons)
    total = run_engine(work).total
    # Peers count a change for each spike of either end of a plastic synapse, whatever its size.
    sop = total.sop_in + total.sop_rec
    times, beside = [measure_engine(work)], []
    for peer in peers:
        log(f"{name}, N = {neurons}: {peer.name}")
        try:
            found = run_peer(peer, work)
        except (ToolMissingError, ToolFailedError) as error:
            beside.append({"name": peer.name, "missing": str(error)})
            continue
        times.append(measure_engine(work))
        ours = (times[-2] + times[-1]) / 2
        beside.append(found | {"ours_ms": ours, "ratio": found["ms"] / ours})
    ms, limits = float(np.median(times)), ceilings(work, sop)
    speed = 1000 * sop / ms
    still = replace(work, stdp=None)
    return {
        "workload": name,
        "neurons": neurons,
        "synapses": work.network.w_in.nnz + work.network.w_rec.nnz,
        "sop": sop,
        "weight_updates": total.weight_updates,
        "ms_per_1000_steps": ms,
        "ms_each": times,
        "sop_per_s": speed,
        "ceiling_sop_per_s": limits,
        "share_of_ceiling": speed / max(limits.values()),
        "thread_speedup": thread_speedup(still) if name == "W1" else None,
        "thread_ceiling": thread_ceiling() if name == "W1" else None,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "spikes": total.spikes,
        "spikes_exact": int(run_counts(work.exact, work.events).sum()) if name == "W1" else None,
        "peers": beside,
        "ratio": min((p["ratio"] for p in beside if "ratio" in p), default=None),
    }


def chosen_peers(names: Sequence[str]) -> list[Peer]:
    """Return the peers whose names begin with one of `names`.

    Raises
    ------
    ValueError
        For a name that no peer has.
    """
    for name in names:
        if not any(peer.name.startswith(name) for peer in PEERS):
            known = ", ".join(peer.name for peer in PEERS)
            raise ValueError(f"Peer must be the beginning of one of {known}; not {name}")
    return [peer for peer in PEERS if peer.name.startswith(tuple(names))]


def bench_engine(
    workloads: Sequence[str] = ("W1", "W2"),
    neurons: Sequence[int] = (2000, 5000),
    peers: Sequence[Peer] = (),
    log: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Measure the integer engine, and peers beside it.

    Returns
    -------
    found : dict
        Under ``engine`` a row for each workload and size: CPU time for 1,000 steps on one thread,
        synaptic operations a second, their share of what the bare inner loop reaches, speed of two
        threads over one on a batch, peak memory of the process, spikes of the rounded network and
        of the one before rounding (W1), and the ratio to the fastest peer. Its ``peers`` hold
        CPU time, spikes, build time, peak memory and ratio of each, or why it is missing.
    """
    rows = [bench_workload(w, n, peers, log) for w in workloads for n in neurons]
    return {"engine": rows}


def speed_rows(found: dict[str, Any]) -> list[list[str]]:
    """Return heading and rows of the measurement: a row for the engine, then one for each peer."""
    head = "workload, N, who, ms / 1,000 steps, ratio, spikes, GSOP/s, % of ceiling, build [s]"
    rows = [[*head.split(", "), "peak [MB]"]]
    for row in found["engine"]:
        place = [row["workload"], f"{row['neurons']:,}"]
        ours = [f"{row['ms_per_1000_steps']:.2f}", "1", str(row["spikes"])]
        speed = [f"{row['sop_per_s'] / 1e9:.2f}", f"{100 * row['share_of_ceiling']:.0f}", ""]
        rows.append([*place, "this engine", *ours, *speed, f"{row['peak_mb']:.0f}"])
        for peer in row["peers"]:
            if "missing" in peer:
                rows.append([*place, f"not run: {_first_line(peer['missing'])}", *[""] * 7])
                continue
            speed = f"{row['sop'] / peer['ms'] / 1e6:.3f}"
            cells = [f"{peer['ms']:.1f}", f"{peer['ratio']:.2f}", str(peer["spikes"]), speed]
            rest = ["", f"{peer['build_s']:.0f}", f"{peer['peak_mb']:.0f}"]
            rows.append([*place, peer["name"], *cells, *rest])
        if row["thread_speedup"]:
            share = 100 * row["thread_speedup"] / row["thread_ceiling"]
            cells = ["", f"{row['thread_speedup']:.2f}", "", "", f"{share:.0f}", "", ""]
            rows.append([*place, "this engine, 2 threads, against 1", *cells])
    return rows


def _first_line(text: str) -> str:
    """Return the first line of a message."""
    return text.splitlines()[0]
