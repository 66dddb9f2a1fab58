"""The few cores that random networks are tried on, and networks that fit them.

A core takes seconds to compile and any network within its capacity can be loaded into it, so
random networks share a handful of cores that between them have every option of the generator.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.readout_shapes import FilterShape, PerceptronShape

from hrsnn_edge.fixed import width_for
from hrsnn_edge.network import ExpSynapses, IntFormat, IntNetwork, TraceReadout
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.random_features import random_mlp, random_synapses, random_traces

#: Longest random run, in steps.
MAX_STEPS = 40


def fitting_core(lanes: int, n_slots: int, n_inputs: int, fmt: IntFormat, **options) -> CoreConfig:
    """Return a core on which every network of these sizes and widths fits."""
    n_hw, n_out = lanes * n_slots, options.setdefault("n_out", 4)
    greatest = 1 << (fmt.weight_width - 1 + (1 << fmt.shift_width) - 1)
    most = (1 << (fmt.out_weight_width - 1)) * n_hw * MAX_STEPS + (1 << 12)
    return CoreConfig(
        lanes=lanes,
        n_slots=n_slots,
        n_inputs=n_inputs,
        synapse_depth=n_slots * (n_hw + n_inputs),
        **{name: getattr(fmt, name) for name in IntFormat.LIMITS},
        sum_width=width_for(-greatest * (n_hw + n_inputs), greatest * (n_hw + n_inputs)),
        **({"out_width": width_for(-most, most) if n_out else 1} | options),
    )


#: Name -> core. Between them: all lane counts, both resets, stored and not, shifts, distances,
#: bins, each readout, spike stream, double buffer, synaptic currents, codebook, halt, memories in
#: segments and in LUTs, words that travel for a cycle, a queue that fills up, and both ends of the
#: widths.
SHAPES: dict[str, CoreConfig] = {
    "one-lane": fitting_core(1, 40, 24, IntFormat(), spike_stream=True, queue_depth=32),
    "two-lanes": fitting_core(
        2,
        24,
        16,
        IntFormat(24, 12, 8, 2, 5, 6, 16),
        has_reset=True,
        n_bins=4,
        n_out=5,
        out_lanes=2,
        spike_stream=True,
        block_ram="ICESTORM_RAM",
    ),
    "four-lanes": fitting_core(
        4,
        10,
        20,
        IntFormat(12, 6, 5, 1, 2, 2, 6),
        subtracts=True,
        halt=True,
        n_bins=3,
        out_lanes=4,
        queue_depth=32,
    ),
    "eight-lanes": fitting_core(
        8,
        6,
        24,
        IntFormat(16, 8, 6, 0, 0, 3, 8),
        has_reset=True,
        out_lanes=2,
        spike_stream=True,
        block_ram="ICESTORM_RAM",
        distributed=("decays", "thresholds", "resets"),
    ),
    "narrow": fitting_core(
        1,
        32,
        12,
        IntFormat(8, 4, 2, 3, 0, 0, 2),
        codebook_rows=5,
        double_buffer=False,
        n_bins=2,
        spike_stream=True,
    ),
    "distances": fitting_core(
        2,
        28,
        24,
        IntFormat(14, 8, 6, 1, 0, 2, 8),
        distance_width=2,
        halt=True,
        n_bins=2,
        spike_stream=True,
        block_ram="ICESTORM_RAM",
    ),
    "spram": fitting_core(
        1,
        48,
        24,
        IntFormat(16, 8, 8, 1, 1, 4, 8),
        synapse_memory="spram",
        has_reset=True,
        subtracts=True,
        halt=True,
    ),
    "currents": fitting_core(
        2,
        20,
        16,
        IntFormat(14, 8, 5, 1, 2, 3, 6),
        syn_width=12,
        codebook_rows=32,
        halt=True,
        has_reset=True,
        spike_stream=True,
        queue_depth=32,
    ),
    "currents-single-bank": fitting_core(
        1,
        36,
        12,
        IntFormat(20, 12, 6, 0, 6, 2, 6),
        syn_width=24,
        has_reset=True,
        double_buffer=False,
        queue_depth=64,
        distributed=("current decays", "currents"),
    ),
    "perceptron": fitting_core(
        2,
        16,
        12,
        IntFormat(12, 8, 6, 0, 0, 2, 7),
        has_reset=True,
        syn_width=14,
        n_bins=3,
        n_out=3,
        spike_stream=True,
        halt=True,
        readout=PerceptronShape(n_read=20, hidden=(6, 5), act_width=4, acc_width=32),
        out_width=32,
    ),
    "filters": fitting_core(
        1,
        24,
        12,
        IntFormat(14, 8, 6, 0, 0, 3, 10),
        n_out=3,
        queue_depth=32,
        block_ram="ICESTORM_RAM",
        readout=FilterShape(n_filters=3, squares=True, trace_width=11, decay_width=9, acc_width=34),
        out_width=34,
    ),
}


def shapes_for(lanes: int | None = None) -> dict[str, CoreConfig]:
    """Return the cores with a number of lanes, or all.

    Raises
    ------
    ValueError
        For a number of lanes that no core has.
    """
    chosen = {
        name: config for name, config in SHAPES.items() if lanes is None or config.lanes == lanes
    }
    if not chosen:
        raise ValueError(f"Lanes must be one of 1, 2, 4, 8, not {lanes}")
    return chosen


def network_for(config: CoreConfig, seed: int) -> tuple[IntNetwork, np.ndarray]:
    """Return a random network and raster that fit a core; everything follows from the seed."""
    rng = np.random.default_rng(seed)
    # v_width and v_shift are part of the core's arithmetic; other widths may be smaller.
    widths = {
        name: int(rng.integers(low, getattr(config, name) + 1))
        for name, (low, _) in IntFormat.LIMITS.items()
    }
    fmt = replace(IntFormat(**widths), v_width=config.v_width, v_shift=config.v_shift)
    # Half of the networks fill the core, the others leave slots and channels unused.
    least = rng.random() < 0.5
    # Long runs, in which counts saturate, where there are counts.
    longest = MAX_STEPS if isinstance(config.readout, PerceptronShape) else MAX_STEPS // 2
    net, raster = random_network(
        seed,
        n_neurons=config.n_hw if least else int(rng.integers(1, config.n_hw + 1)),
        n_inputs=config.n_inputs if least else int(rng.integers(1, config.n_inputs + 1)),
        n_steps=int(rng.integers(1, longest + 1)),
        fmt=fmt,
        n_out=int(rng.integers(1, config.n_out + 1)),
        n_bins=int(rng.integers(1, config.n_bins + 1)),
        has_reset=config.has_reset and rng.random() < 0.8,
        reset="subtract" if config.subtracts else "hard",
    )
    if config.syn_width:
        net = with_currents(net, seed, config.syn_width)
    if config.codebook_rows:
        net = with_codebook(net, seed, int(rng.integers(1, config.codebook_rows + 1)))
    return with_readout(config, net, rng), raster


def with_codebook(net: IntNetwork, seed: int, rows: int) -> IntNetwork:
    """Return the network with the parameters of at most `rows` of its neurons for all of them."""
    rng = np.random.default_rng(seed)
    own = rng.permutation(net.n_neurons)[:rows]
    row = own[rng.integers(0, own.size, net.n_neurons)]
    names = ("decay", "v_threshold", "refractory_steps", "v_reset")
    changes = {name: getattr(net, name)[row] for name in names}
    if net.synapses is not None:
        decay = net.synapses.syn_decay[row]
        changes["synapses"] = replace(net.synapses, syn_decay=decay)
    return replace(net, **changes)


def with_readout(config: CoreConfig, net: IntNetwork, rng: np.random.Generator) -> IntNetwork:
    """Return the network with a random readout of the core's kind that fits it."""
    shape, seed = config.readout, int(rng.integers(1 << 30))

    def up_to(most: int, least: int = 1) -> int:
        return int(rng.integers(least, most + 1))

    if shape is None:
        return net
    if isinstance(shape, PerceptronShape):
        return random_mlp(
            seed,
            net,
            n_read=up_to(min(shape.n_read, net.n_neurons)),
            n_bins=up_to(config.n_bins),
            hidden=[up_to(units) for units in shape.hidden],
            act_width=shape.act_width,
        )
    return random_traces(
        seed,
        net,
        n_filters=up_to(shape.n_filters),
        squares=shape.squares and rng.random() < 0.7,
        trace_width=shape.trace_width,
        decay_width=up_to(shape.decay_width, TraceReadout.LIMITS["decay_width"][0]),
    )


def with_currents(net: IntNetwork, seed: int, width: int) -> IntNetwork:
    """Return the network with exponential synapses of random decays and currents of `width`."""
    decay = random_synapses(seed, net).synapses.syn_decay
    return replace(net, synapses=ExpSynapses(decay, width))
