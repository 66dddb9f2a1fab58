"""The core as the text that the simulators read."""

from __future__ import annotations

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.core import Core
from hrsnn_rtl.generate import emit_rtlil

from hrsnn_sim.cxxrtl import Design

#: Name of the top module.
TOP = "core"


def core_design(config: CoreConfig, *, poison: bool = True) -> Design:
    """Return the core of a configuration, without initial contents.

    Parameters
    ----------
    poison : bool
        Make every memory word that the core must not use wrong, so that its use shows.
    """
    return Design(TOP, emit_rtlil(Core(config=config, poison=poison), TOP))
