"""The memory plan: every memory of the emitted design, and the blocks it takes."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.generate import emit_rtlil
from hrsnn_rtl.memory_plan import (
    MemorySpec,
    core_memories,
    link_memories,
    total_blocks,
    total_spram,
)
from hrsnn_rtl.top import Top
from hrsnn_sim.shapes import with_codebook, with_currents

from hrsnn_edge.network import IntFormat
from hrsnn_edge.reference.random import random_network, random_stdp
from hrsnn_edge.reference.random_features import random_mlp, random_traces

CASES = (
    {"lanes": 1},
    {"lanes": 2, "spike_stream": True},
    {"lanes": 4, "double_buffer": False},
    {"lanes": 1, "synapse_memory": "spram"},
    {"lanes": 2, "block_ram": "ICESTORM_RAM", "distributed": ("decays", "sums")},
)


def check_plan(config: CoreConfig) -> None:
    """Assert that the plan has the memories of the emitted design, and its single-port RAMs."""
    text = emit_rtlil(Top(config=config, uart_divisor=50, vendor_cells=True), "top")
    design = Counter(
        (int(depth), int(width))
        for width, depth in re.findall(r"memory width (\d+) size (\d+)", text)
    )
    plan = Counter()
    for spec in core_memories(config) + link_memories():
        if not spec.single_port:
            for depth in spec.depths:
                plan[depth, spec.width] += spec.copies
    assert plan == design
    assert total_spram(core_memories(config)) == text.count("cell \\SB_SPRAM256KA")


@pytest.mark.parametrize("options", CASES, ids=str)
@pytest.mark.parametrize("has_reset", [False, True])
def test_plan_lists_the_memories_of_the_design(options, has_reset):
    """The plan and the emitted design have the same memories, word for word and bit for bit."""
    fmt = IntFormat(v_width=14, weight_width=5, shift_width=2)
    net, _ = random_network(7, 40, 20, 10, fmt=fmt, n_out=5, n_bins=3, has_reset=has_reset)
    config = CoreConfig.for_network(net, n_steps=10, **options)
    check_plan(config)
    net = with_codebook(with_currents(net, 1, 17), 2, 20)
    for rows in (0, 20):
        check_plan(CoreConfig.for_network(net, n_steps=10, codebook_rows=rows, **options))


@pytest.mark.parametrize(
    "options",
    [
        {"lanes": 2},
        {"lanes": 1, "synapse_memory": "spram", "block_ram": "ICESTORM_RAM"},
        {"lanes": 1, "block_ram": "DP16KD"},
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", [1, 3])
def test_plan_of_a_core_that_learns(options, seed):
    """The same for cores that learn, inputs or all synapses."""
    net, _ = random_network(7, 40, 20, 10, fmt=IntFormat(v_width=14, weight_width=5), n_out=5)
    net, stdp = random_stdp(seed, net, plastic_in=True, plastic_rec=seed == 1, learn_shift=6)
    config = CoreConfig.for_network(net, n_steps=10, stdp=stdp, **options)
    check_plan(config)


@pytest.mark.parametrize("block_ram", ["", "DP16KD", "ICESTORM_RAM"])
@pytest.mark.parametrize("change", [random_mlp, random_traces])
def test_plan_of_other_readouts(change, block_ram):
    """The same for a perceptron and for filters."""
    for seed in range(4):
        net, _ = random_network(seed, 100, 20, 10, fmt=IntFormat(v_width=14, weight_width=5))
        config = CoreConfig.for_network(change(seed, net), n_steps=10, block_ram=block_ram)
        check_plan(config)


@pytest.mark.parametrize(
    ("spec", "dp16kd", "ebr", "spram"),
    [
        # 12 blocks of 1024 x 18 against 14 of 16384 x 1; 89 of 512 x 8 ... 6 x 7 of 2048 x 2.
        (MemorySpec("synapses", 1, 11346, 14), 12, 42, 0),
        # Four lanes of 2048 x 9, one block each, and five times 2048 x 2.
        (MemorySpec("synapses", 4, 2048, 9), 4, 20, 0),
        # Wide words: 512 x 36, and 3 of 512 x 8 rather than 2 x 2 of 256 x 16.
        (MemorySpec("rows", 1, 320, 24), 1, 3, 0),
        # Sixteen words are distributed RAM, where there is such a thing.
        (MemorySpec("biases", 1, 16, 21), 0, 2, 0),
        # 46 bits are cheaper in registers than in two blocks.
        (MemorySpec("biases", 1, 2, 23), 0, 0, 0),
        (MemorySpec("queues", 3, 4, 10, in_logic=True), 0, 0, 0),
        (MemorySpec("synapses", 2, 16385, 14, single_port=True), 0, 0, 4),
    ],
    ids=str,
)
def test_blocks_counted_by_hand(spec, dp16kd, ebr, spram):
    """Blocks are those of the best shape, summed over the copies."""
    assert (spec.blocks("DP16KD"), spec.blocks("ICESTORM_RAM")) == (dp16kd, ebr)
    assert spec.spram_blocks == spram


def test_total_is_the_sum():
    """The total counts every memory once."""
    specs = [MemorySpec("a", 2, 1024, 18), MemorySpec("b", 1, 1025, 18)]
    assert total_blocks(specs, "DP16KD") == 4
