"""An SPI flash for simulation, as boards have one: it sleeps, wakes, and is read."""

from amaranth.hdl import Cat, Module, ResetInserter, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out
from hrsnn_rtl.flash import FlashSignature

#: Commands, and the bits from there to the first bit of data.
READ, FAST_READ, WAKE = 0x03, 0x0B, 0xAB
DATA_AFTER = {READ: 32, FAST_READ: 40}
#: What is read where nothing has been written.
ERASED = 0xFF


class SpiFlash(wiring.Component):
    """A flash in deep power-down, with the commands READ, FAST_READ and WAKE.

    Its clock line is sampled by the clock of the design, so it must not be faster than half of
    that; an answer comes a cycle after the edge. Commands it does not know, and all but WAKE while
    it sleeps, are ignored: the line then stays high.

    Parameters
    ----------
    contents : bytes
        What is there from `base` on; all else is erased.
    base : int
        Address of the first byte.
    wake_cycles : int
        Cycles from the end of WAKE until it answers.

    Members
    -------
    pins : In(FlashSignature())
        The lines.

    Attributes
    ----------
    data : MemoryData
        The contents, which a testbench may change.
    """

    pins: In(FlashSignature())

    def __init__(self, contents: bytes, *, base: int = 0, wake_cycles: int = 16):
        self._base, self._wake_cycles = base, wake_cycles
        self._size = len(contents)
        self.data = memory.MemoryData(shape=8, depth=max(1, self._size), init=contents)
        super().__init__()

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        pins = self.pins
        m.submodules.cells = cells = memory.Memory(self.data)
        read = cells.read_port(domain="comb")
        clock_before, away_before = Signal(), Signal(init=1)
        count, command, address = Signal(range(41)), Signal(8), Signal(24)
        asleep, deaf, waking = Signal(init=1), Signal(init=1), Signal(range(self._wake_cycles + 1))
        bit, out, byte, place = Signal(3), Signal(init=1), Signal(8), Signal(24)
        m.d.comb += [
            pins.cipo.eq(out),
            place.eq(address - self._base),
            read.addr.eq(place),
            byte.eq(ERASED),
        ]
        with m.If(place < self._size):
            m.d.comb += byte.eq(read.data)
        m.d.sync += [clock_before.eq(pins.sck), away_before.eq(pins.cs_n)]
        with m.If(waking != 0):
            m.d.sync += waking.eq(waking - 1)
            with m.If(waking == 1):
                m.d.sync += asleep.eq(0)

        answers = Signal()
        for code, after in DATA_AFTER.items():
            with m.If((command == code) & (count == after) & ~deaf):
                m.d.comb += answers.eq(1)
        with m.If(pins.cs_n):
            # A command that begins too early is lost.
            m.d.sync += [count.eq(0), bit.eq(0), out.eq(1), deaf.eq(asleep)]
            with m.If(~away_before & (command == WAKE) & (count == 8)):
                m.d.sync += waking.eq(self._wake_cycles)
        with m.Elif(pins.sck & ~clock_before):
            with m.If(count < 8):
                m.d.sync += command.eq(Cat(pins.copi, command))
            with m.Elif(count < 32):
                m.d.sync += address.eq(Cat(pins.copi, address))
            # The count stops where data begins: 40 for what has a byte without meaning first.
            with m.If((count < 32) | ((command == FAST_READ) & (count < 40))):
                m.d.sync += count.eq(count + 1)
        with m.Elif(~pins.sck & clock_before & answers):
            m.d.sync += [out.eq(byte.bit_select(~bit, 1)), bit.eq(bit + 1)]
            with m.If(bit == 7):
                m.d.sync += address.eq(address + 1)
        return m


class WithFlash(wiring.Component):
    """A design with a serial port and a flash on its pins.

    Parameters
    ----------
    top : wiring.Component
        The design, with ports `rx`, `tx` and `flash`.
    flash : SpiFlash
        What is on the last.

    Members
    -------
    rx, tx : In(1), Out(1)
        The serial port.
    rst : In(1)
        Reset of the design. The flash has none, and its memories keep what they hold.
    """

    rx: In(1, init=1)
    tx: Out(1, init=1)
    rst: In(1)

    def __init__(self, top: wiring.Component, flash: SpiFlash):
        self._top, self._flash = top, flash
        super().__init__()

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        top = self._top
        m.submodules.top = ResetInserter(self.rst)(top)
        m.submodules.flash = self._flash
        lines, pins = self._flash.pins, top.flash
        m.d.comb += [
            top.rx.eq(self.rx),
            self.tx.eq(top.tx),
            pins.cipo.eq(lines.cipo),
            *(getattr(lines, name).eq(getattr(pins, name)) for name in ("cs_n", "sck", "copi")),
        ]
        return m
