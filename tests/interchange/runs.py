"""Runs of imported networks, as their origins would show them."""

import numpy as np

from hrsnn_edge.interchange.drive import drive_of, driven_raster
from hrsnn_edge.model.lif import lif_step


def float_run(net, raster):
    """Return the (T, N) spikes of a float network, step by step."""
    n = net.n_neurons
    w_in, w_rec = net.w_in.to_dense(), net.w_rec.to_dense()
    v, wait, current = np.zeros(n), np.zeros(n, np.int64), np.zeros(n)
    spikes, out = np.zeros(n), []
    beta = net.beta
    for row in raster:
        current = beta * current + row.astype(float) @ w_in + spikes @ w_rec
        v, wait, fired = lif_step(v, wait, current, net)
        spikes = fired.astype(float)
        out.append(fired)
    return np.array(out)


def origin_view(imported, raster):
    """Return each population's (T, N) spikes and the (T, C) output, in the origin's time."""
    found = imported.assembly
    steps, deepest = len(raster), max(found.depth.values())
    # Populations that lead to no output may be later than all outputs.
    drive = drive_of(found) | {"latency_steps": max(found.latency_steps, deepest)}
    spikes = float_run(imported.network, driven_raster(raster, drive))
    parts = {
        name: spikes[found.depth[name] :][:steps, members]
        for name, members in found.members.items()
    }
    return parts, _outputs(imported.network.readout, spikes)[found.latency_steps :][:steps]


def _outputs(readout, spikes):
    if readout.kind == "linear":
        return readout.bias + np.cumsum(spikes @ readout.w_out[0], axis=0)
    filters, out = np.zeros(readout.decay.shape), []
    for fired in spikes:
        filters = filters * readout.decay + fired
        out.append(readout.bias + np.einsum("fj,fjc->c", filters, readout.w_out))
    return np.array(out)
