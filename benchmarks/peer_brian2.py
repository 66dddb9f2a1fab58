"""One peer of the speed comparison: Brian2, C++ standalone, one thread.

python benchmarks/peer_brian2.py NETWORK.npz BUILD_FOLDER float32|float64
"""

import sys
import time
from pathlib import Path

import brian2 as b2
import numpy as np
from peer_common import report

REPEATS = 7
CLOCK = """
{ struct timespec now; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  %s }
"""
PLASTIC = """w : 1
dx/dt = -x / taup : 1 (event-driven)
dy/dt = -y / taum : 1 (event-driven)
taup : second (constant)
taum : second (constant)
etap : 1 (constant)
etam : 1 (constant)
wmax : 1 (constant)"""
PRE = "v_post {sign}= w\nx += 1\nw = clip(w - etam * y, 0, wmax)"
POST = "y += 1\nw = clip(w + etap * x, 0, wmax)"


def synapses(data, name, source, neurons, mask, sign):
    """Return the static or plastic synapses of a group; magnitudes where they are plastic."""
    plastic = f"{name}_taup" in data
    if plastic:
        made = b2.Synapses(source, neurons, PLASTIC, on_pre=PRE.format(sign=sign), on_post=POST)
    else:
        made = b2.Synapses(source, neurons, "w : 1", on_pre="v_post += w")
    made.connect(i=data[f"{name}_pre"][mask], j=data[f"{name}_post"][mask])
    weights = data[f"{name}_w"][mask]
    made.w = np.abs(weights) if plastic else weights
    if plastic:
        for key in ("etap", "etam", "wmax"):
            setattr(made, key, data[f"{name}_{key}"][mask])
        for key in ("taup", "taum"):
            setattr(made, key, data[f"{name}_{key}"][mask] * b2.ms)
    return made


def simulate(network: str, folder: str, dtype: str) -> None:
    """Build the simulation, run it `REPEATS` times and report spikes and CPU time."""
    begun = time.perf_counter()
    data = np.load(network)
    n, n_steps = data["tau"].size, int(data["n_steps"])
    b2.prefs.core.default_float_dtype = np.dtype(dtype).type
    b2.prefs.codegen.cpp.headers = ["<time.h>", "<stdio.h>"]
    b2.prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffast-math", "-march=native"]
    build = Path(folder) / "brian2"
    b2.set_device("cpp_standalone", build_on_run=False, directory=str(build))
    b2.defaultclock.dt = 1 * b2.ms
    neurons = b2.NeuronGroup(
        n,
        "dv/dt = -v / tau : 1\ntau : second (constant)",
        threshold="v >= 1",
        reset="v = 0",
        method="exact",
    )
    neurons.tau = data["tau"] * b2.ms
    inputs = b2.SpikeGeneratorGroup(int(data["n_inputs"]), data["channel"], data["t"] * b2.ms)
    inhibitory = data["inhibitory"][data["rec_pre"]]
    parts = [neurons, inputs]
    parts.append(synapses(data, "in", inputs, neurons, np.ones(data["in_w"].size, bool), "+"))
    if "rec_taup" in data:
        parts.append(synapses(data, "rec", neurons, neurons, ~inhibitory, "+"))
        parts.append(synapses(data, "rec", neurons, neurons, inhibitory, "-"))
    else:
        parts.append(synapses(data, "rec", neurons, neurons, inhibitory | True, "+"))
    monitor = b2.SpikeMonitor(neurons, record=False)
    net = b2.Network(*parts, monitor)
    # Leak, add, compare, reset: the order of the numeric contract.
    net.schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
    b2.device.insert_code(
        "before_network_run", "double begun;" + CLOCK % "begun = now.tv_sec + 1e-9 * now.tv_nsec;"
    )
    b2.device.insert_code(
        "after_network_run",
        CLOCK
        % """char line[256]; long peak_kb = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status)) sscanf(line, "VmHWM: %ld", &peak_kb);
  if (status) fclose(status);
  FILE *file = fopen("usage.txt", "w");
  fprintf(file, "%.9f %ld", now.tv_sec + 1e-9 * now.tv_nsec - begun, peak_kb);
  fclose(file);""",
    )
    net.run(n_steps * b2.ms)
    b2.device.build(directory=str(build), compile=True, run=False)
    built = time.perf_counter() - begun
    usage = []
    for _ in range(REPEATS):
        b2.device.run(directory=str(build), with_output=False, run_args=[])
        usage.append([float(word) for word in next(build.rglob("usage.txt")).read_text().split()])
    seconds, peak_kb = zip(*usage, strict=True)
    name = f"Brian2 {b2.__version__} C++ standalone {dtype}"
    report(name, np.sum(monitor.count[:]), seconds, built, max(peak_kb))


if __name__ == "__main__":
    simulate(*sys.argv[1:])
