"""What boards with a Gowin part share: what it is called by the tools, and its clock."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from amaranth.build import Platform
from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import io

from hrsnn_boards.board import CLOCK_MARGIN
from hrsnn_boards.start import start_when_locked

#: Range of the PLL's internal oscillator that all parts here have [Hz] (data sheets, rPLL).
VCO_HZ = (500_000_000, 1_200_000_000)
#: Cycles of reset after the PLL has locked.
RESET_CYCLES = 256
#: Fields of `Board` that follow from the family.
FAMILY = MappingProxyType(
    {
        "family": "gowin",
        "block_ram": "BSRAM",
        "block_shape": "BSRAM",
        "logic": "LUT4",
        "registers": "DFF",
        "multiplier": "MULT18X18",
        "multiplier_width": 18,
        "multiplier_slack": 2,
        "single_port_ram": None,
        "synapse_memory": "bram",
        "init_in_bitstream": True,
        "bitstream_suffix": ".fs",
    }
)


def pll_settings(input_hz: int, output_hz: int) -> dict[str, int]:
    """Return the dividers of an rPLL.

    The output is ``input * (FBDIV_SEL + 1) / (IDIV_SEL + 1)``, the oscillator ``output *
    ODIV_SEL``.

    >>> pll_settings(27_000_000, 54_000_000)
    {'IDIV_SEL': 0, 'FBDIV_SEL': 1, 'ODIV_SEL': 16}
    """
    for divider in range(1, 65):
        if output_hz * divider % input_hz == 0 and output_hz * divider // input_hz <= 64:
            for post in (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128):
                if VCO_HZ[0] <= output_hz * post <= VCO_HZ[1]:
                    feedback = output_hz * divider // input_hz
                    return {
                        "IDIV_SEL": divider - 1,
                        "FBDIV_SEL": feedback - 1,
                        "ODIV_SEL": post,
                    }
    raise ValueError(f"Clock must be one the PLL can make from {input_hz} Hz, not {output_hz} Hz")


def clock(
    resource: str, input_hz: int, output_hz: int, device: str
) -> Callable[[Module, Platform], None]:
    """Return what makes ``sync`` of `output_hz` out of the clock pin `resource`.

    The domain is in reset until the PLL has locked.

    Parameters
    ----------
    resource : str
        The clock pin.
    input_hz, output_hz : int
        Its clock and that of ``sync``.
    device : str
        The part as the PLL wants to be told, e.g. ``"GW1NR-9C"``.
    """
    settings = pll_settings(input_hz, output_hz)

    def add_clock(m: Module, platform: Platform) -> None:
        m.submodules.pin = pin = io.Buffer("i", platform.request(resource, dir="-"))
        clock, locked = Signal(), Signal()
        m.submodules.pll = Instance(
            "rPLL",
            p_FCLKIN=f"{input_hz / 1e6:g}",
            p_DEVICE=device,
            **{f"p_{name}": value for name, value in settings.items()},
            p_DYN_IDIV_SEL="false",
            p_DYN_FBDIV_SEL="false",
            p_DYN_ODIV_SEL="false",
            p_CLKFB_SEL="internal",
            p_CLKOUT_BYPASS="false",
            i_CLKIN=pin.i,
            i_CLKFB=0,
            i_RESET=0,
            i_RESET_P=0,
            o_CLKOUT=clock,
            o_LOCK=locked,
        )
        start_when_locked(m, clock, locked, wait_cycles=RESET_CYCLES)

    return add_clock


def nextpnr_opts(output_hz: int) -> str:
    """Return the aim of place and route: the constraint files of the family are not read."""
    return f"--freq {output_hz * CLOCK_MARGIN / 1e6:g}"
