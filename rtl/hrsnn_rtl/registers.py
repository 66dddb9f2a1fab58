"""The register map and the link's codes: the one source of every address, field and number.

The register bank, the Python driver, the C header and the page ``docs/registers.md`` all follow
from the tables below. ``python -m hrsnn_rtl.register_text`` writes the last two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.plasticity import Plasticity
from hrsnn_rtl.readout_shapes import FilterShape, PerceptronShape, ReadoutShape

#: Words of the register memory; the ports lie behind it.
MEMORY_WORDS = 64
#: First register that a host may write.
FIRST_WRITABLE = 0x20
#: Version of the register map and of the frames.
MAP_VERSION = 1
#: ``HRSN``, least byte first.
IDENTITY = int.from_bytes(b"HRSN", "little")

#: First byte of a request and of an answer.
REQUEST_START, ANSWER_START = 0xA5, 0x5A
#: Words of payload of a frame, at most.
MAX_WORDS = 64
#: Values of the field ``synapse_memory``.
SYNAPSE_MEMORIES = ("bram", "spram")


class Op(IntEnum):
    """What a request asks for."""

    SYNC = 0  # take the request's sequence number as the last one
    WRITE = 1  # write `count` words
    READ = 2  # read `count` words


class Status(IntEnum):
    """What became of a request; the low four bits of an answer's status byte."""

    OK = 0  # executed
    BAD_CRC = 1  # the CRC is wrong
    BAD_OP = 2  # the operation does not exist
    OUT_OF_ORDER = 3  # the sequence number is neither the last nor the next one
    BAD_COUNT = 4  # the count is not 1 to 64
    BAD_ADDR = 5  # a register of the burst does not exist or has not this direction
    BUSY = 6  # a memory of the core was asked for while the core worked
    TIMEOUT = 7  # the frame was cut: its next byte did not come in time


class FlashStatus(IntEnum):
    """What a design that loads from flash has found there after its last reset."""

    NO_LOADER = 0  # the design does not look
    NO_MODEL = 1  # no image is there
    BAD_MODEL = 2  # an image with a wrong length or CRC, or for another core
    LOADED = 3  # the network is loaded, and `MODEL` is its mark


#: Flag of a status byte: the request was the last one again, and this is its answer again.
REPEATED = 0x40
#: Flag of a status byte: `count` words of payload follow.
HAS_DATA = 0x80


@dataclass(frozen=True)
class Field:
    """A field of a register: bits ``lsb .. lsb + width - 1``."""

    name: str
    lsb: int
    width: int
    doc: str

    @property
    def mask(self) -> int:
        """Ones where the field is."""
        return ((1 << self.width) - 1) << self.lsb

    def get(self, word: int) -> int:
        """Return the field's value in a register's word."""
        return (word & self.mask) >> self.lsb

    def put(self, value: int) -> int:
        """Return the word that has `value` in this field and 0 elsewhere."""
        if not 0 <= value < (1 << self.width):
            raise ValueError(
                f"Field {self.name} must be between 0 and {(1 << self.width) - 1}, not {value}"
            )
        return value << self.lsb


@dataclass(frozen=True)
class Register:
    """A 32-bit register.

    Attributes
    ----------
    access : str
        ``'r'``, ``'w'`` or ``'rw'``.
    kind : str
        ``'constant'``: a word of `constants`, whose fields are attributes of the `CoreConfig`;
        ``'counter'``: adds up; ``'plain'``: an ordinary register; ``'port'``: every word of a burst
        goes to this same address.
    """

    name: str
    address: int
    access: str
    kind: str
    doc: str
    fields: tuple[Field, ...] = ()

    def field(self, name: str) -> Field:
        """Return the field `name`."""
        return next(f for f in self.fields if f.name == name)


def _config(address: int, name: str, doc: str, *fields: tuple) -> Register:
    """Return a constant register that shows what the core was built for."""
    return Register(name, address, "r", "constant", doc, tuple(Field(*f) for f in fields))


def _counters(first: int, *rows: tuple[str, str]) -> tuple[Register, ...]:
    return tuple(
        Register(name, first + k, "r", "counter", doc) for k, (name, doc) in enumerate(rows)
    )


#: The counters, in the order of the hardware's visits.
COUNTERS = _counters(
    0x10,
    ("INPUT_EVENTS", "input events delivered"),
    ("SPIKES", "spikes of the neurons"),
    ("SOP_IN", "synaptic operations of input events"),
    ("SOP_REC", "synaptic operations of spikes"),
    ("SOP_OUT", "synaptic operations of the readout"),
    ("STEPS", "steps; neuron updates are this times the network's neurons"),
    ("SKIPPED_ROWS", "events and spikes whose row is empty"),
    ("BUSY_CYCLES", "clock cycles in which the core worked"),
    ("STALLED_CYCLES", "clock cycles in which the core waited for the host to read spikes"),
    ("IDLE_CYCLES", "clock cycles in which the core had nothing to do"),
    ("LINK_ERRORS", "requests not executed, repeated ones apart, and bytes without a stop bit"),
)

#: Counters that only a core that learns has, behind the others; elsewhere they read as 0.
LEARNING_COUNTERS = _counters(
    0x1B, ("WEIGHT_UPDATES", "changes of magnitudes that were not 0, before they were clipped")
)
#: What a core that learns was built for, in the terms of `Plasticity`; elsewhere they read as 0.
LEARNING_CONSTANTS = (
    _config(
        0x0D,
        "PLASTICITY",
        "widths of the learning rule",
        ("plastic_in", 0, 1, "input synapses learn"),
        ("plastic_rec", 1, 1, "recurrent synapses learn"),
        ("learn_shift", 2, 4, "bits of a magnitude below its weight"),
        ("trace_width", 6, 4, "trace"),
        ("decay_width", 10, 4, "decay of a trace"),
        ("eta_width", 14, 5, "eta"),
        ("eta_shift", 19, 5, "right shift of eta times trace"),
        ("history", 24, 7, "steps of a neuron's past that are remembered"),
    ),
    _config(
        0x0E,
        "PLASTIC_CHANGES",
        "sizes of the changes",
        ("trace_step", 0, 12, "added to a trace by a spike"),
        ("gain_width", 12, 5, "bits of the greatest potentiation"),
        ("loss_width", 17, 5, "bits of the greatest depression"),
    ),
)
#: What a readout that is not linear was built for, in the terms of its shape; else they read as 0.
READOUT_CONSTANTS = (
    _config(
        0x1D,
        "READOUT",
        "widths of a perceptron, or sizes of filters",
        ("acc_width", 0, 6, "sum of an output or hidden unit"),
        ("act_width", 6, 5, "perceptron: count and hidden activation"),
        ("n_filters", 11, 5, "filters of a neuron"),
        ("squares", 16, 1, "squared filters are features too"),
        ("trace_width", 17, 5, "filter"),
        ("decay_width", 22, 5, "decay of a filter"),
    ),
    _config(
        0x1E,
        "PERCEPTRON",
        "sizes of a perceptron",
        ("n_read", 0, 11, "neurons that are read"),
        ("hidden_0", 11, 10, "units of the first hidden layer, 0 without one"),
        ("hidden_1", 21, 10, "units of the second hidden layer, 0 without one"),
    ),
)

REGISTERS = (
    Register("IDENTITY", 0x00, "r", "constant", "`HRSN`, least byte first"),
    Register("VERSION", 0x01, "r", "constant", "version of this map and of the frames"),
    _config(0x02, "LANES", "lanes", ("lanes", 0, 32, "P")),
    _config(0x03, "SLOTS", "slots of a lane", ("n_slots", 0, 32, "neurons of each lane, at most")),
    _config(0x04, "INPUTS", "input channels", ("n_inputs", 0, 32, "channels, at most")),
    _config(0x05, "SYNAPSES", "synapse words", ("synapse_depth", 0, 32, "words of each lane")),
    _config(0x06, "OUTPUTS", "outputs", ("n_out", 0, 32, "outputs of the readout, at most")),
    _config(0x07, "BINS", "readout bins", ("n_bins", 0, 32, "bins of a run, at most")),
    _config(
        0x08,
        "NEURON_WIDTHS",
        "bits of a neuron's words",
        ("v_width", 0, 8, "membrane"),
        ("decay_width", 8, 8, "decay"),
        ("refractory_width", 16, 8, "refractory steps"),
        ("v_shift", 24, 8, "left shift of a sum"),
    ),
    _config(
        0x09,
        "SYNAPSE_WIDTHS",
        "bits of a synapse's words",
        ("weight_width", 0, 8, "weight"),
        ("shift_width", 8, 8, "shift of a row"),
        ("sum_width", 16, 8, "sum of a step"),
        ("distance_width", 24, 8, "distance to the target before, 0 where targets are stored"),
    ),
    _config(
        0x0A,
        "OUTPUT_WIDTHS",
        "bits of the readout's words",
        ("out_weight_width", 0, 8, "weight"),
        ("out_width", 8, 8, "accumulator"),
        ("out_lanes", 16, 8, "outputs added in a cycle"),
    ),
    _config(
        0x0B,
        "FEATURES",
        "what the core was built with",
        ("has_reset", 0, 1, "a reset potential of its own for each neuron"),
        ("spike_stream", 1, 1, "the host can read spikes"),
        ("double_buffer", 2, 1, "scan and delivery overlap"),
        ("synapse_memory", 3, 1, "synapses in single-port RAMs of an UP5K"),
        ("learns", 4, 1, "weights change by STDP; `PLASTICITY` and its neighbour say how"),
        ("readout_kind", 8, 2, "0 linear; 1 perceptron, 2 filters: `READOUT` says of which sizes"),
        ("syn_width", 16, 5, "bits of a synaptic current; 0 is none"),
        ("codebook_rows", 24, 6, "sets of parameters that neurons share; 0: each has its own"),
        ("subtracts", 5, 1, "a spike takes its threshold off the membrane"),
    ),
    _config(0x0C, "QUEUE", "event queue", ("queue_depth", 0, 32, "words")),
    *LEARNING_CONSTANTS,
    *COUNTERS,
    *LEARNING_COUNTERS,
    *READOUT_CONSTANTS,
    Register(
        "STATUS",
        0x1F,
        "r",
        "plain",
        "what the core does now",
        (
            Field("idle", 0, 1, "no command in work or waiting"),
            Field("spike", 1, 1, "`SPIKE` has an item"),
            Field("refused", 2, 1, "on a bus: the last access, other than to here, was not done"),
            Field(
                "flash",
                3,
                2,
                "flash at start: 0 not looked at, 1 no model, 2 a bad one, 3 a model, loaded",
            ),
        ),
    ),
    Register(
        "CONTROL",
        0x20,
        "rw",
        "plain",
        "switches; 0 at power-up",
        (
            Field("spike_stream", 0, 1, "keep spikes for the host; without it they are dropped"),
            Field("clear_counters", 1, 1, "set all counters to 0, once, as it is written"),
        ),
    ),
    Register("MODEL", 0x21, "rw", "plain", "the host's mark of the loaded network; 0 is none"),
    Register("NEURONS", 0x22, "rw", "plain", "the host's note of the loaded network's neurons"),
    Register("SCRATCH", 0x23, "rw", "plain", "for the host, without effect"),
    Register(
        "MEM_ADDRESS",
        0x24,
        "rw",
        "plain",
        "the word that `MEM_DATA` goes to next; it reads back as it was written",
        (
            Field("address", 0, 16, "word; each `MEM_DATA` adds 1"),
            Field("lane", 16, 3, "lane"),
            Field("select", 20, 4, "memory"),
        ),
    ),
    Register(
        "MEM_HIGH",
        0x25,
        "rw",
        "plain",
        "bits 32 and up of the words written by `MEM_DATA`, and of the word it read last",
        (Field("high", 0, 4, "bits 35 to 32"),),
    ),
    Register(
        "COMMAND",
        0x40,
        "w",
        "port",
        "two commands for the core, the low half first",
        (Field("first", 0, 16, "command"), Field("second", 16, 16, "command")),
    ),
    Register(
        "SPIKE",
        0x41,
        "r",
        "port",
        "the next spike; waits while the core works, and ends the burst when it is idle",
        (
            Field("index", 0, 16, "hardware index of the neuron"),
            Field("last", 16, 1, "no spike, but the end of a step"),
            Field("none", 31, 1, "on a bus: there is no item; a frame ends before it"),
        ),
    ),
    Register("MEM_DATA", 0x42, "rw", "port", "the memory word at `MEM_ADDRESS`, bits 31 to 0"),
)

BY_NAME = {register.name: register for register in REGISTERS}
PORTS = tuple(register for register in REGISTERS if register.kind == "port")
CONSTANTS = tuple(
    register
    for register in REGISTERS
    if register.kind == "constant" and register not in LEARNING_CONSTANTS + READOUT_CONSTANTS
)


def constants(config: CoreConfig) -> dict[int, int]:
    """Return address -> word of the constant registers of a core built for `config`."""
    words = {BY_NAME["IDENTITY"].address: IDENTITY, BY_NAME["VERSION"].address: MAP_VERSION}
    for register in CONSTANTS:
        if register.fields:
            values = {f: getattr(config, f.name) for f in register.fields}
            words[register.address] = sum(
                f.put(SYNAPSE_MEMORIES.index(value) if isinstance(value, str) else int(value))
                for f, value in values.items()
            )
    for register in LEARNING_CONSTANTS if config.plasticity else ():
        words[register.address] = sum(
            f.put(int(getattr(config.plasticity, f.name))) for f in register.fields
        )
    for register in READOUT_CONSTANTS if config.readout else ():
        values = readout_fields(config.readout)
        words[register.address] = sum(f.put(values.get(f.name, 0)) for f in register.fields)
    return words


def readout_fields(shape: ReadoutShape) -> dict[str, int]:
    """Return the fields of `READOUT_CONSTANTS` that a shape has."""
    values = asdict(shape)
    hidden = values.pop("hidden", ())
    return {name: int(v) for name, v in values.items()} | {
        f"hidden_{k}": units for k, units in enumerate(hidden)
    }


def readout_shape(kind: int, fields: Mapping[str, int]) -> ReadoutShape | None:
    """Return the shape of a kind with these fields of `READOUT_CONSTANTS`."""
    if kind == PerceptronShape.code:
        hidden = tuple(fields[name] for name in ("hidden_0", "hidden_1") if fields[name])
        sizes = {name: fields[name] for name in ("n_read", "act_width", "acc_width")}
        return PerceptronShape(hidden=hidden, **sizes)
    if kind == FilterShape.code:
        names = ("n_filters", "trace_width", "decay_width", "acc_width")
        return FilterShape(
            squares=bool(fields["squares"]), **{name: fields[name] for name in names}
        )
    return None


def counters_of(config: CoreConfig) -> tuple[Register, ...]:
    """Return the counters of a core, in the order of the hardware's visits."""
    return COUNTERS + (LEARNING_COUNTERS if config.plasticity else ())


def config_from(words: Mapping[int, int]) -> CoreConfig:
    """Return the `CoreConfig` whose constant registers hold `words`, address -> word.

    The words of `LEARNING_CONSTANTS` must be among them if the core learns, those of
    `READOUT_CONSTANTS` if its readout is not linear.
    """
    values = {
        f.name: f.get(words[register.address]) for register in CONSTANTS for f in register.fields
    }
    values["synapse_memory"] = SYNAPSE_MEMORIES[values["synapse_memory"]]
    for name in ("has_reset", "subtracts", "spike_stream", "double_buffer"):
        values[name] = bool(values[name])
    kind = values.pop("readout_kind")
    if kind:
        fields = {f.name: f.get(words[r.address]) for r in READOUT_CONSTANTS for f in r.fields}
        values["readout"] = readout_shape(kind, fields)
    if values.pop("learns"):
        widths = {f.name: f.get(words[r.address]) for r in LEARNING_CONSTANTS for f in r.fields}
        flags = {name: bool(widths[name]) for name in ("plastic_in", "plastic_rec")}
        values["plasticity"] = Plasticity(**widths | flags)
    return CoreConfig(**values)


def further_constants(words: Mapping[int, int]) -> list[tuple[Register, ...]]:
    """Return which registers say more of the core whose constant registers hold `words`.

    Each of the groups has consecutive addresses.
    """
    features = BY_NAME["FEATURES"]
    groups = (("learns", LEARNING_CONSTANTS), ("readout_kind", READOUT_CONSTANTS))
    return [group for name, group in groups if features.field(name).get(words[features.address])]


def burst_allowed(op: Op, address: int, count: int) -> bool:
    """Return whether a burst stays on registers that exist and have its direction.

    A port takes any count. Other bursts stay within the register memory: all of it can be read,
    and what lies at `FIRST_WRITABLE` and above can be written; words without a register read as
    they were written.
    """
    for port in PORTS:
        if address == port.address:
            return ("w" if op == Op.WRITE else "r") in port.access
    first = FIRST_WRITABLE if op == Op.WRITE else 0
    return first <= address and address + count <= MEMORY_WORDS
