"""Which memories a design has, and how many RAM blocks of a part they take.

Known from the generator values alone, so a network that does not fit is refused before synthesis.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hrsnn_rtl.blocks import WITH_DISTRIBUTED_RAM, blocks, blocks_of_one, segments
from hrsnn_rtl.config import SPRAM_DEPTH, SPRAM_WIDTH, CoreConfig
from hrsnn_rtl.core import SPIKE_QUEUE_DEPTH
from hrsnn_rtl.interfaces import (
    event_layout,
    queue_layout,
    row_layout,
    spike_layout,
    state_layout,
    threshold_layout,
    unit_layout,
)
from hrsnn_rtl.lane import queue_depth
from hrsnn_rtl.memory import DISTRIBUTED_DEPTH
from hrsnn_rtl.paired import rams_for
from hrsnn_rtl.plastic_lane import carried_layout
from hrsnn_rtl.plasticity import (
    limit_layout,
    loss_layout,
    magnitude_layout,
    rule_layout,
    source_layout,
)
from hrsnn_rtl.registers import MAX_WORDS, MEMORY_WORDS
from hrsnn_rtl.replay import n_tables
from hrsnn_rtl.stdp import raise_layout
from hrsnn_rtl.walk import held_layout

#: What a block RAM costs in synthesis, in bits of registers (brams.txt of Yosys for the iCE40).
BLOCK_COST = 64


@dataclass(frozen=True)
class MemorySpec:
    """A memory, or several alike.

    Attributes
    ----------
    name : str
        What it holds.
    copies, depth, width : int
        How many there are; words and bits of each.
    single_port : bool
        Whether it is in the single-port RAMs of an UP5K.
    in_logic : bool
        Whether it is in LUTs whatever its depth.
    block : str
        The block RAM it is cut for; "" leaves the cut to synthesis.
    in_block : bool
        Whether it is in block RAM whatever its depth.
    """

    name: str
    copies: int
    depth: int
    width: int
    single_port: bool = False
    in_logic: bool = False
    block: str = ""
    in_block: bool = False

    @property
    def bits(self) -> int:
        """Bits of all copies."""
        return self.copies * self.depth * self.width

    @property
    def depths(self) -> tuple[int, ...]:
        """Depths of the memories that one copy is made of."""
        whole = not self.block or self.in_logic or self.depth <= DISTRIBUTED_DEPTH
        return (self.depth,) if whole else segments(self.depth, self.width, self.block)

    def blocks(self, block: str) -> int:
        """Return the blocks named `block` that all copies take.

        >>> MemorySpec("synapses", 1, 11346, 14).blocks("DP16KD")
        12
        >>> MemorySpec("rows", 1, 320, 24).blocks("ICESTORM_RAM")
        3
        """
        few = self.depth <= DISTRIBUTED_DEPTH and not self.in_block
        small = block in WITH_DISTRIBUTED_RAM and few
        if self.single_port or self.in_logic or small:
            return 0
        if few:
            # Without a wish, synthesis takes registers where they cost no more than blocks.
            count = blocks_of_one(self.depth, self.width, block)
            return 0 if self.depth * self.width <= BLOCK_COST * count else self.copies * count
        count = blocks if self.block else blocks_of_one
        return self.copies * count(self.depth, self.width, block)

    @property
    def spram_blocks(self) -> int:
        """Single-port RAMs that all copies take."""
        return self.copies * -(-self.depth // SPRAM_DEPTH) if self.single_port else 0


def core_memories(config: CoreConfig) -> list[MemorySpec]:
    """Return the memories of a core."""
    c = config

    def spec(name: str, copies: int, depth: int, width: int, single_port: bool = False):
        return MemorySpec(name, copies, depth, width, single_port, c.in_logic(name), c.block_ram)

    specs = [
        spec("synapses", c.lanes, c.synapse_depth, c.synapse_width, c.synapse_memory == "spram"),
        spec("rows", c.lanes, c.n_sources, row_layout(c).size),
        spec("sums", c.lanes * (2 if c.double_buffer else 1), c.n_slots, c.sum_width),
        spec("membranes", c.lanes, c.n_slots, state_layout(c).size),
        spec("decays", c.lanes, c.parameter_depth, c.decay_width),
        spec("thresholds", c.lanes, c.parameter_depth, threshold_layout(c).size),
        MemorySpec("event queue", 1, c.queue_depth, queue_layout(c).size),
    ]
    if c.plasticity:
        specs += plastic_memories(c)
    if c.syn_width:
        specs += [
            spec("currents", c.lanes, c.n_slots, c.syn_width),
            spec("current decays", c.lanes, c.parameter_depth, c.decay_width),
        ]
    if c.has_reset:
        specs.append(spec("resets", c.lanes, c.parameter_depth, c.v_width))
    if c.codebook_rows:
        specs.append(spec("codes", c.lanes, c.n_slots, c.code_width))
    if c.readout:
        specs += [
            spec("readout weights", 1, c.out_depth, c.out_weight_width),
            spec("readout biases", 1, c.unit_depth, unit_layout(c).size),
            spec("readout neurons", 1, *c.neuron_words),
            spec("readout operands", 1, c.operand_depth, c.readout.operand_width),
            MemorySpec("readout outputs", 1, c.n_out, c.out_width),
        ]
    elif c.n_out:
        depth = c.out_depth // c.out_lanes
        specs += [
            spec("readout weights", c.out_lanes, depth, c.out_weight_width),
            spec("readout biases", c.out_lanes, c.out_words, c.out_width),
            MemorySpec("readout sums", c.out_lanes, c.out_words, c.out_width),
        ]
    # A single lane that learns takes its sources from the event queue.
    queues = (0 if c.plasticity and c.lanes == 1 else c.lanes) + (1 if c.n_out else 0)
    width = event_layout(c).size
    specs.append(MemorySpec("lane queues", queues, queue_depth(c), width, in_logic=True))
    if c.spike_stream:
        width = spike_layout(c).size
        specs.append(MemorySpec("spike queue", 1, SPIKE_QUEUE_DEPTH, width, in_logic=True))
    return specs


def plastic_memories(config: CoreConfig) -> list[MemorySpec]:
    """Return what the lanes of a core that learns have beyond the others."""
    c, p = config, config.plasticity

    def spec(name: str, depth: int, width: int, block: str = "", **options) -> MemorySpec:
        return MemorySpec(name, c.lanes, depth, width, block=block, **options)

    magnitude = magnitude_layout(c).size
    specs = [
        spec("source rules", c.n_sources, rule_layout(p).size, c.block_ram),
        spec("limits", c.n_sources, limit_layout(c).size, c.block_ram),
        spec("sources", c.n_sources, source_layout(p).size),
        *2 * [spec("gains", n_tables(c) * p.history, p.gain_width)],
        spec("trace decays", c.n_slots, p.decay_width),
        spec("trace etas", c.n_slots, p.eta_width),
        spec("traces", c.n_slots, p.trace_width),
        # Of two steps, for the scan and for the walk.
        *(
            2 * [spec("histories", 2 * c.n_slots, p.history)]
            if p.overlap
            else [spec("histories", c.n_slots, p.history)]
        ),
        spec("losses", c.n_slots, loss_layout(p).size),
    ]
    if c.synapse_memory == "spram":
        pairs = [spec("magnitudes", -(-c.synapse_depth // 2), SPRAM_WIDTH, single_port=True)]
        specs += rams_for(magnitude) * pairs
    else:
        specs.append(spec("magnitudes", c.synapse_depth, magnitude, c.block_ram))
    if c.block_ram != "ICESTORM_RAM":
        specs += [
            spec("late tokens", 8, carried_layout(c).size, in_logic=True),
            spec("late targets", 4, c.slot_width, in_logic=True),
            spec("masks", n_tables(c), p.history, in_block=True),
            spec("walked rows", n_tables(c), held_layout(c).size, in_block=True),
        ]
        if p.plastic_in:
            specs.append(spec("late sums", 4, raise_layout(c).size, in_logic=True))
    return specs


def link_memories() -> list[MemorySpec]:
    """Return the memories of the host link: registers with counters, and the last frame."""
    return [
        MemorySpec("registers", 1, MEMORY_WORDS, 32),
        MemorySpec("frames", 1, 8 * MAX_WORDS, 8),
    ]


def total_blocks(specs: Iterable[MemorySpec], block: str) -> int:
    """Return the blocks named `block` that memories take together."""
    return sum(spec.blocks(block) for spec in specs)


def total_spram(specs: Iterable[MemorySpec]) -> int:
    """Return the single-port RAMs that memories take together."""
    return sum(spec.spram_blocks for spec in specs)
