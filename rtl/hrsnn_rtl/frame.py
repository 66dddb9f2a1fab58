"""The UART front: frames in, bursts on the register bus, frames out.

A request is kept in a block RAM until its CRC is known to be right, and an answer until the next
request is executed, so a repeated request gets the same answer again. ``docs/link.md`` describes
the frames.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.bank import BusSignature
from hrsnn_rtl.crc import CRC_INIT, crc16_next
from hrsnn_rtl.memory import Ram
from hrsnn_rtl.registers import (
    ANSWER_START,
    BY_NAME,
    FIRST_WRITABLE,
    HAS_DATA,
    MAX_WORDS,
    MEMORY_WORDS,
    PORTS,
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
        """Build the circuit."""
        m = Module()

        # The request's payload is the lower half of the buffer, the answer's the upper half. No
        # cycle reads a word that it writes: writes end before the reads begin.
        m.submodules.ram_frames = buffer = Ram(width=8, depth=8 * MAX_WORDS, poison=self._poison)

        header = Signal(32)
        seq, op, address, count = (header.word_select(k, 8) for k in range(4))
        # Counts the bytes of the part in work; from bit 2 up, its words.
        position = Signal(10)
        last_of_word = position[:2] == 3
        word = Signal(32)
        taken, stopped = Signal(), Signal()
        m.d.sync += [taken.eq(self.bus.valid & self.bus.ready), stopped.eq(self.bus.stop)]
        byte = Signal(8)
        reading, sending = op == Op.READ, Signal()
        m.d.sync += byte.eq(buffer.r_data)
        m.d.comb += [
            buffer.w_addr.eq(Cat(position[:8], reading)),
            buffer.w_data.eq(Mux(reading, word[:8], self.i.payload)),
            buffer.r_addr.eq(Cat(position[:8], sending)),
            self.bus.write.eq(~reading),
            self.bus.address.eq(address),
            self.bus.w_data.eq(word),
        ]

        crc = Signal(16)
        crc_byte = Signal(8)
        crc_step = Signal()
        m.d.comb += crc_byte.eq(Mux(sending, self.o.payload, self.i.payload))
        with m.If(crc_step):
            m.d.sync += crc.eq(crc16_next(crc, crc_byte))

        silence = Signal(range(self._timeout_bits + 1))
        m.d.sync += silence.eq(Mux(self.i.valid, 0, silence + self.bit))

        # The answer to the request that was executed last; its payload is in the buffer.
        last_seq = Signal(8)
        synced = Signal()
        answer_words = Signal(range(MAX_WORDS + 1))
        answer_has_data = Signal()
        status = Signal(Status)
        again = Signal()
        executed = status == Status.OK
        age = Signal(8)
        m.d.comb += age.eq(seq - last_seq)

        def answer(code: Status):
            m.d.sync += [status.eq(code), position.eq(0), sending.eq(1)]
            m.d.comb += (self.done if code == Status.OK else self.refused).eq(1)
            m.next = "HEAD"

        def execute():
            m.d.sync += [
                synced.eq(1),
                last_seq.eq(seq),
                answer_words.eq(0),
                answer_has_data.eq(reading),
            ]

        # The header has been there for two bytes when it is judged: judge it ahead.
        right, known, first, repeated, next_one, counted, allowed, free = (
            Signal(name=name)
            for name in (
                "right",
                "known",
                "first",
                "repeated",
                "next",
                "counted",
                "allowed",
                "free",
            )
        )
        m.d.sync += [
            right.eq(crc == 0),
            known.eq(op <= max(Op)),
            first.eq(op == Op.SYNC),
            repeated.eq(synced & (age == 0)),
            next_one.eq(synced & (age == 1)),
            counted.eq((count != 0) & (count <= MAX_WORDS)),
            allowed.eq(_allowed(m, reading, address, count)),
            free.eq(self.idle | (address != BY_NAME["MEM_DATA"].address)),
        ]

        with m.FSM():
            with m.State("HUNT"):
                m.d.sync += [position.eq(0), sending.eq(0), again.eq(0), crc.eq(CRC_INIT)]
                with m.If(self.i.valid & (self.i.payload == REQUEST_START)):
                    m.next = "HEADER"
            with m.State("HEADER"):
                with m.If(silence[-1]):
                    answer(Status.TIMEOUT)
                with m.Elif(self.i.valid):
                    m.d.comb += crc_step.eq(1)
                    m.d.sync += [
                        header.eq(Cat(header[8:], self.i.payload)),
                        position.eq(position + 1),
                    ]
                    with m.If(last_of_word):
                        m.d.sync += position.eq(0)
                        m.next = "BODY"
            with m.State("BODY"):
                with m.If((op != Op.WRITE) | (position[2:] == count)):
                    m.next = "TAIL"
                with m.Elif(silence[-1]):
                    answer(Status.TIMEOUT)
                with m.Elif(self.i.valid):
                    m.d.comb += [crc_step.eq(1), buffer.w_en.eq(1)]
                    m.d.sync += position.eq(position + 1)
            with m.State("TAIL"):
                with m.If(silence[-1]):
                    answer(Status.TIMEOUT)
                with m.Elif(self.i.valid):
                    m.d.comb += crc_step.eq(1)
                    m.d.sync += position.eq(position + 1)
                    with m.If(position[0]):
                        m.next = "JUDGE"
            with m.State("JUDGE"):
                m.next = "CHECK"
            with m.State("CHECK"):
                m.d.sync += position.eq(0)
                with m.If(~right):
                    answer(Status.BAD_CRC)
                with m.Elif(~known):
                    answer(Status.BAD_OP)
                with m.Elif(first):
                    execute()
                    answer(Status.OK)
                with m.Elif(repeated):
                    m.d.sync += again.eq(1)
                    answer(Status.OK)
                with m.Elif(~next_one):
                    answer(Status.OUT_OF_ORDER)
                with m.Elif(~counted):
                    answer(Status.BAD_COUNT)
                with m.Elif(~allowed):
                    answer(Status.BAD_ADDR)
                with m.Elif(~free):
                    answer(Status.BUSY)
                with m.Else():
                    execute()
                    m.next = "FETCH"
                    with m.If(reading):
                        m.next = "BUS"

            # Words of a WRITE: four bytes from the buffer, then the bus.
            with m.State("FETCH"):
                m.next = "LATCH"
                with m.If(
                    sending & ((position[2:] == answer_words) | ~(executed & answer_has_data))
                ):
                    m.next = "TRAILER"
            with m.State("LATCH"):
                m.next = "SHIFT"
                with m.If(sending):
                    m.next = "SEND"
            with m.State("SHIFT"):
                m.d.sync += [word.eq(Cat(word[8:], byte)), position.eq(position + 1)]
                m.next = "FETCH"
                with m.If(last_of_word):
                    m.next = "BUS"
            with m.State("BUS"):
                m.d.comb += self.bus.valid.eq(~taken)
                with m.If(self.bus.valid & reading):
                    m.d.sync += word.eq(self.bus.r_data)
                with m.If(taken & stopped):
                    answer(Status.OK)
                with m.Elif(taken):
                    m.d.sync += answer_words.eq(answer_words + 1)
                    with m.If(address < MEMORY_WORDS):
                        m.d.sync += address.eq(address + 1)
                    with m.If(reading):
                        m.next = "STORE"
                    with m.Elif(answer_words + 1 == count):
                        answer(Status.OK)
                    with m.Else():
                        m.next = "FETCH"
            # Words of a READ: from the bus, then four bytes into the buffer.
            with m.State("STORE"):
                m.d.comb += buffer.w_en.eq(1)
                m.d.sync += [word.eq(word[8:]), position.eq(position + 1)]
                with m.If(last_of_word):
                    m.next = "BUS"
                    with m.If(answer_words == count):
                        answer(Status.OK)

            with m.State("HEAD"):
                m.d.comb += self.o.valid.eq(1)
                with m.Switch(position[:2]):
                    with m.Case(0):
                        m.d.comb += self.o.payload.eq(ANSWER_START)
                    with m.Case(1):
                        m.d.comb += self.o.payload.eq(seq)
                    with m.Case(2):
                        has_data = executed & answer_has_data
                        m.d.comb += self.o.payload.eq(
                            status | Mux(again, REPEATED, 0) | Mux(has_data, HAS_DATA, 0)
                        )
                    with m.Case(3):
                        m.d.comb += self.o.payload.eq(Mux(executed, answer_words, 0))
                with m.If(self.o.ready):
                    m.d.sync += position.eq(position + 1)
                    m.d.comb += crc_step.eq(position[:2] != 0)
                    with m.If(position[:2] == 0):
                        m.d.sync += crc.eq(CRC_INIT)
                    with m.If(last_of_word):
                        m.d.sync += position.eq(0)
                        m.next = "FETCH"
            with m.State("SEND"):
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(byte)]
                with m.If(self.o.ready):
                    m.d.comb += crc_step.eq(1)
                    m.d.sync += position.eq(position + 1)
                    m.next = "FETCH"
            with m.State("TRAILER"):
                # After the high byte of the CRC has gone into it, its low byte stands there.
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(crc[8:])]
                with m.If(self.o.ready):
                    m.d.comb += crc_step.eq(1)
                    m.d.sync += position.eq(position + 1)
                    with m.If(position[0]):
                        m.next = "HUNT"
        return m


def _allowed(m: Module, reading, address, count):
    """Return the hardware form of `burst_allowed`."""
    allowed = Signal()
    m.d.comb += allowed.eq(
        (address + count <= MEMORY_WORDS) & (reading | (address >= FIRST_WRITABLE))
    )
    for port in PORTS:
        with m.If(address == port.address):
            m.d.comb += allowed.eq(Mux(reading, "r" in port.access, "w" in port.access))
    return allowed
