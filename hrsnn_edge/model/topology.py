"""Wiring: neuron types on a 3-D grid, eq. (2) by distance or a small world, and the inputs.

Each part of a network draws from its own stream of the seed, so that networks which differ in
one setting share everything else.
"""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np

from hrsnn_edge.model.config import NetworkConfig
from hrsnn_edge.network import SparseRows

#: Presynaptic neurons handled at once; bounds the memory of the distance matrix.
_BLOCK = 512


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random generator of one named part of a network."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def grid_positions(n: int) -> np.ndarray:
    """Return integer positions (n, 3) that fill a cube of side ``ceil(n ** (1/3))``."""
    side = int(np.ceil(np.cbrt(n) - 1e-9))
    return np.stack(np.unravel_index(np.arange(n), (side, side, side)), axis=1)


def draw_types(config: NetworkConfig, seed: int) -> np.ndarray:
    """Return which neurons are inhibitory, (N,) bool: an exact share, scattered at random."""
    n = config.n_neurons
    inhibitory = np.arange(n) < round(config.inhibitory_share * n)
    return stream(seed, "types").permutation(inhibitory)


def connection_probability(config: NetworkConfig, inhibitory, rows: slice) -> np.ndarray:
    """Return eq. (2) for the sources of `rows`, (len, N): ``C exp(-(D / length)^2)``, 0 for self.

    `C` depends on the types of source and target, by name, never by position.
    """
    where = grid_positions(config.n_neurons).astype(float)
    squared = ((where[rows, None, :] - where[None, :, :]) ** 2).sum(axis=2)
    amplitude = np.array([[config.p_ee, config.p_ei], [config.p_ie, config.p_ii]])
    kind = inhibitory.astype(int)
    p = amplitude[kind[rows][:, None], kind[None, :]] * np.exp(-squared / config.wiring_length**2)
    p[squared == 0] = 0.0
    return p


def distance_mask(config: NetworkConfig, inhibitory, seed: int):
    """Yield the connected targets of each block of sources, drawn from eq. (2), as bool arrays."""
    rng = stream(seed, "wiring")
    for start in range(0, config.n_neurons, _BLOCK):
        rows = slice(start, min(start + _BLOCK, config.n_neurons))
        p = connection_probability(config, inhibitory, rows)
        yield rng.random(p.shape) < p


def small_world_mask(config: NetworkConfig, seed: int):
    """Yield the targets of each block of sources of a directed small world.

    Every neuron projects to its nearest neighbours on a ring, ``ring_density`` of all others;
    a share `ring_rewired` of these synapses goes to a target drawn at random instead, without
    repeats and never to itself (Watts and Strogatz, directed).
    """
    n = config.n_neurons
    degree = min(n - 1, max(1, round(config.ring_density * (n - 1))))
    offsets = np.arange(1, n)
    near = offsets[np.argsort(np.minimum(offsets, n - offsets), kind="stable")][:degree]
    rng = stream(seed, "wiring")
    for start in range(0, n, _BLOCK):
        sources = np.arange(start, min(start + _BLOCK, n))
        mask = np.zeros((sources.size, n), bool)
        for row, i in zip(mask, sources, strict=True):
            row[(i + near) % n] = True
            moved = rng.permutation((i + near) % n)[: rng.binomial(degree, config.ring_rewired)]
            free = np.flatnonzero(~row)
            row[moved] = False
            row[rng.choice(free[free != i], min(moved.size, free.size - 1), replace=False)] = True
        yield mask


def draw_pairs(config: NetworkConfig, inhibitory, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return source and target of every recurrent synapse, in rising order."""
    if config.clusters > 1:
        return _clustered_pairs(config, inhibitory, seed)
    if config.wiring == "distance":
        blocks = distance_mask(config, inhibitory, seed)
    else:
        blocks = small_world_mask(config, seed)
    pre, post = [], []
    for k, mask in enumerate(blocks):
        i, j = np.nonzero(mask)
        pre.append(i + k * _BLOCK)
        post.append(j)
    return np.concatenate(pre), np.concatenate(post)


def draw_clusters(config: NetworkConfig) -> np.ndarray | None:
    """Return the cluster of each neuron, (N,) int64: blocks of equal size; None for one cluster."""
    if config.clusters == 1:
        return None
    return np.arange(config.n_neurons) * config.clusters // config.n_neurons


def _clustered_pairs(config: NetworkConfig, inhibitory, seed: int):
    """Wire each cluster by itself, then pairs of clusters at random at a share of that density."""
    cluster = draw_clusters(config)
    pre, post = [], []
    for c in range(config.clusters):
        members = np.flatnonzero(cluster == c)
        alone = replace(config, clusters=1, n_neurons=members.size)
        own_seed = int(stream(seed, f"cluster {c}").integers(2**31))
        i, j = draw_pairs(alone, inhibitory[members], own_seed)
        pre.append(members[i])
        post.append(members[j])
    sizes = np.bincount(cluster)
    density = sum(i.size for i in pre) / (sizes * (sizes - 1)).sum()
    rng = stream(seed, "cluster links")
    linked = rng.random((config.n_neurons,) * 2) < config.cluster_link * density
    i, j = np.nonzero(linked & (cluster[:, None] != cluster))
    pre, post = np.concatenate([*pre, i]), np.concatenate([*post, j])
    order = np.lexsort((post, pre))
    return pre[order], post[order]


def draw_recurrent(config: NetworkConfig, inhibitory, seed: int) -> SparseRows:
    """Return the recurrent rows: Gamma magnitudes, sign of the source (Dale's law)."""
    pre, post = draw_pairs(config, inhibitory, seed)
    mean = np.where(inhibitory, -config.weight_i, config.weight_e) * config.recurrent_scale
    unit = _unit_gamma(config, pre.size, stream(seed, "recurrent weights"))
    if config.recurrent_scale == 0:
        pre, post, unit = pre[:0], post[:0], unit[:0]
    return _rows(pre, post, mean[pre] * unit, config.n_neurons, config.n_neurons)


def draw_inputs(config: NetworkConfig, n_inputs: int, seed: int) -> SparseRows:
    """Return the input rows: excitatory, to a random share of the neurons.

    Each receiving neuron takes each channel with probability ``input_fan_in / n_inputs``; one
    that would get none gets one, so that no receiver is deaf.
    """
    rng = stream(seed, "inputs")
    n = config.n_neurons
    receivers = rng.permutation(n)[: max(1, round(config.input_share * n))]
    p = min(1.0, config.input_fan_in / n_inputs)
    mask = np.zeros((n_inputs, n), bool)
    mask[:, receivers] = rng.random((n_inputs, receivers.size)) < p
    deaf = receivers[~mask[:, receivers].any(axis=0)]
    mask[rng.integers(n_inputs, size=deaf.size), deaf] = True
    pre, post = np.nonzero(mask)
    unit = _unit_gamma(config, pre.size, stream(seed, "input weights"))
    return _rows(pre, post, config.input_weight * unit, n_inputs, n)


def _unit_gamma(config: NetworkConfig, size: int, rng) -> np.ndarray:
    """Return Gamma draws of mean 1."""
    return rng.gamma(config.weight_shape, 1 / config.weight_shape, size)


def _rows(pre, post, weights, n_pre: int, n_post: int) -> SparseRows:
    """Return sorted pairs as sparse rows."""
    row_ptr = np.zeros(n_pre + 1, np.int64)
    np.cumsum(np.bincount(pre, minlength=n_pre), out=row_ptr[1:])
    return SparseRows(row_ptr, post.astype(np.int32), weights, n_post)
