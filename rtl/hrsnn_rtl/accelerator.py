"""Core and register bank: what stands behind every front."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.bank import BusSignature, RegisterBank
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.core import Core
from hrsnn_rtl.flash import FlashLoader, FlashPlace, FlashSignature


class Accelerator(wiring.Component):
    """A core behind its registers.

    Parameters
    ----------
    config : CoreConfig
        What the core is built for.
    images : sequence of MemoryImage
        Contents at start; none leaves every memory 0, for the host to load.
    flash : FlashPlace, optional
        Load a network from there after each reset. The front waits until that is done.
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
    pins : Out(FlashSignature())
        With `flash` only.
    """

    def __init__(
        self,
        *,
        config: CoreConfig,
        images=(),
        flash: FlashPlace | None = None,
        vendor_cells: bool = False,
        poison: bool = False,
    ):
        self._core = Core(config=config, images=images, vendor_cells=vendor_cells, poison=poison)
        self._bank = RegisterBank(config, poison=poison)
        self._loader = FlashLoader(config=config, place=flash) if flash else None
        super().__init__(
            {
                "bus": In(BusSignature()),
                "error": In(1),
                "refused": In(1),
                "idle": Out(1),
                **({"pins": Out(FlashSignature())} if flash else {}),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        m.submodules.core = core = self._core
        m.submodules.bank = bank = self._bank
        for name in ("command", "write", "read", "spike"):
            if hasattr(bank, name):
                wiring.connect(m, getattr(bank, name), getattr(core, name))
        m.d.comb += [
            bank.core_idle.eq(core.idle),
            bank.strobes.eq(core.strobes),
            bank.link_error.eq(self.error),
            bank.refused.eq(self.refused),
        ]
        if self._loader is None:
            wiring.connect(m, wiring.flipped(self.bus), bank.bus)
            m.d.comb += self.idle.eq(bank.idle)
        else:
            self._load_first(m, bank)
        return m

    def _load_first(self, m: Module, bank: RegisterBank) -> None:
        """Give the registers to the loader, and when it is done to the front."""
        m.submodules.loader = loader = self._loader
        wiring.connect(m, loader.pins, wiring.flipped(self.pins))
        # The front's address is there for a cycle before its request.
        loaded = Signal()
        m.d.sync += loaded.eq(~loader.busy)
        for name in ("write", "address", "w_data"):
            own, others = getattr(loader.bus, name), getattr(self.bus, name)
            m.d.comb += getattr(bank.bus, name).eq(Mux(loader.busy, own, others))
        m.d.comb += [
            bank.bus.valid.eq(loader.bus.valid | (self.bus.valid & loaded)),
            loader.bus.ready.eq(bank.bus.ready),
            self.bus.ready.eq(bank.bus.ready & loaded),
            self.bus.r_data.eq(bank.bus.r_data),
            self.bus.stop.eq(bank.bus.stop),
            bank.flash.eq(loader.status),
            self.idle.eq(bank.idle & loaded),
        ]
