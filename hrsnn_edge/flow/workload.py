"""The speed workload W1: heterogeneous recurrent inference, our engine beside a peer.

N neurons, 80 % excitatory, 700 Poisson inputs at 10 Hz, 10 % dense, 1,000 steps of 1 ms, about
8 Hz. The network is rounded to 8-bit weights with row shifts, and engine and peer run the very same
rounded network: the peer gets its weights, thresholds and decays as floats.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import ToolFailedError, ToolMissingError
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import FloatNetwork, IntFormat, IntNetwork, SparseRows
from hrsnn_edge.quantise.convert import choose_scales, convert

ROOT = Path(__file__).resolve().parents[2]
PEER = ROOT / "benchmarks" / "peer_brian2.py"
PEER_ENVIRONMENT = ROOT / "build" / "bench-env-brian2"
#: What the peer needs; its release does not run with a newer NumPy.
PEER_PACKAGES = ("brian2==2.9.0", "numpy<2.4")
#: Steps, inputs, connected share, input rate [events a step], seed of the workload.
N_STEPS, N_INPUTS, DENSITY, INPUT_RATE, SEED = 1000, 700, 0.1, 0.01, 1
#: Weight scales by size [1/1024]: input, excitatory, inhibitory over excitatory.
WEIGHTS = {2000: (48.0, 20.0, 5.0), 5000: (54.0, 12.0, 5.0)}
#: Widths of the rounded network: the leak's product fits 32 bits.
FORMAT = IntFormat(v_width=20, decay_width=12, weight_width=8, shift_width=3)
#: Depth of the membrane below 0 in thresholds; the workload has no floor.
DEPTH = 8.0


@dataclass(frozen=True, eq=False)
class Workload:
    """The float network of W1, its rounded form and its input."""

    exact: FloatNetwork
    network: IntNetwork
    events: EventBatch


def build_w1(n_neurons: int) -> Workload:
    """Return W1 at 2,000 or 5,000 neurons; the draws are those that the workload defines."""
    if n_neurons not in WEIGHTS:
        raise ValueError(f"Neurons of W1 must be one of {sorted(WEIGHTS)}, not {n_neurons}")
    w_input, w_exc, ratio = WEIGHTS[n_neurons]
    rng = np.random.default_rng(SEED + n_neurons)
    n_exc = int(0.8 * n_neurons)
    tau = np.clip(rng.lognormal(np.log(20.0), 0.35, n_neurons), 5.0, 100.0)
    threshold = np.clip(rng.normal(1.0, 0.1, n_neurons), 0.6, 1.5)
    rec = np.array([_row(rng, n_neurons, j) for j in range(n_neurons)])
    inp = np.array([_row(rng, n_neurons) for _ in range(N_INPUTS)])
    pre = np.nonzero(rec)[0]
    sizes = np.rint(rng.lognormal(0, 0.4, pre.size) * w_exc)
    sizes[pre >= n_exc] = -np.rint(sizes[pre >= n_exc] * ratio)
    inputs = np.maximum(np.rint(rng.lognormal(0, 0.3, int(inp.sum())) * w_input), 1)
    raster = rng.random((N_STEPS, N_INPUTS)) < INPUT_RATE
    exact = FloatNetwork(
        w_in=SparseRows.from_dense(inp).with_weights(inputs / 1024),
        w_rec=SparseRows.from_dense(rec).with_weights(sizes / 1024),
        inhibitory=np.arange(n_neurons) >= n_exc,
        tau_mem=tau,
        v_threshold=threshold,
        v_reset=np.zeros(n_neurons),
        refractory_steps=np.zeros(n_neurons, np.int64),
    )
    wanted = signed_range(FORMAT.v_width)[1] / (DEPTH * threshold)
    rounded = convert(exact, choose_scales(exact, wanted, FORMAT), FORMAT)
    return Workload(exact, rounded, EventBatch.from_rasters([raster]))


def _row(rng, n_post: int, itself: int | None = None) -> np.ndarray:
    """Return the mask of a row's targets, without the source itself."""
    mask = rng.random(n_post) < DENSITY
    if itself is not None:
        mask[itself] = False
    return mask


def measure_engine(work: Workload, repeats: int = 9) -> dict[str, Any]:
    """Return spikes, SOPs and the median CPU time of the integer engine on one thread [ms]."""
    result = run_batch(work.network, work.events, n_threads=1)  # compiles, and packs the network
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = run_batch(work.network, work.events, n_threads=1)
        times.append(time.process_time() - start)
    counts = result.total
    return {
        "spikes": counts.spikes,
        "sop": counts.sop_in + counts.sop_rec,
        "ms": 1000 * median(times),
    }


def bench_engine(neurons: int = 2000, with_peers: bool = False) -> dict[str, Any]:
    """Measure the engine on W1, before and after the peer where one is run.

    Returns
    -------
    figures : dict
        ``ms_per_1000_steps`` and ``sop_per_s`` (CPU time, one thread), ``spikes`` of the rounded
        network, ``spikes_exact`` of the network before rounding in float64; with a peer its name,
        ``peer_ms_per_1000_steps``, ``peer_spikes`` and ``ratio``, our speed over its.
    """
    work = build_w1(neurons)
    before = measure_engine(work)
    peer = run_peer(work) if with_peers else None
    after = measure_engine(work)
    ms = (before["ms"] + after["ms"]) / 2
    figures = {
        "workload": "W1",
        "neurons": neurons,
        "synapses": work.network.w_in.nnz + work.network.w_rec.nnz,
        "sop": before["sop"],
        "ms_per_1000_steps": ms,
        "ms_before": before["ms"],
        "ms_after": after["ms"],
        "sop_per_s": 1000 * before["sop"] / ms,
        "spikes": before["spikes"],
        "spikes_exact": int(run_counts(work.exact, work.events).sum()),
    }
    if peer is not None:
        figures |= {
            "peer": peer["name"],
            "peer_ms_per_1000_steps": peer["ms"],
            "peer_spikes": peer["spikes"],
            "ratio": peer["ms"] / ms,
        }
    return figures


def peer_arrays(work: Workload) -> dict[str, np.ndarray]:
    """Return the rounded network in floats, in units of each neuron's threshold, and the input."""
    net = work.network
    arrays = {
        "tau": -1 / np.log(net.decay / 2.0**net.fmt.decay_width),
        "t": work.events.t,
        "channel": work.events.address,
        "n_steps": np.array(work.events.n_steps[0]),
        "n_inputs": np.array(net.n_inputs),
    }
    for name, rows, shift in (("in", net.w_in, net.shift_in), ("rec", net.w_rec, net.shift_rec)):
        lsb = rows.weights * 2.0 ** (shift[rows.pre_idx] + net.fmt.v_shift)
        arrays[f"{name}_pre"], arrays[f"{name}_post"] = rows.pre_idx, rows.col_idx
        arrays[f"{name}_w"] = lsb / net.v_threshold[rows.col_idx]
    return arrays


def run_peer(work: Workload) -> dict[str, Any]:
    """Run Brian2's C++ standalone form in float32 and return its name, spikes and CPU time [ms].

    Raises
    ------
    ToolMissingError
        There is no C++ compiler, or this is an installation without the benchmarks.
    ToolFailedError
        The peer did not install or did not run; with the end of its log.
    """
    if shutil.which("g++") is None:
        raise ToolMissingError("g++ must be installed to build the peer. Run without peers.")
    if not PEER.exists():
        raise ToolMissingError(f"{PEER} must exist. Run from a checkout of the project.")
    python = PEER_ENVIRONMENT / "bin" / "python"
    if not python.exists():
        _command([sys.executable, "-m", "venv", str(PEER_ENVIRONMENT)])
        _command([str(python), "-m", "pip", "install", "-q", *PEER_PACKAGES])
    with tempfile.TemporaryDirectory() as folder:
        network = Path(folder) / "network.npz"
        np.savez(network, **peer_arrays(work))
        return json.loads(_command([str(python), str(PEER), str(network), folder]).splitlines()[-1])


def _command(command: list[str]) -> str:
    """Run a command and return what it prints."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise ToolFailedError(f"{' '.join(command)} failed:\n{tail}")
    return done.stdout
