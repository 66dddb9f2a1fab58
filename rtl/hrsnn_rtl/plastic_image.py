"""A network that learns as memory words, and its magnitudes back from them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import IntNetwork, IntStdp
from hrsnn_edge.plastic import Magnitudes, check_stdp, greatest_network, initial_magnitudes
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import MemoryImage, by_source, lane_synapses, memory_images, pack, unpack
from hrsnn_rtl.interfaces import Select
from hrsnn_rtl.placer import Placement, place
from hrsnn_rtl.plasticity import limit_layout, magnitude_layout, rule_layout


def plastic_images(
    net: IntNetwork,
    stdp: IntStdp,
    config: CoreConfig,
    placement: Placement | None = None,
    magnitudes: Magnitudes | None = None,
) -> list[MemoryImage]:
    """Return the images that make a core compute a network and learn.

    Parameters
    ----------
    net, stdp : IntNetwork, IntStdp
        The network and its learning constants.
    config : CoreConfig
        The core, with plasticity.
    placement : Placement, optional
        Neurons to lanes; `hrsnn_rtl.placer.place` chooses when not given.
    magnitudes : Magnitudes, optional
        By default those of the network's weights.

    Raises
    ------
    CapacityError
        When network or constants need more than the core has.
    QuantisationError
        For constants that could leave the formats of the network.
    """
    if config.plasticity is None:
        raise CapacityError("Core must have plasticity to learn. Build it with one.")
    placement = placement or place(net, config.lanes, config.n_slots)
    images = memory_images(net, config, placement)
    config.plasticity.check_holds(stdp)
    needed = greatest_network(net, stdp).sum_width
    if needed > config.sum_width:
        raise CapacityError(
            f"sum_width of the greatest weights must be at most {config.sum_width}, that of the "
            f"core, not {needed}. Build a core for this network."
        )
    images += magnitude_images(net, stdp, config, placement, magnitudes)
    return images + constant_images(net, stdp, config, placement)


def core_images(
    net: IntNetwork, config: CoreConfig, placement: Placement, stdp: IntStdp | None = None
) -> list[MemoryImage]:
    """Return the images of a network for a core that learns by `stdp`, or that does not learn."""
    if stdp is None:
        return memory_images(net, config, placement)
    return plastic_images(net, stdp, config, placement)


def magnitude_images(
    net: IntNetwork,
    stdp: IntStdp,
    config: CoreConfig,
    placement: Placement,
    magnitudes: Magnitudes | None = None,
) -> list[MemoryImage]:
    """Return only the images of the magnitudes, as between samples."""
    start = magnitudes or initial_magnitudes(net, stdp)
    check_stdp(net, stdp, start)
    values = np.concatenate(
        [
            chosen if plastic else rows.weights.astype(np.int64) << stdp.learn_shift
            for plastic, rows, chosen in (
                (stdp.plastic_rec, net.w_rec, start.w_rec),
                (stdp.plastic_in, net.w_in, start.w_in),
            )
        ]
    )
    images = []
    for lane in range(config.lanes):
        _, order = lane_synapses(net, config, placement, lane)
        words = pack(magnitude_layout(config), magnitude=values[order])
        images.append(MemoryImage(Select.MAGNITUDE, lane, 0, words))
    return images


def constant_images(
    net: IntNetwork, stdp: IntStdp, config: CoreConfig, placement: Placement
) -> list[MemoryImage]:
    """Return only the images of the learning constants, as when learning rates fall."""
    inputs, neurons = slice(0, net.n_inputs), slice(net.n_inputs, None)

    def of_sources(values, unused=0) -> np.ndarray:
        return by_source(values[neurons], values[inputs], config, placement, unused)

    free = (1 << config.magnitude_width) - 1
    limit = stdp.magnitude_max.astype(np.int64)
    negative = np.concatenate([np.zeros(net.n_inputs, bool), net.inhibitory])
    for plastic, part in ((stdp.plastic_in, inputs), (stdp.plastic_rec, neurons)):
        if not plastic:
            limit[part], negative[part] = free, False
    source_words = {
        Select.LIMIT: pack(
            limit_layout(config), limit=of_sources(limit, free), negative=of_sources(negative)
        ),
        Select.PRE_RULE: pack(
            rule_layout(config.plasticity),
            decay=of_sources(stdp.decay_plus),
            eta=of_sources(stdp.eta_plus),
        ),
    }
    images = []
    for lane in range(config.lanes):
        members = np.flatnonzero(placement.lane == lane)
        fields = {}
        for name, values in (("decay", stdp.decay_minus), ("eta", stdp.eta_minus)):
            fields[name] = np.zeros(config.n_slots, np.int64)
            fields[name][placement.slot[members]] = values[members]
        words = source_words | {Select.POST_RULE: pack(rule_layout(config.plasticity), **fields)}
        images += [MemoryImage(select, lane, 0, values) for select, values in words.items()]
    return images


def read_magnitudes(
    read: Callable[[Select, int, int, int], np.ndarray],
    net: IntNetwork,
    stdp: IntStdp,
    config: CoreConfig,
    placement: Placement,
) -> Magnitudes:
    """Return the magnitudes of a core whose rows are up to date.

    Parameters
    ----------
    read : callable
        ``read(select, lane, address, count)`` returns words of a memory of the core.
    net, stdp, config, placement
        As of `plastic_images`; a projection that does not learn keeps the magnitudes of `net`.
    """
    start = initial_magnitudes(net, stdp)
    values = np.concatenate([start.w_rec, start.w_in])
    learns = np.repeat([stdp.plastic_rec, stdp.plastic_in], [net.w_rec.nnz, net.w_in.nnz])
    for lane in range(config.lanes):
        _, order = lane_synapses(net, config, placement, lane)
        words = read(Select.MAGNITUDE, lane, 0, order.size) if order.size else np.zeros(0, np.int64)
        found = unpack(magnitude_layout(config), words)["magnitude"]
        values[order] = np.where(learns[order], found, values[order])
    return Magnitudes(values[net.w_rec.nnz :], values[: net.w_rec.nnz])
