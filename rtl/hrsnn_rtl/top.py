"""The accelerator with its host link: what a board's bitstream holds."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.bank import RegisterBank
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.core import Core
from hrsnn_rtl.frame import FrameFront
from hrsnn_rtl.uart import UartRx, UartTx

#: Bit times without a byte after which a frame counts as cut: 16 ms at 1 Mbit/s.
TIMEOUT_BITS = 1 << 14


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
    """

    rx: In(1, init=1)
    tx: Out(1, init=1)
    idle: Out(1)
    error: Out(1)

    def __init__(
        self,
        *,
        config: CoreConfig,
        images=(),
        uart_divisor: int,
        timeout_bits: int = TIMEOUT_BITS,
        vendor_cells: bool = False,
        poison: bool = False,
    ):
        self._core = Core(config=config, images=images, vendor_cells=vendor_cells, poison=poison)
        self._bank = RegisterBank(config, poison=poison)
        self._front = FrameFront(timeout_bits=timeout_bits, poison=poison)
        self._uart = UartRx(divisor=uart_divisor), UartTx(divisor=uart_divisor)
        super().__init__()

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        m.submodules.core = core = self._core
        m.submodules.bank = bank = self._bank
        m.submodules.front = front = self._front
        receive, send = self._uart
        m.submodules.receive, m.submodules.send = receive, send

        for name in ("command", "write", "read", "spike"):
            if hasattr(bank, name):
                wiring.connect(m, getattr(bank, name), getattr(core, name))
        wiring.connect(m, front.bus, bank.bus)
        wiring.connect(m, receive.o, front.i)
        wiring.connect(m, front.o, send.i)
        m.d.comb += [
            receive.rx.eq(self.rx),
            self.tx.eq(send.tx),
            front.bit.eq(send.bit),
            bank.core_idle.eq(core.idle),
            bank.strobes.eq(core.strobes),
            bank.link_error.eq(front.refused | receive.error),
            front.idle.eq(bank.idle),
            self.idle.eq(bank.idle),
        ]
        with m.If(front.refused):
            m.d.sync += self.error.eq(1)
        with m.Elif(front.done):
            m.d.sync += self.error.eq(0)
        return m
