"""The Wishbone front: the registers on the bus of a soft processor.

Classic cycles of Wishbone B4, one access at a time, 32 bits; `adr` is the number of a register, so
a processor that counts bytes sees register `k` at byte ``4 * k``.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.bank import ADDRESS_WIDTH, BusSignature, allowed
from hrsnn_rtl.registers import BY_NAME

#: Bytes of a word, one `sel` line each.
_BYTES = 4


class WishboneSignature(wiring.Signature):
    """A classic Wishbone bus, from the processor's side.

    `err` ends an access that was not done. A processor without it takes ``ack | err`` for its
    `ack` and asks `STATUS.refused`.
    """

    def __init__(self):
        super().__init__(
            {
                "cyc": Out(1),
                "stb": Out(1),
                "we": Out(1),
                "adr": Out(ADDRESS_WIDTH),
                "sel": Out(_BYTES),
                "dat_w": Out(32),
                "dat_r": In(32),
                "ack": In(1),
                "err": In(1),
            }
        )


class WishboneFront(wiring.Component):
    """One register access for each Wishbone access.

    Members
    -------
    wishbone : In(WishboneSignature())
        From the processor. Only whole words can be written.
    bus : Out(BusSignature())
        To the register bank.
    idle : In(1)
        The core's memories can be used.
    refused : Out(1)
        The last access, reads of `STATUS` apart, was not done.
    error : Out(1)
        One cycle: an access was not done.
    """

    wishbone: In(WishboneSignature())
    bus: Out(BusSignature())
    idle: In(1)
    refused: Out(1)
    error: Out(1)

    def elaborate(self, platform):
        """Build the circuit: an access is kept in registers, so both buses have short paths."""
        m = Module()
        wishbone, bus = self.wishbone, self.bus
        asked = wishbone.cyc & wishbone.stb
        # An access that the processor gives up is finished, but not answered.
        wanted, whole, failed = Signal(), Signal(), Signal()
        right = allowed(m, address=bus.address, count=1, reading=~bus.write)
        free = self.idle | (bus.address != BY_NAME["MEM_DATA"].address)
        with m.If(~asked):
            m.d.sync += wanted.eq(0)
        with m.FSM():
            with m.State("REST"):
                m.d.sync += [
                    wanted.eq(asked),
                    bus.address.eq(wishbone.adr),
                    bus.write.eq(wishbone.we),
                    bus.w_data.eq(wishbone.dat_w),
                    whole.eq(wishbone.sel.all() | ~wishbone.we),
                ]
                with m.If(asked):
                    m.next = "JUDGE"
            with m.State("JUDGE"):
                m.d.sync += failed.eq(1)
                m.next = "ANSWER"
                with m.If(right & free & whole):
                    m.next = "BUS"
            with m.State("BUS"):
                m.d.comb += bus.valid.eq(1)
                # A port that has nothing to give says so in the word.
                m.d.sync += [wishbone.dat_r.eq(bus.r_data), failed.eq(bus.stop & bus.write)]
                with m.If(bus.ready):
                    m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += [
                    wishbone.ack.eq(wanted & asked & ~failed),
                    wishbone.err.eq(wanted & asked & failed),
                    self.error.eq(failed),
                ]
                with m.If(bus.write | (bus.address != BY_NAME["STATUS"].address)):
                    m.d.sync += self.refused.eq(failed)
                m.next = "REST"
        return m
