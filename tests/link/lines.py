"""Transports that end on the pins of a simulated design: Amaranth's simulator and CXXRTL."""

from __future__ import annotations

import ctypes
from collections import deque
from pathlib import Path

from amaranth.sim import Simulator
from hrsnn_rtl.generate import emit_rtlil
from hrsnn_sim.cxxrtl import Design
from hrsnn_sim.pins import SILENCE_CYCLES, pins_library

#: Clock cycles of a bit in all simulations.
DIVISOR = 4


class SimulatedLine:
    """A transport on the `rx` and `tx` pins of a design in Amaranth's simulator."""

    def __init__(self, dut, silence_cycles: int = SILENCE_CYCLES):
        self._dut, self._silence = dut, silence_cycles
        self._levels: deque[int] = deque()
        self._received: deque[int] = deque()
        self._cycles = 0
        self._sim = Simulator(dut)
        self._sim.add_clock(1e-6)
        self._sim.add_process(self._drive)
        self._sim.add_process(self._sample)

    async def _drive(self, ctx):
        async for _ in ctx.tick():
            ctx.set(self._dut.rx, self._levels.popleft() if self._levels else 1)

    async def _sample(self, ctx):
        bits, wait = None, 0
        async for _, _, tx in ctx.tick().sample(self._dut.tx):
            wait -= 1
            if bits is None and not tx:
                # From the first low cycle to the middle of the first data bit.
                bits, wait = [], DIVISOR + DIVISOR // 2
            elif bits is not None and wait == 0:
                bits.append(tx)
                wait = DIVISOR
                if len(bits) == 9:
                    assert bits[8], "a byte from the device has no stop bit"
                    self._received.append(sum(bit << k for k, bit in enumerate(bits[:8])))
                    bits = None

    def advance(self, cycles: int) -> None:
        """Let the clock run."""
        self._cycles += cycles
        self._sim.run_until(self._cycles * 1e-6)

    def put(self, levels) -> None:
        """Put raw levels on the line, one a cycle."""
        self._levels.extend(levels)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        for byte in data:
            bits = [0, *(byte >> k & 1 for k in range(8)), 1]
            self.put(bit for bit in bits for _ in range(DIVISOR))

    def read(self, count: int) -> bytes:
        """Return up to `count` bytes; fewer when the line has been silent."""
        quiet = 0
        while len(self._received) < count and quiet < self._silence:
            had = len(self._received) + len(self._levels)
            self.advance(10 * DIVISOR)
            quiet = quiet + 10 * DIVISOR if len(self._received) + len(self._levels) == had else 0
        return bytes(self._received.popleft() for _ in range(min(count, len(self._received))))

    def drain(self) -> None:
        """Drop what comes until the line is silent."""
        while self.read(1):
            pass


def compiled_top(top, root: Path) -> ctypes.CDLL:
    """Return the library of a compiled `Top`, for `CompiledLine`."""
    return pins_library(Design("top", emit_rtlil(top, "top")), DIVISOR, root)


class FrontLine:
    """A transport on the byte streams of a `FrameFront` alone, with a model behind its bus.

    Parameters
    ----------
    front : FrameFront
        The front, in Amaranth's simulator.
    bank : object
        Answers `read` and `write`, as `tests.link.model.BankModel`.
    pauses : random.Random
        Draws the pauses of the bus and of the receiver of answers.
    """

    def __init__(self, front, bank, pauses, silence_cycles: int = 3000):
        self._front, self._bank, self._pauses = front, bank, pauses
        self._silence = silence_cycles
        self._waiting: deque[int] = deque()
        self._received: deque[int] = deque()
        self._cycles = 0
        self._sim = Simulator(front)
        self._sim.add_clock(1e-6)
        for bench in (self._give, self._take, self._serve):
            self._sim.add_testbench(bench, background=True)

    async def _give(self, ctx):
        ctx.set(self._front.bit, 1)
        cycle = 0
        while True:
            # A byte in every third cycle, like a fast line.
            cycle += 1
            ctx.set(self._front.idle, self._bank.idle)
            ctx.set(self._front.i.valid, bool(self._waiting) and cycle % 3 == 0)
            if self._waiting and cycle % 3 == 0:
                ctx.set(self._front.i.payload, self._waiting.popleft())
            await ctx.tick()

    async def _take(self, ctx):
        stream = self._front.o
        while True:
            ctx.set(stream.ready, self._pauses.random() < 0.5)
            *_, valid, ready, payload = await ctx.tick().sample(
                stream.valid, stream.ready, stream.payload
            )
            if valid and ready:
                self._received.append(payload)

    async def _serve(self, ctx):
        bus = self._front.bus
        while True:
            *_, valid, ready = await ctx.tick().sample(bus.valid, bus.ready)
            ctx.set(bus.ready, 0)
            ctx.set(bus.r_data, 0xBADBAD)
            if not valid or ready or self._pauses.random() < 0.5:
                continue
            address, word = ctx.get(bus.address), ctx.get(bus.w_data)
            if ctx.get(bus.write):
                done = self._bank.write(address, word)
            else:
                read = self._bank.read(address)
                done = read is not None
                ctx.set(bus.r_data, read or 0)
            ctx.set(bus.stop, not done)
            ctx.set(bus.ready, 1)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._waiting.extend(data)

    def read(self, count: int) -> bytes:
        """Return up to `count` bytes; fewer when the line has been silent."""
        quiet = 0
        while len(self._received) < count and quiet < self._silence:
            had = len(self._received) + len(self._waiting)
            self._cycles += 20
            self._sim.run_until(self._cycles * 1e-6)
            quiet = quiet + 20 if len(self._received) + len(self._waiting) == had else 0
        return bytes(self._received.popleft() for _ in range(min(count, len(self._received))))

    def drain(self) -> None:
        """Drop what comes until the line is silent."""
        while self.read(1):
            pass
