"""Proof of the neurons' history: no spike is lost, none counted twice, none at a wrong age."""

from __future__ import annotations

from dataclasses import replace

from amaranth.hdl import Array, Assert, Assume, Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.interfaces import SCAN_STAGES

from hrsnn_sim.formal import Goal
from hrsnn_sim.proofs.stdp import learning_config


class HistoryGoal(wiring.Component):
    """A `PostHistory` in front of scans, and what one neuron's history must be.

    The solver chooses the neuron. ``peek_<k>`` is the memory that the walk reads, ``peek_word`` the
    output of the one that the scan reads; with overlap ``peek_scan_<k>`` is that memory, the same
    as the other, and ``peek_half`` says where the scanned step stands.
    """

    def __init__(self, stdp, config: CoreConfig):
        self._config = config
        self._dut = stdp.PostHistory(config=config, index=0, poison=False)
        c, history = config, config.plasticity.history
        self._names = ("peek", "peek_scan") if c.plasticity.overlap else ("peek",)
        super().__init__(
            {
                "steps": In(1),
                "scans": In(1),
                "slot": In(c.slot_width),
                "clear": In(1),
                "spike": In(1),
                "reads": In(1),
                "past": In(1),
                "read_slot": In(c.slot_width),
                "followed": In(c.slot_width),
                "peek_word": In(history),
                "peek_half": In(1),
                **{f"{name}_{k}": In(history) for name in self._names for k in range(words(c))},
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        c, history = self._config, self._config.plasticity.history
        overlap = c.plasticity.overlap
        m = Module()
        m.submodules.dut = dut = self._dut
        walked, scanned = (
            Array(getattr(self, f"{self._names[k]}_{n}") for n in range(words(c))) for k in (0, -1)
        )

        def of(memory, slot, past):
            """Return a neuron's word, of the scanned step or of the one before."""
            return memory[Cat(self.peek_half ^ past, slot)] if overlap else memory[slot]

        # The scheduler's pipeline: a neuron a cycle, each once a step, and whether it is a CLEAR
        # stays while any is in it.
        valid = [Signal(name=f"scan_valid_{k}") for k in range(SCAN_STAGES)]
        slot = [Signal(c.slot_width, name=f"scan_slot_{k}") for k in range(SCAN_STAGES)]
        clear, followed, begun = Signal(), Signal(c.slot_width), Signal()
        m.d.comb += [valid[0].eq(self.scans), slot[0].eq(self.slot)]
        for k in range(1, SCAN_STAGES):
            m.d.sync += [valid[k].eq(valid[k - 1]), slot[k].eq(slot[k - 1])]
        m.d.sync += [clear.eq(self.clear), followed.eq(self.followed), begun.eq(1)]
        # A step begins while nothing is scanned, and not before the neuron was.
        due = Signal()
        mine = valid[5] & (slot[5] == self.followed) & ~self.clear
        steps = self.steps & ~Cat(valid).any() & ~due
        in_pipe = Cat(
            valid[k] & (slot[k] == self.followed) & ~self.clear for k in range(SCAN_STAGES)
        )
        with m.If(steps):
            m.d.sync += due.eq(1)
        with m.Elif(mine):
            m.d.sync += due.eq(0)
        m.d.comb += [
            # Once a step; for the induction, that goes for what it begins with.
            Assume(~in_pipe.any() | due),
            *(Assume(~(in_pipe[k] & in_pipe[n])) for k in range(SCAN_STAGES) for n in range(k)),
            Assume(~Cat(valid).any() | (self.clear == clear)),
            Assume(~begun | (self.followed == followed)),
            dut.step.eq(steps),
            dut.scan.valid.eq(Cat(valid)),
            *(dut.scan.slot[k].eq(slot[k]) for k in range(SCAN_STAGES)),
            dut.scan.clear.eq(self.clear),
            dut.spike.eq(self.spike & valid[5] & ~self.clear),
            # A walk reads the last history only when it is there; with overlap any time the other.
            dut.past.eq(self.past if overlap else 0),
            dut.history_en.eq(self.reads & ((self.past & overlap) | ~Cat(valid).any() & ~due)),
            dut.history_slot.eq(self.read_slot),
        ]
        for k in range(SCAN_STAGES - 1):
            m.d.comb += Assume(~(valid[k] & valid[k + 1]) | (slot[k] != slot[k + 1]))
        # What it is, and what it was before the step.
        wanted, before = Signal(history), Signal(history)
        with m.If(steps):
            m.d.sync += before.eq(wanted)
        with m.If(mine):
            m.d.sync += wanted.eq(Cat(dut.spike, wanted))
        for memory in (walked, scanned):
            with m.If(~due):
                m.d.comb += Assert(of(memory, self.followed, 0) == wanted)
            with m.Elif(Const(int(overlap), 1)):
                m.d.comb += Assert(before == wanted)
            with m.Else():
                m.d.comb += Assert(of(memory, self.followed, 0) == wanted)
            if overlap:
                m.d.comb += Assert(of(memory, self.followed, 1) == before)
        # For the induction: what U5 shifts is the word of its neuron.
        with m.If(valid[5]):
            m.d.comb += Assert(self.peek_word == of(scanned, slot[5], 1))
        given, expected = Signal(), Signal(history)
        m.d.sync += [
            given.eq(dut.history_en & (self.read_slot == self.followed)),
            expected.eq(Mux(dut.past, before, wanted)),
        ]
        with m.If(given):
            m.d.comb += Assert(dut.history == expected)
        return m


def words(config: CoreConfig) -> int:
    """Return the words of a memory of histories."""
    return (2 if config.plasticity.overlap else 1) << config.slot_width


def peeks(config: CoreConfig) -> dict[str, str]:
    """Return the registers that `HistoryGoal` looks at."""
    name = "history_walked" if config.plasticity.overlap else "history"
    found = {"peek_word": "\\dut.ram_history.r_data"}
    memories = {"peek": name}
    if config.plasticity.overlap:
        memories["peek_scan"] = "history"
        found["peek_half"] = "\\dut.half"
    for port, memory in memories.items():
        for k in range(words(config)):
            found[f"{port}_{k}"] = f"\\dut.ram_{memory}.cells[{k}]"
    return found


def history_config(overlap: bool) -> CoreConfig:
    """Return a small core that learns, its sweeps during the scan or not."""
    config = learning_config(True)
    return replace(config, plasticity=replace(config.plasticity, overlap=overlap))


BUGS = {
    True: (
        ("made.w_en.eq(scan.valid[5] & ~scan.clear)", "made.w_en.eq(scan.valid[5])"),
        ("made.w_data.eq(Cat(self.spike, scanned.r_data))",
         "made.w_data.eq(Cat(0, scanned.r_data))"),
        ("scanned.r_addr.eq(Cat(~half, scan.slot[4]))",
         "scanned.r_addr.eq(Cat(half, scan.slot[4]))"),
        ("Cat(half ^ self.past, self.history_slot)", "Cat(half, self.history_slot)"),
        ("Cat(half, scan.slot[5])) for made", "Cat(~half, scan.slot[5])) for made"),
        ("with m.If(self.step):", "with m.If(1):"),
    ),
    False: (
        ("scanned.w_addr.eq(scan.slot[5])", "scanned.w_addr.eq(scan.slot[4])"),
        ("Mux(scan.valid[4], scan.slot[4], self.history_slot)", "self.history_slot"),
        ("self.history_en | scan.valid[4]", "self.history_en"),
    ),
}  # fmt: skip
GOALS = tuple(
    Goal(
        f"post-history-{'two-steps' if overlap else 'one-step'}",
        "a neuron's history is its spikes of the last steps, youngest first, whatever is scanned "
        "or read" + (", and that of the step before stays" if overlap else ""),
        "stdp",
        lambda stdp, overlap=overlap: HistoryGoal(stdp, history_config(overlap)),
        4,
        BUGS[overlap],
        peeks=peeks(history_config(overlap)),
    )
    for overlap in (True, False)
)
