"""Homeostatic thresholds in integers."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.network import IntFormat
from hrsnn_edge.quantise.homeostasis import next_threshold, settle_thresholds
from hrsnn_edge.reference.random import random_network


def test_by_hand():
    """Four times the spikes double a threshold in a coarse round, by the fourth root in a fine."""
    assert next_threshold(1000, 75, 15, 5, fine=False) == 2000  # (75 + 5) / (15 + 5) = 4
    assert next_threshold(1000, 75, 15, 5, fine=True) == 1414
    assert next_threshold(1000, 0, 15, 5, fine=False) == 500


@given(st.integers(1, 2**23), st.integers(0, 10**7), st.integers(1, 10**7), st.integers(1, 10**6))
def test_moves_towards_the_target(threshold, spikes, target, soft):
    """A threshold rises only above the target, falls only below it, and a fine round less."""
    coarse = next_threshold(threshold, spikes, target, soft, fine=False)
    fine = next_threshold(threshold, spikes, target, soft, fine=True)
    if spikes >= target:
        assert threshold <= fine <= coarse
    else:
        assert coarse <= fine <= threshold


def test_settles_within_limits():
    """Neurons come nearer to the target rate, and no threshold leaves its limits."""
    fmt = IntFormat(weight_width=8, shift_width=0)
    net, raster = random_network(8, 40, 20, 60, fmt=fmt, density=0.3, has_reset=False)
    rng = np.random.default_rng(0)
    batch = EventBatch.from_rasters([rng.random(raster.shape) < 0.1 for _ in range(6)])
    net = replace(net, v_threshold=np.full(40, 60, np.int32), refractory_steps=np.zeros(40, int))
    limits = (np.full(40, 20), np.full(40, 2000))
    settled, history = settle_thresholds(net, batch, 30, 2, 12, limits)
    spikes = [run_batch(n, batch).spike_counts.sum(axis=(0, 1)) for n in (net, settled)]
    free = (settled.v_threshold > 20) & (settled.v_threshold < 2000)
    error = [np.abs(s - 30)[free].mean() for s in spikes]
    assert error[1] < error[0] / 2
    assert history[0] == spikes[0].sum()
    assert settled.v_threshold.min() >= 20 and settled.v_threshold.max() <= 2000
