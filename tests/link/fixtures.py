"""Shared pieces of the link's tests: the compiled `Top`, and the line to a fresh one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from amaranth.hdl import Module, ResetInserter
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.generate import emit_rtlil
from hrsnn_rtl.top import Top
from hrsnn_sim.cxxrtl import Design
from hrsnn_sim.pins import pins_library

from hrsnn_edge.network import IntNetwork
from hrsnn_edge.reference.random_features import random_mlp, random_traces
from tests.link.lines import DIVISOR, compiled_top
from tests.link.vectors import configuration, network

#: Bit times of a cut frame in simulation: short, to keep the simulations short.
TIMEOUT_BITS = 256
BUILD = Path(__file__).parents[2] / "build/sim/models"


def make_top() -> Top:
    """Return the design that all simulations of the link share."""
    return Top(config=configuration(), uart_divisor=DIVISOR, timeout_bits=TIMEOUT_BITS, poison=True)


#: What gives the network of the vectors another readout.
READOUTS = {"mlp": random_mlp, "traces": random_traces}


def readout_network(kind: str) -> tuple[IntNetwork, np.ndarray]:
    """Return the network of the vectors with another readout, and its raster."""
    net, raster = network()
    return READOUTS[kind](5, net), raster


@cache
def readout_library(kind: str):
    """Return the compiled design for `readout_network`."""
    net, raster = readout_network(kind)
    config = CoreConfig.for_network(net, n_steps=len(raster))
    top = Top(config=config, uart_divisor=DIVISOR, timeout_bits=TIMEOUT_BITS, poison=True)
    return compiled_top(top, BUILD)


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
