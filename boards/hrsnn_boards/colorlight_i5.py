"""Colorlight i5 v7.0 with the ECP5-25F on its extension board: 25 MHz, UART through USB."""

from __future__ import annotations

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.vendor import LatticeECP5Platform
from amaranth_boards.resources import LEDResources, UARTResource

from hrsnn_boards import ecp5
from hrsnn_boards.board import Board

OSCILLATOR_HZ = 25_000_000
CLOCK_HZ = 100_000_000


class Platform(LatticeECP5Platform):
    """The pins that are used here."""

    device = "LFE5U-25F"
    package = "BG381"
    speed = "6"
    default_clk = "clk25"
    resources = (
        Resource("clk25", 0, Pins("P3", dir="i"), Clock(OSCILLATOR_HZ), Attrs(IO_TYPE="LVCMOS33")),
        *LEDResources(pins="U16", invert=True, attrs=Attrs(IO_TYPE="LVCMOS33")),
        UARTResource(0, rx="H18", tx="J17", attrs=Attrs(IO_TYPE="LVCMOS33")),
    )
    connectors = ()


BOARD = Board(
    **ecp5.FAMILY,
    name="colorlight-i5",
    title="Colorlight i5",
    part="LFE5U-25F-6BG381C",
    model="ecp5",
    loader="colorlight-i5",
    clock_hz=CLOCK_HZ,
    baud=1_000_000,
    budget=ecp5.BUDGET_25F,
    max_lanes=4,
    platform=Platform,
    add_clock=ecp5.clock("clk25", OSCILLATOR_HZ, CLOCK_HZ),
)
