"""Random NIR graphs: layers of every spiking type with loops, delays, constants and skips."""

import nir
import numpy as np

DT = 1e-3


def neurons(rng, kind: str, n: int):
    """Return a spiking node of `n` neurons with parameters of their own."""
    leak = rng.choice([0.0, 0.25, -0.5]) * np.ones(n)
    common = {
        "v_threshold": leak + rng.uniform(0.4, 1.2, n),
        "v_reset": leak + rng.choice([0.0, -0.3]) * np.ones(n),
        "r": rng.uniform(2, 6, n),
    }
    if kind == "IF":
        common |= {k: common[k] - leak for k in ("v_threshold", "v_reset")}
        return nir.IF(**common | {"r": rng.uniform(200, 600, n)})
    if kind == "CubaLIF":
        tau = {"tau_mem": rng.uniform(4e-3, 2e-2, n), "tau_syn": rng.uniform(2e-3, 8e-3, n)}
        return nir.CubaLIF(v_leak=leak, w_in=rng.uniform(1, 2, n), **tau, **common)
    return nir.LIF(tau=rng.uniform(4e-3, 2e-2, n), v_leak=leak, **common)


def integrator(rng, kind: str, n: int):
    """Return an integrating node of `n` values."""
    if kind == "I":
        return nir.I(r=rng.uniform(0.5, 2, n) / DT)
    if kind == "CubaLI":
        return nir.CubaLI(
            tau_mem=rng.choice([1e-2, 2e-2], n), tau_syn=rng.choice([2e-3, 5e-3], n),
            r=rng.uniform(1, 2, n), v_leak=rng.normal(0, 0.2, n), w_in=rng.uniform(1, 2, n),
        )  # fmt: skip
    return nir.LI(tau=rng.choice([1e-2, 2e-2], n), r=np.ones(n), v_leak=rng.normal(0, 0.2, n))


def weights(rng, post: int, pre: int, bias: bool):
    """Return a linear node."""
    w = rng.normal(0.4, 1, (post, pre)) * (rng.random((post, pre)) < 0.7)
    return nir.Affine(w, rng.normal(0, 0.05, post)) if bias else nir.Linear(w)


def random_graph(seed: int, end: str = "LI"):
    """Return a graph and a (T, K) raster for it.

    `end` is what stands before the output: an integrating type, ``"Affine"`` or ``"spikes"``.
    """
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 5))
    nodes = {"in": nir.Input({"input": np.array([k])})}
    edges, last, size, layers = [], "in", k, []
    for layer in range(int(rng.integers(1, 4))):
        n = int(rng.integers(1, 6))
        kind = rng.choice(["LIF", "CubaLIF", "IF"])
        name, fc = f"n{layer}", f"fc{layer}"
        nodes[fc] = weights(rng, n, size, bool(rng.random() < 0.5))
        nodes[name] = neurons(rng, kind, n)
        if rng.random() < 0.4:
            nodes[f"d{layer}"] = nir.Delay(rng.integers(0, 4, n) * DT)
            edges += [(last, fc), (fc, f"d{layer}"), (f"d{layer}", name)]
        else:
            edges += [(last, fc), (fc, name)]
        if rng.random() < 0.5:
            nodes[f"rec{layer}"] = weights(rng, n, n, False)
            edges += [(name, f"rec{layer}"), (f"rec{layer}", name)]
        if layers and rng.random() < 0.5:
            source, width = layers[int(rng.integers(len(layers)))]
            nodes[f"skip{layer}"] = weights(rng, n, width, False)
            edges += [(source, f"skip{layer}"), (f"skip{layer}", name)]
        layers.append((name, n))
        last, size = name, n
    if end != "spikes":
        size = int(rng.integers(1, 4))
        nodes["fc_out"] = weights(rng, size, layers[-1][1], True)
        edges.append((last, "fc_out"))
        last = "fc_out"
        if end != "Affine":
            nodes["end"] = integrator(rng, end, size)
            edges.append((last, "end"))
            last = "end"
    nodes["out"] = nir.Output({"output": np.array([size])})
    edges.append((last, "out"))
    raster = rng.random((int(rng.integers(20, 60)), k)) < rng.uniform(0.2, 0.6)
    return nir.NIRGraph(nodes, edges), raster
