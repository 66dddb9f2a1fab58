"""The coverage counts what runs did, and a point that was never met is a hole."""

from pathlib import Path

import numpy as np
import pytest
from hrsnn_rtl.config import CoreConfig
from hrsnn_sim.bulk import Gaps
from hrsnn_sim.coverage import POINTS, Coverage
from hrsnn_sim.design import cover_points
from hrsnn_sim.random_runs import BUSY_SHARE, busy_network, verify_random
from hrsnn_sim.record import CoreRecord
from hrsnn_sim.shapes import SHAPES
from hrsnn_sim.verify import Job

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import IntNetwork, LinearReadout, SparseRows
from hrsnn_edge.reference.network import run as run_reference
from hrsnn_edge.reference.random import random_network

ROOT = Path(__file__).parents[2] / "build/sim"


def test_nothing_met_is_all_holes():
    """Without a run every point is a hole, and every point inside the core is a point."""
    assert Coverage().holes == list(POINTS)
    inside = {name for config in SHAPES.values() for name, _ in cover_points(config)}
    assert inside <= set(POINTS)


def test_worked_by_hand():
    """Two neurons, three steps: the counts are what one sees on paper."""
    # Channel 0 reaches both neurons (a full row of one lane), channel 1 nobody.
    net = IntNetwork(
        w_in=SparseRows.from_dense(np.array([[9, 9], [0, 0]], np.int32)),
        w_rec=SparseRows.from_dense(np.array([[0, 1], [0, 0]], np.int32)),
        shift_in=np.zeros(2, np.int32),
        shift_rec=np.zeros(2, np.int32),
        inhibitory=np.zeros(2, bool),
        decay=np.array([0, 255], np.int32),
        v_threshold=np.array([8, 100], np.int32),
        v_reset=np.zeros(2, np.int32),
        refractory_steps=np.array([1, 0], np.int32),
        readout=LinearReadout(np.array([[[5], [-7]]], np.int32), np.array([0], np.int32)),
    )
    config = CoreConfig.for_network(net, lanes=1, n_steps=3)
    raster = np.array([[1, 1], [0, 0], [1, 0]])
    run = run_reference(net, raster)
    assert run.spikes.tolist() == [[1, 0], [0, 0], [1, 0]]
    job = Job("hand", net, config, EventBatch.from_rasters([raster]), Gaps(spike=0.5))
    slots = np.empty((3, 2), np.int32), np.empty((3, 2), bool)
    slots[0][:, job.placement.index], slots[1][:, job.placement.index] = run.v, run.spikes
    zeros = np.zeros((3, 7), np.int64)
    early = zeros.copy()
    early[1, 0] = 1
    record = CoreRecord(
        slots[1], slots[0], np.zeros((0, 2)), run.out, early, zeros, zeros[:, 0], zeros[:, 0],
        np.zeros(0, np.uint32), np.array([3], np.int32), 100, 50, 4,
    )  # fmt: skip
    coverage = Coverage()
    coverage.add(job, record)
    met = {name: count for name, count in coverage.counts.items() if count}
    assert met == {
        "host takes spikes late": 1,
        "command waits for the core": 4,
        "event taken while a step runs": 1,
        "row of 0 words": 1,  # channel 1
        "row of 1 word": 2,  # neuron 0, twice
        "row of 2 words": 2,  # channel 0, twice
        "row of all slots": 2,
        "neuron held": 1,
        "step without events and spikes": 1,
        "event of every channel": 1,
        "decay of 0": 1,
        "decay at its greatest": 1,
        "last readout bin": 1,
        "1 lanes fire in one slot": 2,
        "core of 1 lanes": 1,
    }


def test_busy_network():
    """In a busy network nearly every neuron fires in every step."""
    net, raster = random_network(3, 20, 5, 10, has_reset=True)
    assert run_reference(busy_network(net), raster).spikes.mean() > 0.6 and BUSY_SHARE > 0


@pytest.mark.tools
def test_random_networks_are_counted():
    """Two dozen networks meet most points, those inside the core among them."""
    coverage = Coverage()
    verify_random(24, seed=2000, root=ROOT, observe=coverage.add).require_equal()
    assert coverage.counts["same target at distance 1"] > 0
    assert len(coverage.holes) < len(POINTS) / 4
