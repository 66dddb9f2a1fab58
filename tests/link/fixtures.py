"""Shared pieces of the link's tests: the compiled `Top`, and the line to a fresh one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from hrsnn_rtl.generate import emit_rtlil
from hrsnn_rtl.top import Top
from hrsnn_sim.cxxrtl import Design
from hrsnn_sim.pins import pins_library

from tests.link.lines import DIVISOR, compiled_top
from tests.link.vectors import configuration

#: Bit times of a cut frame in simulation: short, to keep the simulations short.
TIMEOUT_BITS = 256
BUILD = Path(__file__).parents[2] / "build/sim/models"


def make_top() -> Top:
    """Return the design that all simulations of the link share."""
    return Top(config=configuration(), uart_divisor=DIVISOR, timeout_bits=TIMEOUT_BITS, poison=True)


class ResetTop(wiring.Component):
    """The design with a reset of its registers; memories keep what they hold."""

    def __init__(self):
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1), "rst": In(1)})

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        top = make_top()
        m.submodules.top = ResetInserter(self.rst)(top)
        m.d.comb += [top.rx.eq(self.rx), self.tx.eq(top.tx)]
        return m


@cache
def reset_library():
    """Return the compiled design with a reset."""
    design = Design("top", emit_rtlil(ResetTop(), "top"))
    return pins_library(design, DIVISOR, BUILD, reset=True)


@cache
def library():
    """Return the compiled design; it is built once and found again by its hash."""
    return compiled_top(make_top(), BUILD)
