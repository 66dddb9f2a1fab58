"""iCE40-HX8K breakout board: 12 MHz oscillator, UART through USB, no multiplier: small networks."""

from __future__ import annotations

from types import MappingProxyType

from amaranth_boards.ice40_hx8k_b_evn import ICE40HX8KBEVNPlatform

from hrsnn_boards import ice40
from hrsnn_boards.board import Board

OSCILLATOR_HZ = 12_000_000
CLOCK_HZ = 48_000_000

BOARD = Board(
    **ice40.FAMILY,
    name="ice40-hx8k",
    title="iCE40-HX8K breakout board",
    part="iCE40HX8K-CT256",
    model="ice40",
    loader="ice40_generic",
    clock_hz=CLOCK_HZ,
    baud=1_000_000,
    budget=MappingProxyType({"ICESTORM_LC": 7680, "ICESTORM_RAM": 32}),
    multiplier=None,
    multiplier_width=0,
    multiplier_slack=0,
    single_port_ram=None,
    synapse_memory="bram",
    init_in_bitstream=True,
    max_lanes=4,
    platform=ICE40HX8KBEVNPlatform,
    add_clock=ice40.clock("clk12", OSCILLATOR_HZ, CLOCK_HZ, pad=False),
)
