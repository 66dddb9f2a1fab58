"""A network of ours as a NIR graph: input, weights, one population with a loop, readout."""

from __future__ import annotations

import io

import numpy as np

from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.interchange.changes import Change, change
from hrsnn_edge.interchange.nir_graph import require_nir
from hrsnn_edge.network import FloatNetwork, LinearReadout, Readout, TraceReadout


def export_nir(net: FloatNetwork, *, with_readout: bool = True) -> tuple[bytes, tuple[Change, ...]]:
    """Return the bytes of a NIR file, and what NIR itself does not say.

    Times are in seconds. Refractory periods, membrane floors and what a subtractive reset takes
    off stand in the metadata of the population, the step, the method and the kind of reset in that
    of the graph: `import_nir` reads them, other programs ignore them.

    Parameters
    ----------
    with_readout : bool
        Whether the graph goes on to the readout, or ends with the spikes.

    Raises
    ------
    InterchangeError
        A readout that NIR cannot express, by name.
    """
    nir = require_nir()
    n, dt = net.n_neurons, net.dt / 1000
    nodes = {
        "input": nir.Input({"input": np.array([net.n_inputs])}),
        "w_in": nir.Linear(net.w_in.to_dense().T),
        "lif": _neurons(net, nir),
        "w_rec": nir.Linear(net.w_rec.to_dense().T),
    }
    edges = [("input", "w_in"), ("w_in", "lif"), ("lif", "w_rec"), ("w_rec", "lif")]
    changes = _left_out(net)
    last, size = "lif", n
    if with_readout and net.readout is not None:
        weights, integrator, more = _readout(net.readout, dt, nir)
        nodes |= {"w_out": nir.Linear(weights.T), "readout": integrator}
        edges += [("lif", "w_out"), ("w_out", "readout")]
        changes += more
        last, size = "readout", net.readout.n_out
    nodes["output"] = nir.Output({"output": np.array([size])})
    edges.append((last, "output"))
    graph = nir.NIRGraph(nodes, edges, metadata={"dt": dt, "method": "exact", "reset": net.reset})
    buffer = io.BytesIO()
    nir.write(buffer, graph)
    return buffer.getvalue(), changes


def _neurons(net: FloatNetwork, nir):
    """Return the population, so that ``(1 - alpha) R`` is the gain of a step."""
    n, jump = net.n_neurons, net.gain_mode == "jump"
    part = -np.expm1(-net.dt / net.tau_mem)
    common = {
        "r": 1 / part if jump else np.ones(n),
        "v_leak": np.zeros(n),
        # NIR fires above its threshold, the core at it.
        "v_threshold": np.nextafter(net.v_threshold, -np.inf),
        "v_reset": np.array(net.v_reset),
        "metadata": {
            "refractory_steps": np.array(net.refractory_steps),
            "v_floor": np.broadcast_to(net.v_floor, n).astype(float),
        },
    }
    if net.reset == "subtract":
        common["metadata"]["v_drop"] = net.v_drop
    tau = net.tau_mem / 1000
    if net.tau_syn is None:
        return nir.LIF(tau=tau, **common)
    return nir.CubaLIF(
        tau_mem=tau,
        tau_syn=net.tau_syn / 1000,
        w_in=-1 / np.expm1(-net.dt / net.tau_syn),
        **common,
    )


def _left_out(net: FloatNetwork) -> tuple[Change, ...]:
    """Return what of the neurons stands in the metadata only."""
    floor = np.broadcast_to(net.v_floor, net.n_neurons)
    reason = "not in NIR: in the metadata, which other programs ignore"
    rows = change("lif", "refractory_steps", net.refractory_steps, 0, reason, exact=False)
    if net.reset == "subtract":
        reason = "what a spike takes off v; NIR only sets v: in the metadata, which others ignore"
        rows += change("lif", "v_drop", net.v_drop, 0, reason, exact=False)
    if np.isfinite(floor).any():
        below = floor[np.isfinite(floor)]
        rows += change("lif", "v_floor", below, -np.inf, reason, exact=False)
    return rows


def _readout(readout: Readout, dt: float, nir):
    """Return the weights (N, C), the integrator, and what stands in its metadata only."""
    n_out = readout.n_out
    if isinstance(readout, LinearReadout) and readout.n_bins == 1:
        start = np.array(readout.bias)
        integrator = nir.I(r=np.full(n_out, 1 / dt), metadata={"start": start})
        reason = "start of the sums is not in NIR: in the metadata"
        return (
            readout.w_out[0],
            integrator,
            change("readout", "bias", start, 0, reason, exact=False),
        )
    if isinstance(readout, TraceReadout) and not readout.squares and readout.hold == 1:
        decay = np.unique(readout.decay)
        if decay.size == 1 and 0 < decay[0] < 1:
            tau = -dt / np.log(decay[0])
            gain = 1 / (1 - decay[0])
            integrator = nir.LI(
                tau=np.full(n_out, tau), r=np.full(n_out, gain), v_leak=np.array(readout.bias)
            )
            return readout.w_out.sum(axis=0), integrator, ()
    what = {
        "linear": f"linear readout of {readout.n_bins} bins",
        "mlp": "MLP readout, which is evaluated once, after the run",
        "traces": "readout of more than one filter, of squares, or of held samples",
    }[readout.kind]
    raise InterchangeError(f"NIR cannot express a {what}. Export without the readout: --no-readout")
