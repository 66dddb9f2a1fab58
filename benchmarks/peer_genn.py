"""One peer of the speed comparison: GeNN, generated C++ for one CPU thread, float32.

GeNN is not on PyPI: this runs where ``pygenn`` 5 is installed for the interpreter of the project.
"""

import os
import sys
import time

import numpy as np
import pygenn
from peer_common import REPEATS, clocked, rasters, report
from pygenn import (
    GeNNModel,
    create_neuron_model,
    create_weight_update_model,
    init_postsynaptic,
    init_weight_update,
)

LIF = {
    "params": [],
    "vars": [("v", "scalar"), ("decay", "scalar")],
    "sim_code": "v = decay * v + Isyn;",
    "threshold_condition_code": "v >= 1.0",
    "reset_code": "v = 0.0;",
}
#: With the sign of the source written in.
STDP = {
    "params": [],
    "vars": [(name, "scalar") for name in ("w", "x", "y", "rp", "rm", "up", "down", "top")],
    "pre_spike_syn_code": """addToPost(SIGN w);
x = x * exp(-(t - prev_st_pre) * rp) + 1.0;
w = fmax(0.0, w - down * y * exp(-(t - st_post) * rm));""",
    "post_spike_syn_code": """y = y * exp(-(t - prev_st_post) * rm) + 1.0;
w = fmin(top, w + up * x * exp(-(t - st_pre) * rp));""",
}


def connect(model, data, name, source, target, mask, sign):
    """Add the synapses of a mask, static or plastic."""
    weights = data[f"{name}_w"][mask]
    if f"{name}_taup" in data:
        code = STDP | {"pre_spike_syn_code": STDP["pre_spike_syn_code"].replace("SIGN", sign)}
        values = {
            "w": np.abs(weights), "x": 0.0, "y": 0.0,
            "rp": 1 / data[f"{name}_taup"][mask], "rm": 1 / data[f"{name}_taum"][mask],
            "up": data[f"{name}_etap"][mask], "down": data[f"{name}_etam"][mask],
            "top": data[f"{name}_wmax"][mask],
        }  # fmt: skip
        kind = f"stdp{'plus' if sign == '+' else 'minus'}"
        rule = init_weight_update(create_weight_update_model(kind, **code), {}, values)
    else:
        rule = init_weight_update("StaticPulse", {}, {"g": weights})
    label = f"{name}{'plus' if sign == '+' else 'minus'}"
    delta = init_postsynaptic("DeltaCurr")
    made = model.add_synapse_population(label, "SPARSE", source, target, rule, delta)
    made.set_sparse_connections(data[f"{name}_pre"][mask], data[f"{name}_post"][mask])


def main(network, folder):
    """Run the workload; every repeat plays the input again, later, with the weights as they are."""
    begun = time.perf_counter()
    data = dict(np.load(network))
    n, n_inputs, n_steps = data["tau"].size, int(data["n_inputs"]), int(data["n_steps"])
    os.chdir(folder)
    model = GeNNModel("float", "workload", backend="single_threaded_cpu", optimize_code=True)
    model.dt = 1.0
    start = {"v": 0.0, "decay": np.exp(-1 / data["tau"])}
    lif = create_neuron_model("lif", **LIF)
    neurons = model.add_neuron_population("neurons", n, lif, {}, start)
    times = [
        np.concatenate([steps + float(n_steps * r) for r in range(REPEATS)])
        for steps in rasters(data)
    ]
    end = np.cumsum([steps.size for steps in times])
    spans = {"startSpike": np.r_[0, end[:-1]], "endSpike": end}
    inputs = model.add_neuron_population("inputs", n_inputs, "SpikeSourceArray", {}, spans)
    inputs.extra_global_params["spikeTimes"].set_init_values(np.concatenate(times))
    inhibitory = data["inhibitory"][data["rec_pre"]]
    connect(model, data, "in", inputs, neurons, np.ones(data["in_w"].size, bool), "+")
    if "in_taup" in data:
        connect(model, data, "rec", neurons, neurons, ~inhibitory, "+")
        connect(model, data, "rec", neurons, neurons, inhibitory, "-")
    else:
        connect(model, data, "rec", neurons, neurons, inhibitory | True, "+")
    neurons.spike_recording_enabled = True
    model.build()
    model.load(num_recording_timesteps=n_steps)
    build_s = time.perf_counter() - begun

    def run():
        for _ in range(n_steps):
            model.step_time()

    seconds, spikes = [], None
    for _ in range(REPEATS):
        neurons.vars["v"].view[:] = 0
        neurons.vars["v"].push_to_device()
        seconds.append(clocked(run))
        model.pull_recording_buffers_from_device()
        found = neurons.spike_recording_data[0][1].size
        spikes = found if spikes is None else spikes
    report(f"GeNN {getattr(pygenn, '__version__', '5')} CPU", spikes, seconds, build_s)


if __name__ == "__main__":
    main(*sys.argv[1:])
