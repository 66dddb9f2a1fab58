"""The accelerator behind each of its fronts: what a board's bitstream or a system on chip holds."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.accelerator import Accelerator
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.flash import FlashPlace, FlashSignature
from hrsnn_rtl.frame import FrameFront
from hrsnn_rtl.spi import SpiTarget
from hrsnn_rtl.uart import UartRx, UartTx
from hrsnn_rtl.wishbone import WishboneFront, WishboneSignature

#: Bit times without a byte after which a frame counts as cut: 16 ms at 1 Mbit/s.
TIMEOUT_BITS = 1 << 14


def _attach(m: Module, front: FrameFront, system: Accelerator, top, *, line_error) -> None:
    """Connect a frame front with the core, and both with the outputs that every top has."""
    wiring.connect(m, front.bus, system.bus)
    m.d.comb += [
        front.idle.eq(system.idle),
        system.error.eq(front.refused | line_error),
        top.idle.eq(system.idle),
    ]
    with m.If(front.refused):
        m.d.sync += top.error.eq(1)
    with m.Elif(front.done):
        m.d.sync += top.error.eq(0)


class Top(wiring.Component):
    """Core, register bank and UART front.

    Parameters
    ----------
    config : CoreConfig
        What the core is built for.
    images : sequence of MemoryImage
        Contents at start; none leaves every memory 0, for the host to load.
    uart_divisor : int
        Clock cycles of a bit of the link.
    timeout_bits : int
        Bit times, a power of two, without a byte after which a frame counts as cut.
    flash : FlashPlace, optional
        Load a network from there at start.
    vendor_cells, poison : bool
        As `Core`.

    Members
    -------
    rx, tx : In(1), Out(1)
        The link.
    idle : Out(1)
        The core has nothing to do.
    error : Out(1)
        The last request was not executed.
    flash : Out(FlashSignature())
        With that argument only.
    """

    def __init__(
        self,
        *,
        config: CoreConfig,
        images=(),
        uart_divisor: int,
        timeout_bits: int = TIMEOUT_BITS,
        flash: FlashPlace | None = None,
        vendor_cells: bool = False,
        poison: bool = False,
    ):
        self._system = Accelerator(
            config=config, images=images, flash=flash, vendor_cells=vendor_cells, poison=poison
        )
        self._front = FrameFront(timeout_bits=timeout_bits, poison=poison)
        self._uart = UartRx(divisor=uart_divisor), UartTx(divisor=uart_divisor)
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "idle": Out(1),
                "error": Out(1),
                **({"flash": Out(FlashSignature())} if flash else {}),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        m.submodules.system = system = self._system
        m.submodules.front = front = self._front
        receive, send = self._uart
        m.submodules.receive, m.submodules.send = receive, send

        wiring.connect(m, receive.o, front.i)
        wiring.connect(m, front.o, send.i)
        m.d.comb += [
            receive.rx.eq(self.rx),
            self.tx.eq(send.tx),
            front.bit.eq(send.bit),
        ]
        if hasattr(self, "flash"):
            wiring.connect(m, system.pins, wiring.flipped(self.flash))
        _attach(m, front, system, self, line_error=receive.error)
        return m


class SpiTop(wiring.Component):
    """Core, register bank and the frame front behind SPI.

    Parameters
    ----------
    config, images, vendor_cells, poison
        As `Top`.
    timeout_ticks : int
        Spells of `spi.TICK_CYCLES`, a power of two, without a byte after which a frame counts as
        cut.

    Members
    -------
    sck, copi, cs_n, cipo : In(1), In(1), In(1), Out(1)
        The link, see `SpiTarget`.
    idle, error : Out(1)
        As `Top`.
    """

    sck: In(1)
    copi: In(1)
    cs_n: In(1, init=1)
    cipo: Out(1)
    idle: Out(1)
    error: Out(1)

    def __init__(
        self,
        *,
        config: CoreConfig,
        images=(),
        timeout_ticks: int = TIMEOUT_BITS,
        vendor_cells: bool = False,
        poison: bool = False,
    ):
        self._system = Accelerator(
            config=config, images=images, vendor_cells=vendor_cells, poison=poison
        )
        self._front = FrameFront(timeout_bits=timeout_ticks, poison=poison)
        super().__init__()

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        m.submodules.system = system = self._system
        m.submodules.front = front = self._front
        m.submodules.spi = spi = SpiTarget()
        wiring.connect(m, spi.o, front.i)
        wiring.connect(m, front.o, spi.i)
        m.d.comb += [
            spi.sck.eq(self.sck),
            spi.copi.eq(self.copi),
            spi.cs_n.eq(self.cs_n),
            self.cipo.eq(spi.cipo),
            front.bit.eq(spi.bit),
        ]
        _attach(m, front, system, self, line_error=0)
        return m


class WishboneTop(wiring.Component):
    """Core and register bank on the bus of a soft processor.

    Parameters
    ----------
    config, images, vendor_cells, poison
        As `Top`.

    Members
    -------
    wishbone : In(WishboneSignature())
        The registers.
    idle : Out(1)
        The core has nothing to do; an interrupt for those who do not want to ask.
    """

    wishbone: In(WishboneSignature())
    idle: Out(1)

    def __init__(
        self, *, config: CoreConfig, images=(), vendor_cells: bool = False, poison: bool = False
    ):
        self._system = Accelerator(
            config=config, images=images, vendor_cells=vendor_cells, poison=poison
        )
        super().__init__()

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        m.submodules.system = system = self._system
        m.submodules.front = front = WishboneFront()
        wiring.connect(m, wiring.flipped(self.wishbone), front.wishbone)
        wiring.connect(m, front.bus, system.bus)
        m.d.comb += [
            front.idle.eq(system.idle),
            system.error.eq(front.error),
            system.refused.eq(front.refused),
            self.idle.eq(system.idle),
        ]
        return m
