"""The schedule: steps worked by hand, and the cycles of the compiled core."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hrsnn_boards.accuracy import cycle_errors
from hrsnn_boards.schedule import (
    AROUND,
    ASK_TAIL,
    DECAYED,
    EVENT_LATENCY,
    FILTER_TAIL,
    READOUT_TAIL,
    RESTED,
    ROW_LATENCY,
    SPIKE_LATENCY,
    TAIL,
    UNIT_CYCLES,
    Schedule,
)
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.placer import Placement

from hrsnn_edge.network import IntFormat
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.random_features import random_mlp, random_traces

NONE = np.zeros(0, np.int64)


def schedule(work, n_slots: int, *, lanes: int = 1, **options) -> Schedule:
    """Return a schedule with given work of each source; neurons fill the slots of every lane."""
    net, _ = random_network(1, n_slots * lanes, 3, 2, fmt=IntFormat(), n_out=2, n_bins=1)
    placement = Placement(
        lanes, n_slots, np.arange(n_slots * lanes) % lanes, np.arange(n_slots * lanes) // lanes
    )
    config = CoreConfig.for_network(net, lanes=lanes, n_steps=2, placement=placement, **options)
    return Schedule(config, placement, np.array(work, np.int64), net.readout)


def test_silent_step():
    """A step in which nothing happens is its scan and 6 cycles, as measured; marks take longer."""
    assert schedule(np.zeros((19, 2)), 16).step(NONE, NONE) == 16 + 6
    marked = schedule(np.zeros((19, 2)), 16, spike_stream=True)
    assert marked.step(NONE, NONE) == 16 + 9
    assert marked.step(NONE, NONE, clear=True) == 16 + 6


def test_rows_follow_each_other():
    """Rows begin when their spike has come through, and then stream without a gap."""
    work = np.zeros((19, 2), np.int64)
    work[2], work[5], work[7] = (30, 1), (20, 1), (1, 1)
    found = schedule(work, 16).step(np.array([7, 2, 5]), NONE)
    assert found == 2 + SPIKE_LATENCY + AROUND + ROW_LATENCY + 30 + 20 + 1 + TAIL
    # Without a second bank the first row waits for the whole scan.
    found = schedule(work, 16, double_buffer=False).step(np.array([2]), NONE)
    assert found == 16 + ROW_LATENCY + 30 + TAIL


def test_slowest_lane_counts():
    """Lanes work side by side; events come one a cycle from the command on."""
    work = np.zeros((19, 3), np.int64)
    work[16], work[17] = (40, 3, 0), (5, 60, 0)
    found = schedule(work, 8, lanes=2).step(NONE, np.array([0, 1]))
    assert found == EVENT_LATENCY + AROUND + ROW_LATENCY + 3 + 60 + TAIL


def test_words_that_travel():
    """Where rows and synapses travel for a cycle each, a step takes two more."""
    work = np.zeros((83, 3), np.int64)
    work[2] = (200, 1, 0)
    near, far = (schedule(work, 40, lanes=2, block_ram=block) for block in ("", "ICESTORM_RAM"))
    assert far.config.late_words and not near.config.late_words
    assert far.step(np.array([2]), NONE) == near.step(np.array([2]), NONE) + 2


def test_readout_holds_up_the_lanes():
    """A readout that falls behind by more than its queue holds up every source."""
    work = np.tile([1, 10], (19, 1))
    found = schedule(work, 16).step(np.arange(16), NONE)
    assert found == SPIKE_LATENCY + AROUND + ROW_LATENCY + 160 + READOUT_TAIL


def asked_schedule(change, n_slots: int, work, **sizes) -> Schedule:
    """Return the schedule of a network of one lane with a readout that is computed when asked."""
    net, _ = random_network(1, n_slots, 3, 2, fmt=IntFormat(), n_out=2)
    net = change(1, net, **sizes)
    config = CoreConfig.for_network(net, n_steps=2)
    placement = Placement(1, n_slots, np.zeros(n_slots, int), np.arange(n_slots))
    return Schedule(config, placement, np.array(work, np.int64), net.readout)


def test_perceptron_by_hand():
    """A unit takes its inputs, its shift and 4 cycles more, and begins when spikes are counted."""
    work = np.tile([0, 1], (19, 1))
    found = asked_schedule(random_mlp, 16, work, n_read=5, n_bins=2, hidden=(3,), act_width=8)
    shift = found.readout.layers[0].shift
    cycles = 3 * (10 + shift + UNIT_CYCLES) + 2 * (3 + UNIT_CYCLES)
    assert found.evaluation_cycles == cycles
    assert found.step(NONE, NONE) == 16 + 6
    assert found.step(NONE, NONE, asked=True) == 16 + 6 + cycles + ASK_TAIL
    spike = SPIKE_LATENCY + 15 + AROUND + ROW_LATENCY + 1
    assert found.step(np.array([15]), NONE, asked=True) == spike + RESTED + cycles + ASK_TAIL


def test_filters_by_hand():
    """All filters decay in a step, then each spike raises its own; a map multiplies them all."""
    work = np.tile([0, 2], (19, 1))
    sizes = {"n_filters": 2, "trace_width": 9, "decay_width": 9}
    found = asked_schedule(random_traces, 16, work, squares=False, **sizes)
    assert found.step(NONE, NONE) == found.step(NONE, NONE, clear=True) == 32 + 7
    assert found.step(np.array([0, 1, 2]), NONE) == 32 + DECAYED + 3 * 2 + FILTER_TAIL
    cycles = 2 * (32 + found.readout.out_shift + UNIT_CYCLES)
    assert found.step(NONE, NONE, asked=True) == 32 + DECAYED - 1 + cycles + ASK_TAIL
    squares = asked_schedule(random_traces, 16, work, squares=True, **sizes)
    cycles = 2 * (64 + squares.readout.out_shift + UNIT_CYCLES) + 32 + DECAYED
    assert squares.evaluation_cycles == cycles


@pytest.mark.slow
@pytest.mark.tools
def test_compiled_core():
    """On random networks the cycles are within 2 % of the compiled core's, on average over each."""
    root = Path(__file__).parents[2] / "build/sim"
    rows = list(cycle_errors(20, lambda text: None, root))
    assert len(rows) >= 20
    assert np.mean([abs(row["error_percent"]) for row in rows]) < 2
