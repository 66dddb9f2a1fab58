"""One peer of the speed comparison: NEST, one thread, double precision."""

import sys
import time

import nest
import numpy as np
from peer_common import REPEATS, clocked, rasters, report, tau_minus


def build(data):
    """Build the network from nothing; return the neurons and their recorder."""
    nest.ResetKernel()
    nest.set_verbosity("M_ERROR")
    nest.resolution = 1.0
    nest.local_num_threads = 1
    plastic = "in_taup" in data
    n, n_inputs = data["tau"].size, int(data["n_inputs"])
    neurons = nest.Create("iaf_psc_delta", n)
    common = {"V_th": 1.0, "V_reset": 0.0, "E_L": 0.0, "V_m": 0.0, "t_ref": 0.0, "C_m": 1.0}
    neurons.set(common | {"I_e": 0.0})
    neurons.set([{"tau_m": tau} for tau in data["tau"].tolist()])
    if plastic:
        neurons.set([{"tau_minus": tau} for tau in tau_minus(data).tolist()])
    inputs = nest.Create("spike_generator", n_inputs)
    inputs.set([{"spike_times": (steps + 1.0).tolist()} for steps in rasters(data)])
    if plastic:
        # A generator cannot be the source of a plastic synapse; a parrot repeats it.
        parrots = nest.Create("parrot_neuron", n_inputs)
        nest.Connect(inputs, parrots, "one_to_one", {"delay": 1.0})
        inputs = parrots
    ids = {"in": np.array(inputs.tolist()), "rec": np.array(neurons.tolist())}
    for name, sources in ids.items():
        weights = data[f"{name}_w"]
        synapse = {"synapse_model": "static_synapse", "weight": weights}
        if plastic:
            up, down = data[f"{name}_etap"], data[f"{name}_etam"]
            top = data[f"{name}_wmax"]
            sign = np.where(data["inhibitory"][data["rec_pre"]], -1, 1) if name == "rec" else 1
            zero = np.zeros(weights.size)
            synapse = {
                "synapse_model": "stdp_synapse",
                # A magnitude of 0 keeps the sign of its source.
                "weight": sign * np.maximum(np.abs(weights), 1e-9),
                "Wmax": sign * top,
                "tau_plus": data[f"{name}_taup"],
                "lambda": up / top,
                "alpha": down / up,
                "mu_plus": zero,
                "mu_minus": zero,
            }
        synapse["delay"] = np.ones(weights.size)
        targets = ids["rec"][data[f"{name}_post"]]
        nest.Connect(sources[data[f"{name}_pre"]], targets, "one_to_one", synapse)
    recorder = nest.Create("spike_recorder")
    nest.Connect(neurons, recorder)
    return recorder


def main(network, _folder):
    """Run the workload; weights and clock are those of a new kernel in every repeat."""
    data = dict(np.load(network))
    seconds, build_s = [], 0.0
    for _ in range(REPEATS):
        begun = time.perf_counter()
        recorder = build(data)
        nest.Prepare()
        nest.Run(1.0)
        build_s = time.perf_counter() - begun
        seconds.append(clocked(lambda: nest.Run(float(data["n_steps"]))))
        nest.Cleanup()
    report(f"NEST {nest.__version__}", recorder.n_events, seconds, build_s)


if __name__ == "__main__":
    main(*sys.argv[1:])
