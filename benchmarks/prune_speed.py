"""Time and memory of the whole pruning algorithm, step by step.

    python benchmarks/prune_speed.py --neurons 1000 --rounds 100
    python benchmarks/prune_speed.py --neurons 5000 --rounds 100 --exponents leak --algebra sparse
    python benchmarks/prune_speed.py --neurons 1000 --parts --betweenness

A small world of density 0.05, steps I to III, 95 % of the synapses to go. Processor time of one
thread.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from hrsnn_edge.analysis.lyapunov import network_spectrum, noise_current
from hrsnn_edge.analysis.reservoir import memory_recipe
from hrsnn_edge.model.centrality import betweenness, sampled_betweenness
from hrsnn_edge.model.lif import build_network
from hrsnn_edge.prune.algorithm import LnpSchedule, lnp
from hrsnn_edge.prune.edges import AddRule, candidates, choose_edges, degrees
from hrsnn_edge.prune.graph import laplacian_ipr
from hrsnn_edge.prune.lyapunov_noise import (
    covariance,
    dominant_leak,
    edge_values,
    linearised,
    spectral_errors,
)
from hrsnn_edge.prune.record import ALGEBRAS, INPUT_SHARES, LnpConfig
from hrsnn_edge.prune.sparse import end_modes_ipr, sampled_errors, series_covariance


class Enough(Exception):
    """Raised to end a run after some rounds."""


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--stop-after", type=int, help="rounds after which to stop measuring")
    parser.add_argument("--exponents", choices=("spectrum", "leak"), default="spectrum")
    parser.add_argument("--algebra", choices=ALGEBRAS, default="dense")
    parser.add_argument("--shares", action="store_true", help="step I by the shares of the input")
    parser.add_argument("--parts", action="store_true", help="time the parts of one round instead")
    parser.add_argument("--betweenness", action="store_true", help="compare libraries instead")
    args = parser.parse_args()
    net = build_network(memory_recipe(args.neurons, weight=2.0).network, 10, 0)
    with threadpool_limits(1, "blas"):
        if args.betweenness:
            compare_betweenness(net)
        if args.parts:
            time_parts(net, args)
        if not (args.parts or args.betweenness):
            time_run(net, args)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory {peak:.2f} GiB")


def timed(name: str, work):
    """Print how long some work takes and return what it returns."""
    start = time.process_time()
    value = work()
    print(f"{name:34}{time.process_time() - start:9.3f} s", flush=True)
    return value


def time_run(net, args) -> None:
    """Run the algorithm and print a line every ten rounds."""
    edges = INPUT_SHARES if args.shares else LnpConfig(node_exponents=args.exponents)
    edges = replace(edges, algebra=args.algebra)
    schedule = LnpSchedule(0.95, args.rounds, edges)
    start = time.process_time()

    def show(record):
        seconds = time.process_time() - start
        last = record.index == args.stop_after
        if record.index % 10 == 1 or last or args.stop_after:
            graph = record.graph
            print(
                f"round {record.index:3} {seconds:8.1f} s  |V| {graph.n_neurons} "
                f"|E| {graph.n_synapses} lambda_1 {record.lambda_1:.4f} IPR slow "
                f"{graph.ipr.slow:.3f} eps {record.errors['rayleigh_median']:.3f}",
                flush=True,
            )
        if last:
            raise Enough

    try:
        result = lnp(net, schedule, 0, show)
        print(f"ended after {len(result.rounds)} rounds: {result.stop}")
    except Enough:
        pass
    print(f"{net.n_neurons} neurons, {net.w_rec.nnz} synapses: {time.process_time() - start:.1f} s")


def time_parts(net, args) -> None:
    """Time each part of one round on the unpruned graph."""
    rows, lam = net.w_rec, -1 / net.tau_mem
    if args.exponents == "spectrum":
        noise = noise_current(net, 160, 0)
        timed("I node exponents, spectrum", lambda: network_spectrum(net, noise))
    values = timed("I eq. (13)", lambda: edge_values(rows, lam, "product", np.sign(rows.weights)))
    values = values / np.abs(values).max()
    leak, everything = dominant_leak(rows, values), np.ones(rows.nnz, bool)
    if args.algebra == "dense":
        a = timed("I eq. (14)", lambda: linearised(rows, values, leak))
        timed("I Lyapunov equation", lambda: covariance(a))
        timed("I eq. (15)", lambda: spectral_errors(a, a))
    else:
        timed("I Lyapunov equation", lambda: series_covariance(rows, values, leak))
        timed("I eq. (15)", lambda: sampled_errors(rows, values, leak, everything, everything))
    timed("II betweenness", lambda: betweenness(rows))
    count = rows.nnz // 100
    pairs = timed("III candidates", lambda: candidates(rows, rows, count))
    rng = np.random.default_rng(0)
    timed(
        "III eq. (17)",
        lambda: choose_edges(pairs, degrees(rows), rows.fan_out, count, AddRule(), rng),
    )
    ipr = laplacian_ipr if args.algebra == "dense" else end_modes_ipr
    timed("log: IPR", lambda: ipr(rows))


def compare_betweenness(net) -> None:
    """Time exact betweenness by two libraries, and our estimate from 256 sources."""
    import networkx
    import rustworkx

    n, rows = net.n_neurons, net.w_rec
    pairs = list(zip(rows.pre_idx.tolist(), rows.col_idx.tolist(), strict=True))
    plain = networkx.DiGraph(pairs)
    fast = rustworkx.PyDiGraph()
    fast.add_nodes_from(range(n))
    fast.add_edges_from_no_data(pairs)
    sources = np.random.default_rng(0).permutation(n)[:256]
    exact = timed(
        "betweenness, rustworkx",
        lambda: rustworkx.digraph_betweenness_centrality(
            fast, normalized=False, parallel_threshold=n + 1
        ),
    )
    some = timed("betweenness, 256 sources (ours)", lambda: sampled_betweenness(rows, sources))
    timed(
        "betweenness, 256 sources, networkx",
        lambda: networkx.betweenness_centrality(plain, k=min(n, 256), normalized=False, seed=0),
    )
    if n <= 1000:
        timed(
            "betweenness, networkx",
            lambda: networkx.betweenness_centrality(plain, normalized=False),
        )
    exact = np.array([exact[i] for i in range(n)])
    print(
        f"correlation of the estimate with the exact values: {np.corrcoef(exact, some)[0, 1]:.3f}"
    )


if __name__ == "__main__":
    main()
