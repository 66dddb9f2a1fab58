"""Core and register bank: what stands behind every front."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.bank import BusSignature, RegisterBank
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.core import Core


class Accelerator(wiring.Component):
    """A core behind its registers.

    Parameters
    ----------
    config : CoreConfig
        What the core is built for.
    images : sequence of MemoryImage
        Contents at start; none leaves every memory 0, for the host to load.
    vendor_cells, poison : bool
        As `Core`.

    Members
    -------
    bus : In(BusSignature())
        From the front.
    error : In(1)
        One cycle: the front has refused something.
    refused : In(1)
        What `STATUS.refused` shows.
    idle : Out(1)
        The core has nothing to do, and its memories can be used.
    """

    bus: In(BusSignature())
    error: In(1)
    refused: In(1)
    idle: Out(1)

    def __init__(
        self, *, config: CoreConfig, images=(), vendor_cells: bool = False, poison: bool = False
    ):
        self._core = Core(config=config, images=images, vendor_cells=vendor_cells, poison=poison)
        self._bank = RegisterBank(config, poison=poison)
        super().__init__()

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        m.submodules.core = core = self._core
        m.submodules.bank = bank = self._bank
        for name in ("command", "write", "read", "spike"):
            if hasattr(bank, name):
                wiring.connect(m, getattr(bank, name), getattr(core, name))
        wiring.connect(m, wiring.flipped(self.bus), bank.bus)
        m.d.comb += [
            bank.core_idle.eq(core.idle),
            bank.strobes.eq(core.strobes),
            bank.link_error.eq(self.error),
            bank.refused.eq(self.refused),
            self.idle.eq(bank.idle),
        ]
        return m
