"""One peer of the speed comparison: ANNarchy, generated C++, one thread, double precision."""

import sys
import time

import ANNarchy as ann
import numpy as np
import scipy.sparse as sp
from peer_common import REPEATS, clocked, rasters, report

NEURON = ann.Neuron(
    parameters="decay = 0.9", equations="v = decay * v + g_exc - g_inh", spike="v >= 1.0",
    reset="v = 0.0",
)  # fmt: skip
STDP = ann.Synapse(
    parameters="taup = 20.0\ntaum = 20.0\netap = 0.0\netam = 0.0\nwmax = 1.0",
    equations="dx/dt = -x / taup : event-driven\ndy/dt = -y / taum : event-driven",
    pre_spike="g_target += w\nx += 1.0\nw = clip(w - etam * y, 0.0, wmax)",
    post_spike="y += 1.0\nw = clip(w + etap * x, 0.0, wmax)",
)


def connect(net, data, name, source, neurons, target, mask):
    """Connect the synapses of a mask; return the projection."""
    pre, post = data[f"{name}_pre"][mask], data[f"{name}_post"][mask]
    weights = np.abs(data[f"{name}_w"][mask])
    plastic = f"{name}_taup" in data
    made = net.connect(source, neurons, target, synapse=STDP if plastic else None)
    # A stored 0 would be dropped from the matrix.
    matrix = sp.csr_matrix((np.maximum(weights, 1e-9), (pre, post)), (source.size, neurons.size))
    made.from_sparse(matrix.tolil())
    return made


def set_constants(projection, data, name, mask, n):
    """Give each synapse its constants; rows are by target, sources rising."""
    pre, post = data[f"{name}_pre"][mask], data[f"{name}_post"][mask]
    order = np.lexsort((pre, post))
    cut = np.cumsum(np.bincount(post, minlength=n))[:-1]
    there = set(projection.post_ranks)
    for key in ("taup", "taum", "etap", "etam", "wmax"):
        rows = np.split(data[f"{name}_{key}"][mask][order], cut)
        setattr(projection, key, [row.tolist() for j, row in enumerate(rows) if j in there])


def main(network, folder):
    """Run the workload; in W2 every repeat goes on with the weights that the last one left."""
    begun = time.perf_counter()
    data = dict(np.load(network))
    n, n_steps = data["tau"].size, int(data["n_steps"])
    ann.setup(dt=1.0, num_threads=1)
    net = ann.Network()
    neurons = net.create(geometry=n, neuron=NEURON)
    neurons.decay = np.exp(-1 / data["tau"])
    times = [steps.astype(float).tolist() for steps in rasters(data)]
    inputs = net.create(ann.SpikeSourceArray(spike_times=times))
    inhibitory = data["inhibitory"][data["rec_pre"]]
    everywhere = np.ones(data["in_w"].size, bool)
    groups = [("in", inputs, "exc", everywhere), ("rec", neurons, "exc", ~inhibitory)]
    groups.append(("rec", neurons, "inh", inhibitory))
    made = [
        connect(net, data, name, source, neurons, target, mask)
        for name, source, target, mask in groups
    ]
    net.compile(directory=f"{folder}/annarchy", silent=True)
    if "in_taup" in data:
        for projection, (name, _, _, mask) in zip(made, groups, strict=True):
            set_constants(projection, data, name, mask, n)
    monitor = net.monitor(neurons, ["spike"])
    net.simulate(1)
    build_s = time.perf_counter() - begun
    seconds, spikes = [], None
    for _ in range(REPEATS):
        net.reset(populations=True, projections=False)
        seconds.append(clocked(lambda: net.simulate(n_steps)))
        found = sum(len(times) for times in monitor.get("spike").values())
        spikes = found if spikes is None else spikes
    report(f"ANNarchy {ann.__version__}", spikes, seconds, build_s)


if __name__ == "__main__":
    main(*sys.argv[1:])
