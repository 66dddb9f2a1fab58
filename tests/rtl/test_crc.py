"""CRC-16/CCITT-FALSE in Python and in hardware."""

from binascii import crc_hqx

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from hrsnn_rtl.crc import CRC_INIT, crc16, crc16_next
from hypothesis import given
from hypothesis import strategies as st

from tests.rtl.harness import simulate


class Register(wiring.Component):
    """A CRC register and its next value."""

    crc: In(16)
    byte: In(8)
    following: Out(16)

    def elaborate(self, platform):
        m = Module()
        m.d.sync += Signal().eq(1)
        m.d.comb += self.following.eq(crc16_next(self.crc, self.byte))
        return m


def test_check_value():
    """The published check value, and the shortest frame of the link's page."""
    assert crc16(b"123456789") == 0x29B1
    assert crc16(bytes.fromhex("07000000")) == 0xD5ED


@given(data=st.binary(max_size=40), more=st.binary(max_size=10))
def test_properties(data, more):
    """It is the library's CRC, can be continued, and is 0 over a message with its CRC."""
    assert crc16(data) == crc_hqx(data, CRC_INIT)
    assert crc16(more, crc16(data)) == crc16(data + more)
    assert crc16(data + crc16(data).to_bytes(2, "big")) == 0


def test_hardware():
    """The hardware expression equals the function for every byte, from many registers."""
    dut = Register()

    async def bench(ctx):
        crc = CRC_INIT
        for byte in [*range(256), *range(0, 256, 7)]:
            ctx.set(dut.crc, crc)
            ctx.set(dut.byte, byte)
            assert ctx.get(dut.following) == crc16(bytes([byte]), crc)
            crc = ctx.get(dut.following)
            await ctx.tick()

    simulate(dut, bench)
