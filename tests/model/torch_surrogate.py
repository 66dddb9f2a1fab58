"""The float network in PyTorch, step by step: an independent form of the surrogate gradient."""

import numpy as np
import torch

from hrsnn_edge.engine.float_run import floor_of
from hrsnn_edge.network import FloatNetwork


class Spike(torch.autograd.Function):
    """``u >= 0`` with the slope ``1 / (1 + slope |u|)**2``."""

    @staticmethod
    def forward(ctx, u, slope):
        ctx.save_for_backward(u)
        ctx.slope = slope
        return (u >= 0).to(u.dtype)

    @staticmethod
    def backward(ctx, grad):
        (u,) = ctx.saved_tensors
        return grad / (1 + ctx.slope * u.abs()) ** 2, None


def counts_and_gradients(net: FloatNetwork, rasters, by_count, slope):
    """Return counts (S, B, N) and the gradients that `surrogate_gradients` gives, by autograd."""
    w_in = torch.tensor(net.w_in.to_dense(), requires_grad=True)
    w_rec = torch.tensor(net.w_rec.to_dense(), requires_grad=True)
    alpha = torch.tensor(net.alpha, requires_grad=True)
    threshold = torch.tensor(net.v_threshold, requires_grad=True)
    # The floor follows the threshold at its present ratio.
    floor = torch.tensor(floor_of(net) / net.v_threshold) * threshold
    reset = torch.tensor(net.v_reset)
    refractory = torch.tensor(np.array(net.refractory_steps))
    gain = 1 - alpha if net.gain_mode == "leaky" else 1.0
    n_bins = by_count.shape[1]
    total, counts = 0.0, torch.zeros(by_count.shape, dtype=torch.float64)
    for s, raster in enumerate(rasters):
        v = spikes = torch.zeros(net.n_neurons, dtype=torch.float64)
        wait = torch.zeros(net.n_neurons, dtype=torch.int64)
        for t, events in enumerate(torch.tensor(raster, dtype=torch.float64)):
            x = alpha * v + gain * (events @ w_in + spikes @ w_rec)
            held = wait > 0
            spikes = Spike.apply((x - threshold) / threshold, slope) * ~held
            fired = spikes.detach() > 0
            if net.reset == "subtract":
                left = torch.maximum(x - fired * (threshold - reset), floor)
                v = torch.where(held, v.detach(), left)
            else:
                v = torch.where(held | fired, reset, torch.maximum(x, floor))
            wait = torch.where(fired, refractory, (wait - 1).clamp(min=0))
            b = t * n_bins // len(raster)
            counts[s, b] += spikes.detach()
            total = total + (torch.tensor(by_count[s, b]) * spikes).sum()
    total.backward()
    return counts.numpy(), {
        "w_in": w_in.grad.numpy()[net.w_in.pre_idx, net.w_in.col_idx],
        "w_rec": w_rec.grad.numpy()[net.w_rec.pre_idx, net.w_rec.col_idx],
        "alpha": alpha.grad.numpy(),
        "v_threshold": threshold.grad.numpy(),
    }


def traces_and_gradients(net: FloatNetwork, current, hold, decay, state, by_trace, slope, by_spike):
    """Return traces (M, F, N) and the gradients that `current_gradients` gives, by autograd."""
    w_rec = torch.tensor(net.w_rec.to_dense(), requires_grad=True)
    alpha = torch.tensor(net.alpha, requires_grad=True)
    threshold = torch.tensor(net.v_threshold, requires_grad=True)
    filters = torch.tensor(decay, requires_grad=True)
    drive = torch.tensor(current, requires_grad=True)
    floor = torch.tensor(floor_of(net) / net.v_threshold) * threshold
    reset = torch.tensor(net.v_reset)
    refractory = torch.tensor(np.array(net.refractory_steps))
    gain = 1 - alpha if net.gain_mode == "leaky" else 1.0
    v, wait = torch.tensor(state.v), torch.tensor(state.wait).long()
    spikes = torch.tensor(state.fired).double()
    trace, total, traces = torch.tensor(state.traces), 0.0, []
    for m in range(len(current)):
        for _ in range(hold):
            x = alpha * v + gain * (drive[m] + spikes @ w_rec)
            held = wait > 0
            spikes = Spike.apply((x - threshold) / threshold, slope) * ~held
            fired = spikes.detach() > 0
            v = torch.where(held | fired, reset, torch.maximum(x, floor))
            wait = torch.where(fired, refractory, (wait - 1).clamp(min=0))
            trace = filters * trace + spikes
            total = total + by_spike * spikes.sum()
        traces.append(trace.detach())
        total = total + (torch.tensor(by_trace[m]) * trace).sum()
    total.backward()
    return torch.stack(traces).numpy(), {
        "w_rec": w_rec.grad.numpy()[net.w_rec.pre_idx, net.w_rec.col_idx],
        "current": drive.grad.numpy(),
        "alpha": alpha.grad.numpy(),
        "v_threshold": threshold.grad.numpy(),
        "decay": filters.grad.numpy(),
    }
