"""What boards with an ECP5 share: what the part is called by the tools, and its clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from amaranth.build import Platform
from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, Signal
from amaranth.lib import io

from hrsnn_boards.board import CLOCK_MARGIN

#: Range of the PLL's internal oscillator [Hz] (ECP5 family data sheet, sysCLOCK PLL timing).
VCO_HZ = (400_000_000, 800_000_000)
#: Fields of `Board` that follow from the family.
FAMILY = MappingProxyType(
    {
        "family": "ecp5",
        "block_ram": "DP16KD",
        "block_shape": "DP16KD",
        "logic": "TRELLIS_COMB",
        "registers": "TRELLIS_FF",
        "multiplier": "MULT18X18D",
        "multiplier_width": 18,
        "multiplier_slack": 1,
        "single_port_ram": None,
        "synapse_memory": "bram",
        "init_in_bitstream": True,
        "bitstream_suffix": ".bit",
    }
)
#: What the parts have, by nextpnr's names.
BUDGET_25F: Mapping[str, int] = MappingProxyType(
    {"TRELLIS_COMB": 24288, "TRELLIS_FF": 24288, "DP16KD": 56, "MULT18X18D": 28}
)
BUDGET_85F: Mapping[str, int] = MappingProxyType(
    {"TRELLIS_COMB": 83640, "TRELLIS_FF": 83640, "DP16KD": 208, "MULT18X18D": 156}
)


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


def clock(resource: str, input_hz: int, output_hz: int) -> Callable[[Module, Platform], None]:
    """Return what makes ``sync`` of `output_hz` out of the clock pin `resource`, without a reset.

    The bitstream holds the initial values. The clock is let through only when the PLL has locked,
    so no register sees a cycle that is too short, and none needs a reset net (which would cost a
    LUT on many of them).
    """
    settings = pll_settings(input_hz, output_hz)

    def add_clock(m: Module, platform: Platform) -> None:
        m.submodules.pin = pin = io.Buffer("i", platform.request(resource, dir="-"))
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
            **{f"p_{name}": value for name, value in settings.items()},
            p_FEEDBK_PATH="CLKOP",
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_CPHASE=settings["CLKOP_DIV"] - 1,
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
        platform.add_clock_constraint(clock, output_hz * CLOCK_MARGIN)

    return add_clock
