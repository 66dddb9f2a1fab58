"""What the machine allows on the shape of a speed workload: each inner loop alone, in one thread.

A run cannot be faster than reading its rows: sparse ones target by target, dense ones with vector
instructions, or, with plasticity, every magnitude of a row read, changed and written once. The same
number of rows a step as in the workload, in random order, and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import numba as nb
import numpy as np

from hrsnn_edge.engine.int_rows import GROUP, deliver, dense_rows, kernel_rows
from hrsnn_edge.engine.int_stdp import visit_row
from hrsnn_edge.flow.workload import N_STEPS, Workload
from hrsnn_edge.network import SparseRows


def cpu_ms(run: Callable[[], object], repeats: int) -> float:
    """Return the median CPU time of some calls, after one that compiles [ms]."""
    run()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return 1000 * median(times)


def ceilings(work: Workload, sop: int, repeats: int = 7) -> dict[str, float]:
    """Return the synaptic operations a second of each inner loop alone.

    Parameters
    ----------
    sop : int
        Synaptic operations of the workload, which set the rows a step.
    """
    net = work.network
    rows = SparseRows(
        np.concatenate([net.w_in.row_ptr, net.w_in.nnz + net.w_rec.row_ptr[1:]]),
        np.concatenate([net.w_in.col_idx, net.w_rec.col_idx]),
        np.concatenate([net.w_in.weights, net.w_rec.weights]),
        net.n_neurons,
    )
    a_step = max(1, round(sop / N_STEPS / (rows.nnz / rows.n_pre)))
    order = np.random.default_rng(0).integers(0, rows.n_pre, (N_STEPS, a_step)).astype(np.int32)
    visited = float(rows.fan_out[order].sum())
    shift = np.concatenate([net.shift_in, net.shift_rec])
    row_ptr, col_idx, weights = kernel_rows(rows, shift)
    found = {}
    if work.stdp is None:
        none = np.zeros((0, 0), np.int8), np.zeros(0, np.int16), np.int32(1)
        acc = np.zeros(net.n_neurons, np.int32)
        sparse = (row_ptr, col_idx, weights, *none)
        found["sparse_rows"] = cpu_ms(lambda: _deliver_all(acc, order, *sparse), repeats)
        dense, gain, unit = dense_rows(net)
        if dense.size:
            wide = np.zeros(dense.shape[1], np.int32)
            packed = (row_ptr, col_idx, weights, dense, gain, np.int32(unit))
            found["dense_rows"] = cpu_ms(lambda: _deliver_all(wide, order, *packed), repeats)
    else:
        magnitudes = np.concatenate([work.magnitudes.w_in, work.magnitudes.w_rec]).astype(np.int32)
        greatest = work.stdp.magnitude_max.astype(np.int32)
        acc = np.zeros(net.n_neurons, np.int32)
        found["plastic_rows"] = cpu_ms(
            lambda: _visit_all(acc, order, row_ptr, col_idx, magnitudes, greatest), repeats
        )
    return {name: 1000 * visited / ms for name, ms in found.items()}


def wall_s(runs: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Return the least wall time of each of some calls, which take turns [s]."""
    best = [np.inf] * len(runs)
    for _ in range(repeats):
        for i, run in enumerate(runs):
            start = time.perf_counter()
            run()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


def thread_ceiling(steps: int = 20_000_000, repeats: int = 7) -> float:
    """Return how much faster two threads of arithmetic in registers are than one.

    2 on two idle cores; less where the cores share their units or others run.
    """
    with ThreadPoolExecutor(2) as pool:
        _arithmetic(1)
        one, two = wall_s(
            [lambda: _arithmetic(steps), lambda: list(pool.map(_arithmetic, [steps] * 2))], repeats
        )
    return 2 * one / two


@nb.njit(cache=True, nogil=True)
def _arithmetic(steps):
    """Do `steps` dependent multiplications, without memory."""
    x = np.uint64(1)
    for i in range(steps):
        x = x * np.uint64(6364136223846793005) + np.uint64(i)
    return x


@nb.njit(cache=True)
def _deliver_all(acc, order, row_ptr, col_idx, weights, dense, row_gain, unit):
    """Deliver the rows of every step."""
    sources = np.empty(order.shape[1] + GROUP, np.int32)
    for t in range(order.shape[0]):
        sources[: order.shape[1]] = order[t]
        deliver(acc, sources, order.shape[1], row_ptr, col_idx, weights, dense, row_gain, unit)


@nb.njit(cache=True)
def _visit_all(acc, order, row_ptr, col_idx, magnitudes, greatest):
    """Visit the plastic rows of every step, with nothing to gain or lose."""
    sums, loss = np.zeros(acc.size, np.int64), np.zeros(acc.size, np.int32)
    for t in range(order.shape[0]):
        for source in order[t]:
            visit_row(
                acc, row_ptr, col_idx, magnitudes, source, sums, loss, greatest[source], 1, 12, 0
            )
