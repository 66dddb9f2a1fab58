"""One peer of the speed comparison: snnTorch, dense recurrent layer, one thread, float32."""

import sys
import time
from importlib.metadata import version

import numpy as np
import snntorch
import torch
from peer_common import clocked, report

REPEATS = 2


def dense(data, name, n_pre, n):
    """Return the weights, (n_post, n_pre) float32, as a linear layer holds them."""
    weights = np.zeros((n, n_pre), np.float32)
    weights[data[f"{name}_post"], data[f"{name}_pre"]] = data[f"{name}_w"]
    return torch.tensor(weights)


def main(network, _folder):
    """Run the workload step by step, without gradients."""
    begun = time.perf_counter()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    data = dict(np.load(network))
    n, n_inputs, n_steps = data["tau"].size, int(data["n_inputs"]), int(data["n_steps"])
    raster = np.zeros((n_steps, 1, n_inputs), np.float32)
    raster[data["t"], 0, data["channel"]] = 1
    events = torch.tensor(raster)
    layer = torch.nn.Linear(n_inputs, n, bias=False)
    layer.weight.data = dense(data, "in", n_inputs, n)
    cell = snntorch.RLeaky(
        beta=torch.tensor(np.exp(-1 / data["tau"]), dtype=torch.float32), threshold=1.0,
        linear_features=n, all_to_all=True, reset_mechanism="zero", reset_delay=False,
    )  # fmt: skip
    cell.recurrent.weight.data = dense(data, "rec", n, n)
    cell.recurrent.bias.data.zero_()
    build_s = time.perf_counter() - begun
    counts = torch.zeros(n)

    def run(steps=n_steps):
        counts.zero_()
        spikes, membrane = torch.zeros(1, n), torch.zeros(1, n)
        for t in range(steps):
            spikes, membrane = cell(layer(events[t]), spikes, membrane)
            counts.add_(spikes[0])

    run(20)
    seconds = [clocked(run) for _ in range(REPEATS)]
    report(f"snnTorch {version('snntorch')} dense", counts.sum(), seconds, build_s)


if __name__ == "__main__":
    main(*sys.argv[1:])
