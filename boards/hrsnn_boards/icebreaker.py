"""iCEBreaker with the iCE40 UP5K: 12 MHz oscillator, synapses in SPRAM, UART through USB."""

from __future__ import annotations

from types import MappingProxyType

from amaranth.build import Platform
from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    Instance,
    Module,
    ResetSignal,
    Signal,
)
from amaranth.lib.cdc import FFSynchronizer
from amaranth_boards.icebreaker import ICEBreakerPlatform

from hrsnn_boards.board import CLOCK_MARGIN, Board

OSCILLATOR_HZ = 12_000_000
CLOCK_HZ = 30_000_000
#: Range of the PLL's internal oscillator [Hz] (iCE40 UltraPlus data sheet, sysCLOCK PLL timing).
VCO_HZ = (533_000_000, 1_066_000_000)
#: Block RAMs read as zeros for about 3 us after configuration; five times that to be sure [s].
RESET_S = 15e-6


def pll_settings(input_hz: int, output_hz: int) -> dict[str, int]:
    """Return the divider settings of an SB_PLL40 in simple feedback.

    The oscillator is ``input * (DIVF + 1)`` and the output ``oscillator / 2**DIVQ``.

    >>> pll_settings(12_000_000, 24_000_000)
    {'DIVR': 0, 'DIVF': 63, 'DIVQ': 5}
    """
    for post in range(1, 7):
        vco = output_hz << post
        if VCO_HZ[0] <= vco <= VCO_HZ[1] and vco % input_hz == 0 and vco // input_hz <= 128:
            return {"DIVR": 0, "DIVF": vco // input_hz - 1, "DIVQ": post}
    raise ValueError(f"Clock must be one the PLL can make from {input_hz} Hz, not {output_hz} Hz")


PLL = pll_settings(OSCILLATOR_HZ, CLOCK_HZ)


def add_clock(m: Module, platform: Platform) -> None:
    """Make ``sync``, in reset until the PLL has locked and block RAMs can be read."""
    locked = Signal()
    # Kept by synthesis under this name, so that the constraint below finds it.
    clock = Signal(attrs={"keep": 1})
    m.submodules.pll = Instance(
        "SB_PLL40_PAD",
        **{f"p_{name}": value for name, value in PLL.items()},
        p_FEEDBACK_PATH="SIMPLE",
        # The loop filter for a reference of 10 to 17 MHz.
        p_FILTER_RANGE=1,
        io_PACKAGEPIN=platform.request("clk12", dir="-").io,
        i_RESETB=1,
        i_BYPASS=0,
        o_PLLOUTGLOBAL=clock,
        o_LOCK=locked,
    )
    m.domains.wait = ClockDomain(reset_less=True)
    m.domains.sync = ClockDomain()
    is_locked, ready = Signal(), Signal()
    count = Signal(range(int(RESET_S * CLOCK_HZ) + 1))
    m.submodules.lock = FFSynchronizer(locked, is_locked, o_domain="wait")
    m.d.comb += [
        ClockSignal("wait").eq(clock),
        ClockSignal("sync").eq(clock),
        ResetSignal("sync").eq(~ready),
    ]
    with m.If(~is_locked):
        m.d.wait += [count.eq(0), ready.eq(0)]
    with m.Elif(count == int(RESET_S * CLOCK_HZ)):
        m.d.wait += ready.eq(1)
    with m.Else():
        m.d.wait += count.eq(count + 1)
    platform.add_clock_constraint(clock, CLOCK_HZ * CLOCK_MARGIN)


BOARD = Board(
    name="icebreaker",
    title="iCEBreaker",
    part="iCE40UP5K-SG48",
    family="ice40",
    clock_hz=CLOCK_HZ,
    baud=1_000_000,
    budget=MappingProxyType(
        {"ICESTORM_LC": 5280, "ICESTORM_RAM": 30, "ICESTORM_SPRAM": 4, "ICESTORM_DSP": 8}
    ),
    block_ram="ICESTORM_RAM",
    logic="ICESTORM_LC",
    registers="ICESTORM_LC",
    multiplier="ICESTORM_DSP",
    multiplier_width=16,
    single_port_ram="ICESTORM_SPRAM",
    synapse_memory="spram",
    init_in_bitstream=False,
    max_lanes=2,
    bitstream_suffix=".bin",
    platform=ICEBreakerPlatform,
    add_clock=add_clock,
    # There is no distributed RAM: small memories choose between blocks and registers.
    synth_prepare="setattr -unset ram_style a:ram_style=distributed\n",
    synth_opts="-dsp",
)
