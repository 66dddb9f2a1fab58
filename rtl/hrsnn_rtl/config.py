"""Generator values of the core: what it is built for, and what follows from that.

Port of the module: `CoreConfig`, taken by every block, so that a width cannot differ by accident.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import ExpSynapses, IntFormat, IntNetwork, IntStdp
from hrsnn_edge.plastic import greatest_network
from hrsnn_rtl.blocks import BLOCK_SHAPES, segments
from hrsnn_rtl.capacity import check_capacity, syn_width
from hrsnn_rtl.codebook import MAX_CODEBOOK_ROWS
from hrsnn_rtl.plasticity import DEFAULT_HISTORY, Plasticity
from hrsnn_rtl.readout_shapes import ReadoutShape, output_width, shape_from, shape_of

#: Bits of a `write` data word, the greatest width of any memory.
DATA_WIDTH = 36
#: Bits of a `write` or `read` address, and of the argument of a command.
ADDR_WIDTH = 16
ARG_WIDTH = 14
#: Words of one UP5K single-port RAM, and its width.
SPRAM_DEPTH = 16384
SPRAM_WIDTH = 16
#: Memories with a word for each neuron, in the order in which they best leave the block RAMs:
#: those that only the host writes first, then by their bits.
NEURON_MEMORIES = (
    "codes",
    "decays",
    "thresholds",
    "current decays",
    "resets",
    "sums",
    "currents",
    "membranes",
)
#: Those of them with the parameters, which a codebook replaces by its rows.
PARAMETER_MEMORIES = ("decays", "thresholds", "current decays", "resets")
#: Free places below which the event queue takes no more: what the scan pipeline may still hold
#: (ten neurons at most), two cycles of a registered flag and the events of those cycles, rounded
#: up.
QUEUE_MARGIN = 16


def bits_for(count: int) -> int:
    """Return the bits of an index below `count`, at least 1.

    >>> bits_for(1), bits_for(2), bits_for(256), bits_for(257)
    (1, 1, 8, 9)
    """
    return max(1, (count - 1).bit_length())


@dataclass(frozen=True, kw_only=True)
class CoreConfig:
    """Capacities and widths a core is built for.

    Any `IntNetwork` that needs no more can be loaded at run time; `v_width`, `v_shift` and the
    kind of reset are part of the arithmetic and must be those of the network.

    Parameters
    ----------
    lanes : int
        Lanes P, 1, 2, 4 or 8.
    n_slots : int
        Neurons a lane; the core has ``lanes * n_slots`` neurons.
    n_inputs : int
        Input channels.
    synapse_depth : int
        Synapses a lane.
    v_width, decay_width, weight_width, shift_width, v_shift, refractory_width : int
        As in `IntFormat`.
    has_reset : bool
        Whether a non-zero ``v_reset`` can be stored.
    syn_width : int
        Bits of a neuron's synaptic current; 0 builds none. Part of the arithmetic too.
    codebook_rows : int
        Rows of a codebook: different sets of parameters that the neurons may have, each of which
        is then the number of a row. 0 gives each neuron parameters of its own.
    subtracts : bool
        Whether a spike takes ``v_threshold - v_reset`` off the membrane instead of setting it.
    sum_width : int
        Bits of a neuron's sum of a step.
    n_out : int
        Readout outputs; 0 builds no readout.
    n_bins : int
        Parts of a run that the readout weighs apart.
    out_weight_width, out_width : int
        Bits of a readout weight and of an accumulator.
    out_lanes : int
        Outputs added in one cycle, a power of two.
    queue_depth : int
        Words of the event queue, a power of two.
    distance_width : int
        Bits of the distance to the target before in the row, which a synapse word then holds in
        place of its target (`hrsnn_rtl.distance`); 0 where it holds the target.
    synapse_memory : str
        ``"bram"``, or ``"spram"`` for the single-port RAMs of the UP5K.
    spike_stream : bool
        Whether the host may read the spikes.
    double_buffer : bool
        Whether the sums of two steps are held, so that a scan overlaps the next delivery.
    halt : bool
        Whether the registers and memories of the lanes stand still while the core has no work.
    block_ram : str
        Block RAM of the part, as of `BLOCK_SHAPES`, to cut memories into segments that waste
        little of it; "" leaves the cut to synthesis.
    distributed : tuple of str
        Memories of the neurons that lie in LUTs and not in block RAM, of `NEURON_MEMORIES`.
    plasticity : Plasticity, optional
        What the core learns with; without it weights stay. Scan and delivery take turns then, so
        there is no double buffer.
    readout : ReadoutShape, optional
        Of a readout that is not linear; `out_width` is then that of an output.
    """

    lanes: int
    n_slots: int
    n_inputs: int
    synapse_depth: int
    v_width: int
    decay_width: int
    weight_width: int
    shift_width: int = 0
    v_shift: int = 0
    refractory_width: int
    has_reset: bool = False
    syn_width: int = 0
    codebook_rows: int = 0
    subtracts: bool = False
    sum_width: int
    n_out: int
    n_bins: int = 1
    out_weight_width: int = 8
    out_width: int = 24
    out_lanes: int = 1
    queue_depth: int = 256
    distance_width: int = 0
    synapse_memory: str = "bram"
    spike_stream: bool = False
    double_buffer: bool = True
    halt: bool = False
    block_ram: str = ""
    distributed: tuple[str, ...] = ()
    plasticity: Plasticity | None = None
    readout: ReadoutShape | None = None

    #: Least and greatest value of each integer, beside those of `IntFormat`.
    LIMITS: ClassVar[dict[str, tuple[int, int]]] = {
        **IntFormat.LIMITS,
        "n_slots": (1, 4096),
        "n_inputs": (1, 1 << ARG_WIDTH),
        "synapse_depth": (1, 1 << ADDR_WIDTH),
        "syn_width": (0, ExpSynapses.WIDTHS[1]),
        "codebook_rows": (0, MAX_CODEBOOK_ROWS),
        "sum_width": (1, 24),
        "n_out": (0, 64),
        "n_bins": (1, 64),
        "out_width": (1, DATA_WIDTH),
        "queue_depth": (2 * QUEUE_MARGIN, 4096),
        "distance_width": (0, 12),
    }

    def __post_init__(self):
        """Check every value, and that every memory word and address fits the load port."""
        for name, (low, high) in self.LIMITS.items():
            value = getattr(self, name)
            if not isinstance(value, int):
                raise TypeError(f"{name} must be an integer, not {value!r}")
            if not low <= value <= high:
                raise ValueError(f"{name} must be between {low} and {high}, not {value}")
        for name, allowed in (
            ("lanes", (1, 2, 4, 8)),
            ("out_lanes", (1, 2, 4, 8)),
            ("synapse_memory", ("bram", "spram")),
            ("block_ram", ("", *BLOCK_SHAPES)),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {allowed}, not {getattr(self, name)!r}")
        least = ExpSynapses.WIDTHS[0]
        if 0 < self.syn_width < least:
            raise ValueError(f"syn_width must be 0 or at least {least}, not {self.syn_width}")
        if not set(self.distributed) <= set(NEURON_MEMORIES):
            raise ValueError(f"distributed must be of {NEURON_MEMORIES}, not {self.distributed}")
        if self.queue_depth & (self.queue_depth - 1):
            raise ValueError(f"queue_depth must be a power of two, not {self.queue_depth}")
        if not self.double_buffer and self.queue_depth < self.n_slots + QUEUE_MARGIN:
            raise ValueError(
                f"queue_depth must be at least {self.n_slots + QUEUE_MARGIN} without a double "
                f"buffer, not {self.queue_depth}"
            )
        for name, depth in (("Sources", self.n_sources), ("Readout weights", self.out_depth)):
            if depth > 1 << ADDR_WIDTH:
                raise CapacityError(
                    f"{name} must be at most {1 << ADDR_WIDTH}, not {depth}. "
                    "Prune neurons, read fewer of them, or take fewer bins."
                )
        if self.distance_width > self.slot_width:
            raise ValueError(
                f"distance_width must be at most {self.slot_width}, the bits of a slot, not "
                f"{self.distance_width}"
            )
        if self.plasticity:
            self._check_plasticity()
        if self.readout and self.out_lanes != 1:
            raise ValueError(f"out_lanes must be 1 with a {self.readout.kind} readout")
        if self.synapse_memory == "spram" and self.synapse_width > SPRAM_WIDTH:
            raise CapacityError(
                f"Synapse word must be at most {SPRAM_WIDTH} bits in SPRAM, not "
                f"{self.synapse_width} ({self.slot_width} of target, {self.weight_width} of "
                "weight). Take narrower weights or more lanes."
            )

    def _check_plasticity(self) -> None:
        """Check what a core that learns needs beyond the rest."""
        if self.halt:
            raise ValueError("halt must be off on a core that learns: it sweeps between commands")
        if self.double_buffer:
            raise ValueError("double_buffer must be off on a core that learns")
        if self.distance_width:
            raise ValueError(
                f"distance_width must be 0 on a core that learns, not {self.distance_width}"
            )
        owed, top = self.plasticity.owed_width, DATA_WIDTH
        if self.synapse_memory == "spram":
            # Two words stand side by side in at most three of the four RAMs.
            top = 3 * SPRAM_WIDTH // 2
        if self.magnitude_width + owed > top:
            raise CapacityError(
                f"Magnitude word must be at most {top} bits, not {self.magnitude_width + owed} "
                f"({self.magnitude_width} of magnitude, {owed} of owed depression). Take a smaller "
                "learn_shift or smaller learning rates."
            )

    @classmethod
    def for_network(
        cls,
        net: IntNetwork,
        *,
        lanes: int = 1,
        n_steps: int,
        placement=None,
        stdp: IntStdp | None = None,
        history: int = DEFAULT_HISTORY,
        overlap: bool = True,
        **options,
    ) -> CoreConfig:
        """Return the tight configuration of a network.

        Parameters
        ----------
        net : IntNetwork
            The network.
        lanes : int
            Lanes P.
        n_steps : int
            Longest run, which bounds the readout's accumulators.
        placement : Placement, optional
            Neurons to lanes; by default `hrsnn_rtl.placer.place` chooses.
        stdp : IntStdp, optional
            Learning constants, for a core that learns.
        history, overlap : int, bool
            As in `Plasticity`, for a core that learns.
        **options
            Any other field, e.g. ``synapse_memory="spram"`` or ``queue_depth=64``.
        """
        from hrsnn_rtl.distance import lane_words
        from hrsnn_rtl.placer import place

        # Refuses first what no core can have.
        shape = shape_of(net)
        width = options.get("distance_width", 0)
        placement = placement or place(net, lanes)
        fields = {
            "lanes": placement.lanes,
            "n_slots": placement.n_slots,
            "n_inputs": net.n_inputs,
            "synapse_depth": max(1, int(lane_words(net, placement, width).max())),
            **{name: getattr(net.fmt, name) for name in IntFormat.LIMITS},
            "has_reset": bool((net.v_reset != 0).any()),
            "syn_width": syn_width(net),
            "subtracts": net.reset == "subtract",
            "sum_width": net.sum_width,
            "n_out": net.readout.n_out,
            "n_bins": net.readout.n_bins,
            "out_width": output_width(net, n_steps) if net.readout.n_out else 1,
            "out_lanes": min(lanes, 1 << (max(1, net.readout.n_out).bit_length() - 1)),
        }
        if shape:
            fields |= {"readout": shape, "out_lanes": 1}
        if stdp is not None:
            # Weights grow, so the sums must hold the greatest ones.
            fields |= {
                "sum_width": greatest_network(net, stdp).sum_width,
                "plasticity": Plasticity.of(stdp, history, overlap),
                "double_buffer": False,
            }
        if not {**fields, **options}.get("double_buffer", True):
            fields["queue_depth"] = max(
                2 * QUEUE_MARGIN, 1 << (placement.n_slots + QUEUE_MARGIN - 1).bit_length()
            )
        config = cls(**(fields | options))
        if config.codebook_rows:
            config.check_holds(net)
        return config

    def check_holds(self, net: IntNetwork) -> None:
        """Raise `CapacityError` when the network needs more than the core has.

        The synapses of each lane depend on the placement and are checked with the images.
        """
        check_capacity(self, net)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CoreConfig:
        """Return the configuration whose `dataclasses.asdict` is `values`, e.g. from JSON."""
        values = dict(values)
        if values.get("plasticity"):
            values["plasticity"] = Plasticity(**values["plasticity"])
        values["readout"] = shape_from(values.get("readout"))
        values["distributed"] = tuple(values.get("distributed", ()))
        return cls(**values)

    def ram_options(self, name: str) -> dict:
        """Return the options of `Ram` for a memory, by its name in the memory plan."""
        return {"block": self.block_ram, "distributed": self.in_logic(name)}

    def in_logic(self, name: str) -> bool:
        """Return whether a memory is asked to lie in LUTs whatever its depth."""
        # Rows of a codebook are few; an iCE40 has no RAM in its LUTs.
        book = self.codebook_rows > 0 and self.block_ram != "ICESTORM_RAM"
        return name in self.distributed or (book and name in PARAMETER_MEMORIES)

    @property
    def late_load(self) -> bool:
        """Whether loaded words travel for a cycle: memories of many lanes lie all over the part."""
        return self.lanes > 1

    @property
    def late_words(self) -> bool:
        """Whether rows and synapses travel for a cycle, from segments that lie far apart."""
        if not self.block_ram or self.synapse_memory == "spram" or self.lanes == 1:
            return False
        return len(segments(self.synapse_depth, self.synapse_width, self.block_ram)) > 1

    @property
    def n_hw(self) -> int:
        """Neurons of the core, unused slots included."""
        return self.lanes * self.n_slots

    @property
    def n_sources(self) -> int:
        """Rows a lane: one for each neuron, then one for each input channel."""
        return self.n_hw + self.n_inputs

    @property
    def lead(self) -> int:
        """Stages of the scan before U0, which addresses the membranes."""
        return 2 * (self.syn_width > 0) + 2 * (self.codebook_rows > 0)

    @property
    def code_width(self) -> int:
        """Bits of the number of a row of the codebook."""
        return bits_for(self.codebook_rows)

    @property
    def parameter_depth(self) -> int:
        """Words of a memory of parameters: rows of the codebook, or slots."""
        return self.codebook_rows or self.n_slots

    @property
    def drive_width(self) -> int:
        """Bits of what drives a membrane in a step: a synaptic current, or a sum."""
        return self.syn_width or self.sum_width

    @property
    def drive_shift(self) -> int:
        """Left shift of what drives a membrane; a current has it already."""
        return 0 if self.syn_width else self.v_shift

    @property
    def lane_width(self) -> int:
        """Bits of a lane's number; 0 for one lane."""
        return self.lanes.bit_length() - 1

    @property
    def slot_width(self) -> int:
        """Bits of a slot."""
        return bits_for(self.n_slots)

    @property
    def source_width(self) -> int:
        """Bits of a source number."""
        return max(bits_for(self.n_sources), self.lane_width + 1)

    @property
    def index_width(self) -> int:
        """Bits of a neuron's hardware index."""
        return self.slot_width + self.lane_width

    @property
    def pointer_width(self) -> int:
        """Bits of a synapse address."""
        return bits_for(self.synapse_depth)

    @property
    def left_width(self) -> int:
        """Bits, sign included, of a row's length minus 2."""
        return bits_for(max(1, self.n_slots - 1)) + 1

    @property
    def synapse_width(self) -> int:
        """Bits of a synapse word: target slot or distance and, unless it learns, weight."""
        target = self.distance_width or self.slot_width
        return target + (0 if self.plasticity else self.weight_width)

    @property
    def learns(self) -> bool:
        """Whether weights change by STDP."""
        return self.plasticity is not None

    @property
    def magnitude_width(self) -> int:
        """Bits of a magnitude on a core that learns."""
        return self.weight_width + self.plasticity.learn_shift

    @property
    def addend_width(self) -> int:
        """Bits of a weight after the shift of its row."""
        return self.weight_width + (1 << self.shift_width) - 1

    @property
    def out_words(self) -> int:
        """Readout cycles a spike."""
        return -(-self.n_out // self.out_lanes)

    @property
    def n_out_padded(self) -> int:
        """Readout outputs, rounded up to a whole number of readout cycles."""
        return self.out_words * self.out_lanes

    @property
    def readout_kind(self) -> int:
        """Number of the readout's kind: 0 linear, 1 perceptron, 2 filters."""
        return self.readout.code if self.readout else 0

    @property
    def layers(self) -> tuple[tuple[int, int], ...]:
        """Inputs and units of each layer of a readout that is not linear."""
        return self.readout.layers(self.n_bins, self.n_hw, self.n_out)

    @property
    def out_depth(self) -> int:
        """Readout weights of all lanes together."""
        if self.readout:
            return sum(inputs * units for inputs, units in self.layers)
        return self.n_bins * self.n_hw * self.n_out_padded

    @property
    def operand_depth(self) -> int:
        """Words that the layers read: inputs of the first one, then the hidden units."""
        return self.layers[0][0] + sum(units for _, units in self.layers[:-1])

    @property
    def neuron_words(self) -> tuple[int, int]:
        """Words that a readout that is not linear has for the neurons, and their bits."""
        return self.readout.neuron_words(self.n_hw)

    @property
    def unit_depth(self) -> int:
        """Words of the biases: one a unit, then one a filter's step."""
        units = sum(units for _, units in self.layers)
        return units + getattr(self.readout, "n_filters", 0)
