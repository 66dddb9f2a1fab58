"""Sweeps between the commands: nothing is owed to a synapse for longer than its lane remembers."""

from amaranth.hdl import Module, Signal
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
    1 it does only that and is not passed on. A STEP that would make a row older than a lane
    remembers waits for a sweep over the old rows.

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
    sweep, sweep_all, forget : Out(1)
        As of `hrsnn_rtl.replay.RowReplay`.
    """

    i: In(stream.Signature(CommandLayout))
    o: Out(stream.Signature(CommandLayout))
    idle: In(1)
    sweep: Out(1)
    sweep_all: Out(1)
    forget: Out(1)

    def __init__(self, *, plasticity: Plasticity):
        self._plasticity = plasticity
        super().__init__()

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        left = Signal(range(self._plasticity.sweep_steps + 1), init=self._plasticity.sweep_steps)
        # Whether a step was made since the last CLEAR; whether the sweep of this command is done.
        dirty, swept, sweeping = Signal(), Signal(), Signal()
        is_step = self.i.payload.kind == CommandKind.STEP
        is_clear = self.i.payload.kind == CommandKind.CLEAR
        only_sweep = is_clear & self.i.payload.arg[0]
        wanted, taken = Signal(), Signal()
        m.d.comb += [
            wanted.eq(((is_clear & dirty) | (is_step & (left == 0))) & ~swept),
            taken.eq(self.i.valid & self.i.ready),
            self.o.payload.eq(self.i.payload),
            self.o.valid.eq(self.i.valid & ~wanted & ~only_sweep),
            self.i.ready.eq((only_sweep | self.o.ready) & ~wanted),
            self.sweep.eq(self.i.valid & wanted & ~sweeping & self.idle),
            self.sweep_all.eq(is_clear),
            self.forget.eq(is_clear & ~only_sweep),
        ]
        m.d.sync += [
            sweeping.eq(self.sweep | (sweeping & ~self.idle)),
            swept.eq(~taken & (swept | (sweeping & self.idle))),
            dirty.eq((dirty & ~(taken & self.forget)) | (taken & is_step)),
        ]
        with m.If(self.sweep | (taken & self.forget)):
            m.d.sync += left.eq(left.init)
        with m.Elif(taken & is_step):
            m.d.sync += left.eq(one_less(left))
        return m
