"""The parts of the system on chip: its UART's registers, and what it refuses to be made of."""

import pytest
from hrsnn_rtl.soc import RECEIVE_BYTES, SocUart, check_program
from hrsnn_rtl.soc_map import REGIONS, TIMER, UART, UART_DATA, UART_STATUS
from hrsnn_rtl.soc_program import STACK_BYTES, build_program, has_gcc

from hrsnn_edge.errors import CapacityError
from tests.rtl.harness import simulate
from tests.rtl.test_uart import levels

DIVISOR = 4
NONE, ROOM, LOST = (
    UART_DATA.field("none").mask,
    UART_STATUS.field("room").mask,
    UART_STATUS.field("lost").mask,
)


class Registers:
    """A processor's accesses to a `SocUart`."""

    def __init__(self, dut, ctx):
        self._dut, self._ctx = dut, ctx

    async def access(self, register, word=None):
        """Read a register, or write `word` to it."""
        dut, ctx = self._dut, self._ctx
        ctx.set(dut.address, register.address)
        ctx.set(dut.read, word is None)
        ctx.set(dut.write, word is not None)
        ctx.set(dut.w_data, word or 0)
        *_, found = await ctx.tick().sample(dut.r_data)
        ctx.set(dut.read, 0)
        ctx.set(dut.write, 0)
        return found


async def put(dut, ctx, data):
    """Send bytes to a UART, one after the other."""
    for byte in data:
        for level in levels(byte):
            ctx.set(dut.rx, level)
            await ctx.tick().repeat(DIVISOR)
    await ctx.tick().repeat(4 * DIVISOR)


def test_bytes_wait():
    """Received bytes wait in order until they are read; then there is none."""
    dut = SocUart(divisor=DIVISOR)
    found = []

    async def bench(ctx):
        cpu = Registers(dut, ctx)
        found.append(await cpu.access(UART_DATA))
        await put(dut, ctx, b"\x00\xa5\xff")
        for _ in range(4):
            found.append(await cpu.access(UART_DATA))
            await ctx.tick()
        found.append(await cpu.access(UART_STATUS))

    simulate(dut, bench)
    assert [word & (NONE | 0xFF) for word in found[1:4]] == [0x00, 0xA5, 0xFF]
    assert found[0] & NONE and found[4] & NONE
    assert found[5] == ROOM


def test_bytes_are_lost():
    """A byte that finds the queue full is lost, says the status, and all before it are there."""
    dut = SocUart(divisor=DIVISOR)
    found = []
    sent = bytes(k % 251 for k in range(RECEIVE_BYTES + 3))

    async def bench(ctx):
        cpu = Registers(dut, ctx)
        await put(dut, ctx, sent)
        found.append(await cpu.access(UART_STATUS))
        while not (word := await cpu.access(UART_DATA)) & NONE:
            found.append(word)
            await ctx.tick()

    simulate(dut, bench)
    assert found[0] & LOST
    kept = bytes(found[1:])
    assert len(kept) >= RECEIVE_BYTES and kept == sent[: len(kept)]


def test_byte_is_sent():
    """A written byte leaves on the line; until then there is no room, and another write is lost."""
    dut = SocUart(divisor=DIVISOR)
    line, status = [], []

    async def bench(ctx):
        cpu = Registers(dut, ctx)
        await cpu.access(UART_DATA, 0x35)
        await cpu.access(UART_DATA, 0xFF)
        status.append(await cpu.access(UART_STATUS))
        while not (await cpu.access(UART_STATUS)) & ROOM:
            pass
        while ctx.get(dut.tx):
            await ctx.tick()
        await ctx.tick().repeat(DIVISOR // 2)
        for _ in range(14):
            line.append(ctx.get(dut.tx))
            await ctx.tick().repeat(DIVISOR)

    simulate(dut, bench)
    assert not status[0] & ROOM
    assert line == [*levels(0x35), 1, 1, 1, 1]


def test_map():
    """Regions are numbered one by one, and so are the registers of each."""
    assert [region.number for region in REGIONS] == list(range(len(REGIONS)))
    for region in (UART, TIMER):
        assert [r.address for r in region.registers] == list(range(len(region.registers)))


@pytest.mark.tools
def test_program_must_fit():
    """RAM that is too small for the program, or for it with its stack, is refused."""
    with pytest.raises(CapacityError, match="must be at most 4 words, not 5"):
        check_program([0] * 5, 4)
    program = build_program()
    words = (program.code_bytes + program.data_bytes + STACK_BYTES) // 4
    with pytest.raises(CapacityError, match="must fit"):
        build_program(words - 1)


@pytest.mark.tools
def test_program_by_gcc():
    """The program also compiles and links with gcc, without a warning."""
    if not has_gcc():
        pytest.skip("needs gcc for RISC-V, riscv64-unknown-elf-gcc")
    assert build_program(gcc=True).code_bytes > 0
