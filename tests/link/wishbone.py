"""Registers of a simulated design through its Wishbone port, as the link's model wants them."""

from __future__ import annotations

from random import Random

from amaranth.sim import Simulator
from hrsnn_rtl.registers import BY_NAME

#: Clock cycles after which an access counts as never answered.
PATIENCE = 4000


class WishboneBank:
    """The accesses of a processor, one at a time, with pauses; stands for a `BankModel`.

    Parameters
    ----------
    dut : wiring.Component
        A design with a port `wishbone`, in Amaranth's simulator.
    seed : int
        Of the pauses between accesses.
    """

    def __init__(self, dut, seed: int = 1):
        self._bus, self._pauses = dut.wishbone, Random(seed)
        self._request, self._result, self._cycles = None, None, 0
        self._sim = Simulator(dut)
        self._sim.add_clock(1e-6)
        self._sim.add_testbench(self._serve, background=True)
        self.link_errors = 0

    async def _serve(self, ctx):
        bus = self._bus
        while True:
            for _ in range(1 + self._pauses.randrange(3)):
                await ctx.tick()
            if self._request is None:
                continue
            address, word, sel, patience = self._request
            ctx.set(bus.adr, address)
            ctx.set(bus.we, word is not None)
            ctx.set(bus.dat_w, word or 0)
            ctx.set(bus.sel, sel)
            ctx.set(bus.cyc, 1)
            ctx.set(bus.stb, 1)
            ack = err = 0
            for _ in range(patience):
                *_, ack, err, data = await ctx.tick().sample(bus.ack, bus.err, bus.dat_r)
                if ack or err:
                    break
            ctx.set(bus.cyc, 0)
            ctx.set(bus.stb, 0)
            ctx.set(bus.dat_w, 0xBAD)
            assert not (ack and err), "an access ends in one way"
            self._request, self._result = None, (data if ack else None, bool(ack or err))

    def access(self, address: int, word: int | None = None, sel: int = 15, patience=PATIENCE):
        """Return the word read or, for a write, a word without meaning; None where it ends in err.

        With less `patience` the processor gives the access up.
        """
        self._request, self._result = (address, word, sel, patience), None
        while self._result is None:
            self._cycles += 10
            self._sim.run_until(self._cycles * 1e-6)
        data, answered = self._result
        assert answered or patience < PATIENCE, f"register {address:#x} must answer"
        return data

    def cycles_of(self, address: int, word: int) -> int:
        """Return the cycles until a write is answered, rounded up to tens, with its pause."""
        before = self._cycles
        assert self.access(address, word) is not None
        return self._cycles - before

    @property
    def idle(self) -> bool:
        """Whether the memories can be used."""
        return bool(self.read(BY_NAME["STATUS"].address) & 1)

    def read(self, address: int) -> int | None:
        """Return the word of a register; None where a port has nothing to give."""
        word = self.access(address)
        none = address == BY_NAME["SPIKE"].address and BY_NAME["SPIKE"].field("none").get(word)
        return None if none else word

    def write(self, address: int, word: int) -> bool:
        """Write a register; False where a port did not take the word."""
        return self.access(address, word) is not None
