"""The register bank: registers, counters and ports of the core behind one 32-bit bus.

Every register but the ports is a word of one memory. The counters share it: the memory is the
counters' in even cycles and the bus's in odd ones, so neither ever waits for the other, and no word
is read in the cycle that writes it.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import ADDR_WIDTH, CoreConfig
from hrsnn_rtl.counters import Counters, increments_layout
from hrsnn_rtl.interfaces import (
    CommandKind,
    CommandLayout,
    ReadSignature,
    WriteSignature,
    spike_layout,
    strobes_layout,
)
from hrsnn_rtl.memory import Ram
from hrsnn_rtl.registers import (
    BY_NAME,
    COUNTERS,
    FIRST_WRITABLE,
    MEMORY_WORDS,
    PORTS,
    FlashStatus,
    constants,
    counters_of,
)

#: Bits of a register address on the bus.
ADDRESS_WIDTH = 7
#: Value of the clear counter, which a round of visits shifts: a part of a round, then a whole one.
CLEARED = 0b11
#: Registers that do more than keep what is written.
_ACTIVE = ("STATUS", "CONTROL", "MEM_ADDRESS", "MEM_HIGH", *(port.name for port in PORTS))


class BusSignature(wiring.Signature):
    """The register bus, from a front's side.

    A front sets `address` at least a cycle before `valid`, and holds the request until `ready`;
    with `ready` come `r_data` and `stop`. `stop` says that this word was not done: a port has
    nothing to give, or cannot take the word before the host has read spikes. A front uses a
    register only as `registers.burst_allowed` says.
    """

    def __init__(self):
        super().__init__(
            {
                "valid": Out(1),
                "write": Out(1),
                "address": Out(ADDRESS_WIDTH),
                "w_data": Out(32),
                "ready": In(1),
                "r_data": In(32),
                "stop": In(1),
            }
        )


class CommandSplitter(wiring.Component):
    """Two commands of a bus word, one after the other; a NOP in the upper half is left out.

    Members
    -------
    i : In(stream.Signature(32))
        Bus words, the first command in the low half.
    o : Out(stream.Signature(CommandLayout))
        Commands.
    """

    i: In(stream.Signature(32))
    o: Out(stream.Signature(CommandLayout))

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        word = Signal(32)
        second = Signal()
        m.d.comb += [self.o.payload.eq(word[:16]), self.i.ready.eq(~self.o.valid)]
        with m.If(self.i.valid & self.i.ready):
            has_second = CommandLayout(self.i.payload[16:]).kind != CommandKind.NOP
            m.d.sync += [word.eq(self.i.payload), self.o.valid.eq(1), second.eq(has_second)]
        with m.Elif(self.o.valid & self.o.ready):
            m.d.sync += [word.eq(word[16:]), self.o.valid.eq(second), second.eq(0)]
        return m


class RegisterMemory(wiring.Component):
    """The words of all registers that are not ports, and the counters that add to some of them.

    Parameters
    ----------
    config : CoreConfig
        What the constant registers show.
    poison : bool
        Make every memory word that must not be used wrong; for simulation, see `Ram`.

    Members
    -------
    add : In(StructLayout)
        What this cycle adds to each counter.
    clear : In(1)
        Set the counters to 0 as they are visited.
    round : Out(1)
        One cycle: all counters have been visited.
    read, write : In(1)
        The request for `address`, held until `done`.
    done : Out(1)
        One cycle: the word is written, or is `r_data`.
    """

    def __init__(self, config: CoreConfig, *, poison: bool = False):
        self._config, self._poison = config, poison
        greatest = {
            "SPIKES": config.lanes,
            "SOP_IN": config.lanes,
            "SOP_REC": config.lanes,
            "SOP_OUT": config.out_lanes,
            "WEIGHT_UPDATES": 3 * config.lanes,
        }
        self._greatest = {
            register.name: greatest.get(register.name, 1) for register in counters_of(config)
        }
        super().__init__(
            {
                "add": In(increments_layout(self._greatest)),
                "clear": In(1),
                "round": Out(1),
                "read": In(1),
                "write": In(1),
                "address": In(range(MEMORY_WORDS)),
                "w_data": In(32),
                "done": Out(1),
                "r_data": Out(32),
            }
        )

    def elaborate(self, platform):
        """Build the circuit.

        The counters' turn is every second cycle, the bus has the others::

            cycle     0            1            2            3            4
            counter   read k       visit k      write k      visit k+1    write k+1
                                                read k+1                  read k+2
            bus                    read                      done
        """
        m = Module()
        constant = constants(self._config)
        m.submodules.counters = counters = Counters(greatest=self._greatest)
        m.submodules.ram_words = ram = Ram(
            width=32,
            depth=MEMORY_WORDS,
            init=[constant.get(k, 0) for k in range(MEMORY_WORDS)],
            poison=self._poison,
        )
        # Block RAMs give their word late in the cycle: nothing stands between them and this.
        word = Signal(32)
        bus_turn = Signal()
        m.d.sync += [word.eq(ram.r_data), bus_turn.eq(~bus_turn)]

        first = COUNTERS[0].address
        visited, fetched = Signal.like(counters.slot), Signal()
        with m.If(bus_turn):
            m.d.sync += [visited.eq(counters.slot), fetched.eq(self.read & ~fetched)]
        m.d.comb += [
            counters.add.eq(self.add),
            counters.visit.eq(bus_turn),
            self.round.eq(bus_turn & (counters.slot == 0)),
            self.r_data.eq(word),
            self.done.eq(bus_turn & (self.write | fetched)),
            ram.r_addr.eq(Mux(bus_turn, self.address, first + counters.slot)),
            ram.w_addr.eq(Mux(bus_turn, self.address, first + visited)),
            ram.w_en.eq(Mux(bus_turn, self.write, 1)),
        ]
        with m.If(bus_turn):
            m.d.comb += ram.w_data.eq(self.w_data)
        with m.Elif(~self.clear):
            m.d.comb += ram.w_data.eq(word + counters.addend)
        return m


class RegisterBank(wiring.Component):
    """The registers of one core.

    Parameters
    ----------
    config : CoreConfig
        The core.
    poison : bool
        As `RegisterMemory`.

    Members
    -------
    bus : In(BusSignature())
        From the front.
    command, spike, write, read
        To and from the core; `spike` only with ``config.spike_stream``.
    core_idle : In(1)
        The core's `idle`.
    strobes : In(strobes_layout(config))
        What the core does in this cycle.
    link_error : In(1)
        Adds 1 to the counter of link errors.
    refused, flash : In(1), In(FlashStatus)
        What those fields of `STATUS` show.
    idle : Out(1)
        No command in work, and none waiting here.
    """

    def __init__(self, config: CoreConfig, *, poison: bool = False):
        self._config, self._poison = config, poison
        spike = {"spike": In(stream.Signature(spike_layout(config)))} if config.spike_stream else {}
        super().__init__(
            {
                "bus": In(BusSignature()),
                "command": Out(stream.Signature(CommandLayout)),
                **spike,
                "write": Out(WriteSignature()),
                "read": Out(ReadSignature()),
                "core_idle": In(1),
                "strobes": In(strobes_layout(config)),
                "link_error": In(1),
                "refused": In(1),
                "flash": In(FlashStatus),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform):
        """Build the circuit."""
        m = Module()
        bus = self.bus
        m.submodules.splitter = splitter = CommandSplitter()
        m.submodules.memory = words = RegisterMemory(self._config, poison=self._poison)
        wiring.connect(m, splitter.o, wiring.flipped(self.command))
        m.d.comb += self.idle.eq(self.core_idle & ~self.command.valid)

        at = {name: Signal(name=f"at_{name}") for name in _ACTIVE}
        for name, here in at.items():
            m.d.sync += here.eq(bus.address == BY_NAME[name].address)

        # What acts on something has flip-flops of its own; the memory only reads it back.
        keep_spikes, clear = Signal(), Signal(2, init=CLEARED)
        place, high = Signal(24), Signal(4)
        m.d.comb += [
            words.clear.eq(clear != 0),
            words.address.eq(bus.address),
            words.w_data.eq(bus.w_data),
        ]
        with m.If(words.round):
            m.d.sync += clear.eq(clear >> 1)
        with m.If(words.write & words.done):
            with m.If(at["CONTROL"]):
                m.d.sync += keep_spikes.eq(_field(bus.w_data, "CONTROL", "spike_stream"))
                with m.If(_field(bus.w_data, "CONTROL", "clear_counters")):
                    m.d.sync += clear.eq(CLEARED)
            with m.If(at["MEM_ADDRESS"]):
                m.d.sync += place.eq(bus.w_data)
            with m.If(at["MEM_HIGH"]):
                m.d.sync += high.eq(bus.w_data)

        spike_valid, spike_word, take_spike = Signal(), Signal(32), Signal()
        if self._config.spike_stream:
            m.d.comb += [
                spike_valid.eq(self.spike.valid & keep_spikes),
                self.spike.ready.eq(take_spike | ~keep_spikes),
                _field(spike_word, "SPIKE", "index").eq(self.spike.payload.index),
                _field(spike_word, "SPIKE", "last").eq(self.spike.payload.last),
            ]
        m.d.comb += _field(spike_word, "SPIKE", "none").eq(~spike_valid)
        self._count(m, words, stalled=spike_valid & ~take_spike)

        m.d.comb += [splitter.i.payload.eq(bus.w_data), self.write.data.eq(Cat(bus.w_data, high))]
        for port in (self.read, self.write):
            m.d.comb += [
                port.addr.eq(_field(place, "MEM_ADDRESS", "address")),
                port.lane.eq(_field(place, "MEM_ADDRESS", "lane")),
                port.select.eq(_field(place, "MEM_ADDRESS", "select")),
            ]
        fetching = Signal()
        with m.If(at["COMMAND"]):
            # While the core waits for the host to read spikes, so would this word.
            m.d.comb += [
                splitter.i.valid.eq(bus.valid),
                bus.stop.eq(~splitter.i.ready & spike_valid),
                bus.ready.eq(splitter.i.ready | bus.stop),
            ]
        with m.Elif(at["SPIKE"]):
            m.d.comb += [
                take_spike.eq(bus.valid),
                bus.stop.eq(~spike_valid),
                bus.ready.eq(spike_valid | self.idle),
            ]
        with m.Elif(at["MEM_DATA"]):
            # The core's memories are far away: what goes there comes straight from a flip-flop.
            written = self.write.valid & self.write.ready
            done = written | (fetching & self.read.data_valid)
            m.d.comb += bus.ready.eq(done)
            m.d.sync += self.write.valid.eq(bus.valid & bus.write & ~written)
            with m.If(bus.valid & ~bus.write & ~fetching):
                m.d.sync += [fetching.eq(1), self.read.valid.eq(1)]
            with m.Elif(self.read.ready):
                m.d.sync += self.read.valid.eq(0)
            # Not the bus's `ready`, which comes late: it is that of every register.
            with m.If(done):
                m.d.sync += [fetching.eq(0), place[:ADDR_WIDTH].eq(place[:ADDR_WIDTH] + 1)]
                with m.If(~bus.write):
                    m.d.sync += high.eq(self.read.data[32:])
        with m.Else():
            m.d.comb += [
                words.read.eq(bus.valid & ~bus.write),
                words.write.eq(bus.valid & bus.write),
                bus.ready.eq(words.done),
            ]
        m.d.comb += bus.r_data.eq(Mux(at["MEM_DATA"], self.read.data, words.r_data))
        with m.If(at["SPIKE"]):
            m.d.comb += bus.r_data.eq(spike_word)
        with m.If(at["STATUS"]):
            m.d.comb += [
                _field(bus.r_data, "STATUS", "idle").eq(self.idle),
                _field(bus.r_data, "STATUS", "spike").eq(spike_valid),
                _field(bus.r_data, "STATUS", "refused").eq(self.refused),
                _field(bus.r_data, "STATUS", "flash").eq(self.flash),
            ]
        with m.If(at["MEM_HIGH"]):
            m.d.comb += _field(bus.r_data, "MEM_HIGH", "high").eq(high)
        return m

    def _count(self, m: Module, words: RegisterMemory, *, stalled) -> None:
        """Turn the strobes of a cycle into what it adds to each counter, a cycle later."""
        strobes = self.strobes
        added = {
            "INPUT_EVENTS": strobes.input_event,
            "SPIKES": strobes.spikes,
            "SOP_IN": _ones(strobes.sop_in),
            "SOP_REC": _ones(strobes.sop_rec),
            "SOP_OUT": strobes.sop_out,
            "STEPS": strobes.step,
            "SKIPPED_ROWS": strobes.skipped_rows,
            "BUSY_CYCLES": ~self.idle & ~stalled,
            "STALLED_CYCLES": ~self.idle & stalled,
            "IDLE_CYCLES": self.idle,
            "LINK_ERRORS": self.link_error,
        }
        if self._config.plasticity:
            added["WEIGHT_UPDATES"] = strobes.weight_updates
        for name, amount in added.items():
            m.d.sync += words.add[name].eq(amount)


def allowed(m: Module, *, address, count, reading):
    """Return the hardware form of `registers.burst_allowed`."""
    fits = Signal(name="allowed")
    m.d.comb += fits.eq((address + count <= MEMORY_WORDS) & (reading | (address >= FIRST_WRITABLE)))
    for port in PORTS:
        with m.If(address == port.address):
            m.d.comb += fits.eq(Mux(reading, "r" in port.access, "w" in port.access))
    return fits


def _field(value, register: str, name: str):
    """Return the bits of a register's field."""
    field = BY_NAME[register].field(name)
    return value[field.lsb : field.lsb + field.width]


def _ones(value):
    """Return the number of ones."""
    return sum(value[k] for k in range(len(value)))
