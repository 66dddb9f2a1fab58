"""ULX3S with the ECP5-85F: 25 MHz oscillator, UART through the board's USB bridge."""

from __future__ import annotations

from types import MappingProxyType

from amaranth.build import Platform
from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, Signal
from amaranth.lib import io
from amaranth_boards.ulx3s import ULX3S_85F_Platform

from hrsnn_boards.board import CLOCK_MARGIN, Board

OSCILLATOR_HZ = 25_000_000
CLOCK_HZ = 100_000_000
#: Range of the PLL's internal oscillator [Hz] (ECP5 family data sheet, sysCLOCK PLL timing).
VCO_HZ = (400_000_000, 800_000_000)


def pll_settings(input_hz: int, output_hz: int) -> dict[str, int]:
    """Return the dividers of an EHXPLLL that feeds its first output back.

    The output is ``input * CLKFB_DIV / CLKI_DIV``, the oscillator ``output * CLKOP_DIV``; the
    smallest input divider and the oscillator nearest to the middle of its range are taken.

    >>> pll_settings(25_000_000, 100_000_000)
    {'CLKI_DIV': 1, 'CLKFB_DIV': 4, 'CLKOP_DIV': 6}
    """
    middle = sum(VCO_HZ) // 2
    for divider in range(1, 129):
        if output_hz * divider % input_hz == 0 and output_hz * divider // input_hz <= 80:
            fitting = [k for k in range(1, 129) if VCO_HZ[0] <= output_hz * k <= VCO_HZ[1]]
            if fitting:
                post = min(fitting, key=lambda k: abs(output_hz * k - middle))
                feedback = output_hz * divider // input_hz
                return {"CLKI_DIV": divider, "CLKFB_DIV": feedback, "CLKOP_DIV": post}
    raise ValueError(f"Clock must be one the PLL can make from {input_hz} Hz, not {output_hz} Hz")


PLL = pll_settings(OSCILLATOR_HZ, CLOCK_HZ)


def add_clock(m: Module, platform: Platform) -> None:
    """Make ``sync`` without a reset: the bitstream holds the initial values.

    The clock is let through only when the PLL has locked, so no register sees a cycle that is too
    short, and none needs a reset net (which would cost a LUT on many of them).
    """
    m.submodules.pin = pin = io.Buffer("i", platform.request("clk25", dir="-"))
    locked, raw = Signal(), Signal()
    # Kept by synthesis under this name, so that the constraint below finds it.
    clock = Signal(attrs={"keep": 1})
    m.submodules.pll = Instance(
        "EHXPLLL",
        # Charge pump and loop filter for this range, as the open tools set them.
        a_ICP_CURRENT="12",
        a_LPF_RESISTOR="8",
        a_MFG_ENABLE_FILTEROPAMP="1",
        a_MFG_GMCREF_SEL="2",
        **{f"p_{name}": value for name, value in PLL.items()},
        p_FEEDBK_PATH="CLKOP",
        p_CLKOP_ENABLE="ENABLED",
        p_CLKOP_CPHASE=PLL["CLKOP_DIV"] - 1,
        p_CLKOP_FPHASE=0,
        i_CLKI=pin.i,
        i_CLKFB=raw,
        i_STDBY=0,
        i_RST=0,
        i_ENCLKOP=1,
        o_CLKOP=raw,
        o_LOCK=locked,
    )
    m.submodules.gate = Instance("DCCA", i_CLKI=raw, i_CE=locked, o_CLKO=clock)
    m.domains.sync = ClockDomain(reset_less=True)
    m.d.comb += ClockSignal("sync").eq(clock)
    platform.add_clock_constraint(clock, CLOCK_HZ * CLOCK_MARGIN)


BOARD = Board(
    name="ulx3s-85f",
    title="ULX3S-85F",
    part="LFE5U-85F-6BG381C",
    family="ecp5",
    clock_hz=CLOCK_HZ,
    baud=1_000_000,
    budget=MappingProxyType(
        {
            "TRELLIS_COMB": 83640,
            "TRELLIS_FF": 83640,
            "DP16KD": 208,
            "MULT18X18D": 156,
        }
    ),
    block_ram="DP16KD",
    logic="TRELLIS_COMB",
    registers="TRELLIS_FF",
    multiplier="MULT18X18D",
    multiplier_width=18,
    single_port_ram=None,
    synapse_memory="bram",
    init_in_bitstream=True,
    max_lanes=8,
    bitstream_suffix=".bit",
    platform=ULX3S_85F_Platform,
    add_clock=add_clock,
)
