"""Proofs of the order of things: no event or spike lost or doubled, no word read while written."""

from __future__ import annotations

from amaranth.hdl import Assert, Assume, Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In
from hrsnn_rtl.config import QUEUE_MARGIN, CoreConfig
from hrsnn_rtl.interfaces import CommandKind, CommandLayout, queue_layout, scan_stage, sum_stage
from hrsnn_rtl.scheduler import index_of

from hrsnn_sim.formal import Goal
from hrsnn_sim.proofs.stream import check_held


def core_config(lanes: int, n_slots: int = 4, **options) -> CoreConfig:
    """Return a small core with a spike stream."""
    return CoreConfig(
        lanes=lanes, n_slots=n_slots, n_inputs=4, synapse_depth=4, v_width=8, weight_width=2,
        decay_width=4, sum_width=8, refractory_width=1, n_out=0, queue_depth=32,
        spike_stream=True, **options,
    )  # fmt: skip


class ExpanderGoal(wiring.Component):
    """An `Expander` beside the mask of what the word that it holds still owes."""

    def __init__(self, scheduler, config: CoreConfig):
        self._dut, self._config = scheduler.Expander(config=config), config
        members = {"i": In(stream.Signature(queue_layout(config))), "ready": In(1)}
        if config.lanes > 1:
            members |= {"peek_word": In(queue_layout(config)), "peek_single": In(1)}
        super().__init__(members)

    def elaborate(self, platform):
        """Build the circuit."""
        c = self._config
        m = Module()
        m.submodules.dut = dut = self._dut
        m.d.comb += [
            dut.i.payload.eq(self.i.payload),
            dut.i.valid.eq(self.i.valid),
            dut.o.ready.eq(self.ready),
        ]
        check_held(m, dut.o)
        given = dut.o.valid & dut.o.ready
        if c.lanes == 1:
            m.d.comb += [
                Assert(given == (dut.i.valid & dut.i.ready)),
                Assert(dut.o.payload.source == self.i.payload.slot),
                Assert(dut.is_last == self.i.payload.is_last),
            ]
            # The word comes from a queue, which keeps it.
            waits, word = Signal(), Signal.like(self.i.payload)
            m.d.sync += [waits.eq(self.i.valid & ~dut.i.ready), word.eq(self.i.payload)]
            with m.If(waits):
                m.d.comb += [Assume(self.i.valid), Assume(self.i.payload == word)]
            return m
        m.d.comb += Assume(self.i.payload.mask != 0)
        owed, word = Signal(c.lanes), Signal(queue_layout(c))
        lowest = Signal(c.lanes)
        m.d.comb += lowest.eq(owed & -owed)
        with m.If(dut.i.valid & dut.i.ready):
            m.d.sync += [owed.eq(self.i.payload.mask), word.eq(self.i.payload)]
            # Everything of the last word is given, or is in this very cycle.
            m.d.comb += Assert((owed == 0) | ((owed == lowest) & given))
        with m.Elif(given):
            m.d.sync += owed.eq(owed & ~lowest)
        m.d.comb += Assert(dut.o.valid == (owed != 0))
        with m.If(dut.o.valid):
            lane, slot = dut.o.payload.source[: c.lane_width], dut.o.payload.source[c.lane_width :]
            m.d.comb += [
                Assert((Const(1, c.lanes) << lane) == lowest),
                Assert(slot == word.slot),
                Assert(dut.o.payload.is_input == word.is_input),
                Assert(dut.is_last == word.is_last),
                Assert(self.peek_word.mask == owed & ~lowest),
                Assert(self.peek_single == (owed == lowest)),
            ]
        return m


class SchedulerGoal(wiring.Component):
    """A `Scheduler` whose neurons fire as they like, and what must come of commands and spikes."""

    def __init__(self, scheduler, config: CoreConfig):
        self._dut, self._config = scheduler.Scheduler(config=config), config
        super().__init__(
            {
                "valid": In(1),
                "payload": In(CommandLayout),
                "delivered": In(1),
                "room": In(1),
                "fires": In(config.lanes),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        c = self._config
        m = Module()
        m.submodules.dut = dut = self._dut
        scan, word, spikes = dut.scan, dut.queue.payload, Signal(c.lanes)
        m.d.comb += [
            dut.command.valid.eq(self.valid),
            dut.command.payload.eq(self.payload),
            dut.delivered.eq(self.delivered),
            dut.room.eq(self.room),
            # As `LifUpdate`: only a neuron of a step fires.
            spikes.eq(Mux(scan.valid[5] & ~scan.clear, self.fires, 0)),
            dut.spikes.eq(spikes),
        ]
        ended, taken, is_event = Signal(), Signal(), Signal()
        m.d.sync += ended.eq(dut.last)
        m.d.comb += [
            taken.eq(dut.command.ready & self.valid),
            is_event.eq(taken & (self.payload.kind == CommandKind.EVENT)),
        ]
        source = Signal(c.source_width)
        m.d.comb += source.eq(self.payload.arg + c.n_hw)
        # One word at most wants to go in, and what wants to, does.
        m.d.comb += [
            Assert(spikes.any() + ended + is_event <= 1),
            Assert(dut.queue.valid == (spikes.any() | ended | is_event)),
            Assert(dut.event == is_event),
        ]
        mask = word.mask if c.lanes > 1 else Const(1)
        with m.If(spikes.any()):
            m.d.comb += [Assert(word.slot == scan.slot[5]), Assert(~word.is_input)]
            m.d.comb += [Assert(~word.is_last), Assert(mask == (spikes if c.lanes > 1 else 1))]
        with m.If(is_event):
            m.d.comb += [Assert(Cat(index_of(mask), word.slot) == source), Assert(word.is_input)]
            m.d.comb += [Assert(~word.is_last), Assert((mask & (mask - 1)) == 0)]
        with m.If(ended):
            m.d.comb += [Assert(word.is_last), Assert((mask & (mask - 1)) == 0)]
        # No neuron is in work that may still fire when the next command is awaited.
        stages = [scan_stage(scan, c, k)[1] for k in range(-c.lead, 5)]
        m.d.comb += Assert(~(dut.idle & Cat(stages).any()))
        self._memories(m, scan)
        self._writer(m, scan, ended)
        return m

    def _memories(self, m, scan):
        """Assert that no memory of the scan is read at an address in the cycle that writes it."""
        # Membranes: read in U0, written in U5. Sums: read in U1, cleared in U2. With synaptic
        # currents: sums two stages earlier, currents read two before U0, written in U3.
        first = sum_stage(self._config)
        uses = [(0, 5), (first, first + 1), *([(-2, 3)] if self._config.syn_width else [])]
        for k, later in uses:
            slot, valid = scan_stage(scan, self._config, k)
            both = valid & scan.valid[later]
            m.d.comb += Assert(~(both & (slot == scan.slot[later])))

    def _writer(self, m, scan, ended):
        """Assert that fewer than `QUEUE_MARGIN` words follow after `room` has fallen."""
        count = Signal(range(QUEUE_MARGIN + 1))
        m.d.sync += count.eq(Mux(self.room, 0, count + (self._dut.queue.valid & (count < 16))))
        # Each neuron behind its issue may still fire, and each step in them ends once; the spikes
        # of this cycle count from the next one on.
        c = self._config
        stages = [scan_stage(scan, c, k) for k in range(1 - c.lead, 6)]
        coming = sum(valid for _, valid in stages) + ended
        with m.If(~self.room):
            m.d.comb += [Assert(count + coming <= 8 + c.lead), Assert(count < QUEUE_MARGIN)]


EXPANDER_BUGS = (
    ("single.eq(one_hot(mask))", "single.eq(1)"),
    ("word.mask.eq(mask & ~first)", "word.mask.eq(mask)"),
    ("bit & ~mask[:k].any()", "bit"),
    ("with m.Elif(self.o.ready):", "with m.Else():"),
)  # fmt: skip
SCHEDULER_BUGS = (
    ("blocked = self.spikes.any() | ended |", "blocked = self.spikes.any() |"),
    ("blocked = self.spikes.any() | ended |", "blocked = ended |"),
    ("self.command.ready.eq(self.room & ~blocked)", "self.command.ready.eq(~blocked)"),
    ("issued.eq(scanning & self.room)", "issued.eq(scanning)"),
    ("source.eq(self.command.payload.arg + c.n_hw)", "source.eq(self.command.payload.arg)"),
)
BUGS = {
    "2-lanes": SCHEDULER_BUGS,
    "currents": (
        ("self.scan.early_valid[1:].any() | self.scan.valid[0] if", "0 if"),
        ("self._lead_works() | self.scan.valid[1:5].any())", "0)"),
    ),
}
GOALS = (
    *(
        Goal(
            f"expander-{lanes}",
            f"every source of a word for {lanes} lanes is given once, by rising lane, before the "
            "next word is taken, and held until it is taken",
            "scheduler",
            lambda module, lanes=lanes: ExpanderGoal(module, core_config(lanes)),
            3,
            EXPANDER_BUGS if lanes == 4 else (),
            {"peek_word": "\\dut.$signal", "peek_single": "\\dut.single"} if lanes > 1 else {},
        )
        for lanes in (1, 2, 4, 8)
    ),
    *(
        Goal(
            f"scheduler-{name}",
            "every event taken, spike and end of a step goes into the queue once and alone, few "
            "follow after room has fallen, and no scanned word is read while it is written",
            "scheduler",
            lambda module, options=options: SchedulerGoal(module, core_config(**options)),
            11,
            BUGS.get(name, ()),
        )
        for name, options in (
            ("1-lane", {"lanes": 1}),
            ("2-lanes", {"lanes": 2, "n_slots": 5}),
            ("4-lanes", {"lanes": 4, "n_slots": 2}),
            ("one-slot", {"lanes": 1, "n_slots": 1}),
            ("single-bank", {"lanes": 1, "double_buffer": False}),
            ("currents", {"lanes": 2, "n_slots": 2, "syn_width": 8}),
            ("codebook", {"lanes": 1, "codebook_rows": 8, "double_buffer": False}),
            ("currents-codebook", {"lanes": 2, "syn_width": 8, "codebook_rows": 8}),
        )
    ),
)
