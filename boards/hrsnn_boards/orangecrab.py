"""OrangeCrab r0.2 with the ECP5-25F: 48 MHz oscillator, UART on the Feather's pins 0 and 1."""

from __future__ import annotations

from amaranth.build import Attrs
from amaranth.vendor import LatticeECP5Platform
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_25FPlatform
from amaranth_boards.resources import UARTResource

from hrsnn_boards import ecp5
from hrsnn_boards.board import Board

OSCILLATOR_HZ = 48_000_000
CLOCK_HZ = 96_000_000


class Platform(OrangeCrabR0_2_25FPlatform):
    """The board with a UART, and a build that does not ask for the programmer's tools."""

    resources = (
        *OrangeCrabR0_2_25FPlatform.resources,
        UARTResource(0, rx="0", tx="1", conn=("io", 0), attrs=Attrs(IO_TYPE="LVCMOS33")),
    )
    required_tools = LatticeECP5Platform.required_tools
    command_templates = LatticeECP5Platform.command_templates


BOARD = Board(
    **ecp5.FAMILY,
    name="orangecrab",
    title="OrangeCrab r0.2",
    part="LFE5U-25F-8MG285C",
    model="ecp5",
    loader="orangeCrab",
    clock_hz=CLOCK_HZ,
    baud=1_000_000,
    budget=ecp5.BUDGET_25F,
    max_lanes=4,
    platform=Platform,
    add_clock=ecp5.clock("clk", OSCILLATOR_HZ, CLOCK_HZ),
)
