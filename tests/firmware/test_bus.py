"""The C library on a bus, with plain memory in place of registers: what it loads and stores."""

import ctypes

import pytest
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.registers import BY_NAME, COUNTERS, constants

from tests.firmware.test_hrsnn import COMPILERS, DEVICE_BYTES, make, words_of

pytestmark = pytest.mark.tools

#: Words of the register space.
SPACE = 128
CONFIG = CoreConfig(
    lanes=2, n_slots=4, n_inputs=5, synapse_depth=8, v_width=8, decay_width=4, weight_width=4,
    refractory_width=1, sum_width=8, n_out=3, out_width=16, spike_stream=True,
)  # fmt: skip
#: ``hrsnn_status_t``.
OK, ARGUMENT, REFUSED, BUSY, DEVICE, SPIKES = 0, -1, -4, -6, -7, -8


def at(name: str) -> int:
    return BY_NAME[name].address


class Bus:
    """The library on an array; it remembers what is stored, but nothing happens by it."""

    def __init__(self, compiler: str = "zig"):
        self._library = ctypes.CDLL(str(make("buslib", compiler) / "libhrsnn_bus.so"))
        self._device = ctypes.create_string_buffer(DEVICE_BYTES)
        self.registers = words_of([0] * SPACE)
        for address, word in constants(CONFIG).items():
            self.registers[address] = word
        self.status(idle=1)
        assert self.call("init_bus", self.registers) == OK

    def call(self, name: str, *arguments) -> int:
        return getattr(self._library, f"hrsnn_{name}")(self._device, *arguments)

    def status(self, **fields: int) -> None:
        """Set what `STATUS` shows."""
        register = BY_NAME["STATUS"]
        word = sum(register.field(name).put(value) for name, value in fields.items())
        self.registers[register.address] = word


@pytest.fixture
def bus():
    found = Bus()
    assert found.call("identify", ctypes.create_string_buffer(DEVICE_BYTES)) == OK
    return found


@pytest.mark.parametrize("compiler", COMPILERS)
def test_identify(compiler):
    """The right words make a device; without them, or before them, there is none."""
    bus, info = Bus(compiler), words_of([0] * 8)
    assert bus.call("write_reg", at("SCRATCH"), 1) == ARGUMENT
    assert bus.call("init_bus", None) == ARGUMENT
    assert bus.call("identify", info) == OK
    assert list(info)[:7] == [2, 4, 5, 8, 3, CONFIG.n_bins, 16]
    bus.registers[at("VERSION")] += 1
    assert bus.call("identify", info) == DEVICE


def test_registers(bus):
    """A register is a word of memory; a burst of counters is one word after the other."""
    word = words_of([0])
    assert bus.call("write_reg", at("SCRATCH"), 0x12345678) == OK
    assert bus.registers[at("SCRATCH")] == 0x12345678
    assert bus.call("read_reg", at("SCRATCH"), word) == OK and word[0] == 0x12345678
    for k, register in enumerate(COUNTERS):
        bus.registers[register.address] = 100 + k
    counters = words_of([0] * len(COUNTERS))
    assert bus.call("read_counters", counters) == OK
    assert list(counters) == [100 + k for k in range(len(COUNTERS))]


def test_ports_stay(bus):
    """A burst to a port stores every word at the port's address."""
    before = list(bus.registers)
    words = words_of([5, 6, 7])
    assert bus.call("write_memory", 1, 1, 0x34, words, ctypes.c_size_t(3)) == OK
    changed = {k: word for k, word in enumerate(bus.registers) if word != before[k]}
    assert changed == {at("MEM_ADDRESS"): 1 << 20 | 1 << 16 | 0x34, at("MEM_DATA"): 7}


def test_refusals(bus):
    """What the bus did not do has the status that a frame would have."""
    word, sent = words_of([0]), ctypes.c_size_t(9)
    commands = (ctypes.c_uint16 * 3)(0xC000, 0x4003, 0x8001)
    bus.status(refused=1)
    assert bus.call("read_reg", 0x60, word) == REFUSED
    assert bus.call("write_reg", at("IDENTITY"), 0) == REFUSED
    assert bus.call("read_reg", at("MEM_DATA"), word) == BUSY
    assert bus.call("write_reg", at("MEM_DATA"), 0) == BUSY
    assert bus.call("send", commands, ctypes.c_size_t(3), ctypes.byref(sent)) == SPIKES
    assert sent.value == 0
    bus.status(idle=1)
    assert bus.call("send", commands, ctypes.c_size_t(3), ctypes.byref(sent)) == OK
    assert sent.value == 3
    assert bus.registers[at("COMMAND")] == 0x8001, "the last word, filled up with a NOP"


def test_no_spike(bus):
    """Where the word says that there is no spike, the burst ends before it."""
    items, count = words_of([9] * 4), ctypes.c_size_t(9)
    bus.registers[at("SPIKE")] = 6
    assert bus.call("read_spikes", items, ctypes.c_size_t(4), ctypes.byref(count)) == OK
    assert (count.value, list(items)) == (4, [6] * 4)
    bus.registers[at("SPIKE")] = BY_NAME["SPIKE"].field("none").mask
    assert bus.call("read_spikes", items, ctypes.c_size_t(4), ctypes.byref(count)) == OK
    assert count.value == 0
