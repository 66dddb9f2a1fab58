"""Seeded random networks, rasters and learning constants for verification, aimed at edges.

Everything is drawn from one NumPy generator, so the same seed and arguments give the same case.
Whatever an argument leaves open is drawn too.
"""

from __future__ import annotations

import numpy as np

from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import RESETS, IntFormat, IntNetwork, IntStdp, LinearReadout, SparseRows

#: Share of values that are drawn from the ends of their range.
EDGE_SHARE = 0.15
#: Share of networks with a subtractive reset.
SUBTRACT_SHARE = 0.4


def random_format(rng: np.random.Generator) -> IntFormat:
    """Return a format with every width drawn over the whole of its range."""
    draw = {
        name: int(rng.integers(low, high + 1)) for name, (low, high) in IntFormat.LIMITS.items()
    }
    # A large shift saturates every membrane at once; keep that the rare case.
    if rng.random() < 0.8:
        draw["v_shift"] = int(rng.integers(0, max(1, draw["v_width"] - 8) + 1))
    return IntFormat(**draw)


def random_network(
    seed: int,
    n_neurons: int | None = None,
    n_inputs: int | None = None,
    n_steps: int | None = None,
    *,
    fmt: IntFormat | None = None,
    n_out: int | None = None,
    n_bins: int | None = None,
    has_reset: bool | None = None,
    density: float | None = None,
    reset: str | None = None,
) -> tuple[IntNetwork, np.ndarray]:
    """Return a random integer network and a (n_steps, n_inputs) bool raster for it.

    Among them are empty and full rows, weights, thresholds and decays at both ends of their ranges,
    neurons that always and never fire, and steps without and with every event.

    Parameters
    ----------
    seed : int
        Everything follows from it.
    n_neurons, n_inputs, n_steps, n_out, n_bins : int, optional
        Sizes; by default small ones.
    fmt : IntFormat, optional
        Widths.
    has_reset : bool, optional
        Whether some ``v_reset`` are not 0, which also lets thresholds be 0 or negative.
    density : float, optional
        Share of kept synapses in a common row.
    reset : 'hard' or 'subtract', optional
        What a spike does.
    """
    # Of a generator of its own: what is drawn below was drawn before there were two.
    reset = reset or RESETS[int(np.random.default_rng([seed, 1]).random() < SUBTRACT_SHARE)]
    rng = np.random.default_rng(seed)
    n = n_neurons or int(rng.integers(1, 49))
    k = n_inputs or int(rng.integers(1, 25))
    steps = n_steps or int(rng.integers(1, 41))
    fmt = fmt or random_format(rng)
    n_out = n_out or int(rng.integers(1, 6))
    n_bins = n_bins or int(rng.integers(1, 5))
    has_reset = bool(rng.random() < 0.4) if has_reset is None else has_reset
    density = float(rng.uniform(0.02, 0.5)) if density is None else density

    inhibitory = rng.random(n) < 0.2
    low, high = signed_range(fmt.weight_width)
    w_in = _rows(rng, k, n, density, np.full(k, low), np.full(k, high))
    w_rec = _rows(rng, n, n, density, np.where(inhibitory, low, 0), np.where(inhibitory, 0, high))
    top = (1 << fmt.shift_width) - 1
    shift_in, shift_rec = rng.integers(0, top + 1, k), rng.integers(0, top + 1, n)
    raster = _raster(rng, steps, k)

    v_low, v_high = signed_range(fmt.v_width)
    v_reset = np.zeros(n, np.int64)
    if has_reset:
        moved = rng.random(n) < 0.5
        v_reset = np.where(moved, edgy(rng, v_low, v_high - 1, n), v_reset)
    # Thresholds of about one to a few steps of input, where spikes are neither rare nor certain.
    reach = np.zeros(n)
    np.add.at(reach, w_in.col_idx, np.abs(w_in.weights) << shift_in[w_in.pre_idx])
    scale = max(1.0, reach.mean() * raster.mean()) * 2.0**fmt.v_shift
    v_threshold = np.clip(scale * 2.0 ** rng.uniform(-2, 3, n), 1, v_high).astype(np.int64)
    edge = rng.random(n) < EDGE_SHARE
    v_threshold[edge] = rng.choice([1, 2, v_high - 1, v_high], edge.sum())
    if has_reset:
        v_threshold[rng.random(n) < 0.05] = v_low + 1
    v_threshold = np.minimum(np.maximum(v_threshold, v_reset + 1), v_high)

    out_low, out_high = signed_range(fmt.out_weight_width)
    net = IntNetwork(
        w_in=w_in,
        w_rec=w_rec,
        shift_in=shift_in.astype(np.int32),
        shift_rec=shift_rec.astype(np.int32),
        inhibitory=inhibitory,
        decay=edgy(rng, 0, (1 << fmt.decay_width) - 1, n).astype(np.int32),
        v_threshold=v_threshold.astype(np.int32),
        v_reset=v_reset.astype(np.int32),
        refractory_steps=_refractory(rng, n, fmt.refractory_width),
        readout=LinearReadout(
            edgy(rng, out_low, out_high, (n_bins, n, n_out)).astype(np.int32),
            rng.integers(-(1 << 12), 1 << 12, n_out).astype(np.int32),
        ),
        fmt=fmt,
        reset=reset,
    )
    return net, raster


def random_stdp(seed: int, net: IntNetwork, **fixed) -> tuple[IntNetwork, IntStdp]:
    """Return random learning constants, and the network with plastic inputs made non-negative.

    Greatest magnitudes lie between the network's own weights and the widest that its format holds.
    `fixed` sets chosen fields that are not arrays.
    """
    rng = np.random.default_rng(seed)
    plastic_in, plastic_rec = [(True, True), (True, False), (False, True)][rng.integers(3)]
    plastic_in = fixed.get("plastic_in", plastic_in)
    plastic_rec = fixed.get("plastic_rec", plastic_rec)
    if plastic_in:
        weights = np.minimum(np.abs(net.w_in.weights), signed_range(net.fmt.weight_width)[1])
        net = _with_w_in(net, net.w_in.with_weights(weights.astype(np.int32)))
    learn_shift = fixed.get("learn_shift", int(rng.integers(0, 13)))
    sources = net.n_inputs + net.n_neurons
    greatest = np.zeros(sources, np.int64)
    np.maximum.at(greatest, net.w_in.pre_idx, np.abs(net.w_in.weights))
    np.maximum.at(greatest, net.n_inputs + net.w_rec.pre_idx, np.abs(net.w_rec.weights))
    low, high = signed_range(net.fmt.weight_width)
    limit = np.full(sources, high)
    limit[net.n_inputs :] = np.where(net.inhibitory, -low, high)
    full = ((limit + 1) << learn_shift) - 1
    trace_width, decay_width = int(rng.integers(4, 13)), int(rng.integers(4, 13))
    trace_width = fixed.get("trace_width", trace_width)
    decay_width = fixed.get("decay_width", decay_width)
    top = (1 << decay_width) - 1
    slow = top * 3 // 4  # most traces should live longer than a step
    eta_shift = fixed.get("eta_shift", int(rng.integers(0, 17)))
    # Changes of a fraction of a weight's LSB up to several of them.
    eta_top = min((1 << 16) - 1, 1 + (4 << (learn_shift + eta_shift) >> trace_width))
    return net, IntStdp(
        plastic_in=plastic_in,
        plastic_rec=plastic_rec,
        learn_shift=learn_shift,
        trace_width=trace_width,
        trace_step=fixed.get("trace_step", int(edgy(rng, 1, (1 << trace_width) - 1, 1)[0])),
        decay_width=decay_width,
        decay_plus=edgy(rng, rng.choice([0, slow]), top, sources).astype(np.int32),
        eta_plus=edgy(rng, 0, eta_top, sources).astype(np.int32),
        magnitude_max=rng.integers(np.minimum(greatest << learn_shift, full), full + 1).astype(
            np.int32
        ),
        decay_minus=edgy(rng, rng.choice([0, slow]), top, net.n_neurons).astype(np.int32),
        eta_minus=edgy(rng, 0, eta_top, net.n_neurons).astype(np.int32),
        eta_shift=eta_shift,
    )


def _with_w_in(net: IntNetwork, w_in: SparseRows) -> IntNetwork:
    """Return the network with other input rows."""
    return IntNetwork(**{**vars(net), "w_in": w_in})


def edgy(rng: np.random.Generator, low, high, size) -> np.ndarray:
    """Return int64 values in low..high, a share of them at the two ends."""
    values = rng.integers(low, high + 1, size)
    pick = rng.random(size)
    values[pick < EDGE_SHARE] = high
    values[pick < EDGE_SHARE / 2] = low
    return values


def _rows(rng, n_pre: int, n_post: int, density: float, low, high) -> SparseRows:
    """Return random rows with some empty and some full; row i's weights are in low[i]..high[i]."""
    kind = rng.random(n_pre)
    share = np.where(kind < 0.1, 0.0, np.where(kind > 0.95, 1.0, density))
    mask = rng.random((n_pre, n_post)) < share[:, None]
    weights = np.empty((n_pre, n_post), np.int32)
    for i in range(n_pre):
        weights[i] = edgy(rng, low[i], high[i], n_post)
    return SparseRows.from_dense(weights, mask)


def _raster(rng, n_steps: int, n_inputs: int) -> np.ndarray:
    """Return a raster whose rate changes from step to step, silent and full steps among them."""
    kind = rng.random(n_steps)
    rate = np.where(kind < 0.15, 0.0, np.where(kind > 0.95, 1.0, rng.uniform(0.02, 0.5)))
    return rng.random((n_steps, n_inputs)) < rate[:, None]


def _refractory(rng, n: int, width: int) -> np.ndarray:
    """Return refractory periods, most of them short."""
    top = (1 << width) - 1
    steps = np.minimum(rng.integers(0, 4, n), top)
    steps[rng.random(n) < EDGE_SHARE] = top
    return steps.astype(np.int32)
