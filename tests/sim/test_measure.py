"""Costs of a step come out of steps whose costs are known, and the core's are those promised."""

from pathlib import Path

import numpy as np
import pytest
from hrsnn_sim.measure import N_NEURONS, bench_core, relay_network, step_costs
from hrsnn_sim.measure_learning import N_STEPS, bench_plastic, learning_network

from hrsnn_edge.reference.network import run as run_reference


def test_costs_worked_by_hand():
    """Steps of max(scan, 1.5 SOPs + 2 spikes) + 7 cycles give back just these numbers."""
    sops, spikes = np.array([0, 300, 400, 600]), np.array([0, 10, 20, 15])
    cycles = np.maximum(100, 1.5 * sops + 2 * spikes) + 7
    costs = step_costs(cycles, sops, spikes, lanes=1, n_slots=100)
    assert costs["cycles_per_sop"] == pytest.approx(1.5)
    assert costs["cycles_per_spike_overhead"] == pytest.approx(2.0)
    assert costs["silent_step_cycles"] == 107
    # Beyond max(100, SOPs): 7; 450 + 20 + 7 - 300; 600 + 40 + 7 - 400; 900 + 30 + 7 - 600.
    assert costs["cycles_per_step_overhead"] == pytest.approx((7 + 177 + 247 + 337) / 4)
    with pytest.raises(ValueError, match="At least 3 steps"):
        step_costs(cycles, sops, spikes, lanes=8, n_slots=100)


def test_relay():
    """In the measured network exactly the neurons of the raster fire."""
    net, raster = relay_network(0.1, seed=2)
    assert (run_reference(net, raster[:60]).spikes == raster[:60]).all()
    assert abs(net.w_rec.nnz / N_NEURONS**2 - 0.1) < 0.01


@pytest.mark.tools
def test_one_lane():
    """One lane at a density of 10 % takes 1.02 cycles a SOP at most, and none extra for a spike."""
    (cost,) = bench_core((1,), (0.1,), root=Path(__file__).parents[2] / "build/sim")
    assert cost["cycles_per_sop"] <= 1.02
    assert cost["cycles_per_spike_overhead"] <= 0.05
    assert cost["silent_step_cycles"] <= N_NEURONS + 12


@pytest.mark.tools
def test_bench_plastic():
    """A learning core walks the synapses of all that fires and spends a cycle or more on each."""
    (found,) = bench_plastic((("bram", True),), (80.0,))
    net, _ = learning_network(1)
    mean = (net.w_in.nnz + net.w_rec.nnz) * 0.08 * N_STEPS
    assert 0.9 * mean < found["touched"] < 1.1 * mean
    assert found["weight_updates"] > found["touched"]
    assert 1.0 <= found["cycles_per_touched_synapse"] <= 1.5
