"""An SPI target, mode 0, eight bits, high bit first: frames of the link under a controller's clock.

The lines are sampled by the core's clock, so there is no second clock domain. The controller clocks
bytes through in both directions at once: what it sends goes to the frame front, what it receives
are bytes of an answer, or 0 where there is none. No byte that is not answered begins with the start
of an answer, so the controller sends a request, goes on clocking zeros until the answer starts, and
takes as many bytes as that says.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

#: Least cycles of the core's clock in a period of the controller's: three pass from its edge to
#: the new bit on the line, and that bit must be there half a period later.
CYCLES_PER_BIT_MIN = 8
#: Cycles between two ticks of `bit`, by which the frame front measures silence.
TICK_CYCLES = 64


class SpiTarget(wiring.Component):
    """Bytes from and to an SPI controller.

    Members
    -------
    sck, copi, cs_n : In(1)
        From the controller, asynchronous. `sck` has at least `CYCLES_PER_BIT_MIN` cycles.
    cipo : Out(1)
        To the controller; it is for the board to let go of it while `cs_n` is high.
    o : Out(stream.Signature(8, always_ready=True))
        A byte received; it is there for one cycle.
    i : In(stream.Signature(8))
        Bytes to send. One is taken with its first bit, so none is lost where a transfer ends.
    bit : Out(1)
        One cycle in `TICK_CYCLES`.
    """

    sck: In(1)
    copi: In(1)
    cs_n: In(1, init=1)
    cipo: Out(1)
    o: Out(stream.Signature(8, always_ready=True))
    i: In(stream.Signature(8))
    bit: Out(1)

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        clock, data, away = Signal(), Signal(), Signal(init=1)
        m.submodules.clock = FFSynchronizer(self.sck, clock)
        m.submodules.data = FFSynchronizer(self.copi, data)
        m.submodules.select = FFSynchronizer(self.cs_n, away, init=1)
        before, count = Signal(), Signal(3)
        received, sent, loaded = Signal(8), Signal(8), Signal()
        tick = Signal(range(TICK_CYCLES))
        m.d.comb += [self.o.payload.eq(received), self.cipo.eq(sent[-1])]
        m.d.sync += [
            before.eq(clock),
            self.o.valid.eq(0),
            self.i.ready.eq(0),
            tick.eq(tick + 1),
            self.bit.eq(tick == 0),
        ]
        rises, falls = clock & ~before, ~clock & before
        with m.If(away):
            m.d.sync += count.eq(0)
        with m.Elif(rises):
            m.d.sync += [
                received.eq(Cat(data, received)),
                count.eq(count + 1),
                self.o.valid.eq(count == 7),
                self.i.ready.eq(loaded),
                loaded.eq(0),
            ]
        with m.Elif(falls):
            m.d.sync += sent.eq(Cat(0, sent))
        with m.If(away | (falls & (count == 0))):
            m.d.sync += [sent.eq(Mux(self.i.valid, self.i.payload, 0)), loaded.eq(self.i.valid)]
        return m
