"""Tests of memory images."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import signed
from amaranth.lib import data
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import MemoryImage, memory_images, memory_words, pack, unpack
from hrsnn_rtl.interfaces import Select, row_layout, synapse_layout, threshold_layout
from hrsnn_rtl.placer import place
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import IntFormat, IntNetwork, LinearReadout, SparseRows
from tests.strategies import network_cases


def tiny(weights_rec, **changes) -> IntNetwork:
    """Return three neurons with one input that drives neuron 1 with weight 5."""
    values = {
        "w_in": SparseRows.from_dense(np.array([[0, 5, 0]], np.int32)),
        "w_rec": SparseRows.from_dense(np.array(weights_rec, np.int32)),
        "shift_in": np.array([1], np.int32),
        "shift_rec": np.array([0, 1, 0], np.int32),
        "inhibitory": np.array([False, True, False]),
        "decay": np.array([10, 20, 30], np.int32),
        "v_threshold": np.array([7, -3, 9], np.int32),
        "v_reset": np.array([0, -9, 0], np.int32),
        "refractory_steps": np.array([1, 2, 3], np.int32),
        "readout": LinearReadout(
            np.array([[[1, -1], [2, -2], [3, -3]]], np.int32), np.array([4, -4], np.int32)
        ),
        "fmt": IntFormat(v_width=8, decay_width=8, shift_width=1, refractory_width=2),
    }
    return IntNetwork(**{**values, **changes})


NET = tiny([[0, 3, 4], [-2, 0, 0], [0, 0, 0]])


def test_images_by_hand():
    """One lane: the rows of 3 neurons and 1 input, word by word."""
    config = CoreConfig.for_network(NET, lanes=1, n_steps=4)
    images = {image.select: image for image in memory_images(NET, config)}
    assert all(image.lane == image.base == 0 for image in images.values())
    synapses = unpack(synapse_layout(config), images[Select.SYNAPSE].words)
    assert synapses["target"].tolist() == [1, 2, 0, 1]
    assert synapses["weight"].tolist() == [3, 4, -2, 5]
    rows = unpack(row_layout(config), images[Select.ROW].words)
    assert rows["start"].tolist() == [0, 2, 0, 3]
    assert rows["left"].tolist() == [0, -1, -2, -1]
    assert rows["empty"].tolist() == [0, 0, 1, 0]
    assert rows["shift"].tolist() == [0, 1, 0, 1]
    assert images[Select.DECAY].words.tolist() == [10, 20, 30]
    limits = unpack(threshold_layout(config), images[Select.THRESHOLD].words)
    assert limits["threshold"].tolist() == [7, -3, 9]
    assert limits["refractory"].tolist() == [1, 2, 3]
    assert images[Select.RESET].words.tolist() == [0, 256 - 9, 0]
    assert images[Select.OUT_WEIGHT].words.tolist() == [1, 255, 2, 254, 3, 253]
    top = 1 << config.out_width
    assert images[Select.OUT_BIAS].words.tolist() == [4, top - 4]


def test_larger_core_by_hand():
    """Unused slots and channels have empty rows and the greatest threshold; decays are scaled."""
    config = CoreConfig(
        lanes=2, n_slots=3, n_inputs=2, synapse_depth=16, v_width=8, decay_width=10,
        weight_width=8, shift_width=1, refractory_width=3, has_reset=True, sum_width=12, n_out=3,
        n_bins=2, out_width=16, out_lanes=2,
    )  # fmt: skip
    placement = place(NET, 2, 3)
    images = memory_images(NET, config, placement)
    for lane in range(2):
        rows = unpack(row_layout(config), memory_words(images, Select.ROW, lane, 8))
        for hw, neuron in enumerate(placement.neuron):
            silent = neuron < 0 or NET.w_rec.fan_out[neuron] == 0
            assert rows["silent"][hw] == silent
            assert rows["empty"][hw] >= silent
        assert rows["silent"][6:].tolist() == [0, 1]
        limits = unpack(threshold_layout(config), memory_words(images, Select.THRESHOLD, lane, 3))
        decay = memory_words(images, Select.DECAY, lane, 3)
        for slot in range(3):
            neuron = placement.neuron[slot * 2 + lane]
            assert limits["threshold"][slot] == (NET.v_threshold[neuron] if neuron >= 0 else 127)
            assert decay[slot] == (NET.decay[neuron] << 2 if neuron >= 0 else 0)
    weights = memory_words(images, Select.OUT_WEIGHT, 0, config.out_depth)
    assert weights.size == 2 * 6 * 4
    assert weights[placement.index[1] * 4 :][:4].tolist() == [2, 254, 0, 0]
    assert not weights[24:].any()


@settings(max_examples=50)
@given(network_cases(), st.sampled_from([1, 2, 4, 8]))
def test_images_hold_the_network(case, lanes):
    """Walking the rows of all lanes gives back every synapse of the network, shifts included."""
    net, raster = case
    config = CoreConfig.for_network(net, lanes=lanes, n_steps=len(raster))
    placement = place(net, lanes)
    images = memory_images(net, config, placement)
    dense = np.zeros((config.n_sources, net.n_neurons), np.int64)
    for lane in range(lanes):
        synapses = unpack(
            synapse_layout(config),
            memory_words(images, Select.SYNAPSE, lane, config.synapse_depth),
        )
        rows = unpack(row_layout(config), memory_words(images, Select.ROW, lane, config.n_sources))
        shift = rows.get("shift", np.zeros(config.n_sources, np.int64))
        for source in range(config.n_sources):
            length = int(rows["left"][source]) + 2
            assert (length == 0) == rows["empty"][source]
            part = slice(int(rows["start"][source]), int(rows["start"][source]) + length)
            targets = placement.neuron[synapses["target"][part] * lanes + lane]
            assert (np.diff(targets) > 0).all()
            dense[source, targets] = synapses["weight"][part] << shift[source]
    want_rec = net.w_rec.to_dense().astype(np.int64) << net.shift_rec[:, None]
    want_in = net.w_in.to_dense().astype(np.int64) << net.shift_in[:, None]
    assert (dense[placement.index] == want_rec).all()
    assert (dense[config.n_hw :] == want_in).all()


@given(st.lists(st.tuples(st.integers(-16, 15), st.integers(0, 7)), min_size=1))
def test_unpack_inverts_pack(values):
    """`unpack(pack(x))` is x, signs included."""
    layout = data.StructLayout({"a": signed(5), "b": 3})
    a, b = np.array(values).T
    got = unpack(layout, pack(layout, a=a, b=b))
    assert (got["a"] == a).all() and (got["b"] == b).all()


def test_refuses_what_does_not_fit():
    """Too many synapses for a lane, or a bias out of range, name the memory and the limit."""
    config = CoreConfig.for_network(NET, lanes=1, n_steps=4, synapse_depth=3)
    with pytest.raises(CapacityError, match="Synapses of lane 0 must be at most 3, not 4"):
        memory_images(NET, config)
    config = CoreConfig.for_network(NET, lanes=1, n_steps=4, out_width=3)
    with pytest.raises(CapacityError, match="Readout bias must be between -4 and 3, not -4 .. 4"):
        memory_images(NET, config)
    with pytest.raises(ValueError, match="Placement must be for 1 lanes of 3 slots, not 2 of 2"):
        memory_images(NET, CoreConfig.for_network(NET, lanes=1, n_steps=4), place(NET, 2))


def test_image_is_read_only():
    """A memory image cannot be changed."""
    image = MemoryImage(Select.ROW, 0, 0, np.array([1, 2]))
    with pytest.raises(ValueError, match="read-only"):
        image.words[0] = 3


def test_codebook_by_hand():
    """Neurons name the row of their parameters; unused slots one that never fires."""
    net = tiny(
        [[0, 3, 4], [-2, 0, 0], [0, 0, 0]],
        decay=np.array([10, 20, 10], np.int32),
        v_threshold=np.array([7, -3, 7], np.int32),
        refractory_steps=np.array([1, 2, 1], np.int32),
    )
    config = CoreConfig.for_network(net, lanes=1, n_steps=4, codebook_rows=3)
    config = replace(config, n_slots=4)
    images = {image.select: image for image in memory_images(net, config)}
    assert images[Select.CODE].words.tolist() == [0, 1, 0, 2]
    assert images[Select.DECAY].words.tolist() == [10, 20, 0]
    limits = unpack(threshold_layout(config), images[Select.THRESHOLD].words)
    assert limits["threshold"].tolist() == [7, -3, 127]
    assert limits["refractory"].tolist() == [1, 2, 0]
    assert images[Select.RESET].words.tolist() == [0, 256 - 9, 0]
    # Without a free row an unused slot takes one whose threshold is above 0, if there is one.
    full = replace(config, codebook_rows=2)
    images = {image.select: image for image in memory_images(net, full)}
    assert images[Select.CODE].words.tolist() == [0, 1, 0, 0]
    reset = np.full(3, -9, np.int32)
    low = replace(net, v_threshold=np.array([-2, -3, -2], np.int32), v_reset=reset)
    with pytest.raises(CapacityError, match="at most 1 on a core with unused slots .*, not 2"):
        memory_images(low, full)
