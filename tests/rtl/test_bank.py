"""The register bank's parts: commands out of words, and ports between host and core."""

from random import Random

from hrsnn_rtl.bank import CommandSplitter, RegisterBank
from hrsnn_rtl.interfaces import CommandLayout
from hrsnn_rtl.registers import BY_NAME

from tests.link.vectors import configuration
from tests.rtl.harness import simulate


def test_splitter():
    """The low half goes first; a NOP above it is left out; pauses on both sides lose nothing."""
    dut, rng = CommandSplitter(), Random(4)
    words = [0x8001_4002, 0x0000_C000, 0x3FFF_4001, 0x4005_0000, *(rng.getrandbits(32),) * 9]
    got = []

    async def give(ctx):
        for word in words:
            ctx.set(dut.i.payload, word)
            ctx.set(dut.i.valid, 1)
            await ctx.tick().until(dut.i.ready)
            ctx.set(dut.i.valid, 0)
            await ctx.tick().repeat(rng.randrange(1, 4))

    async def take(ctx):
        held = None
        for _ in range(400):
            ctx.set(dut.o.ready, rng.random() < 0.5)
            *_, valid, ready, item = await ctx.tick().sample(
                dut.o.valid, dut.o.ready, dut.o.payload.as_value()
            )
            assert held is None or (valid and item == held), "an offered command must stay"
            held = item if valid and not ready else None
            if valid and ready:
                got.append(item)

    simulate(dut, give, take)
    expected = []
    for word in words:
        expected += [word & 0xFFFF, *([word >> 16] if word >> 30 else [])]
    assert got == expected
    assert got[:5] == [0x4002, 0x8001, 0xC000, 0x4001, 0x0000]


class Host:
    """Bus accesses to a bank, one at a time."""

    def __init__(self, ctx, bank):
        self._ctx, self._bus = ctx, bank.bus

    async def access(self, name: str, word: int | None = None, patience: int = 50):
        """Return the word read and whether the port ended the burst; None when it does not end."""
        ctx, bus = self._ctx, self._bus
        ctx.set(bus.address, BY_NAME[name].address)
        ctx.set(bus.write, word is not None)
        ctx.set(bus.w_data, word or 0)
        await ctx.tick()
        ctx.set(bus.valid, 1)
        for _ in range(patience):
            *_, ready, stop, data = await ctx.tick().sample(bus.ready, bus.stop, bus.r_data)
            if ready:
                ctx.set(bus.valid, 0)
                return data, stop
        ctx.set(bus.valid, 0)
        return None


def test_ports():
    """Commands wait for the core, but not for spikes nobody reads; spikes wait while it works."""
    bank = RegisterBank(configuration(), poison=True)

    async def bench(ctx):
        host = Host(ctx, bank)
        ctx.set(bank.core_idle, 1)
        none = BY_NAME["SPIKE"].field("none").put(1)
        assert await host.access("SPIKE") == (none, 1), "an idle core has no spikes"
        assert await host.access("STATUS") == (1, 0)

        # A busy core: one word waits in the bank, the next is not taken, nor is it given up.
        ctx.set(bank.core_idle, 0)
        assert (await host.access("COMMAND", 0x8000_4001))[1] == 0
        assert await host.access("COMMAND", 0x4002) is None
        assert await host.access("SPIKE") is None
        assert await host.access("STATUS") == (0, 0)

        # A spike waits: dropped until the host keeps spikes, then commands are given up for it.
        ctx.set(bank.spike.payload.index, 5)
        ctx.set(bank.spike.valid, 1)
        assert ctx.get(bank.spike.ready) == 1
        assert (await host.access("CONTROL", 1))[1] == 0
        await ctx.tick()
        assert ctx.get(bank.spike.ready) == 0
        assert (await host.access("COMMAND", 0x4002))[1] == 1
        assert await host.access("STATUS") == (2, 0)
        assert await host.access("SPIKE") == (5, 0)
        ctx.set(bank.spike.payload.last, 1)
        ctx.set(bank.spike.payload.index, 0)
        assert await host.access("SPIKE") == (0x10000, 0)
        ctx.set(bank.spike.valid, 0)

        # The core takes the two commands of the first word, and then the next word.
        ctx.set(bank.command.ready, 1)
        for expected in (0x4001, 0x8000):
            *_, valid, payload = await ctx.tick().sample(
                bank.command.valid, bank.command.payload.as_value()
            )
            assert (valid, payload) == (1, expected)
        assert (await host.access("COMMAND", 0x4002))[1] == 0

    simulate(bank, bench)


def test_memory_port():
    """MEM_DATA counts MEM_ADDRESS on, and carries 36 bits with MEM_HIGH, both ways."""
    bank = RegisterBank(configuration(), poison=True)

    async def bench(ctx):
        host = Host(ctx, bank)
        ctx.set(bank.core_idle, 1)
        ctx.set(bank.write.ready, 1)
        await host.access("MEM_ADDRESS", 0x0073_FFFE)
        await host.access("MEM_HIGH", 0xA)
        for k in range(3):
            assert (await host.access("MEM_DATA", 0x1234_0000 + k))[1] == 0
            # The address has counted on; a word is offered for as long as the bus asks.
            assert ctx.get(bank.write.addr) == (0xFFFF + k) & 0xFFFF
            assert ctx.get(bank.write.lane) == 3
            assert ctx.get(bank.write.select) == 7
            assert ctx.get(bank.write.data) == 0xA_1234_0000 + k
        # The core takes the address late, and gives the word two cycles after that.
        assert await host.access("MEM_DATA") == (0x8765_4321, 0)
        assert await host.access("MEM_HIGH") == (0x5, 0)
        assert ctx.get(bank.read.addr) == 2

    async def core(ctx):
        while not ctx.get(bank.read.valid):
            await ctx.tick()
        await ctx.tick().repeat(3)
        assert ctx.get(bank.read.valid) == 1
        assert ctx.get(bank.read.addr) == 1
        ctx.set(bank.read.ready, 1)
        await ctx.tick()
        assert ctx.get(bank.read.valid) == 0
        ctx.set(bank.read.ready, 0)
        await ctx.tick()
        ctx.set(bank.read.data, 0x5_8765_4321)
        ctx.set(bank.read.data_valid, 1)
        await ctx.tick()
        ctx.set(bank.read.data, 0)
        ctx.set(bank.read.data_valid, 0)

    simulate(bank, bench, core)


def test_command_layout():
    """A command word is its kind over its argument."""
    assert CommandLayout.const({"kind": 2, "arg": 3}).as_bits() == 0x8003
