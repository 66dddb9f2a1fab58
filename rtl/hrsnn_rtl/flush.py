"""Sweeps between the commands: nothing is owed to a synapse for longer than its lane remembers."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.count import one_less
from hrsnn_rtl.interfaces import CommandKind, CommandLayout
from hrsnn_rtl.plasticity import Plasticity

#: Argument of a CLEAR that only brings the rows up to date.
UPDATE_ROWS = 1


class FlushGate(wiring.Component):
    """Commands in, the same commands out, some of them after a sweep over all rows.

    A CLEAR waits until every magnitude is up to date, for it makes the traces forget. With argument
    1 it does only that and is not passed on. Every ``sweep_steps`` steps a sweep over the old rows
    begins, which the lanes make by and by; the STEP that would begin the next one waits for it.

    Parameters
    ----------
    plasticity : Plasticity
        Says how far a lane remembers.

    Members
    -------
    i, o : In(stream.Signature(CommandLayout)), Out(stream.Signature(CommandLayout))
        Commands.
    idle : In(1)
        Nothing is in work, a register.
    swept : In(1)
        All lanes are through with the sweep.
    sweep, rush, sweep_all, forget : Out(1)
        As of `hrsnn_rtl.replay.RowReplay`.
    """

    i: In(stream.Signature(CommandLayout))
    o: Out(stream.Signature(CommandLayout))
    idle: In(1)
    swept: In(1)
    sweep: Out(1)
    rush: Out(1)
    sweep_all: Out(1)
    forget: Out(1)

    def __init__(self, *, plasticity: Plasticity):
        self._plasticity = plasticity
        super().__init__()

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        period = self._plasticity.sweep_steps
        # Its sign says that the next step is that of the next sweep.
        left = Signal(range(-1, period), init=period - 1)
        # Whether anything happened since the last CLEAR, and whether the rows are up to date for
        # this one. Nobody knows what a reset has cut short.
        dirty, updated = Signal(init=1), Signal()
        is_step = self.i.payload.kind == CommandKind.STEP
        is_clear = self.i.payload.kind == CommandKind.CLEAR
        is_event = self.i.payload.kind == CommandKind.EVENT
        only_sweep = is_clear & self.i.payload.arg[0]
        forgets = is_clear & ~only_sweep
        # A register, for much waits for it: no step is taken in the cycles after another.
        late, rushed = Signal(), Signal()
        wanted, taken, begins = Signal(), Signal(), Signal()
        # In the first cycle of `rush` nobody is busy with it yet.
        finished = self.rush & rushed & self.idle
        m.d.comb += [
            wanted.eq((is_clear & dirty & ~updated) | (is_step & late)),
            taken.eq(self.i.valid & self.i.ready),
            begins.eq(self.i.valid & wanted & ~self.rush & self.idle),
            self.o.payload.eq(self.i.payload),
            self.o.valid.eq(self.i.valid & ~wanted & ~only_sweep),
            self.i.ready.eq((only_sweep | self.o.ready) & ~wanted),
            self.sweep.eq((begins & is_clear) | (taken & (is_clear | (is_step & left[-1])))),
            # A CLEAR may wait here while rows are brought up to date for a step before it.
            self.sweep_all.eq(self.rush & is_clear),
            self.forget.eq(self.rush & forgets),
        ]
        m.d.sync += [
            late.eq(left[-1] & ~self.swept),
            self.rush.eq(begins | (self.rush & ~finished)),
            rushed.eq(self.rush),
            updated.eq(~taken & (updated | finished)),
            dirty.eq((dirty & ~(taken & forgets)) | (taken & (is_step | is_event))),
        ]
        with m.If(taken & is_clear):
            m.d.sync += left.eq(left.init)
        with m.Elif(taken & is_step):
            m.d.sync += left.eq(Mux(left[-1], period - 2, one_less(left)))
        return m
