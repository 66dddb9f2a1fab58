"""An SPI controller on the pins of a simulated `SpiTop`: Amaranth's simulator and CXXRTL."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from pathlib import Path

from amaranth.sim import Simulator
from hrsnn_rtl.generate import emit_rtlil
from hrsnn_rtl.spi import CYCLES_PER_BIT_MIN
from hrsnn_rtl.top import SpiTop
from hrsnn_sim.cxxrtl import Design, build_library

from tests.link.fixtures import BUILD
from tests.link.vectors import configuration

#: Cycles of each level of the fastest clock that is allowed.
HALF = CYCLES_PER_BIT_MIN // 2


def make_top() -> SpiTop:
    """Return the design that all simulations of SPI share."""
    return SpiTop(config=configuration(), timeout_ticks=256, poison=True)


def simulated(dut) -> Callable[[bytes], bytes]:
    """Return the exchange of bytes with a design in Amaranth's simulator, one transfer a call."""
    sim = Simulator(dut)
    sim.add_clock(1e-6)
    request, answer = [], []

    async def controller(ctx):
        while True:
            await ctx.tick()
            if not request:
                continue
            ctx.set(dut.cs_n, 0)
            for byte in request[0]:
                got = 0
                for bit in range(7, -1, -1):
                    ctx.set(dut.copi, byte >> bit & 1)
                    for _ in range(HALF):
                        await ctx.tick()
                    got = got << 1 | ctx.get(dut.cipo)
                    ctx.set(dut.sck, 1)
                    for _ in range(HALF):
                        await ctx.tick()
                    ctx.set(dut.sck, 0)
                answer.append(got)
            for _ in range(HALF):
                await ctx.tick()
            ctx.set(dut.cs_n, 1)
            request.clear()

    sim.add_testbench(controller, background=True)
    cycles = 0

    def exchange(data: bytes) -> bytes:
        nonlocal cycles
        answer.clear()
        request.append(data)
        while request:
            cycles += 100
            sim.run_until(cycles * 1e-6)
        return bytes(answer)

    return exchange


@cache
def library() -> ctypes.CDLL:
    """Return the compiled design that all simulations of SPI share."""
    return compiled(make_top())


def compiled(top: SpiTop) -> ctypes.CDLL:
    """Return a compiled design, for `CompiledSpi`."""
    source = Path(__file__).with_name("spi_pins.cc").read_text()
    design = Design("top", emit_rtlil(top, "top"))
    found = ctypes.CDLL(str(build_library(design, {"main.cc": source}, BUILD)))
    found.pins_new.restype = ctypes.c_void_p
    data = ctypes.c_char_p
    found.pins_exchange.argtypes = (ctypes.c_void_p, data, data, ctypes.c_size_t, ctypes.c_uint)
    found.pins_advance.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    found.pins_free.argtypes = (ctypes.c_void_p,)
    return found


class CompiledSpi:
    """The exchange of bytes with a compiled design, in transfers of random lengths."""

    def __init__(self, rng, half: int = HALF, design: ctypes.CDLL | None = None):
        self._library, self._rng, self._half = design or library(), rng, half
        self._pins = self._library.pins_new()

    def __del__(self):
        self._library.pins_free(self._pins)

    def __call__(self, data: bytes) -> bytes:
        out = b""
        while data:
            part, data = data[: (size := self._rng.randrange(1, 20))], data[size:]
            buffer = ctypes.create_string_buffer(len(part))
            self._library.pins_exchange(self._pins, part, buffer, len(part), self._half)
            self._library.pins_advance(self._pins, self._rng.randrange(60))
            out += buffer.raw
        return out
