"""Proofs of the learning rule's arithmetic: clipped sums and saturated traces."""

from __future__ import annotations

from amaranth.hdl import Assert, Assume, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.plasticity import Plasticity

from hrsnn_sim.formal import Goal
from hrsnn_sim.proofs.scheduler import core_config


def learning_config(plastic_in: bool) -> CoreConfig:
    """Return a small core that learns."""
    plasticity = Plasticity(
        plastic_in=plastic_in, plastic_rec=True, learn_shift=4, trace_width=5, trace_step=9,
        decay_width=4, eta_shift=3, eta_width=4, gain_width=5, loss_width=6, history=8,
    )  # fmt: skip
    # Delays in registers: in RAM, a proof by induction would begin with any turn of it.
    return core_config(1, double_buffer=False, plasticity=plasticity, block_ram="ICESTORM_RAM")


def clip(value, limit):
    """Return an unsigned value, at most `limit`."""
    return Mux(value > limit, limit, value)


class UpdateGoal(wiring.Component):
    """A `StdpUpdate` beside the contract's rule for what a synapse is owed."""

    def __init__(self, stdp, config: CoreConfig):
        self._dut, self._config = stdp.StdpUpdate(config=config), config
        inputs = self._dut.signature.members
        super().__init__({name: In(m.shape) for name, m in inputs.items() if m.flow == wiring.In})

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        m.submodules.dut = dut = self._dut
        m.d.comb += [
            Assume(self.magnitude <= self.limit),
            *(getattr(dut, name).eq(getattr(self, name)) for name in self.signature.members),
        ]
        value = clip(self.magnitude + self.owed.before, self.limit)
        value = Mux(value > self.owed.loss, value - self.owed.loss, 0)
        if self._config.plasticity.plastic_in:
            value = clip(value + self.owed.after, self.limit)
        wanted = [Signal(self._config.magnitude_width, name=f"want_{k}") for k in range(4)]
        age = Signal(range(4))
        m.d.comb += wanted[0].eq(value)
        m.d.sync += [wanted[k + 1].eq(wanted[k]) for k in range(3)]
        m.d.sync += age.eq(Mux(age == 3, age, age + 1))
        with m.If(age == 3):
            m.d.comb += Assert(dut.result == wanted[3])
        return m


class ClipGoal(wiring.Component):
    """Two gains, clipped one by one and together: so any number may be added up first."""

    def __init__(self, stdp, width: int):
        self._at_most = stdp._at_most
        super().__init__(dict.fromkeys(("magnitude", "limit", "first", "second"), In(width)))

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        at_most = self._at_most
        raised = at_most(self.magnitude + self.first, self.limit)
        one_by_one = at_most(raised + self.second, self.limit)
        together = at_most(self.magnitude + self.first + self.second, self.limit)
        m.d.comb += [Assume(self.magnitude <= self.limit), Assert(one_by_one == together)]
        return m


class TraceGoal(wiring.Component):
    """The trace of a source after its spike."""

    def __init__(self, replay, width: int, step: int):
        self._bump, self._step, self._top = replay.bump, step, (1 << width) - 1
        super().__init__({"trace": In(width)})

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        result = Signal(len(self.trace))
        m.d.comb += result.eq(self._bump(self.trace, self._step, self._top))
        with m.If(self.trace > self._top - self._step):
            m.d.comb += Assert(result == self._top)
        with m.Else():
            m.d.comb += Assert(result == self.trace + self._step)
        return m


UPDATE_BUGS = (
    ("lowered.eq(Mux(difference[-1], 0, difference))", "lowered.eq(difference)"),
    ("raised.eq(_at_most(self.magnitude + self.owed.before, self.limit))",
     "raised.eq(self.magnitude + self.owed.before)"),
    ("self.result.eq(_at_most(lowered + then.after, then.limit))",
     "self.result.eq(lowered + then.after)"),
    ("cycles=2", "cycles=1"),
    ("return Mux(value > limit, limit, value)", "return Mux(value > limit, value, limit)"),
)  # fmt: skip
TRACE_BUGS = (
    ("return Mux(total > top, top, total)", "return total"),
    ("total = trace + step", "total = trace + step - 1"),
)
GOALS = (
    *(
        Goal(
            f"stdp-{'inputs' if plastic_in else 'recurrent'}",
            "gains clipped at the limit, then a depression clipped at 0, then later gains clipped "
            "are what `StdpUpdate` gives, for every magnitude and limit",
            "stdp",
            lambda stdp, plastic_in=plastic_in: UpdateGoal(stdp, learning_config(plastic_in)),
            5,
            UPDATE_BUGS if plastic_in else (),
        )
        for plastic_in in (True, False)
    ),
    Goal(
        "stdp-clip",
        "gains may be added up before they are clipped",
        "stdp",
        lambda stdp: ClipGoal(stdp, 10),
        1,
        (UPDATE_BUGS[-1],),
    ),
    Goal(
        "trace",
        "a spike raises a trace by its step and saturates it at its greatest value",
        "replay",
        lambda replay: TraceGoal(replay, 7, 40),
        1,
        TRACE_BUGS,
    ),
)
