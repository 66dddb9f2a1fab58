"""Proof of the neurons' history: no spike is lost, none counted twice, none at a wrong age."""

from __future__ import annotations

from amaranth.hdl import Array, Assert, Assume, Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.interfaces import SCAN_STAGES

from hrsnn_sim.formal import Goal
from hrsnn_sim.proofs.stdp import learning_config


class HistoryGoal(wiring.Component):
    """A `PostHistory` in front of a scan, and what one neuron's history must be.

    The solver chooses the neuron. ``peek_<k>`` is the memory, ``peek_word`` its output.
    """

    def __init__(self, stdp, config: CoreConfig):
        self._config = config
        self._dut = stdp.PostHistory(config=config, index=0, poison=False)
        c, history = config, config.plasticity.history
        super().__init__(
            {
                "scans": In(1),
                "slot": In(c.slot_width),
                "clear": In(1),
                "spike": In(1),
                "reads": In(1),
                "read_slot": In(c.slot_width),
                "followed": In(c.slot_width),
                "peek_word": In(history),
                **{f"peek_{k}": In(history) for k in range(1 << c.slot_width)},
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        c, history = self._config, self._config.plasticity.history
        m = Module()
        m.submodules.dut = dut = self._dut
        memory = Array(getattr(self, f"peek_{k}") for k in range(1 << c.slot_width))
        # The scheduler's pipeline: a neuron a cycle, never the same twice in a row, and whether it
        # is a CLEAR stays while any is in it.
        valid = [Signal(name=f"scan_valid_{k}") for k in range(SCAN_STAGES)]
        slot = [Signal(c.slot_width, name=f"scan_slot_{k}") for k in range(SCAN_STAGES)]
        clear, followed, begun = Signal(), Signal(c.slot_width), Signal()
        m.d.comb += [valid[0].eq(self.scans), slot[0].eq(self.slot)]
        for k in range(1, SCAN_STAGES):
            m.d.sync += [valid[k].eq(valid[k - 1]), slot[k].eq(slot[k - 1])]
        m.d.sync += [clear.eq(self.clear), followed.eq(self.followed), begun.eq(1)]
        for k in range(SCAN_STAGES - 1):
            m.d.comb += Assume(~(valid[k] & valid[k + 1]) | (slot[k] != slot[k + 1]))
        m.d.comb += [
            Assume(~Cat(valid).any() | (self.clear == clear)),
            Assume(~begun | (self.followed == followed)),
            dut.scan.valid.eq(Cat(valid)),
            *(dut.scan.slot[k].eq(slot[k]) for k in range(SCAN_STAGES)),
            dut.scan.clear.eq(self.clear),
            dut.spike.eq(self.spike & valid[5] & ~self.clear),
            # A walk reads only while the scan does not.
            dut.history_en.eq(self.reads & ~dut.busy),
            dut.history_slot.eq(self.read_slot),
        ]
        wanted = Signal(history)
        mine = valid[5] & (slot[5] == self.followed)
        with m.If(mine):
            m.d.sync += wanted.eq(Mux(self.clear, 0, Cat(dut.spike, wanted)))
        m.d.comb += Assert(memory[self.followed] == wanted)
        # For the induction: what U5 shifts is the word of its neuron.
        with m.If(valid[5]):
            m.d.comb += Assert(self.peek_word == memory[slot[5]])
        given, expected = Signal(), Signal(history)
        m.d.sync += [
            given.eq(dut.history_en & (self.read_slot == self.followed)),
            expected.eq(wanted),
        ]
        with m.If(given):
            m.d.comb += Assert(dut.history == expected)
        return m


GOALS = (
    Goal(
        "post-history",
        "a neuron's history is its spikes of the last scans, youngest first, whatever is scanned "
        "or read, and a CLEAR empties it",
        "stdp",
        lambda stdp: HistoryGoal(stdp, learning_config(True)),
        3,
        (
            ("histories.w_en.eq(valid[5])", "histories.w_en.eq(valid[5] & self.spike)"),
            ("histories.w_addr.eq(slot[5])", "histories.w_addr.eq(scan.slot[4])"),
            (
                "Mux(scan.clear, 0, Cat(self.spike, histories.r_data))",
                "Cat(self.spike, histories.r_data)",
            ),
            ("Mux(scan.valid[4], scan.slot[4], self.history_slot)", "self.history_slot"),
            ("self.history_en | scan.valid[4]", "self.history_en"),
        ),
        peeks={
            "peek_word": "\\dut.ram_history.r_data",
            **{
                f"peek_{k}": f"\\dut.ram_history.cells[{k}]"
                for k in range(1 << learning_config(True).slot_width)
            },
        },
    ),
)
