"""Loading a network at start from the SPI flash of a board, where its bitstream lies too.

``docs/flash.md`` describes the image. It is read twice: once to check it, and only if it is whole
once more to write it, so a damaged one changes nothing.
"""

from dataclasses import dataclass

from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.bank import BusSignature
from hrsnn_rtl.bursts import LOW_WIDTH
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.flash_image import CRC_POLYNOMIAL, MAGIC, UNIT_BYTES, signature
from hrsnn_rtl.memory_plan import core_memories
from hrsnn_rtl.registers import BY_NAME, FIRST_WRITABLE, FlashStatus

#: Commands of a flash: wake from deep power-down, into which an iCE40 puts it when it has read its
#: bitstream; read from a 24-bit address on, after eight clocks without meaning.
WAKE, READ = 0xAB, 0x0B
#: Bits of the longest thing that is shifted: a unit of an image, or READ with its address and the
#: clocks without meaning.
UNIT_BITS = 8 * UNIT_BYTES


@dataclass(frozen=True)
class FlashPlace:
    """Where a board's flash holds a network.

    Attributes
    ----------
    address : int
        First byte, behind the bitstream.
    wake_cycles : int
        Clock cycles that the flash may take to wake.
    """

    address: int
    wake_cycles: int


class FlashSignature(wiring.Signature):
    """The pins of an SPI flash, from the design's side: mode 0, high bit first."""

    def __init__(self):
        super().__init__({"cs_n": Out(1, init=1), "sck": Out(1), "copi": Out(1), "cipo": In(1)})


class _Stage(enum.Enum):
    """What the bits are that go through the shift register."""

    WAKE = 0
    COMMAND = 1
    HEADER = 2
    RECORD = 3
    CHECK = 4
    FORGET = 5


def length_width(config: CoreConfig) -> int:
    """Return the bits of the number of records of a core's longest image.

    A memory takes one for its place and one a word, or two where words have bits above 31.
    """
    specs = core_memories(config)
    words = sum(spec.copies * (2 + spec.depth * (1 + (spec.width > LOW_WIDTH))) for spec in specs)
    return (words + 3).bit_length()


class FlashLoader(wiring.Component):
    """Write the image in a flash to the register bus, once after each reset.

    Parameters
    ----------
    config : CoreConfig
        The core, for which the image must have been made.
    place : FlashPlace
        Where the image is.

    Members
    -------
    pins : Out(FlashSignature())
        The flash. Its clock is half that of the design; what it sends has a whole period to come.
    bus : Out(BusSignature())
        To the register bank; of use while `busy`.
    busy : Out(1)
        Not done yet.
    status : Out(FlashStatus)
        What came of it, when it is not busy.
    """

    pins: Out(FlashSignature())
    bus: Out(BusSignature())
    busy: Out(1, init=1)
    status: Out(FlashStatus, init=FlashStatus.NO_MODEL)

    def __init__(self, *, config: CoreConfig, place: FlashPlace):
        self._place, self._signature = place, signature(config)
        self._wait_bit = max(1, (place.wake_cycles - 1).bit_length())
        self._length_width = max(length_width(config) + 1, self._wait_bit + 2)
        super().__init__()

    def elaborate(self, platform):
        """Build the circuit: a shift register for everything, and what to do with each unit."""
        m = Module()
        pins, bus = self.pins, self.bus
        stage, awake, writing = Signal(_Stage), Signal(), Signal()
        unit, bits = Signal(UNIT_BITS), Signal(range(UNIT_BITS))
        word, register = unit[:32], unit[32:]
        crc = Signal(32)
        # Records that are left, less one; at rest a clock.
        left = Signal(self._length_width)
        m.d.comb += [
            pins.copi.eq(unit[-1]),
            bus.write.eq(1),
            bus.w_data.eq(word),
            # Nothing but these registers can be reached, whatever an image says.
            bus.address.eq(
                Mux(
                    register[6],
                    BY_NAME["MEM_DATA"].address,
                    Cat(register[:3], C(FIRST_WRITABLE >> 3, 4)),
                )
            ),
        ]
        # What is asked of a whole unit is known a cycle later. A CRC is right if each of its bits
        # is the one that the register would send: all of the unit but its first byte.
        magic, fits, wrong, differs = Signal(), Signal(), Signal(), Signal()
        m.d.comb += differs.eq(crc[-1] ^ pins.cipo)
        m.d.sync += [
            magic.eq(unit[24:] == int.from_bytes(MAGIC, "big")),
            fits.eq(unit[:24] >> (len(left) - 1) == 0),
        ]

        def shift(then: _Stage, count: int = UNIT_BITS):
            m.d.sync += [bits.eq(count - 1), stage.eq(then)]
            m.next = "LOW"

        def end(status: FlashStatus):
            m.d.sync += [self.status.eq(status), pins.cs_n.eq(1)]
            m.next = "DONE"
            if status != FlashStatus.LOADED:
                # What has been written of a model that turns out damaged only now is none.
                with m.If(writing):
                    m.d.sync += unit.eq(BY_NAME["MODEL"].address << 32)
                    m.d.sync += stage.eq(_Stage.FORGET)
                    m.next = "SETTLE"

        with m.FSM():
            with m.State("REST"):
                m.d.sync += left.eq(left - 1)
                # It begins with 0 or with its greatest value, which comes next.
                with m.If(left[-1] & ~left[self._wait_bit]):
                    read = READ << 32 | self._place.address << 8
                    m.d.sync += [unit.eq(Mux(awake, read, WAKE << 32)), awake.eq(1)]
                    m.d.sync += [left.eq(0), pins.cs_n.eq(0)]
                    shift(_Stage.COMMAND)
                    with m.If(~awake):
                        shift(_Stage.WAKE, 8)
            with m.State("LOW"):
                m.d.sync += pins.sck.eq(1)
                m.next = "HIGH"
            with m.State("HIGH"):
                # The flash gives its next bit after this edge, and takes ours with the other one.
                m.d.sync += [
                    pins.sck.eq(0),
                    unit.eq(Cat(pins.cipo, unit)),
                    crc.eq(Cat(C(0, 1), crc) ^ Mux(differs, CRC_POLYNOMIAL, 0)),
                    wrong.eq(~bits[5] & (wrong | differs)),
                    bits.eq(bits - 1),
                ]
                m.next = "LOW"
                with m.If(bits == 0):
                    m.next = "SETTLE"
            with m.State("SETTLE"):
                # The address of a record is there a cycle before the request, too.
                m.next = "TAKE"
                with m.If(stage == _Stage.RECORD):
                    m.d.sync += left.eq(left - 1)
            with m.State("TAKE"), m.Switch(stage):
                with m.Case(_Stage.WAKE):
                    m.d.sync += pins.cs_n.eq(1)
                    m.next = "REST"
                with m.Case(_Stage.COMMAND):
                    m.d.sync += crc.eq(self._signature)
                    shift(_Stage.HEADER)
                with m.Case(_Stage.HEADER):
                    m.d.sync += left.eq(unit)
                    shift(_Stage.RECORD)
                    with m.If(~magic):
                        end(FlashStatus.NO_MODEL)
                    with m.Elif(~fits):
                        end(FlashStatus.BAD_MODEL)
                with m.Case(_Stage.RECORD):
                    shift(_Stage.RECORD)
                    with m.If(left[-1]):
                        m.d.sync += stage.eq(_Stage.CHECK)
                    with m.If(writing):
                        m.next = "WRITE"
                with m.Case(_Stage.CHECK):
                    with m.If(wrong):
                        end(FlashStatus.BAD_MODEL)
                    with m.Elif(writing):
                        end(FlashStatus.LOADED)
                    with m.Else():
                        m.d.sync += [pins.cs_n.eq(1), writing.eq(1)]
                        m.next = "REST"
                with m.Case(_Stage.FORGET):
                    m.next = "WRITE"
            with m.State("WRITE"):
                m.d.comb += bus.valid.eq(1)
                with m.If(bus.ready):
                    m.next = "LOW"
                    with m.If(stage == _Stage.FORGET):
                        m.next = "DONE"
            with m.State("DONE"):
                m.d.sync += self.busy.eq(0)
        return m
