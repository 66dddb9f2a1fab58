"""cocotb agents that send: they keep the rules of the ports and check nothing.

Every agent changes its signals right after a rising edge and looks at the core's answer at the
falling edge, when everything has settled: what it sees there is what the next rising edge takes.
"""

from __future__ import annotations

import random

from cocotb.triggers import FallingEdge, RisingEdge
from hrsnn_rtl.image import MemoryImage
from hrsnn_rtl.interfaces import Select

#: Cycles that an agent waits for the core before it gives up.
TIMEOUT_CYCLES = 20_000


class Agent:
    """One side of a port of the core.

    Parameters
    ----------
    dut
        The top module.
    port : str
        Name of the port; its signals are ``<port>__<member>``.
    """

    def __init__(self, dut, port: str):
        self._clk = dut.clk
        self._dut, self._port = dut, port

    def signal(self, member: str):
        """Return the handle of one signal of the port."""
        return getattr(self._dut, f"{self._port}__{member}")

    def drive(self, **members: int) -> None:
        """Change signals of the port."""
        for member, value in members.items():
            self.signal(member).value = int(value)

    async def transfer(self) -> None:
        """Wait, with `valid` high, until the word is taken.

        Raises
        ------
        TimeoutError
            After `TIMEOUT_CYCLES`.
        """
        for _ in range(TIMEOUT_CYCLES):
            await FallingEdge(self._clk)
            if int(self.signal("ready").value):
                await RisingEdge(self._clk)
                return
        raise TimeoutError(f"{self._port} must be ready within {TIMEOUT_CYCLES} cycles")


class CommandDriver(Agent):
    """Send command words, with random pauses.

    Parameters
    ----------
    gap : float
        Chance that in a cycle the next word is not offered.
    """

    def __init__(self, dut, gap: float, rng: random.Random):
        super().__init__(dut, "command")
        self._gap, self._rng = gap, rng
        self.drive(valid=0, payload=0)

    async def send(self, word: int) -> None:
        """Send one word; call it, like every method of an agent, right after a rising edge."""
        while self._rng.random() < self._gap:
            await RisingEdge(self._clk)
        self.drive(valid=1, payload=word)
        await self.transfer()
        self.drive(valid=0)


class WriteDriver(Agent):
    """Load memories."""

    def __init__(self, dut):
        super().__init__(dut, "write")
        self.drive(valid=0, select=0, lane=0, addr=0, data=0)

    async def load(self, image: MemoryImage) -> None:
        """Write every word of an image."""
        for k, word in enumerate(image.words):
            self.drive(
                valid=1, select=image.select, lane=image.lane, addr=image.base + k, data=word
            )
            await self.transfer()
        self.drive(valid=0)


class ReadDriver(Agent):
    """Read memories back."""

    def __init__(self, dut):
        super().__init__(dut, "read")
        self.drive(valid=0, select=0, lane=0, addr=0)

    async def read(self, select: Select, lane: int, addr: int) -> int:
        """Return one word."""
        self.drive(valid=1, select=select, lane=lane, addr=addr)
        await self.transfer()
        self.drive(valid=0)
        for _ in range(TIMEOUT_CYCLES):
            await FallingEdge(self._clk)
            if int(self.signal("data_valid").value):
                word = int(self.signal("data").value)
                await RisingEdge(self._clk)
                return word
        raise TimeoutError(f"read must answer within {TIMEOUT_CYCLES} cycles")
