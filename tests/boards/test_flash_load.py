"""Whole designs that load their network from flash, through their pins."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hrsnn_boards.boards import BOARDS
from hrsnn_boards.build import board_top
from hrsnn_boards.driver import HrsnnDevice
from hrsnn_boards.resources import configure
from hrsnn_rtl.flash import FlashPlace
from hrsnn_rtl.flash_image import flash_image
from hrsnn_rtl.generate import emit_rtlil
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.registers import FlashStatus
from hrsnn_rtl.top import Top
from hrsnn_sim.cxxrtl import Design
from hrsnn_sim.pins import CompiledLine, pins_library
from hrsnn_sim.spi_flash import SpiFlash, WithFlash

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import LinkError
from hrsnn_edge.reference.network import run
from tests.link.fixtures import TIMEOUT_BITS
from tests.link.lines import DIVISOR
from tests.link.vectors import configuration, network

pytestmark = pytest.mark.tools

BUILD = Path(__file__).parents[2] / "build/sim/models"
NET, RASTER = network()
IMAGE = flash_image(configuration(), memory_images(NET, configuration()), NET.n_neurons)
#: Cycles in which a whole image is loaded.
LOAD_CYCLES = 2 * 90 * (len(IMAGE) // 5) + 200


def compiled(top: Top, place: FlashPlace, contents: bytes, divisor: int):
    """Return the compiled design with a flash that wakes just in time."""
    flash = SpiFlash(contents, base=place.address, wake_cycles=place.wake_cycles - 1)
    design = Design("top", emit_rtlil(WithFlash(top, flash), "top"))
    return pins_library(design, divisor, BUILD, reset=True)


@cache
def library(contents: bytes = IMAGE):
    """Return the design that the tests of the link share, with a loader and a flash."""
    place = FlashPlace(0x1000, 20)
    top = Top(
        config=configuration(),
        uart_divisor=DIVISOR,
        timeout_bits=TIMEOUT_BITS,
        flash=place,
        poison=True,
    )
    return compiled(top, place, contents, DIVISOR)


def check_runs(device, net=NET, raster=RASTER) -> None:
    """Check that the device computes what the reference computes, spikes and counts included."""
    expected = run(net, raster)
    result = device.run(EventBatch.from_rasters([raster]), spikes=True)
    assert (result.spikes == expected.spikes).all()
    assert result.outputs.tolist() == expected.out[-1].tolist()
    assert result.counts == expected.total


def test_network_is_there():
    """The first request waits for the load; then the network is there, marked as a host would."""
    device = HrsnnDevice(CompiledLine(library()))
    device.identify()
    assert device.flash_status() == FlashStatus.LOADED
    device.attach(NET)
    check_runs(device)


def test_is_replaced_over_the_link():
    """Over the link any other network takes the place of the one from the flash."""
    device = HrsnnDevice(CompiledLine(library()))
    other, raster = network(31)
    device.load(other)
    check_runs(device, other, raster)
    with pytest.raises(LinkError, match="must have mark"):
        device.attach(NET)


def test_damaged():
    """With a bad image there is no network, its status says why, and a host can load one."""
    device = HrsnnDevice(CompiledLine(library(IMAGE[:-8])))
    device.identify()
    assert device.flash_status() == FlashStatus.BAD_MODEL
    with pytest.raises(LinkError, match="must have mark"):
        device.attach(NET)
    device.load(NET)
    check_runs(device)


def test_reset_at_any_cycle(record_property):
    """After a reset in any cycle of a load, of a run or of a host's load, the network is there."""
    line, rng, resets = CompiledLine(library()), Random(8), 40
    for k in range(resets):
        if k % 4 == 3:
            line.advance(LOAD_CYCLES)
            device = HrsnnDevice(line)
            device.load(network(31)[0])
        line.advance(rng.randrange(LOAD_CYCLES))
        line.reset(rng.choice([1, 1, 2, 30]))
        if k % 5 == 0:
            line.drain()
            device = HrsnnDevice(line)
            device.identify()
            assert device.flash_status() == FlashStatus.LOADED
            device.attach(NET)
            check_runs(device)
    record_property("resets", resets)


@pytest.mark.slow
def test_icebreaker_classifies_digits(tmp_path):
    """The iCEBreaker's whole design, its network in flash, answers digits as the reference does."""
    from tests.boards.test_soc import in_folder

    net, test = in_folder(tmp_path, 'name = "digits"\nn_steps = 8')
    board, batch = BOARDS["icebreaker"], test.events
    config = configure(net, board, 1, 8)
    image = flash_image(config, memory_images(net, config), net.n_neurons)
    top = board_top(config, board, vendor_cells=False)
    line = CompiledLine(compiled(top, board.flash, image, board.uart_divisor), 40_000)
    device = HrsnnDevice(line)
    device.identify()
    assert device.flash_status() == FlashStatus.LOADED
    device.attach(net)
    for k in range(5):
        expected = run(net, batch.raster(k))
        result = device.run(batch, k)
        assert result.outputs.tolist() == expected.out[-1].tolist()
        assert result.prediction == int(np.argmax(expected.out[-1]))
        assert result.counts == expected.total
