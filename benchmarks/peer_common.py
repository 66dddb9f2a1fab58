"""What the peers' scripts share: repeats, CPU clock, and the one line of JSON.

Each script runs as ``python benchmarks/peer_NAME.py NETWORK.npz BUILD_FOLDER [OPTION]`` in an
environment of its own; `hrsnn_edge.flow.peers` writes the network and reads the line. Only the time
loop is timed, by the process's CPU clock.
"""

import json
import time
from pathlib import Path
from statistics import median

import numpy as np

REPEATS = 5


def clocked(run):
    """Return the CPU time of a call [s]."""
    begun = time.process_time()
    run()
    return time.process_time() - begun


def rasters(data):
    """Return the input steps of each channel."""
    return [data["t"][data["channel"] == c] for c in range(int(data["n_inputs"]))]


def tau_minus(data):
    """Return the time constant of each target's trace [steps]; 20 for one without a synapse."""
    found = np.full(data["tau"].size, 20.0)
    for name in ("in", "rec"):
        found[data[f"{name}_post"]] = data[f"{name}_taum"]
    return found


def own_peak_kb():
    """Return the peak memory since this program was started [KiB]; 0 where Linux does not say.

    The figure of `getrusage` would include that of the process that started it.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def report(name, spikes, seconds, build_s, peak_kb=None):
    """Print what a peer did."""
    peak_kb = own_peak_kb() if peak_kb is None else peak_kb
    found = {
        "name": name,
        "spikes": int(spikes),
        "ms": 1000 * median(seconds),
        "build_s": build_s,
        "peak_mb": peak_kb / 1024,
    }
    print(json.dumps(found), flush=True)
