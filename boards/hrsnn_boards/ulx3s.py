"""ULX3S with the ECP5-85F or -25F: 25 MHz oscillator, UART through the board's USB bridge."""

from __future__ import annotations

from dataclasses import replace

from amaranth_boards.ulx3s import ULX3S_25F_Platform, ULX3S_85F_Platform

from hrsnn_boards import ecp5
from hrsnn_boards.board import Board

OSCILLATOR_HZ = 25_000_000
CLOCK_HZ = 100_000_000
#: Clock of a system on chip: its processor is slower than the core.
SOC_CLOCK_HZ = 50_000_000
_SHARED = ecp5.FAMILY | {
    "loader": "ulx3s",
    "model": "ecp5",
    "clock_hz": CLOCK_HZ,
    "baud": 1_000_000,
    "add_clock": ecp5.clock("clk25", OSCILLATOR_HZ, CLOCK_HZ),
}

BOARD = Board(
    **_SHARED,
    name="ulx3s-85f",
    title="ULX3S-85F",
    part="LFE5U-85F-6BG381C",
    budget=ecp5.BUDGET_85F,
    max_lanes=8,
    platform=ULX3S_85F_Platform,
)
BOARD_25F = Board(
    **_SHARED,
    name="ulx3s-25f",
    title="ULX3S-25F",
    part="LFE5U-25F-6BG381C",
    budget=ecp5.BUDGET_25F,
    max_lanes=4,
    platform=ULX3S_25F_Platform,
)
#: The first of them with a system on chip in place of the UART front.
SOC = replace(
    BOARD,
    clock_hz=SOC_CLOCK_HZ,
    add_clock=ecp5.clock("clk25", OSCILLATOR_HZ, SOC_CLOCK_HZ),
)
