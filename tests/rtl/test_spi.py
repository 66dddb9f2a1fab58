"""The SPI front: bits by hand, and the link's vectors byte for byte."""

from random import Random

import pytest
from amaranth.hdl import Module
from hrsnn_boards.driver import HrsnnDevice
from hrsnn_boards.link import SPOILED
from hrsnn_boards.transport import SpiTransport
from hrsnn_rtl.registers import Status
from hrsnn_rtl.spi import SpiTarget

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.reference.network import run
from tests.link import vectors
from tests.link.spi import HALF, CompiledSpi, make_top, simulated
from tests.rtl.harness import simulate
from tests.rtl.test_top import replay

SECTIONS = vectors.read(vectors.PATH.read_text())


def transfer(levels_out, offered):
    """Return the bits that came back, the bytes the target received, and those it took to send."""
    m = Module()
    m.submodules.dut = dut = SpiTarget()
    back, received, taken = [], [], []
    waiting = list(offered)

    async def controller(ctx):
        ctx.set(dut.cs_n, 0)
        for level in levels_out:
            ctx.set(dut.copi, level)
            await ctx.tick().repeat(HALF)
            back.append(ctx.get(dut.cipo))
            ctx.set(dut.sck, 1)
            await ctx.tick().repeat(HALF)
            ctx.set(dut.sck, 0)
        await ctx.tick().repeat(HALF)
        ctx.set(dut.cs_n, 1)
        await ctx.tick().repeat(8)

    async def ends(ctx):
        for _ in range(2 * HALF * len(levels_out) + 12):
            ctx.set(dut.i.valid, bool(waiting))
            ctx.set(dut.i.payload, waiting[0] if waiting else 0)
            *_, valid, payload, ready = await ctx.tick().sample(
                dut.o.valid, dut.o.payload, dut.i.ready
            )
            if valid:
                received.append(payload)
            if ready:
                taken.append(waiting.pop(0))

    simulate(m, ends, controller)
    return back, received, taken


def bits(*values: int) -> list[int]:
    return [value >> k & 1 for value in values for k in range(7, -1, -1)]


def test_bits_by_hand():
    """The high bit goes first both ways; where no byte waits, a 0 is sent."""
    back, received, taken = transfer([1, 0, 1, 0, 0, 1, 0, 1, *bits(0x3C, 0)], [0x5A, 0x81])
    assert received == [0xA5, 0x3C, 0]
    assert back == [0, 1, 0, 1, 1, 0, 1, 0] + [1, 0, 0, 0, 0, 0, 0, 1] + [0] * 8
    assert taken == [0x5A, 0x81]


@pytest.mark.parametrize("count", range(1, 25))
def test_ends_anywhere(count):
    """A transfer cut after any bit delivers whole bytes, and takes a byte with its first bit."""
    back, received, taken = transfer(bits(1, 2, 3)[:count], [0xF0, 0x0F, 0xFF])
    assert received == [1, 2, 3][: count // 8]
    assert back == bits(0xF0, 0x0F, 0xFF)[:count]
    assert len(taken) == -(-count // 8)


def test_amaranth_simulator():
    """In Amaranth's simulator the design answers the first vectors."""
    replay(SpiTransport(simulated(make_top())), SECTIONS["identify"])


@pytest.mark.tools
@pytest.mark.parametrize("half", [HALF, 7])
def test_all_vectors(half):
    """The compiled design answers every vector over SPI; a cut frame is filled up and refused."""
    line = SpiTransport(CompiledSpi(Random(half), half))
    for section in SECTIONS.values():
        for exchange in section.exchanges:
            request, answer, _ = exchange
            if answer[2] == Status.TIMEOUT:
                line.write(request)
                assert line.read(6)[2] in SPOILED
            else:
                replay(line, vectors.Section([exchange]))


@pytest.mark.tools
def test_driver():
    """The host driver over SPI loads and runs networks as the reference does, spikes included."""
    device = HrsnnDevice(SpiTransport(CompiledSpi(Random(3))))
    for seed in range(vectors.SEED, vectors.SEED + 3):
        net, raster = vectors.network(seed)
        device.load(net)
        expected = run(net, raster)
        result = device.run(EventBatch.from_rasters([raster]), spikes=True)
        assert (result.spikes == expected.spikes).all()
        assert result.outputs.tolist() == expected.out[-1].tolist()
        assert result.counts == expected.total
