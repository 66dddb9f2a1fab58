"""What the parts of the accelerator say to each other: words of the streams, ports and memories.

``docs/accelerator.md`` explains the ports; here are their exact shapes. Memory layouts serve the
hardware and, through `hrsnn_rtl.image.pack`, the images alike.
"""

from __future__ import annotations

from amaranth.hdl import signed, unsigned
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from hrsnn_rtl.config import ADDR_WIDTH, ARG_WIDTH, DATA_WIDTH, CoreConfig, bits_for

#: Stages of the scan: U0 addresses a neuron's state, U5 writes it back.
SCAN_STAGES = 6


class CommandKind(enum.Enum, shape=unsigned(2)):
    """What a command does; the top two bits of its word."""

    #: Nothing.
    NOP = 0
    #: Deliver an input event in the coming step; the argument is the channel.
    EVENT = 1
    #: Advance one step; the argument is the readout bin of that step, and `ASK`.
    STEP = 2
    #: Begin a new sample.
    CLEAR = 3


#: Bit of a STEP's argument: compute the outputs from all spikes up to this step. A linear readout
#: passes over it, for its outputs are always there.
ASK = 1 << (ARG_WIDTH - 1)
#: A 16-bit command: argument in the low 14 bits, kind on top.
CommandLayout = data.StructLayout({"arg": ARG_WIDTH, "kind": CommandKind})


class Select(enum.IntEnum, shape=unsigned(4)):
    """The memories, as numbered by the load and read ports."""

    SYNAPSE = 0
    ROW = 1
    DECAY = 2
    THRESHOLD = 3
    OUT_WEIGHT = 4
    OUT_BIAS = 5
    V = 6
    OUT = 7
    RESET = 8
    MAGNITUDE = 9
    LIMIT = 10
    PRE_RULE = 11
    POST_RULE = 12
    OUT_NEURON = 13
    CURRENT = 14
    CODE = 15


class WriteSignature(wiring.Signature):
    """Memory load port, from the initiator's side: a word is taken with `valid` and `ready`."""

    def __init__(self):
        super().__init__(
            {
                "valid": Out(1),
                "ready": In(1),
                "select": Out(Select),
                "lane": Out(3),
                "addr": Out(ADDR_WIDTH),
                "data": Out(DATA_WIDTH),
            }
        )


class ReadSignature(wiring.Signature):
    """Memory read port: an address is taken with `valid` and `ready`, `data_valid` marks its word.

    The word comes two cycles after the address.
    """

    def __init__(self):
        super().__init__(
            {
                "valid": Out(1),
                "ready": In(1),
                "select": Out(Select),
                "lane": Out(3),
                "addr": Out(ADDR_WIDTH),
                "data_valid": In(1),
                "data": In(DATA_WIDTH),
            }
        )


def spike_layout(config: CoreConfig) -> data.StructLayout:
    """Return an item of the spike stream: a hardware index, or `last` after those of a step."""
    return data.StructLayout({"index": config.index_width, "last": 1})


def strobes_layout(config: CoreConfig) -> data.StructLayout:
    """Return what happened in a cycle, for the counters outside the core.

    `input_event`, `step` : 1 an event, 1 a step (the counter of neuron updates adds N);
    `skipped_rows`, `spikes`, `sop_out` and, on a core that learns, `weight_updates` : how many;
    `sop_in`, `sop_rec` : one bit a lane.
    """
    return data.StructLayout(
        {
            "input_event": 1,
            "step": 1,
            "skipped_rows": 1,
            "spikes": config.lanes.bit_length(),
            "sop_in": config.lanes,
            "sop_rec": config.lanes,
            "sop_out": config.out_lanes.bit_length(),
            **({"weight_updates": (3 * config.lanes).bit_length()} if config.plasticity else {}),
        }
    )


def trace_layout(config: CoreConfig) -> data.StructLayout:
    """Return the write-backs of a cycle, for co-simulation only.

    With `valid`, slot `slot` of lane `p` is written back with membrane ``v[p]`` and spike bit
    ``spike[p]``, and its synaptic current, where there is one, has become ``i_syn[p]``. `step_done`
    comes with the last one of a step. With `out_valid`, accumulator ``out_index * out_lanes + r``
    becomes ``out_value[r]``. `drained` comes once after a step, when its spikes and the events sent
    meanwhile are delivered and read out.
    """
    return data.StructLayout(
        {
            "valid": 1,
            "slot": config.slot_width,
            "v": data.ArrayLayout(signed(config.v_width), config.lanes),
            "spike": config.lanes,
            **(
                {"i_syn": data.ArrayLayout(signed(config.syn_width), config.lanes)}
                if config.syn_width
                else {}
            ),
            "step_done": 1,
            "out_valid": 1,
            "out_index": max(1, (config.out_words - 1).bit_length()),
            "out_value": data.ArrayLayout(signed(config.out_width), config.out_lanes),
            "drained": 1,
        }
    )


class CoreSignature(wiring.Signature):
    """The ports of the core, from the core's side; see ``docs/accelerator.md``."""

    def __init__(self, config: CoreConfig):
        super().__init__(
            {
                "command": In(stream.Signature(CommandLayout)),
                **(
                    {"spike": Out(stream.Signature(spike_layout(config)))}
                    if config.spike_stream
                    else {}
                ),
                "write": In(WriteSignature()),
                "read": In(ReadSignature()),
                "idle": Out(1),
                "strobes": Out(strobes_layout(config)),
                "trace": Out(trace_layout(config)),
            }
        )


def synapse_layout(config: CoreConfig) -> data.StructLayout:
    """Return a word of ``SYNAPSE(lane, addr)``; a core that learns keeps its weights apart."""
    if config.distance_width:
        weight = signed(config.weight_width)
        return data.StructLayout({"distance": config.distance_width, "weight": weight})
    if config.plasticity:
        return data.StructLayout({"target": config.slot_width})
    return data.StructLayout({"target": config.slot_width, "weight": signed(config.weight_width)})


def row_layout(config: CoreConfig) -> data.StructLayout:
    """Return a word of ``ROW(lane, source)``.

    `left` is the length minus 2, so that its sign marks a row's last word; `empty` a row without
    words in this lane, `silent` one without words in any lane.
    """
    return data.StructLayout(
        {
            "start": config.pointer_width,
            "left": signed(config.left_width),
            "empty": 1,
            **({"silent": 1} if config.lanes > 1 else {}),
            **({"shift": config.shift_width} if config.shift_width else {}),
        }
    )


def threshold_layout(config: CoreConfig) -> data.StructLayout:
    """Return a word of ``THRESHOLD(lane, slot)``."""
    return data.StructLayout(
        {"threshold": signed(config.v_width), "refractory": config.refractory_width}
    )


def state_layout(config: CoreConfig) -> data.StructLayout:
    """Return a word of ``V(lane, slot)``: membrane, and steps the neuron is still held."""
    return data.StructLayout({"v": signed(config.v_width), "refractory": config.refractory_width})


def event_layout(config: CoreConfig) -> data.StructLayout:
    """Return one source whose row is to be delivered."""
    return data.StructLayout({"source": config.source_width, "is_input": 1})


def queue_layout(config: CoreConfig) -> data.StructLayout:
    """Return a word of the event queue: the sources of one slot, one mask bit a lane.

    An input event is the source ``slot * lanes + lane`` like a neuron, with `is_input`. With a
    spike stream `is_last` marks the end of a step's spikes and is no source.
    """
    return data.StructLayout(
        {
            "slot": config.source_width - config.lane_width,
            **({"mask": config.lanes} if config.lanes > 1 else {}),
            "is_input": 1,
            **({"is_last": 1} if config.spike_stream else {}),
        }
    )


def scan_layout(config: CoreConfig) -> data.StructLayout:
    """Return the scan's stages U0 .. U5, the same for every lane, and the `lead` stages before.

    ``slot[k]`` and bit `k` of `valid` belong to stage Uk, ``early_slot[k]`` and bit `k` of
    `early_valid` to the stage ``lead - k`` before U0; `clear` holds for a whole scan. `bank`
    is the sum bank that is scanned; without a double buffer, whether the only one is.
    """
    early = {
        "early_slot": data.ArrayLayout(config.slot_width, config.lead),
        "early_valid": config.lead,
    }
    return data.StructLayout(
        {
            "slot": data.ArrayLayout(config.slot_width, SCAN_STAGES),
            "valid": SCAN_STAGES,
            **(early if config.lead else {}),
            "clear": 1,
            "bank": 1,
        }
    )


def scan_stage(scan, config: CoreConfig, k: int) -> tuple:
    """Return the slot in a stage of the scan and whether there is one; `k` is -lead .. 5."""
    if k >= 0:
        return scan.slot[k], scan.valid[k]
    return scan.early_slot[config.lead + k], scan.early_valid[config.lead + k]


def sum_stage(config: CoreConfig) -> int:
    """Return the stage of the scan that addresses the sums; the next one clears them.

    That is two stages before they are wanted, by the currents or by the membranes.
    """
    return -1 if config.syn_width else 1


def unit_layout(config: CoreConfig) -> data.StructLayout:
    """Return a word of ``OUT_BIAS(0, unit)`` of a readout that is not linear.

    Where its sum begins, and by how much the complete sum is shifted right. What a spike adds to
    a filter stands behind the units as a bias.
    """
    return data.StructLayout({"bias": signed(config.readout.bias_width), "shift": 5})


def pick_layout(config: CoreConfig) -> data.StructLayout:
    """Return a word of ``OUT_NEURON(0, neuron)`` of a perceptron: its number among those read."""
    return data.StructLayout({"index": bits_for(config.readout.n_read), "read": 1})


def load_layout() -> data.StructLayout:
    """Return a word that is written into a memory of a lane or of the readout.

    `open` says that the core is idle: nothing else uses its memories, whether `valid` or not.
    """
    return data.StructLayout(
        {"open": 1, "valid": 1, "select": Select, "addr": ADDR_WIDTH, "data": DATA_WIDTH}
    )
