"""Shared pieces of the link's tests: the compiled `Top`, and the line to a fresh one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hrsnn_rtl.top import Top

from tests.link.lines import DIVISOR, compiled_top
from tests.link.vectors import configuration

#: Bit times of a cut frame in simulation: short, to keep the simulations short.
TIMEOUT_BITS = 256
BUILD = Path(__file__).parents[2] / "build/sim/models"


def make_top() -> Top:
    """Return the design that all simulations of the link share."""
    return Top(config=configuration(), uart_divisor=DIVISOR, timeout_bits=TIMEOUT_BITS, poison=True)


@cache
def library():
    """Return the compiled design; it is built once and found again by its hash."""
    return compiled_top(make_top(), BUILD)
