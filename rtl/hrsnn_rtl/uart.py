"""Asynchronous serial receiver and transmitter: eight data bits, low bit first, one stop bit."""

from amaranth.hdl import C, Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

#: Least clock cycles of a bit: the receiver samples in the middle of it.
DIVISOR_MIN = 4


def check_divisor(divisor: int) -> None:
    """Raise where a bit of `divisor` clock cycles cannot be received."""
    if not isinstance(divisor, int):
        raise TypeError(f"UART divisor must be an integer, not {divisor!r}")
    if divisor < DIVISOR_MIN:
        raise ValueError(f"UART divisor must be at least {DIVISOR_MIN}, not {divisor}")


class UartRx(wiring.Component):
    """Receiver.

    Parameters
    ----------
    divisor : int
        Clock cycles of a bit.

    Members
    -------
    rx : In(1)
        The line, asynchronous; high when at rest.
    o : Out(stream.Signature(8, always_ready=True))
        A byte received; it is there for one cycle.
    error : Out(1)
        One cycle: a byte whose stop bit was low; it is dropped.
    """

    rx: In(1)
    o: Out(stream.Signature(8, always_ready=True))
    error: Out(1)

    def __init__(self, *, divisor: int):
        check_divisor(divisor)
        self._divisor = divisor
        super().__init__()

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        line = Signal(init=1)
        m.submodules.line = FFSynchronizer(self.rx, line, init=1)

        # A marker bit starts at the top of the shift register; the eight data bits push it to the
        # bottom, and the sample after that is the stop bit.
        bits = Signal(9)
        busy, before = Signal(), Signal()
        wait = Signal(range(self._divisor + self._divisor // 2))
        m.d.comb += self.o.payload.eq(bits[:8])
        m.d.sync += [wait.eq(wait - 1), before.eq(line), self.o.valid.eq(0), self.error.eq(0)]
        with m.If(~busy):
            # A fall begins a start bit; the middle of the first data bit is one and a half away.
            m.d.sync += [
                busy.eq(before & ~line),
                bits.eq(1 << 8),
                wait.eq(self._divisor + self._divisor // 2 - 1),
            ]
        with m.Elif(wait == 0):
            m.d.sync += [bits.eq(Cat(bits[1:], line)), wait.eq(self._divisor - 1)]
            with m.If(bits[0]):
                m.d.sync += [busy.eq(0), self.o.valid.eq(line), self.error.eq(~line)]
        return m


class UartTx(wiring.Component):
    """Transmitter.

    Parameters
    ----------
    divisor : int
        Clock cycles of a bit.

    Members
    -------
    i : In(stream.Signature(8))
        Bytes to send.
    tx : Out(1)
        The line.
    bit : Out(1)
        One cycle in each bit time, whether or not a byte is being sent.
    """

    i: In(stream.Signature(8))
    tx: Out(1, init=1)
    bit: Out(1)

    def __init__(self, *, divisor: int):
        check_divisor(divisor)
        self._divisor = divisor
        super().__init__()

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        wait = Signal(range(self._divisor))
        m.d.sync += [wait.eq(wait - 1), self.bit.eq(wait == 1)]
        with m.If(self.bit):
            m.d.sync += wait.eq(self._divisor - 1)

        # Ones follow the data: the stop bit, and the line at rest. A byte starts with a bit time,
        # so that its start bit is whole.
        bits = Signal(9, init=0x1FF)
        left, free = Signal(range(10)), Signal()
        m.d.comb += [self.tx.eq(bits[0]), self.i.ready.eq(self.bit & free)]
        m.d.sync += free.eq(left == 0)
        with m.If(self.bit):
            m.d.sync += bits.eq(Cat(bits[1:], 1))
            with m.If(~free):
                m.d.sync += left.eq(left - 1)
            with m.Elif(self.i.valid):
                m.d.sync += [bits.eq(Cat(C(0, 1), self.i.payload)), left.eq(9)]
        return m
