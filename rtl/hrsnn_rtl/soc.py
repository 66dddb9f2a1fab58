"""The system on chip: a RISC-V processor, RAM, UART, timer, and the accelerator on its bus."""

import warnings
from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import fifo, memory, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_edge.errors import CapacityError, ToolMissingError
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.soc_map import ACCELERATOR, RAM, REGION_BIT, TIMER, UART, UART_DATA, UART_STATUS
from hrsnn_rtl.top import WishboneTop
from hrsnn_rtl.uart import UartRx, UartTx

#: Words of the RAM where none are given: 16 KiB.
RAM_WORDS = 4096
#: Bytes that wait for the processor: one message of the firmware and more.
RECEIVE_BYTES = 512


def processor() -> wiring.Component:
    """Return the processor: Sentinel, RV32I, with a classic Wishbone bus.

    Raises
    ------
    ToolMissingError
        Its package is not installed.
    """
    try:
        from sentinel_cpu.top import Top as Sentinel
    except ImportError as error:
        raise ToolMissingError(
            "Package sentinel-cpu must be installed to make a system on chip. "
            "pip install '.[hardware]' supplies it."
        ) from error
    with warnings.catch_warnings():
        # Its microcode assembler calls a parser by the old names.
        warnings.simplefilter("ignore", DeprecationWarning)
        return Sentinel()


def check_program(program: Sequence[int], ram_words: int) -> None:
    """Raise `CapacityError` where a program is larger than the RAM."""
    if len(program) > ram_words:
        raise CapacityError(
            f"Program must be at most {ram_words} words, not {len(program)}. Take more RAM."
        )


class SocUart(wiring.Component):
    """The UART of a processor: bytes received wait in a queue, one byte waits to be sent.

    Parameters
    ----------
    divisor : int
        Clock cycles of a bit.

    Members
    -------
    rx, tx : In(1), Out(1)
        The lines.
    address : In(1)
        Number of the register in use.
    read, write : In(1)
        One cycle: the register is read, written.
    w_data, r_data : In(32), Out(32)
        Its word.
    """

    rx: In(1, init=1)
    tx: Out(1, init=1)
    address: In(1)
    read: In(1)
    write: In(1)
    w_data: In(32)
    r_data: Out(32)

    def __init__(self, *, divisor: int):
        self._parts = UartRx(divisor=divisor), UartTx(divisor=divisor)
        super().__init__()

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        m.submodules.receive, m.submodules.send = receive, send = self._parts
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=8, depth=RECEIVE_BYTES)
        m.d.comb += [receive.rx.eq(self.rx), self.tx.eq(send.tx)]

        at_data = self.address == UART_DATA.address
        m.d.comb += [
            queue.w_data.eq(receive.o.payload),
            queue.w_en.eq(receive.o.valid),
            queue.r_en.eq(self.read & at_data),
        ]
        lost = Signal()
        with m.If(receive.error | (receive.o.valid & ~queue.w_rdy)):
            m.d.sync += lost.eq(1)

        with m.If(send.i.valid & send.i.ready):
            m.d.sync += send.i.valid.eq(0)
        with m.If(self.write & at_data & ~send.i.valid):
            m.d.sync += [send.i.valid.eq(1), send.i.payload.eq(self.w_data)]

        fields = {
            UART_DATA.field("byte"): (at_data, queue.r_data),
            UART_DATA.field("none"): (at_data, ~queue.r_rdy),
            UART_STATUS.field("room"): (~at_data, ~send.i.valid),
            UART_STATUS.field("lost"): (~at_data, lost),
        }
        word = 0
        for field, (here, value) in fields.items():
            word = word | Mux(here, value, 0) << field.lsb
        m.d.comb += self.r_data.eq(word)
        return m


class Soc(wiring.Component):
    """Processor, RAM, UART, timer and accelerator; two pins.

    Parameters
    ----------
    config : CoreConfig
        What the accelerator's core is built for.
    program : sequence of int
        First words of the RAM; the processor begins with the first.
    images : sequence of MemoryImage
        Contents of the accelerator's memories at start; none leaves them 0, for the host to load.
    uart_divisor : int
        Clock cycles of a bit of the UART.
    ram_words : int
        Words of the RAM.
    vendor_cells, poison : bool
        As `Core`.

    Members
    -------
    rx, tx : In(1), Out(1)
        The UART.

    Raises
    ------
    CapacityError
        When the program is larger than the RAM.
    """

    rx: In(1, init=1)
    tx: Out(1, init=1)

    def __init__(
        self,
        *,
        config: CoreConfig,
        program: Sequence[int],
        images=(),
        uart_divisor: int,
        ram_words: int = RAM_WORDS,
        vendor_cells: bool = False,
        poison: bool = False,
    ):
        check_program(program, ram_words)
        self._processor = processor()
        self._uart = SocUart(divisor=uart_divisor)
        self._accelerator = WishboneTop(
            config=config, images=images, vendor_cells=vendor_cells, poison=poison
        )
        self._ram = memory.Memory(shape=32, depth=ram_words, init=program)
        super().__init__()

    def elaborate(self, platform):
        """Build the circuit: RAM, UART and timer answer in the cycle after they are asked.

        The accelerator answers in its own time. An address without anything behind it reads as 0.
        """
        m = Module()
        m.submodules.processor, m.submodules.uart = self._processor, self._uart
        m.submodules.accelerator, m.submodules.ram_main = self._accelerator, self._ram
        bus, uart, wishbone = self._processor.bus, self._uart, self._accelerator.wishbone

        asked, answer = Signal(), Signal()
        at = {
            region: bus.adr[REGION_BIT - 2 :] == region.number
            for region in (RAM, UART, TIMER, ACCELERATOR)
        }
        m.d.comb += asked.eq(bus.cyc & bus.stb & ~answer & ~at[ACCELERATOR])
        m.d.sync += answer.eq(asked)

        read, write = self._ram.read_port(transparent_for=()), self._ram.write_port(granularity=8)
        m.d.comb += [
            read.en.eq(1),
            read.addr.eq(bus.adr),
            write.addr.eq(bus.adr),
            write.data.eq(bus.dat_w),
            write.en.eq(Mux(asked & bus.we & at[RAM], bus.sel, 0)),
        ]
        cycles, word = Signal(32), Signal(32)
        m.d.sync += cycles.eq(cycles + 1)
        m.d.comb += [
            uart.rx.eq(self.rx),
            self.tx.eq(uart.tx),
            uart.address.eq(bus.adr),
            uart.read.eq(asked & at[UART] & ~bus.we),
            uart.write.eq(asked & at[UART] & bus.we),
            uart.w_data.eq(bus.dat_w),
        ]
        m.d.sync += word.eq(Mux(at[UART], uart.r_data, Mux(at[TIMER], cycles, 0)))
        m.d.comb += [
            wishbone.cyc.eq(bus.cyc & at[ACCELERATOR]),
            wishbone.stb.eq(bus.stb & at[ACCELERATOR]),
            wishbone.we.eq(bus.we),
            wishbone.adr.eq(bus.adr),
            wishbone.sel.eq(bus.sel),
            wishbone.dat_w.eq(bus.dat_w),
            # The processor knows no bus error; its program asks STATUS.refused.
            bus.ack.eq(answer | wishbone.ack | wishbone.err),
            bus.dat_r.eq(Mux(at[RAM], read.data, Mux(at[ACCELERATOR], wishbone.dat_r, word))),
        ]
        return m
