"""NIR graphs computed step by step from the equations of NIR, node by node: the tests' oracle.

Shares nothing with the importer: values flow through the graph in the order of its nodes; an edge
that closes a loop carries the spikes of the step before.
"""

import numpy as np

from tests.interchange.order import order_of


def simulate(graph, raster, dt, method="exact", reset="hard"):
    """Return each spiking node's (T, N) spikes and the (T, C) output, for one input node."""
    order, back = order_of(graph)
    state, spikes, out = {}, {}, []
    last = {a: np.zeros_like(graph.nodes[a].v_threshold) for a, _ in back}
    queue = {}
    for row in np.asarray(raster, float):
        now = {}
        for name in order:
            node = graph.nodes[name]
            kind = type(node).__name__
            x = 0.0
            for a, b in graph.edges:
                if b == name:
                    x = x + (last[a] if (a, b) in back else now[a])
            now[name] = _step(name, node, kind, row, x, state, queue, dt, method, reset)
            if kind in ("LIF", "CubaLIF", "IF"):
                spikes.setdefault(name, []).append(now[name])
            if kind == "Output":
                out.append(np.atleast_1d(x))
        last = now
    return {k: np.array(v) > 0 for k, v in spikes.items()}, np.array(out)


def _keep(tau, dt, method):
    return np.exp(-dt / tau) if method == "exact" else 1 - dt / tau


def _step(name, node, kind, row, x, state, queue, dt, method, reset):
    if kind == "Input":
        return row
    if kind in ("Affine", "Linear"):
        return node.weight @ x + (node.bias if kind == "Affine" else 0)
    if kind == "Scale":
        return node.scale * x
    if kind == "Delay":
        steps = np.rint(np.asarray(node.delay) / dt).astype(int)
        line = queue.setdefault(name, [])
        line.append(np.broadcast_to(x, steps.shape).astype(float))
        t = len(line) - 1
        return np.array([line[t - d][i] if t >= d else 0 for i, d in enumerate(steps)])
    if kind in ("Output", "Flatten"):
        return x
    if kind in ("CubaLIF", "CubaLI"):
        i, v = state.get(name, (0.0, node.v_leak))
        b, a = _keep(node.tau_syn, dt, method), _keep(node.tau_mem, dt, method)
        i = b * i + (1 - b) * node.w_in * x
        v = a * v + (1 - a) * (node.v_leak + node.r * i)
    elif kind in ("LIF", "LI"):
        i, v = 0.0, state.get(name, (0.0, node.v_leak))[1]
        a = _keep(node.tau, dt, method)
        v = a * v + (1 - a) * (node.v_leak + node.r * x)
    else:
        i, v = 0.0, state.get(name, (0.0, np.zeros_like(node.r)))[1] + dt * node.r * x
    if kind in ("LI", "CubaLI", "I"):
        state[name] = (i, v)
        return v
    if reset == "subtract-delayed":
        v = v - state.get(name + " fired", 0) * node.v_threshold
    z = v > node.v_threshold
    state[name + " fired"] = z
    left = {"hard": node.v_reset, "subtract": v - node.v_threshold, "subtract-delayed": v}[reset]
    state[name] = (i, np.where(z, left, v))
    return z.astype(float)
