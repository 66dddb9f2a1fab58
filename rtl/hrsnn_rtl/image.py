"""A network as memory words: what bitstream, simulations and the host loader put into a core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Shape
from amaranth.lib import data

from hrsnn_edge.errors import CapacityError
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import IntNetwork, LinearReadout, MlpReadout, TraceReadout
from hrsnn_rtl.codebook import Codebook
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.distance import distances, encode, fillers
from hrsnn_rtl.interfaces import (
    Select,
    pick_layout,
    row_layout,
    synapse_layout,
    threshold_layout,
    unit_layout,
)
from hrsnn_rtl.placer import Placement, place


@dataclass(frozen=True, eq=False)
class MemoryImage:
    """Consecutive words of one memory.

    Attributes
    ----------
    select : Select
        Which memory.
    lane : int
        Of which lane; 0 for the readout's.
    base : int
        Address of the first word.
    words : (n,) int64
        The words, unsigned.
    """

    select: Select
    lane: int
    base: int
    words: np.ndarray

    def __post_init__(self):
        """Make the words read-only."""
        words = np.array(self.words, np.int64)
        words.flags.writeable = False
        object.__setattr__(self, "words", words)


def pack(layout: data.StructLayout, **fields) -> np.ndarray:
    """Return the words of a layout, (n,) int64, from the values of its fields."""
    words = np.int64(0)
    for name, values in fields.items():
        field = layout[name]
        mask = np.int64((1 << field.width) - 1)
        words = words | (np.asarray(values, np.int64) & mask) << np.int64(field.offset)
    return words


def unpack(layout: data.StructLayout, words) -> dict[str, np.ndarray]:
    """Return the field values of words: the inverse of `pack`."""
    out = {}
    for name, field in layout:
        values = np.asarray(words, np.int64) >> np.int64(field.offset)
        values = values & np.int64((1 << field.width) - 1)
        if Shape.cast(field.shape).signed:
            values = values - ((values >> np.int64(field.width - 1)) << np.int64(field.width))
        out[name] = values
    return out


def memory_images(
    net: IntNetwork, config: CoreConfig, placement: Placement | None = None
) -> list[MemoryImage]:
    """Return the images that make a core compute a network.

    Every word of every memory that a run reads is there, so loading them replaces whatever network
    the core held.

    Parameters
    ----------
    net : IntNetwork
        The network.
    config : CoreConfig
        The core; it may be larger than the network.
    placement : Placement, optional
        Neurons to lanes; `hrsnn_rtl.placer.place` chooses when not given.
    """
    config.check_holds(net)
    placement = placement or place(net, config.lanes, config.n_slots)
    if (placement.lanes, placement.n_slots) != (config.lanes, config.n_slots):
        raise ValueError(
            f"Placement must be for {config.lanes} lanes of {config.n_slots} slots, not "
            f"{placement.lanes} of {placement.n_slots}"
        )
    images = []
    for lane in range(config.lanes):
        images += _row_images(net, config, placement, lane)
        images += _neuron_images(net, config, placement, lane)
    if config.n_out:
        images += READOUT_IMAGES[net.readout.kind](net, config, placement)
    return images


def by_source(recurrent, inputs, config: CoreConfig, placement: Placement, unused=0) -> np.ndarray:
    """Return values of the neurons and of the input channels by source number, (n_sources,)."""
    out = np.full(config.n_sources, unused, np.int64)
    out[placement.index] = recurrent
    out[config.n_hw : config.n_hw + len(inputs)] = inputs
    return out


def lane_synapses(net: IntNetwork, config: CoreConfig, placement: Placement, lane: int):
    """Return the sources of all synapses, recurrent ones first, and which a lane has, in its order.

    Raises
    ------
    CapacityError
        When they are more than the lane has words for.
    """
    source = np.concatenate(
        [placement.index[net.w_rec.pre_idx], config.n_hw + net.w_in.pre_idx.astype(np.int64)]
    )
    target = np.concatenate([net.w_rec.col_idx, net.w_in.col_idx])
    own = np.flatnonzero(placement.lane[target] == lane)
    slot = placement.slot[target[own]]
    order = own[np.lexsort((slot, source[own]))]
    _check_depth(config, lane, "Synapses", order.size)
    return source, order


def _check_depth(config: CoreConfig, lane: int, what: str, count: int) -> None:
    """Raise `CapacityError` when a lane has more words than its memory."""
    if count > config.synapse_depth:
        raise CapacityError(
            f"{what} of lane {lane} must be at most {config.synapse_depth}, not {count}. "
            "Prune synapses, or take more lanes."
        )


def _row_images(net, config, placement, lane) -> list[MemoryImage]:
    """Return the synapses of a lane, row after row, and where each source's row is."""
    source, order = lane_synapses(net, config, placement, lane)
    slot = placement.slot[np.concatenate([net.w_rec.col_idx, net.w_in.col_idx])[order]]
    fan_out = np.bincount(source, minlength=config.n_sources)
    synapse, words = _synapse_words(net, config, source[order], order, slot)
    _check_depth(config, lane, "Words", synapse.size)
    length = np.bincount(source[order], weights=words, minlength=config.n_sources).astype(np.int64)
    fields = {
        "start": np.where(length > 0, np.cumsum(length) - length, 0),
        "left": length - 2,
        "empty": length == 0,
    }
    if config.lanes > 1:
        fields["silent"] = fan_out == 0
    if config.shift_width:
        fields["shift"] = by_source(net.shift_rec, net.shift_in, config, placement)
    rows = pack(row_layout(config), **fields)
    return [
        MemoryImage(Select.SYNAPSE, lane, 0, synapse),
        MemoryImage(Select.ROW, lane, 0, rows),
    ]


def _synapse_words(net, config, row, order, slot) -> tuple[np.ndarray, np.ndarray]:
    """Return the words of a lane's rows, and how many each of its synapses takes."""
    weight = np.concatenate([net.w_rec.weights, net.w_in.weights])[order]
    layout, width = synapse_layout(config), config.distance_width
    if config.plasticity:
        return pack(layout, target=slot), np.ones(slot.size)
    if not width:
        return pack(layout, target=slot, weight=weight), np.ones(slot.size)
    distance = distances(row, slot)
    codes, synapses = encode(distance, width)
    weights = np.zeros(codes.size, np.int64)
    weights[synapses] = weight
    return pack(layout, distance=codes, weight=weights), 1 + fillers(distance, width)


def _neuron_images(net, config, placement, lane) -> list[MemoryImage]:
    """Return the parameters of a lane's neurons; an unused slot can never fire."""
    members = np.flatnonzero(placement.lane == lane)
    source, place, images = members, placement.slot[members], []
    if config.codebook_rows:
        book = Codebook.of(net)
        source, place = book.first, np.arange(book.n_rows)
        code = np.full(config.n_slots, _silent_row(net, book, config), np.int64)
        code[placement.slot[members]] = book.code[members]
        images.append(MemoryImage(Select.CODE, lane, 0, code))

    def words(values, unused: int) -> np.ndarray:
        out = np.full(config.parameter_depth, unused, np.int64)
        out[place] = values[source]
        return out

    # A decay of fewer bits is the same fraction of more.
    more = config.decay_width - net.fmt.decay_width
    decay = words(net.decay, 0) << more
    threshold = pack(
        threshold_layout(config),
        threshold=words(net.v_threshold, signed_range(config.v_width)[1]),
        refractory=words(net.refractory_steps, 0),
    )
    images += [
        MemoryImage(Select.DECAY, lane, 0, decay),
        MemoryImage(Select.THRESHOLD, lane, 0, threshold),
    ]
    if config.has_reset:
        reset = words(reset_word(net, config), 0)
        images.append(MemoryImage(Select.RESET, lane, 0, reset))
    if config.syn_width:
        decay = words(net.synapses.syn_decay, 0) << more
        images.append(MemoryImage(Select.CURRENT, lane, 0, decay))
    return images


def reset_word(net: IntNetwork, config: CoreConfig) -> np.ndarray:
    """Return what the core stores of each reset, (N,) int64 of `v_width` bits.

    The potential, or, on a core that subtracts, what a spike takes off, unsigned.
    """
    words = net.v_drop if config.subtracts else net.v_reset
    return words.astype(np.int64) & ((1 << config.v_width) - 1)


def _silent_row(net: IntNetwork, book: Codebook, config: CoreConfig) -> int:
    """Return a row of the codebook with which a slot without synapses never fires.

    Raises
    ------
    CapacityError
        When there are unused slots and no such row.
    """
    if book.n_rows < config.codebook_rows:
        return book.n_rows
    silent = np.flatnonzero(net.v_threshold[book.first] > 0)
    if silent.size == 0 and net.n_neurons < config.n_hw:
        raise CapacityError(
            f"Different sets of neuron parameters must be at most {config.codebook_rows - 1} on a "
            f"core with unused slots when all thresholds are 0 or negative, not {book.n_rows}. "
            "Build a core for this network."
        )
    return int(silent[0]) if silent.size else 0


def _linear_images(net, config, placement) -> list[MemoryImage]:
    """Return a linear readout's weights by bin and hardware index, and its biases."""
    readout = net.readout
    weights = np.zeros((config.n_bins, config.n_hw, config.n_out_padded), np.int64)
    weights[: readout.n_bins, placement.index, : readout.n_out] = readout.w_out
    bias = np.zeros(config.n_out_padded, np.int64)
    bias[: readout.n_out] = readout.bias
    low, high = signed_range(config.out_width)
    if bias.min() < low or bias.max() > high:
        raise CapacityError(
            f"Readout bias must be between {low} and {high}, not {bias.min()} .. {bias.max()}. "
            "Build a core for this network."
        )
    return [
        _weight_image(weights.ravel(), config),
        MemoryImage(Select.OUT_BIAS, 0, 0, bias & ((1 << config.out_width) - 1)),
    ]


def _perceptron_images(net, config, placement) -> list[MemoryImage]:
    """Return who is read, the weights by unit and input, and each unit's bias and shift."""
    readout, shape = net.readout, config.readout
    index, read = np.zeros(config.n_hw, np.int64), np.zeros(config.n_hw, np.int64)
    where = placement.index[readout.neurons]
    index[where], read[where] = np.arange(where.size), 1
    weights, biases, shifts = [], [], []
    for (inputs, units), layer in zip(config.layers, readout.layers, strict=True):
        padded = np.zeros((units, inputs), np.int64)
        used = np.arange(layer.weights.shape[0])
        if not weights:
            # A core may read more neurons than the network does.
            b, q = np.divmod(used, readout.neurons.size)
            used = b * shape.n_read + q
        padded[np.arange(layer.bias.size)[:, None], used] = layer.weights.T
        weights.append(padded.ravel())
        biases.append(np.pad(layer.bias, (0, units - layer.bias.size)))
        shifts.append(np.full(units, layer.shift))
    units = pack(unit_layout(config), bias=np.concatenate(biases), shift=np.concatenate(shifts))
    return [
        _weight_image(np.concatenate(weights), config),
        MemoryImage(Select.OUT_BIAS, 0, 0, units),
        MemoryImage(Select.OUT_NEURON, 0, 0, pack(pick_layout(config), index=index, read=read)),
    ]


def _filter_images(net, config, placement) -> list[MemoryImage]:
    """Return decays and weights by hardware index and filter, biases with shifts, and steps."""
    readout, shape = net.readout, config.readout
    n_rows, n_out = 1 + shape.squares, config.n_out
    weights = np.zeros((n_out, n_rows, config.n_hw, shape.n_filters), np.int64)
    # (rows, filters, neurons, outputs) of the network, in the core's order.
    own = readout.w_out.reshape(-1, readout.n_filters, net.n_neurons, readout.n_out)
    for filters in range(readout.n_filters):
        for row, by_neuron in enumerate(own[:, filters]):
            weights[: readout.n_out, row, placement.index, filters] = by_neuron.T
    decays = np.zeros((config.n_hw, shape.n_filters), np.int64)
    # A decay of fewer bits is the same fraction of more.
    decays[placement.index, : readout.n_filters] = readout.decay.T << (
        shape.decay_width - readout.decay_width
    )
    biases = np.concatenate(
        [
            np.pad(readout.bias, (0, n_out - readout.n_out)),
            np.pad(readout.trace_step, (0, shape.n_filters - readout.n_filters)),
        ]
    )
    return [
        _weight_image(weights.ravel(), config),
        MemoryImage(
            Select.OUT_BIAS, 0, 0, pack(unit_layout(config), bias=biases, shift=readout.out_shift)
        ),
        MemoryImage(Select.OUT_NEURON, 0, 0, decays.ravel()),
    ]


def _weight_image(weights: np.ndarray, config: CoreConfig) -> MemoryImage:
    """Return the image of all readout weights."""
    words = weights & ((1 << config.out_weight_width) - 1)
    return MemoryImage(Select.OUT_WEIGHT, 0, 0, words)


#: The images of a readout, by its kind.
READOUT_IMAGES = {
    LinearReadout.kind: _linear_images,
    MlpReadout.kind: _perceptron_images,
    TraceReadout.kind: _filter_images,
}


def memory_words(images, select: Select, lane: int, depth: int) -> np.ndarray:
    """Return the whole contents of one memory, (depth,) int64; 0 where no image reaches."""
    out = np.zeros(depth, np.int64)
    for image in images:
        if image.select == select and image.lane == lane:
            out[image.base : image.base + image.words.size] = image.words
    return out
