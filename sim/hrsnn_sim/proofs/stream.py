"""Proofs of the queues: in order, none lost, none twice, held until taken.

Any one word is followed: the solver chooses which. It must come out behind exactly the words that
went in before it, so the order and the number of all words are right.
"""

from __future__ import annotations

from amaranth.hdl import Array, Assert, Assume, Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In
from hrsnn_rtl.config import QUEUE_MARGIN

from hrsnn_sim.formal import Goal

#: A word: queues only copy bits, so two of them stand for any number.
LAYOUT = data.StructLayout({"word": 2})


def check_held(m: Module, port) -> None:
    """Assert that a stream output keeps `valid` and payload until it is taken."""
    waits, payload = Signal(), Signal.like(port.payload)
    m.d.sync += [waits.eq(port.valid & ~port.ready), payload.eq(port.payload)]
    with m.If(waits):
        m.d.comb += [Assert(port.valid), Assert(port.payload == payload)]


class QueueGoal(wiring.Component):
    """A queue of `depth` words of memory, `front` more behind it, and one followed word.

    ``peek_write`` and ``peek_read`` are the queue's pointers, ``peek_<k>`` its memory,
    ``peek_valid`` its register and ``peek_fetched`` whether the memory's output holds a word.
    """

    def __init__(self, queue: wiring.Component, depth: int, front: int):
        self._queue, self._depth, self._front = queue, depth, front
        pointer = depth.bit_length()
        super().__init__(
            {
                "i": In(stream.Signature(LAYOUT)),
                "ready": In(1),
                "mark": In(1),
                "peek_write": In(pointer),
                "peek_read": In(pointer),
                **(
                    {"peek_valid": In(1), "peek_fetched": In(1), "peek_data": In(LAYOUT.size)}
                    if front
                    else {}
                ),
                **{f"peek_{k}": In(LAYOUT.size) for k in range(depth)},
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        m.submodules.dut = dut = self._queue
        late = self._writer(m)
        m.d.comb += [dut.i.payload.eq(self.i.payload), dut.o.ready.eq(self.ready)]
        taken, given = Signal(), Signal()
        m.d.comb += [
            taken.eq(dut.i.valid & dut.i.ready if not self._front else dut.i.valid),
            given.eq(dut.o.valid & dut.o.ready),
        ]
        held = Signal(range(self._depth + self._front + 1))
        stored = (self.peek_write - self.peek_read)[: len(self.peek_write)]
        m.d.sync += held.eq(held + taken - given)
        in_front = Cat(self.peek_valid, self.peek_fetched) if self._front else Cat()
        m.d.comb += [
            # What went in and has not come out is what is held, and it never overflows.
            Assert(held == stored + sum(in_front, start=0)),
            Assert(stored <= self._depth),
        ]
        # A word that is given in the cycle that brings it finds the queue empty.
        passes = Signal()
        m.d.comb += passes.eq(given & (held == 0))
        with m.If(passes):
            m.d.comb += [Assert(taken), Assert(dut.o.payload == self.i.payload)]
        self._follow(m, taken & ~passes, given, held)
        check_held(m, dut.o)
        if self._front:
            m.d.comb += [Assert(dut.empty == (held == 0)), Assert(stored <= self._depth - late)]
        else:
            m.d.comb += Assert(dut.o.valid == ((held != 0) | taken))
        return m

    def _writer(self, m):
        """Drive the input as the writer's rules allow; return the places still kept free."""
        dut = self._queue
        m.d.comb += dut.i.valid.eq(self.i.valid)
        if not self._front:
            return 0
        # The slowest writer allowed: fewer than `QUEUE_MARGIN` words after `room` has fallen.
        most = QUEUE_MARGIN - 1
        left = Signal(range(QUEUE_MARGIN), init=most)
        m.d.sync += left.eq(Mux(dut.room, most, left - self.i.valid))
        m.d.comb += Assume(dut.room | (left != 0) | ~self.i.valid)
        return Mux(dut.room, QUEUE_MARGIN, left)

    def _follow(self, m, taken, given, held):
        """Follow the word that is taken in when `mark` is set first."""
        dut, depth = self._queue, self._depth
        follows, value = Signal(), Signal(LAYOUT)
        ahead = Signal.like(held)
        with m.If(follows & given):
            m.d.sync += [ahead.eq(ahead - 1), follows.eq(ahead != 0)]
        with m.Elif(~follows & taken & self.mark):
            m.d.sync += [follows.eq(1), ahead.eq(held - given), value.eq(self.i.payload)]
        memory = Array(getattr(self, f"peek_{k}") for k in range(depth))
        with m.If(follows):
            m.d.comb += Assert(ahead < held)
            with m.If((ahead == 0) & dut.o.valid):
                m.d.comb += Assert(dut.o.payload == value)
            # Where it stands now, for the induction.
            place = ahead
            if self._front:
                before = self.peek_valid + self.peek_fetched
                with m.If(self.peek_fetched & (ahead == self.peek_valid)):
                    m.d.comb += Assert(self.peek_data == value.as_value())
                place = ahead - before
                inside = ahead >= before
            else:
                inside = 1
            with m.If(inside):
                address = (self.peek_read + place)[: depth.bit_length() - 1]
                m.d.comb += Assert(memory[address] == value.as_value())


def _peeks(memory: str, depth: int, front: int) -> dict[str, str]:
    """Return where the state of a queue stands in the flattened design."""
    # Amaranth names the first of two signals made on one line like this.
    registers = {"peek_write": "\\dut.$signal", "peek_read": "\\dut.read_ptr"}
    if front:
        registers |= {
            "peek_valid": "\\dut.valid",
            "peek_fetched": "\\dut.fetched",
            "peek_data": "\\dut.ram_words.r_data",
        }
    return registers | {f"peek_{k}": f"\\dut.{memory}[{k}]" for k in range(depth)}


def _small(stream_module, depth: int) -> QueueGoal:
    return QueueGoal(stream_module.SmallQueue(layout=LAYOUT, depth=depth), depth, 0)


def _event(stream_module, depth: int, **options) -> QueueGoal:
    queue = stream_module.EventQueue(layout=LAYOUT, depth=depth, poison=True, **options)
    return QueueGoal(queue, depth, 2)


SMALL_BUGS = (
    ("m.d.comb += self.i.ready.eq(level != self._depth)", "m.d.comb += self.i.ready.eq(1)"),
    ("read.addr.eq(read_ptr)", "read.addr.eq(write_ptr)"),
    ("with m.If(self.o.valid & self.o.ready):", "with m.If(self.o.valid):"),
    ("with m.If(self.i.valid & self.i.ready):", "with m.If(self.i.valid):"),
    ("Mux(stored, read.data, self.i.payload.as_value())", "read.data"),
)
EVENT_BUGS = (
    ("fetch = stored & (~fetched | moves)", "fetch = stored"),
    ("level < self._depth - QUEUE_MARGIN", "level <= self._depth - QUEUE_MARGIN + 1"),
    ("with m.Elif(moves):", "with m.Elif(0):"),
    ("moves = ~valid | self.o.ready", "moves = ~valid | 1"),
    ("self.empty.eq(~stored & ~fetched & ~valid)", "self.empty.eq(~stored & ~valid)"),
    ("ram.w_en.eq(self.i.valid & ~passes)", "ram.w_en.eq(self.i.valid)"),
)  # fmt: skip
EARLY_BUGS = (
    ("fetched | (passes & ~(self.o.ready", "fetched | (passes & ~(0"),
    ("self.o.valid.eq(valid | (passes", "self.o.valid.eq(valid | (self.i.valid"),
)
#: Bugs of a queue all of whose words go through the memory.
FAR_BUGS = (("self.i.valid & self.empty if self._direct else 0", "self.i.valid & self.empty"),)
#: Forms of the event queue: name, options, bugs.
FORMS = (
    ("", {"early": False}, EVENT_BUGS),
    ("-early", {"early": True}, EARLY_BUGS),
    ("-far", {"early": False, "direct": False}, FAR_BUGS),
)
GOALS = (
    *(
        Goal(
            f"small-queue-{depth}",
            f"a queue of {depth} words in front of a lane gives every word once, in order, holds "
            "it until it is taken and takes none without a place",
            "stream",
            lambda module, depth=depth: _small(module, depth),
            4,
            SMALL_BUGS if depth == 2 else (),
            _peeks("words", depth, 0),
        )
        for depth in (2, 4)
    ),
    *(
        Goal(
            f"event-queue-32{form}",
            "the event queue gives every word once, in order, holds it until it is taken, never "
            "overflows if the writer keeps its rules, and uses no word read while it is written",
            "stream",
            lambda module, options=options: _event(module, 32, **options),
            4,
            bugs,
            _peeks("ram_words.cells", 32, 2),
        )
        for form, options, bugs in FORMS
    ),
)
