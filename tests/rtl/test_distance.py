"""Targets as distances: the code by hand, the sum along rows, and the whole core."""

import numpy as np
import pytest
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.distance import RowTargets, distances, encode, filler, fillers, lane_words, row_words
from hrsnn_rtl.image import memory_images, unpack
from hrsnn_rtl.index_coding import cheapest, index_codings
from hrsnn_rtl.interfaces import Select, row_layout, synapse_layout
from hrsnn_rtl.placer import place
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import IntFormat
from hrsnn_edge.reference.random import random_network
from tests.rtl.harness import Bench, Pauses, check_sample, simulate
from tests.rtl.test_core import network
from tests.rtl.test_image import NET
from tests.strategies import network_cases


def test_by_hand():
    """Rows 0 2 9 and 3: of two bits a distance is 1 to 3 slots, and a filler carries on by 3."""
    distance = distances(np.array([4, 4, 4, 7]), np.array([0, 2, 9, 3]))
    assert distance.tolist() == [1, 2, 7, 4]
    assert fillers(distance, 2).tolist() == [0, 0, 2, 1]
    codes, synapses = encode(distance, 2)
    assert codes.tolist() == [0, 1, 3, 3, 0, 3, 0]
    assert synapses.tolist() == [0, 1, 4, 6]
    assert [array.size for array in encode(np.zeros(0, np.int64), 3)] == [0, 0]


def test_images_by_hand():
    """The network of the image tests, rows 1 2, 0, nothing and 1, in distances of one bit."""
    config = CoreConfig.for_network(NET, n_steps=4, distance_width=1)
    images = {image.select: image for image in memory_images(NET, config)}
    synapses = unpack(synapse_layout(config), images[Select.SYNAPSE].words)
    assert synapses["distance"].tolist() == [1, 0, 0, 0, 1, 0]
    assert synapses["weight"].tolist() == [0, 3, 4, -2, 0, 5]
    rows = unpack(row_layout(config), images[Select.ROW].words)
    assert rows["start"].tolist() == [0, 3, 0, 4]
    assert rows["left"].tolist() == [1, -1, -2, 0]
    assert config.synapse_depth == 6 and config.synapse_width == 1 + NET.fmt.weight_width


@given(st.lists(st.sets(st.integers(0, 30), min_size=1), min_size=1), st.integers(1, 5))
def test_sums_give_the_targets_back(rows, width):
    """Summed up along each row, the words give every target, and no row has more than its slots."""
    slots = [np.array(sorted(row)) for row in rows]
    number = np.repeat(np.arange(len(rows)), [len(row) for row in slots])
    codes, synapses = encode(distances(number, np.concatenate(slots)), width)
    first = np.concatenate([[True], np.zeros(codes.size, bool)])
    ends = synapses[np.flatnonzero(np.diff(number, append=-1))]
    first[ends + 1] = True
    found, at, length = [], 0, 0
    for k, code in enumerate(codes.tolist()):
        at, length = (0, 0) if first[k] else (at, length)
        length += 1
        assert length <= 31
        if code != filler(width):
            found.append(at + code)
        at += code + (code != filler(width))
    assert found == np.concatenate(slots).tolist()


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sets(st.integers(0, 19), min_size=1)), min_size=1),
    st.integers(1, 4),
)
def test_hardware_sums_alike(rows, width):
    """`RowTargets` gives the targets of rows with any pauses between them, and passes fillers."""
    net = random_network(1, 20, 4, 2)[0]
    dut = RowTargets(config=CoreConfig.for_network(net, n_steps=2, distance_width=width))
    got, expected = [], []

    async def bench(ctx):
        async def tick():
            await ctx.tick()
            if ctx.get(dut.synapse):
                got.append(ctx.get(dut.target))

        for pause, row in rows:
            slots = np.array(sorted(row))
            expected.extend(slots.tolist())
            codes, _ = encode(distances(np.zeros(slots.size), slots), width)
            ctx.set(dut.valid, 0)
            for _ in range(pause):
                await tick()
            ctx.set(dut.valid, 1)
            for k, code in enumerate(codes.tolist()):
                ctx.set(dut.first, k == 0)
                ctx.set(dut.distance, code)
                await tick()

    simulate(dut, bench)
    assert got == expected


PAUSES = [Pauses(), Pauses(command=0.8), Pauses(0.4, 0.6)]


@settings(max_examples=6)
@given(
    network_cases(max_neurons=16, max_inputs=6, max_steps=5),
    st.sampled_from([1, 2, 4]),
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from(PAUSES),
)
def test_any_network(case, lanes, width, double_buffer, pauses):
    """Any network on a core that stores distances equals the reference, counts of work included."""
    net, raster = case
    width = min(width, max(1, (-(-net.n_neurons // lanes) - 1).bit_length()))
    config = CoreConfig.for_network(
        net, lanes=lanes, n_steps=len(raster), distance_width=width, double_buffer=double_buffer
    )

    async def script(bench):
        check_sample(await bench.sample(net, raster, pauses), net, raster)

    Bench(config, preloaded=net).run(script)


def test_only_fillers_cost_cycles():
    """With distances wide enough a run takes as long as with targets, a stage apart."""
    net, raster = network(3)
    cycles = {}
    for width in (0, 5):
        config = CoreConfig.for_network(net, n_steps=6, distance_width=width)

        async def script(bench, width=width):
            cycles[width] = (await bench.sample(net, raster)).cycles

        Bench(config, preloaded=net).run(script)
    assert lane_words(net, place(net, 1), 5).sum() == net.w_in.nnz + net.w_rec.nnz
    assert np.abs(np.diff(cycles[5]) - np.diff(cycles[0])).max() <= 1


def sparse(density: float, n: int = 256):
    """Return a network of 8-bit targets, and a core for it on 18-bit blocks."""
    net, _ = random_network(
        3, n, 32, 2, fmt=IntFormat(weight_width=6), n_out=4, n_bins=1, density=density
    )
    return net, CoreConfig.for_network(net, n_steps=4, block_ram="DP16KD")


def test_prices():
    """Words and blocks of every coding are those of a core built so, and the cheapest is found."""
    net, config = sparse(0.1)
    placement = place(net, 1)
    codings = index_codings(net, config, placement)
    assert [coding.distance_width for coding in codings[:2]] == [0, 1]
    assert codings[0].applied(config) == config and codings[0].filler_share == 0
    for coding in codings:
        built = CoreConfig.for_network(
            net, n_steps=4, block_ram="DP16KD", distance_width=coding.distance_width
        )
        assert coding.applied(config) == built
        _, _, words = row_words(net, placement, coding.distance_width)
        assert words.sum() == coding.synapse_depth
    best = cheapest(codings)
    assert best.blocks < codings[0].blocks and 0 < best.filler_share < 0.2
    assert cheapest(codings[:1] * 2) is codings[0]


def test_targets_where_nothing_is_saved():
    """Single-port RAMs are 16 bits wide whatever stands there: targets stay the cheapest."""
    net, config = sparse(0.1)
    config = CoreConfig.for_network(
        net, n_steps=4, synapse_memory="spram", block_ram="ICESTORM_RAM"
    )
    assert cheapest(index_codings(net, config, place(net, 1))).distance_width == 0


def test_refusals():
    """Distances wider than a slot, a part without blocks, and more words than fit are refused."""
    net, config = sparse(0.05)
    with pytest.raises(ValueError, match="distance_width must be at most 8"):
        CoreConfig.for_network(net, n_steps=4, distance_width=9)
    with pytest.raises(ValueError, match="block_ram must be given"):
        index_codings(net, CoreConfig.for_network(net, n_steps=4), place(net, 1))
    short = CoreConfig.for_network(
        net, n_steps=4, distance_width=4, synapse_depth=config.synapse_depth
    )
    with pytest.raises(CapacityError, match="Words of lane 0 must be at most"):
        memory_images(net, short)
