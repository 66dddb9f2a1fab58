"""The start of a design whose registers need a reset."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal, Signal, Value
from amaranth.lib.cdc import FFSynchronizer


def start_when_locked(m: Module, clock: Value, locked: Value, *, wait_cycles: int) -> None:
    """Make ``sync`` on `clock`, in reset for some cycles after `locked` and without it."""
    m.domains.wait = ClockDomain(reset_less=True)
    m.domains.sync = ClockDomain()
    is_locked, ready = Signal(), Signal()
    count = Signal(range(wait_cycles + 1))
    m.submodules.lock = FFSynchronizer(locked, is_locked, o_domain="wait")
    m.d.comb += [
        ClockSignal("wait").eq(clock),
        ClockSignal("sync").eq(clock),
        ResetSignal("sync").eq(~ready),
    ]
    with m.If(~is_locked):
        m.d.wait += [count.eq(0), ready.eq(0)]
    with m.Elif(count == wait_cycles):
        m.d.wait += ready.eq(1)
    with m.Else():
        m.d.wait += count.eq(count + 1)
