"""The order of things: commands, the scan over the neurons, and the sources to deliver.

::

    command --+--> event queue --> Expander --> lanes, readout, spike stream
              |         ^ spikes
              +--> scan, all lanes in lock-step
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import CoreConfig, bits_for
from hrsnn_rtl.interfaces import (
    ASK,
    SCAN_STAGES,
    CommandKind,
    CommandLayout,
    event_layout,
    queue_layout,
    scan_layout,
    scan_stage,
    sum_stage,
)

#: Cycles for which the lanes go on after the last work was seen.
HALT_TAIL = 4


class Scheduler(wiring.Component):
    """Executes commands in order and scans the neurons.

    A STEP or CLEAR begins when everything before it is delivered. Events that follow are accepted
    while the scan runs: they belong to the next step, whose sums are another bank.

    Parameters
    ----------
    config : CoreConfig
        Capacities and widths.

    Members
    -------
    command : In(stream.Signature(CommandLayout))
        The commands.
    delivered : In(1)
        Neither the event queue nor anything behind it holds a source.
    room : In(1)
        Of the event queue.
    spikes : In
        Stage U5, one bit a lane.
    loading : In(1)
        A word is on its way to a memory: no command is taken.
    read_slot : In
        Slot that U0 addresses while no scan runs, for the read port.
    scan : Out(scan_layout(config))
        Stages of the scan.
    queue : Out(stream.Signature(queue_layout(config), always_ready=True))
        Words for the event queue.
    hold : Out(1)
        Nothing must be delivered: the scan has the sums. Never with a double buffer.
    step, clear : Out(1)
        One cycle each, when that command begins.
    bin : Out
        Readout bin of the last STEP.
    ask, scanned : Out(1)
        Only for a readout that is computed when asked: with `step`, it wants the outputs; no scan
        runs, and none of its neurons is in the pipeline.
    event : Out(1)
        An input event is taken.
    last : Out(1)
        Stage U5 of the last neuron of a step.
    idle : Out(1)
        No command in work, and `delivered`; not before the sums are cleared after a reset.
    asked : In(1)
        With `halt`: a port wants a memory of a lane.
    awake : Out(1)
        With `halt`: the lanes must not stand still. Rises a cycle after `asked`, and in the first
        cycle in which a lane may have something of a command to do.
    """

    def __init__(self, *, config: CoreConfig):
        self._config = config
        super().__init__(
            {
                "command": In(stream.Signature(CommandLayout)),
                "delivered": In(1),
                "room": In(1),
                "spikes": In(config.lanes),
                "loading": In(1),
                "read_slot": In(config.slot_width),
                "scan": Out(scan_layout(config)),
                "queue": Out(stream.Signature(queue_layout(config), always_ready=True)),
                "hold": Out(1),
                "step": Out(1),
                "clear": Out(1),
                "bin": Out(bits_for(config.n_bins)),
                **({"ask": Out(1), "scanned": Out(1)} if config.readout else {}),
                "event": Out(1),
                "last": Out(1),
                "idle": Out(1),
                **({"asked": In(1), "awake": Out(1)} if config.halt else {}),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        scanning, ended = Signal(), Signal()
        self._commands(m, scanning, ended)
        self._scan(m, scanning)
        self._queue(m, ended)
        return m

    def _commands(self, m, scanning, ended):
        """Decide what is taken in this cycle."""
        kind = self.command.payload.kind
        # A reset may leave sums of a delivery that it cut short: a scan clears each bank first.
        banks = 2 if self._config.double_buffer else 1
        unclear, rests = Signal(banks, init=(1 << banks) - 1), Signal()
        with m.Switch(kind):
            with m.Case(CommandKind.EVENT):
                # Spikes have the port of the queue first; what is not taken waits.
                blocked = self.spikes.any() | ended | self.hold | unclear[0] | self.loading
                m.d.comb += self.command.ready.eq(self.room & ~blocked)
                m.d.comb += self.event.eq(self.command.valid & self.command.ready)
            with m.Case(CommandKind.NOP):
                m.d.comb += self.command.ready.eq(1)
            with m.Default():
                m.d.comb += self.command.ready.eq(self.idle & ~self.loading)
        starts = self.command.valid & self.idle & ~self.loading
        m.d.comb += [
            self.step.eq(starts & (kind == CommandKind.STEP)),
            self.clear.eq((starts & (kind == CommandKind.CLEAR)) | (rests & unclear[0])),
        ]
        if self._config.readout:
            m.d.comb += [
                self.ask.eq(self.step & (self.command.payload.arg & ASK).any()),
                self.scanned.eq(~(scanning | self._lead_works() | self.scan.valid[1:].any())),
            ]
        with m.If(rests):
            m.d.sync += unclear.eq(unclear >> 1)
        with m.If(self.step):
            m.d.sync += self.bin.eq(self.command.payload.arg)
        # A register, for everything waits for it: look at what the next cycle will have in work.
        # A neuron in U5 is done with this cycle unless it fires.
        pending = self.spikes.any() | ended | (self.last if self._config.spike_stream else 0)
        rests_next = (
            self.delivered
            & ~(scanning | self._lead_works() | self.scan.valid[1:5].any())
            & ~(pending | self.event | self.step | self.clear)
        )
        m.d.sync += [rests.eq(rests_next), self.idle.eq(rests_next & ~unclear[0])]
        if self._config.halt:
            # The last sums are written, and a word is read, some cycles later.
            works, tail = Signal(), Signal(HALT_TAIL)
            m.d.comb += works.eq(~rests_next | self.asked)
            m.d.sync += [tail.eq(Cat(works, tail)), self.awake.eq(works | tail.any())]

    def _scan(self, m, scanning):
        """Issue one neuron a cycle while the queue has room for what the pipeline may add."""
        c = self._config
        scan = self.scan
        slot, bank, clear = Signal(c.slot_width), Signal(), Signal()
        begun = Signal()
        is_last = slot == c.n_slots - 1
        begins = self.step | self.clear
        _, issued = scan_stage(scan, c, -c.lead)
        first = sum_stage(c)
        has_sums = scan_stage(scan, c, first)[1] | scan_stage(scan, c, first + 1)[1]
        m.d.comb += [
            issued.eq(scanning & self.room),
            scan.clear.eq(clear),
            # The scan has sums from `sum_stage` on; the last of a delivery are written before.
            scan.bank.eq(bank if c.double_buffer else has_sums),
            self.last.eq(scan.valid[5] & (scan.slot[5] == c.n_slots - 1) & ~clear),
        ]
        if not c.double_buffer:
            # Long before the first row that follows gets there the scan is done with the sums (U2).
            m.d.comb += self.hold.eq(scanning | self._lead_works())
        with m.If(issued):
            m.d.sync += [slot.eq(Mux(is_last, 0, slot + 1)), scanning.eq(~is_last)]
        m.d.sync += [begun.eq(begins), bank.eq(bank ^ begun)]
        with m.If(begins):
            m.d.sync += [scanning.eq(1), clear.eq(self.clear)]
        # Amaranth drives a whole struct from one domain: the registered stages are separate.
        for k in range(-c.lead, SCAN_STAGES):
            here_slot, here_valid = scan_stage(scan, c, k)
            if k > -c.lead:
                name = str(k).replace("-", "early_")
                valid_k = Signal(name=f"valid_{name}")
                slot_k = Signal(c.slot_width, name=f"slot_{name}")
                before_slot, before_valid = scan_stage(scan, c, k - 1)
                m.d.sync += [valid_k.eq(before_valid), slot_k.eq(before_slot)]
                m.d.comb += here_valid.eq(valid_k)
            else:
                slot_k = slot
            if k == 0:
                # The read port has this stage otherwise.
                slot_k = Mux(~self.idle if c.lead else scanning, slot_k, self.read_slot)
            m.d.comb += here_slot.eq(slot_k)

    def _lead_works(self):
        """Return whether a neuron is between its issue and U1, once nothing more is issued."""
        c = self._config
        return self.scan.early_valid[1:].any() | self.scan.valid[0] if c.lead else 0

    def _queue(self, m, ended):
        """Write spikes, the end of a step's spikes, or an event into the event queue."""
        c = self._config
        word = self.queue.payload
        source = Signal(c.source_width)
        m.d.comb += [
            source.eq(self.command.payload.arg + c.n_hw),
            self.queue.valid.eq(self.spikes.any() | self.event),
            word.slot.eq(source[c.lane_width :]),
            word.is_input.eq(1),
        ]
        if c.lanes > 1:
            m.d.comb += word.mask.eq(Const(1, c.lanes) << source[: c.lane_width])
        with m.If(self.spikes.any()):
            m.d.comb += [word.slot.eq(self.scan.slot[5]), word.is_input.eq(0)]
            if c.lanes > 1:
                m.d.comb += word.mask.eq(self.spikes)
        if c.spike_stream:
            # The mark of the end follows the last neuron's spikes by one cycle.
            m.d.sync += ended.eq(self.last)
            with m.If(ended):
                m.d.comb += [self.queue.valid.eq(1), word.is_last.eq(1), word.slot.eq(0)]
                if c.lanes > 1:
                    m.d.comb += word.mask.eq(1)


class Expander(wiring.Component):
    """Words of the event queue in, their sources out, one a cycle.

    Parameters
    ----------
    config : CoreConfig
        Widths.

    Members
    -------
    i : In(stream.Signature(queue_layout(config)))
        Words of the event queue.
    o : Out(stream.Signature(event_layout(config)))
        Sources, by rising lane within a word.
    is_last : Out(1)
        With ``o.valid``: no source, but the end of a step's spikes.
    """

    def __init__(self, *, config: CoreConfig):
        self._config = config
        super().__init__(
            {
                "i": In(stream.Signature(queue_layout(config))),
                "o": Out(stream.Signature(event_layout(config))),
                "is_last": Out(1),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        c = self._config
        m = Module()
        word = self.i.payload
        if c.lanes == 1:
            m.d.comb += [
                self.o.valid.eq(self.i.valid),
                self.o.payload.source.eq(word.slot),
                self.i.ready.eq(self.o.ready),
            ]
        else:
            word = self._list(m)
        m.d.comb += self.o.payload.is_input.eq(word.is_input)
        if c.spike_stream:
            m.d.comb += self.is_last.eq(word.is_last)
        return m

    def _list(self, m):
        """Go through the mask of a word; return the word."""
        c = self._config
        # Registers only: the lanes lie all over the part, and the way back to the queue is long.
        # The mask has what follows the lane that is offered; `single` says that nothing does.
        word, single = Signal(queue_layout(c)), Signal()
        lane = Signal(c.lane_width)
        m.d.comb += [
            self.o.payload.source.eq(Cat(lane, word.slot)),
            self.i.ready.eq(~self.o.valid | (self.o.ready & single)),
        ]
        with m.If(self.i.ready):
            m.d.sync += [self.o.valid.eq(self.i.valid), word.eq(self.i.payload)]
            self._offer(m, self.i.payload.mask, word, lane, single)
        with m.Elif(self.o.ready):
            self._offer(m, word.mask, word, lane, single)
        return word

    def _offer(self, m, mask, word, lane, single):
        """Take the lowest lane out of a mask."""
        first = Cat(bit & ~mask[:k].any() for k, bit in enumerate(mask))
        m.d.sync += [
            word.mask.eq(mask & ~first),
            lane.eq(index_of(first)),
            single.eq(one_hot(mask)),
        ]


def one_hot(mask):
    """Return whether exactly one bit is set."""
    return Cat(mask == 1 << k for k in range(len(mask))).any()


def index_of(mask):
    """Return the number of the one bit that is set."""
    count = len(mask)
    return Cat(
        Cat(mask[k] for k in range(count) if k >> bit & 1).any()
        for bit in range((count - 1).bit_length())
    )
