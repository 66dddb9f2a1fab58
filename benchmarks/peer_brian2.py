"""One peer of the speed comparison: Brian2, C++ standalone, float32, one thread.

    python benchmarks/peer_brian2.py NETWORK.npz BUILD_FOLDER

Runs in an environment of its own; `hrsnn_edge.flow.workload` writes the network and reads the one
line of JSON that this prints. Only the time loop is timed, by the process's CPU clock.
"""

import json
import sys
from pathlib import Path
from statistics import median

import brian2 as b2
import numpy as np

REPEATS = 9
CLOCK = """
{ struct timespec now; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  %s }
"""


def simulate(network: str, folder: str) -> dict:
    """Build the simulation, run it `REPEATS` times and return name, spikes and CPU time [ms]."""
    data = np.load(network)
    n, n_steps = data["tau"].size, int(data["n_steps"])
    b2.prefs.core.default_float_dtype = np.float32
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
    parts = [neurons, inputs]
    for name, source in (("in", inputs), ("rec", neurons)):
        synapses = b2.Synapses(source, neurons, "w : 1", on_pre="v_post += w")
        synapses.connect(i=data[f"{name}_pre"], j=data[f"{name}_post"])
        synapses.w = data[f"{name}_w"]
        parts.append(synapses)
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
        % """FILE *file = fopen("cpu_seconds.txt", "w");
  fprintf(file, "%.9f", now.tv_sec + 1e-9 * now.tv_nsec - begun); fclose(file);""",
    )
    net.run(n_steps * b2.ms)
    b2.device.build(directory=str(build), compile=True, run=False)
    times = []
    for _ in range(REPEATS):
        b2.device.run(directory=str(build), with_output=False, run_args=[])
        times.append(float(next(build.rglob("cpu_seconds.txt")).read_text()))
    return {
        "name": f"Brian2 {b2.__version__} C++ standalone float32",
        "spikes": int(np.sum(monitor.count[:])),
        "ms": 1000 * median(times),
    }


if __name__ == "__main__":
    print(json.dumps(simulate(*sys.argv[1:])))
