"""Heterogeneous neuron parameters, matched in mean, and the LIF step of eq. (1)."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.model.config import NetworkConfig
from hrsnn_edge.model.topology import (
    draw_clusters,
    draw_inputs,
    draw_recurrent,
    draw_types,
    stream,
)
from hrsnn_edge.network import FloatNetwork

#: Steps of the search for the scale of clipped draws; enough for the last bit of a double.
_DOUBLINGS, _HALVINGS = 64, 100


def gamma_clipped(rng, mean: float, cv: float, size: int, limits) -> np.ndarray:
    """Return `size` Gamma draws clipped to `limits` whose mean is `mean` after the clipping.

    The draws are scaled before clipping, by bisection; the homogeneous control has the same mean
    exactly. A `cv` of 0 gives `mean` everywhere.
    """
    low, high = limits
    if not low <= mean <= high:
        raise ValueError(f"Mean must be between {low} and {high}, the clip, not {mean}")
    if cv == 0 or size == 0:
        return np.full(size, float(mean))
    unit = rng.gamma(cv**-2, cv**2, size)
    unit /= unit.mean()

    def short(scale):
        return np.clip(unit * scale, low, high).mean() < mean

    least, most = 0.0, mean
    for _ in range(_DOUBLINGS):
        if not short(most):
            break
        most *= 2
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        least, most = (middle, most) if short(middle) else (least, middle)
    return np.clip(unit * most, low, high)


def draw_tau(config: NetworkConfig, inhibitory, seed: int) -> np.ndarray:
    """Return the membrane time constants [ms], (N,): Gamma, apart for types and clusters."""
    tau = np.empty(config.n_neurons)
    heterogeneous = config.neurons == "het"
    cluster = draw_clusters(config)
    for name, part, mean, cv in (
        ("tau e", ~inhibitory, config.tau_e_mean, config.tau_e_cv),
        ("tau i", inhibitory, config.tau_i_mean, config.tau_i_cv),
    ):
        groups = [(name, part, mean)]
        if cluster is not None and heterogeneous:
            means = np.geomspace(*config.cluster_tau, config.clusters) * mean / config.tau_e_mean
            groups = [(f"{name} {c}", part & (cluster == c), m) for c, m in enumerate(means)]
        for key, members, centre in groups:
            tau[members] = gamma_clipped(
                stream(seed, key),
                float(np.clip(centre, *config.tau_range)),
                cv if heterogeneous else 0,
                int(members.sum()),
                config.tau_range,
            )
    return tau


def draw_tau_syn(config: NetworkConfig, seed: int) -> np.ndarray | None:
    """Return the synaptic time constants [ms], (N,): Gamma; None for delta synapses."""
    if config.tau_syn_mean == 0:
        return None
    cv = config.tau_syn_cv if config.neurons == "het" else 0
    rng = stream(seed, "tau syn")
    return gamma_clipped(rng, config.tau_syn_mean, cv, config.n_neurons, config.tau_syn_range)


def draw_threshold(config: NetworkConfig, seed: int) -> np.ndarray:
    """Return the thresholds, (N,): at least a tenth of the mean, and of that mean exactly."""
    n, mean = config.n_neurons, config.threshold_mean
    if config.neurons == "hom" or config.threshold_cv == 0:
        return np.full(n, mean)
    rng = stream(seed, "threshold")
    unit = (
        rng.uniform(-(3**0.5), 3**0.5, n)
        if config.threshold_law == "uniform"
        else (rng.standard_normal(n))
    )
    threshold = np.maximum(1 + config.threshold_cv * unit, 0.1)
    return mean * threshold / threshold.mean()


def draw_refractory(config: NetworkConfig, seed: int) -> np.ndarray:
    """Return the refractory steps, (N,) int64: each value as often as the others, shuffled."""
    n = config.n_neurons
    if config.neurons == "hom" or config.refractory_spread == 0:
        return np.full(n, config.refractory_mean, np.int64)
    spread = config.refractory_spread
    # Pairs of opposite sign first: a remainder cannot move the mean by more than spread / N.
    cycle = [0] + [sign * k for k in range(1, spread + 1) for sign in (1, -1)]
    values = config.refractory_mean + np.resize(cycle, n)
    return stream(seed, "refractory").permutation(values).astype(np.int64)


def build_network(config: NetworkConfig, n_inputs: int, seed: int) -> FloatNetwork:
    """Return an untrained network; the same seed gives the same network, byte for byte."""
    inhibitory = draw_types(config, seed)
    threshold = draw_threshold(config, seed)
    return FloatNetwork(
        w_in=draw_inputs(config, n_inputs, seed),
        w_rec=draw_recurrent(config, inhibitory, seed),
        inhibitory=inhibitory,
        tau_mem=draw_tau(config, inhibitory, seed),
        v_threshold=threshold,
        v_reset=np.zeros(config.n_neurons),
        refractory_steps=draw_refractory(config, seed),
        dt=config.dt,
        gain_mode=config.gain_mode,
        v_floor=membrane_floor(config, threshold),
        reset=config.reset,
        tau_syn=draw_tau_syn(config, seed),
        cluster=draw_clusters(config),
    )


def membrane_floor(config: NetworkConfig, threshold):
    """Return the lowest potential of each neuron, (N,), for its threshold."""
    return np.full(config.n_neurons, config.floor) * (
        threshold if config.floor_unit == "threshold" else 1.0
    )


def current_step(i_syn, syn_sum, net: FloatNetwork) -> np.ndarray:
    """Return the synaptic currents ``beta i_syn + syn_sum``, (N,): the sum with delta synapses."""
    return net.beta * i_syn + syn_sum


def membrane_after(x, v, held, spike, net: FloatNetwork) -> np.ndarray:
    """Return the membranes after a step: reset, refractory period and floor.

    Parameters
    ----------
    x, v : (..., N) float64
        After leak and input, and before the step.
    held, spike : (..., N) bool
        Who is refractory, and who fires.
    """
    if net.reset == "hard":
        return np.where(held | spike, net.v_reset, np.maximum(x, net.v_floor))
    left = np.where(spike, x - net.v_drop, x)
    return np.where(held, v, np.maximum(left, net.v_floor))


def lif_step(v, wait, syn_sum, net: FloatNetwork):
    """Advance all neurons by one step, eq. (1).

    Parameters
    ----------
    v, syn_sum : (N,) float64
        Membrane potential before the step; weights delivered in it, summed, or the current of
        exponential synapses, `current_step`.
    wait : (N,) int64
        Refractory steps left.

    Returns
    -------
    v_next, wait_next, spike : (N,) float64, int64, bool
        ``v[t+1] = alpha v + gain I``, at least the floor; reset and refractory counter after a
        spike. The readable form of what the compiled engine does.
    """
    gain = 1.0 if net.gain_mode == "jump" else 1 - net.alpha
    x = net.alpha * v + gain * syn_sum
    held = wait > 0
    spike = ~held & (x >= net.v_threshold)
    v_next = membrane_after(x, v, held, spike, net)
    wait_next = np.where(spike, net.refractory_steps, np.where(held, wait - 1, 0))
    return v_next, wait_next, spike
