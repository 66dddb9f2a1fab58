"""Activity of the core: what changes is counted where it changes, and the counters are its own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hrsnn_sim.activity import measure_activity
from hrsnn_sim.bulk import Gaps

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.network import IntFormat, SparseRows
from hrsnn_edge.reference.random import random_network

pytestmark = [pytest.mark.tools, pytest.mark.slow]
ROOT = Path(__file__).parents[2] / "build/sim"


def case():
    net, raster = random_network(7, 16, 8, 10, fmt=IntFormat(), n_out=3, n_bins=2, has_reset=False)
    return net, EventBatch.from_rasters([raster, raster])


def test_counters_and_blocks():
    """The counters are the engine's; a silent network's synapses change nothing."""
    net, batch = case()
    found = measure_activity(net, batch, root=ROOT)
    want = run_batch(net, batch).counts
    assert found.counts == sum(want[1:], start=want[0])
    blocks = {block.block: block for block in found.blocks}
    assert blocks["lane.lif"].toggles > blocks["queue"].toggles > 0
    assert blocks["lane.ram_decay"].bits >= 16 * net.fmt.decay_width
    assert found.inferences == 2 and found.cycles > 20 * 16

    silent = replace(net, w_in=SparseRows.from_dense(np.zeros((8, 16), np.int32)))
    quiet = measure_activity(
        replace(silent, v_threshold=np.full(16, (1 << 15) - 1, np.int32)), batch, root=ROOT
    )
    assert not quiet.counts.spikes and not quiet.counts.sop_in
    toggles = {block.block: block.toggles for block in quiet.blocks}
    assert toggles.get("lane.ram_synapse", 0) == toggles["lane.accumulate"] == 0
    total = sum(block.toggles for block in found.blocks)
    assert sum(toggles.values()) < total / 2


def test_lanes_stand_still():
    """A halted core does the same work in the same cycles; its lanes rest while the host does."""
    net, batch = case()
    slow = Gaps(command=0.99, seed=3)
    plain = measure_activity(net, batch, gaps=slow, root=ROOT)
    found = measure_activity(net, batch, gaps=slow, halt=True, root=ROOT)
    assert (found.counts, found.cycles) == (plain.counts, plain.cycles)
    assert plain.halted == 0 and found.halted > found.cycles / 3
