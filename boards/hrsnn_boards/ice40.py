"""What boards with an iCE40 share: what the part is called by the tools, and its clock."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from amaranth.build import Platform
from amaranth.hdl import Instance, Module, Signal

from hrsnn_boards.board import CLOCK_MARGIN
from hrsnn_boards.start import start_when_locked

#: Range of the PLL's internal oscillator [Hz] (iCE40 family data sheets, sysCLOCK PLL timing).
VCO_HZ = (533_000_000, 1_066_000_000)
#: Block RAMs read as zeros for about 3 us after configuration; five times that to be sure [s].
RESET_S = 15e-6
#: An input pin without register or pull-up (SB_IO of the iCE40 library guide).
PIN_INPUT = 0b000001
#: Fields of `Board` that follow from the family.
FAMILY = MappingProxyType(
    {
        "family": "ice40",
        "block_ram": "ICESTORM_RAM",
        "block_shape": "ICESTORM_RAM",
        "logic": "ICESTORM_LC",
        "registers": "ICESTORM_LC",
        "bitstream_suffix": ".bin",
        # There is no distributed RAM: small memories choose between blocks and registers.
        "synth_prepare": "setattr -unset ram_style a:ram_style=distributed\n",
    }
)


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


def clock(
    resource: str, input_hz: int, output_hz: int, *, pad: bool
) -> Callable[[Module, Platform], None]:
    """Return what makes ``sync`` of `output_hz` out of the clock pin `resource`.

    The domain is in reset until the PLL has locked and block RAMs can be read.

    Parameters
    ----------
    resource : str
        The clock pin.
    input_hz, output_hz : int
        Its clock and that of ``sync``.
    pad : bool
        Whether the pin is the PLL's own; otherwise the clock goes there through the fabric.
    """
    settings = pll_settings(input_hz, output_hz)

    def add_clock(m: Module, platform: Platform) -> None:
        locked = Signal()
        # Kept by synthesis under this name, so that the constraint below finds it.
        clock = Signal(attrs={"keep": 1})
        port = platform.request(resource, dir="-")
        if pad:
            source = {"io_PACKAGEPIN": port.io}
        else:
            reference = Signal()
            m.submodules.pin = Instance(
                "SB_IO", p_PIN_TYPE=PIN_INPUT, io_PACKAGE_PIN=port.io, o_D_IN_0=reference
            )
            source = {"i_REFERENCECLK": reference}
        m.submodules.pll = Instance(
            "SB_PLL40_PAD" if pad else "SB_PLL40_CORE",
            **{f"p_{name}": value for name, value in settings.items()},
            p_FEEDBACK_PATH="SIMPLE",
            # The loop filter for a reference of 10 to 17 MHz.
            p_FILTER_RANGE=1,
            **source,
            i_RESETB=1,
            i_BYPASS=0,
            o_PLLOUTGLOBAL=clock,
            o_LOCK=locked,
        )
        start_when_locked(m, clock, locked, wait_cycles=int(RESET_S * output_hz))
        platform.add_clock_constraint(clock, output_hz * CLOCK_MARGIN)

    return add_clock
