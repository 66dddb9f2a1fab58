"""The core, or any design around it, as Verilog or RTLIL text."""

from __future__ import annotations

import os

from amaranth.back import rtlil, verilog
from amaranth.hdl import ClockDomain
from amaranth.lib import wiring

#: Yosys lines to run between reading a design's RTLIL and `synth_*`. No word that a `Ram` returns
#: for an address that is being written is ever used; without this line Yosys builds a comparator
#: and a multiplexer around every block RAM to return the old word.
SYNTH_PREPARE = "setparam -set COLLISION_X_MASK 1'1 *ram_*/t:$memrd_v2 r:CLK_ENABLE=1 %i\n"


def _reset_less(name: str) -> ClockDomain:
    """Return a clock domain whose registers start from the bitstream's initial values."""
    return ClockDomain(name, reset_less=True)


def emit_verilog(component: wiring.Component, name: str) -> str:
    """Return Verilog of a component; its clock is ``clk`` and there is no reset.

    Registers have initial values, as every FPGA of the open tools can load them; the core is
    brought to a known state by the CLEAR command. The same component gives the same text.
    """
    os.environ.setdefault("AMARANTH_USE_YOSYS", "builtin")
    return verilog.convert(
        component, name=name, emit_src=False, strip_internal_attrs=True, missing_domain=_reset_less
    )


def emit_rtlil(component: wiring.Component, name: str) -> str:
    """Return RTLIL of a component, for Yosys and CXXRTL; clock and reset as in `emit_verilog`."""
    return rtlil.convert(component, name=name, emit_src=False, missing_domain=_reset_less)
