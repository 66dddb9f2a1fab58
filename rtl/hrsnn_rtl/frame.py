"""The UART front: frames in, bursts on the register bus, frames out.

A request is kept in a block RAM until its CRC is known to be right, and an answer until the next
request is executed, so a repeated request gets the same answer again. ``docs/link.md`` describes
the frames.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.bank import BusSignature, allowed
from hrsnn_rtl.crc import CRC_INIT, crc16_next
from hrsnn_rtl.memory import Ram
from hrsnn_rtl.registers import (
    ANSWER_START,
    BY_NAME,
    HAS_DATA,
    MAX_WORDS,
    MEMORY_WORDS,
    REPEATED,
    REQUEST_START,
    Op,
    Status,
)


class FrameFront(wiring.Component):
    """Execute right requests on the register bus and answer all of them.

    Parameters
    ----------
    timeout_bits : int
        Bit times, a power of two, without a byte after which a frame counts as cut.
    poison : bool
        Make every memory word that must not be used wrong; for simulation, see `Ram`.

    Members
    -------
    i : In(stream.Signature(8, always_ready=True))
        Bytes received. Those that come while a request is executed or answered are dropped.
    o : Out(stream.Signature(8))
        Bytes to send.
    bit : In(1)
        One cycle in each bit time.
    bus : Out(BusSignature())
        To the register bank.
    idle : In(1)
        The core's memories can be used.
    refused : Out(1)
        One cycle: a request was not executed.
    done : Out(1)
        One cycle: a request was executed.
    """

    def __init__(self, *, timeout_bits: int, poison: bool = False):
        if timeout_bits < 2 or timeout_bits & (timeout_bits - 1):
            raise ValueError(f"Frame timeout must be a power of two of bits, not {timeout_bits}")
        self._timeout_bits, self._poison = timeout_bits, poison
        super().__init__(
            {
                "i": In(stream.Signature(8, always_ready=True)),
                "o": Out(stream.Signature(8)),
                "bit": In(1),
                "bus": Out(BusSignature()),
                "idle": In(1),
                "refused": Out(1),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        """Build the circuit: three state machines that hand a frame on, and what they share."""
        m = Module()
        m.submodules.ram_frames = buffer = Ram(width=8, depth=8 * MAX_WORDS, poison=self._poison)
        s = _Shared(self._timeout_bits)
        m.d.sync += [
            s.byte.eq(buffer.r_data),
            s.reading.eq(s.op == Op.READ),
            s.writing.eq(s.op == Op.WRITE),
            s.silence.eq(Mux(self.i.valid, 0, s.silence + self.bit)),
            s.cut.eq(s.silence[-1]),
        ]
        # The request's payload is the lower half of the buffer, the answer's the upper half. No
        # cycle reads a word that it writes: writes end before the reads begin.
        m.d.comb += [
            buffer.w_addr.eq(Cat(s.position[:8], s.reading)),
            buffer.w_data.eq(Mux(s.reading, s.word[:8], self.i.payload)),
            buffer.r_addr.eq(Cat(s.position[:8], s.sending)),
            buffer.w_en.eq(s.keep_received | s.keep_read),
        ]
        with m.If(s.crc_step):
            byte = Mux(s.sending, self.o.payload, self.i.payload)
            m.d.sync += s.crc.eq(crc16_next(s.crc, byte))
        self._receive(m, s)
        self._execute(m, s)
        self._send(m, s)
        return m

    def _answer(self, m: Module, s: _Shared, status: Status) -> None:
        """Let an answer be sent."""
        m.d.sync += [s.status.eq(status), s.position.eq(0), s.sending.eq(1)]
        m.d.comb += (self.done if status == Status.OK else self.refused).eq(1)

    def _receive(self, m: Module, s: _Shared) -> None:
        """Take a request: its header, its payload into the buffer, its CRC."""
        whole = Signal()
        m.d.sync += whole.eq(s.position[2:] == s.count)

        def cut_short():
            m.d.sync += [s.busy.eq(1), s.again.eq(0)]
            self._answer(m, s, Status.TIMEOUT)
            m.next = "HUNT"

        with m.FSM(name="receive"):
            with m.State("HUNT"), m.If(~s.busy):
                m.d.sync += [s.position.eq(0), s.crc.eq(CRC_INIT), s.cut.eq(0)]
                with m.If(self.i.valid & (self.i.payload == REQUEST_START)):
                    m.next = "HEADER"
            with m.State("HEADER"):
                with m.If(s.cut):
                    cut_short()
                with m.Elif(self.i.valid):
                    m.d.comb += s.crc_step.eq(1)
                    m.d.sync += [
                        s.header.eq(Cat(s.header[8:], self.i.payload)),
                        s.position.eq(s.position + 1),
                    ]
                    with m.If(s.last_of_word):
                        m.d.sync += s.position.eq(0)
                        m.next = "KIND"
            with m.State("KIND"):
                m.next = "BODY"
            with m.State("BODY"):
                with m.If(~s.writing | whole):
                    m.next = "TAIL"
                with m.Elif(s.cut):
                    cut_short()
                with m.Elif(self.i.valid):
                    m.d.comb += [s.crc_step.eq(1), s.keep_received.eq(1)]
                    m.d.sync += s.position.eq(s.position + 1)
            with m.State("TAIL"):
                with m.If(s.cut):
                    cut_short()
                with m.Elif(self.i.valid):
                    m.d.comb += s.crc_step.eq(1)
                    m.d.sync += s.position.eq(s.position + 1)
                    with m.If(s.position[0]):
                        m.d.sync += [s.busy.eq(1), s.complete.eq(1), s.position.eq(0)]
                        m.next = "HUNT"

    def _execute(self, m: Module, s: _Shared) -> None:
        """Judge a complete request, and do what a right one asks for."""
        bus = self.bus
        taken, stopped, all_done = Signal(), Signal(), Signal()
        m.d.sync += [
            taken.eq(bus.valid & bus.ready),
            stopped.eq(bus.stop),
            all_done.eq(s.done_words == s.count),
        ]
        m.d.comb += [
            bus.write.eq(s.writing),
            bus.address.eq(s.address),
            bus.w_data.eq(s.word),
        ]

        # The header has been there for two bytes when it is judged: judge it ahead.
        last_seq, synced, age = Signal(8), Signal(), Signal(8)
        m.d.comb += age.eq(s.seq - last_seq)
        judged = {
            "right": s.crc == 0,
            "known": s.op <= max(Op),
            "first": s.op == Op.SYNC,
            "repeated": synced & (age == 0),
            "following": synced & (age == 1),
            "counted": (s.count != 0) & (s.count <= MAX_WORDS),
            "allowed": allowed(m, address=s.address, count=s.count, reading=s.reading),
            "free": self.idle | (s.address != BY_NAME["MEM_DATA"].address),
        }
        flags = {name: Signal(name=name) for name in judged}
        m.d.sync += [flags[name].eq(value) for name, value in judged.items()]

        def answer(status: Status):
            self._answer(m, s, status)
            m.next = "REST"

        def accept():
            m.d.sync += [synced.eq(1), last_seq.eq(s.seq)]
            m.d.sync += [s.done_words.eq(0), s.has_data.eq(s.reading)]

        with m.FSM(name="execute"):
            with m.State("REST"), m.If(s.complete):
                m.d.sync += [s.complete.eq(0), s.again.eq(0)]
                m.next = "JUDGE"
            with m.State("JUDGE"):
                with m.If(~flags["right"]):
                    answer(Status.BAD_CRC)
                with m.Elif(~flags["known"]):
                    answer(Status.BAD_OP)
                with m.Elif(flags["first"]):
                    accept()
                    answer(Status.OK)
                with m.Elif(flags["repeated"]):
                    m.d.sync += s.again.eq(1)
                    answer(Status.OK)
                with m.Elif(~flags["following"]):
                    answer(Status.OUT_OF_ORDER)
                with m.Elif(~flags["counted"]):
                    answer(Status.BAD_COUNT)
                with m.Elif(~flags["allowed"]):
                    answer(Status.BAD_ADDR)
                with m.Elif(~flags["free"]):
                    answer(Status.BUSY)
                with m.Else():
                    accept()
                    m.next = "FETCH"
                    with m.If(s.reading):
                        m.next = "BUS"
            # A word of a WRITE: four bytes from the buffer, then the bus.
            with m.State("FETCH"):
                m.next = "LATCH"
            with m.State("LATCH"):
                m.next = "SHIFT"
                with m.If(all_done):
                    answer(Status.OK)
            with m.State("SHIFT"):
                m.d.sync += [s.word.eq(Cat(s.word[8:], s.byte)), s.position.eq(s.position + 1)]
                m.next = "FETCH"
                with m.If(s.last_of_word):
                    m.next = "BUS"
            with m.State("BUS"):
                m.d.comb += bus.valid.eq(~taken)
                with m.If(s.reading & ~taken):
                    m.d.sync += s.word.eq(bus.r_data)
                with m.If(taken & stopped):
                    answer(Status.OK)
                with m.Elif(taken):
                    m.d.sync += s.done_words.eq(s.done_words + 1)
                    with m.If(s.address < MEMORY_WORDS):
                        m.d.sync += s.address.eq(s.address + 1)
                    m.next = "FETCH"
                    with m.If(s.reading):
                        m.next = "STORE"
            # A word of a READ: from the bus, then four bytes into the buffer.
            with m.State("STORE"):
                m.d.comb += s.keep_read.eq(1)
                m.d.sync += [s.word.eq(s.word[8:]), s.position.eq(s.position + 1)]
                with m.If(s.last_of_word):
                    m.next = "BUS"
                    with m.If(all_done):
                        answer(Status.OK)

    def _send(self, m: Module, s: _Shared) -> None:
        """Send the answer: its header, its payload from the buffer, its CRC."""
        executed = s.status == Status.OK
        has_data = executed & s.has_data
        all_sent = Signal()
        m.d.sync += all_sent.eq(s.position[2:] == s.done_words)
        with m.FSM(name="send"):
            with m.State("REST"), m.If(s.sending):
                m.next = "HEAD"
            with m.State("HEAD"):
                m.d.comb += self.o.valid.eq(1)
                with m.Switch(s.position[:2]):
                    with m.Case(0):
                        m.d.comb += self.o.payload.eq(ANSWER_START)
                    with m.Case(1):
                        m.d.comb += self.o.payload.eq(s.seq)
                    with m.Case(2):
                        flags = Mux(s.again, REPEATED, 0) | Mux(has_data, HAS_DATA, 0)
                        m.d.comb += self.o.payload.eq(s.status | flags)
                    with m.Case(3):
                        m.d.comb += self.o.payload.eq(Mux(executed, s.done_words, 0))
                with m.If(self.o.ready):
                    m.d.sync += s.position.eq(s.position + 1)
                    m.d.comb += s.crc_step.eq(s.position[:2] != 0)
                    with m.If(s.position[:2] == 0):
                        m.d.sync += s.crc.eq(CRC_INIT)
                    with m.If(s.last_of_word):
                        m.d.sync += s.position.eq(0)
                        m.next = "FETCH"
            with m.State("FETCH"):
                m.next = "LATCH"
            with m.State("LATCH"):
                m.next = "DATA"
                with m.If(~has_data | all_sent):
                    m.next = "TAIL"
            with m.State("DATA"):
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(s.byte)]
                with m.If(self.o.ready):
                    m.d.comb += s.crc_step.eq(1)
                    m.d.sync += s.position.eq(s.position + 1)
                    m.next = "FETCH"
            with m.State("TAIL"):
                # After the high byte of the CRC has gone into it, its low byte stands there.
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(s.crc[8:])]
                with m.If(self.o.ready):
                    m.d.comb += s.crc_step.eq(1)
                    m.d.sync += s.position.eq(s.position + 1)
                    with m.If(s.position[0]):
                        m.d.sync += [s.sending.eq(0), s.busy.eq(0)]
                        m.next = "REST"


class _Shared:
    """What the three state machines of a front share; only one of them works at a time."""

    def __init__(self, timeout_bits: int):
        #: A request is complete, or cut: no other is taken until it is answered.
        self.busy = Signal()
        #: One cycle: a request is complete.
        self.complete = Signal()
        #: An answer is being sent.
        self.sending = Signal()

        #: The request's header, and what its operation is.
        self.header = Signal(32)
        self.seq, self.op, self.address, self.count = (
            self.header.word_select(k, 8) for k in range(4)
        )
        self.reading, self.writing = Signal(), Signal()
        #: Bytes done of the part in work; from bit 2 up, its words.
        self.position = Signal(10)
        self.last_of_word = self.position[:2] == 3
        #: The word in work, and the byte that the buffer gave.
        self.word, self.byte = Signal(32), Signal(8)
        self.keep_received, self.keep_read = Signal(), Signal()
        self.crc, self.crc_step = Signal(16), Signal()
        #: Bit times without a byte; too many of them.
        self.silence, self.cut = Signal(range(timeout_bits + 1)), Signal()

        #: What the answer says. Count and data are those of the last request that was executed.
        self.status, self.again = Signal(Status), Signal()
        self.done_words, self.has_data = Signal(range(MAX_WORDS + 1)), Signal()
