"""The serial receiver and transmitter: every byte, whatever the gaps, at several rates."""

from random import Random

import pytest
from hrsnn_rtl.uart import DIVISOR_MIN, UartRx, UartTx, check_divisor

from tests.rtl.harness import simulate

#: Levels of 0xA5 on the line, worked by hand: start 0, then bits 0 to 7, then stop 1.
LEVELS_A5 = [0, 1, 0, 1, 0, 0, 1, 0, 1, 1]


def levels(byte: int) -> list[int]:
    return [0, *(byte >> k & 1 for k in range(8)), 1]


def receive(divisor: int, line: list[int]):
    """Return the bytes received from levels, one a cycle, and how many had no stop bit."""
    dut = UartRx(divisor=divisor)
    got, errors = [], 0

    async def drive(ctx):
        for level in [*line, *[1] * (12 * divisor)]:
            ctx.set(dut.rx, level)
            await ctx.tick()

    async def watch(ctx):
        nonlocal errors
        for _ in range(len(line) + 12 * divisor):
            *_, valid, payload, error = await ctx.tick().sample(
                dut.o.valid, dut.o.payload, dut.error
            )
            if valid:
                got.append(payload)
            errors += error

    simulate(dut, drive, watch)
    return got, errors


def stretched(bits, divisor: int) -> list[int]:
    return [bit for bit in bits for _ in range(divisor)]


def test_levels_by_hand():
    """0xA5 is received from the ten levels of the page of any serial port."""
    assert levels(0xA5) == LEVELS_A5
    assert receive(4, stretched(LEVELS_A5, 4)) == ([0xA5], 0)


@pytest.mark.parametrize("divisor", [DIVISOR_MIN, 5, 25])
def test_receives_every_byte(divisor):
    """Bytes arrive in order, one straight after the other or after any pause."""
    rng = Random(divisor)
    sent = list(range(0, 256, 5 if divisor < 25 else 51))
    line = [1] * 7
    for byte in sent:
        line += stretched(levels(byte), divisor) + [1] * rng.choice([0, 0, 1, 3, 40])
    assert receive(divisor, line) == (sent, 0)


@pytest.mark.parametrize("error", [-0.03, 0.03])
def test_rate_may_be_off(error):
    """A sender 3 % off in its rate is understood."""
    divisor, sent = 16, [0x00, 0xFF, 0x55, 0x81]
    line, position = [], 0.0
    for byte in sent:
        for bit in levels(byte):
            position += divisor * (1 + error)
            line += [bit] * (round(position) - len(line))
    assert receive(divisor, line) == (sent, 0)


def test_no_stop_bit():
    """A byte whose stop bit is low is dropped and reported, and the next one is understood."""
    line = stretched([*levels(0x0F)[:9], 0], 4) + [1] * 8 + stretched(levels(0x33), 4)
    assert receive(4, line) == ([0x33], 1)


def send(divisor: int, data: list[int], gaps: list[int]) -> list[int]:
    """Return the levels of the line while bytes are offered after gaps of so many cycles."""
    dut = UartTx(divisor=divisor)
    line = []

    async def drive(ctx):
        for byte, gap in zip(data, gaps, strict=True):
            await ctx.tick().repeat(gap + 1)
            ctx.set(dut.i.valid, 1)
            ctx.set(dut.i.payload, byte)
            await ctx.tick().until(dut.i.ready)
            ctx.set(dut.i.valid, 0)

    async def watch(ctx):
        for _ in range(sum(gaps) + 14 * divisor * (len(data) + 1)):
            *_, tx = await ctx.tick().sample(dut.tx)
            line.append(tx)

    simulate(dut, drive, watch)
    return line


@pytest.mark.parametrize("divisor", [4, 7])
def test_sends_whole_bits(divisor):
    """Each bit lasts the whole divisor, wherever in the bit time the byte was offered."""
    rng = Random(1)
    data = [0xA5, 0x00, 0xFF, *(rng.randrange(256) for _ in range(6))]
    line = send(divisor, data, [rng.choice([0, 0, 1, 2, 5, 30]) for _ in data])
    got = []
    while 0 in line:
        line = line[line.index(0) :]
        byte = line[: 10 * divisor]
        assert byte == stretched(byte[::divisor], divisor)
        got.append(byte[::divisor])
        line = line[10 * divisor :]
    assert got == [levels(byte) for byte in data]


def test_sends_without_gaps():
    """Bytes offered without a pause take ten bits each."""
    line = send(4, [0x55] * 3, [0] * 3)
    first = line.index(0)
    assert line[first : first + 120] == stretched(levels(0x55) * 3, 4)


def test_divisor_is_checked():
    """A divisor that leaves no middle of a bit is refused."""
    with pytest.raises(ValueError, match="UART divisor must be at least 4, not 3"):
        check_divisor(3)
    with pytest.raises(TypeError, match="UART divisor must be an integer, not 12.5"):
        check_divisor(12.5)
