"""Tang Nano 9K and 20K: 27 MHz oscillator, UART through the board's USB bridge."""

from __future__ import annotations

from types import MappingProxyType

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.vendor import GowinPlatform
from amaranth_boards.resources import LEDResources, UARTResource
from amaranth_boards.tang_nano_9k import TangNano9kPlatform

from hrsnn_boards import gowin
from hrsnn_boards.board import Board

OSCILLATOR_HZ = 27_000_000
CLOCK_9K_HZ = 54_000_000
CLOCK_20K_HZ = 81_000_000


class TangNano20kPlatform(GowinPlatform):
    """The pins of a Tang Nano 20K that are used here."""

    part = "GW2AR-LV18QN88C8/I7"
    family = "GW2AR-18C"
    # The tools know the die without its SDRAM.
    _chipdb_device = "GW2A-18C"
    default_clk = "clk27"
    resources = (
        Resource("clk27", 0, Pins("4", dir="i"), Clock(OSCILLATOR_HZ), Attrs(IO_TYPE="LVCMOS33")),
        *LEDResources(pins="15 16 17 18 19 20", invert=True, attrs=Attrs(IO_TYPE="LVCMOS33")),
        UARTResource(0, rx="70", tx="69", attrs=Attrs(PULL_MODE="UP", IO_TYPE="LVCMOS33")),
    )
    connectors = ()


BOARD_9K = Board(
    **gowin.FAMILY,
    name="tang-nano-9k",
    title="Tang Nano 9K",
    part="GW1NR-LV9QN88PC6/I5",
    model="gowin",
    loader="tangnano9k",
    clock_hz=CLOCK_9K_HZ,
    baud=1_000_000,
    budget=MappingProxyType({"LUT4": 8640, "DFF": 6480, "BSRAM": 26, "MULT18X18": 20}),
    max_lanes=2,
    platform=TangNano9kPlatform,
    add_clock=gowin.clock("clk27", OSCILLATOR_HZ, CLOCK_9K_HZ, "GW1NR-9C"),
    nextpnr_opts=gowin.nextpnr_opts(CLOCK_9K_HZ),
)
BOARD_20K = Board(
    **gowin.FAMILY,
    name="tang-nano-20k",
    title="Tang Nano 20K",
    part="GW2AR-LV18QN88C8/I7",
    model="gowin",
    loader="tangnano20k",
    clock_hz=CLOCK_20K_HZ,
    baud=1_000_000,
    budget=MappingProxyType({"LUT4": 20736, "DFF": 15552, "BSRAM": 46, "MULT18X18": 48}),
    max_lanes=4,
    platform=TangNano20kPlatform,
    add_clock=gowin.clock("clk27", OSCILLATOR_HZ, CLOCK_20K_HZ, "GW2AR-18C"),
    nextpnr_opts=gowin.nextpnr_opts(CLOCK_20K_HZ),
)
