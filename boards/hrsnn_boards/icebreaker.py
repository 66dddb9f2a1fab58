"""iCEBreaker with the iCE40 UP5K: 12 MHz oscillator, synapses in SPRAM, UART through USB, flash."""

from __future__ import annotations

from types import MappingProxyType

from amaranth_boards.icebreaker import ICEBreakerPlatform
from hrsnn_rtl.flash import FlashPlace

from hrsnn_boards import ice40
from hrsnn_boards.board import Board

OSCILLATOR_HZ = 12_000_000
CLOCK_HZ = 30_000_000
#: First byte of the network in the flash: a bitstream of the part takes 104,090.
FLASH_ADDRESS = 0x20000
#: What a flash may take to wake: 30 us of the N25Q032 of early boards, 3 us of later ones' W25Q128.
WAKE_S = 30e-6

BOARD = Board(
    **ice40.FAMILY,
    name="icebreaker",
    title="iCEBreaker",
    part="iCE40UP5K-SG48",
    model="ice40",
    loader="ice40_generic",
    clock_hz=CLOCK_HZ,
    baud=1_000_000,
    budget=MappingProxyType(
        {"ICESTORM_LC": 5280, "ICESTORM_RAM": 30, "ICESTORM_SPRAM": 4, "ICESTORM_DSP": 8}
    ),
    multiplier="ICESTORM_DSP",
    multiplier_width=16,
    multiplier_slack=1,
    single_port_ram="ICESTORM_SPRAM",
    synapse_memory="spram",
    # Single-port RAM has no contents at start.
    init_in_bitstream=False,
    max_lanes=2,
    platform=ICEBreakerPlatform,
    add_clock=ice40.clock("clk12", OSCILLATOR_HZ, CLOCK_HZ, pad=True),
    flash=FlashPlace(FLASH_ADDRESS, wake_cycles=round(WAKE_S * CLOCK_HZ)),
    synth_opts="-dsp",
)
