from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.model.config import NetworkConfig
from hrsnn_edge.model.topology import (
    connection_probability,
    draw_clusters,
    draw_inputs,
    draw_recurrent,
    draw_types,
    grid_positions,
)


def test_grid_by_hand():
    """Nine neurons lie in a cube of side 3, the last index fastest."""
    assert grid_positions(9).tolist()[:4] == [[0, 0, 0], [0, 0, 1], [0, 0, 2], [0, 1, 0]]
    assert grid_positions(27).max() == 2
    assert grid_positions(28).max() == 3


def test_probability_by_hand():
    """Eq. (2): amplitude by the types of source and target, by name; 0 for self."""
    config = NetworkConfig(n_neurons=8, wiring_length=2.0)
    inhibitory = np.array([False, True] + [False] * 6)
    p = connection_probability(config, inhibitory, slice(0, 8))
    near, far = np.exp(-1 / 4), np.exp(-3 / 4)
    assert p[0, 1] == pytest.approx(0.1 * near)  # E -> I, neighbours
    assert p[1, 0] == pytest.approx(0.3 * near)  # I -> E
    assert p[0, 2] == pytest.approx(0.2 * near)  # E -> E
    assert p[0, 7] == pytest.approx(0.2 * far)  # opposite corners of the cube
    assert p[3, 3] == 0
    both = connection_probability(config, np.ones(8, bool), slice(0, 8))
    assert both[0, 1] == pytest.approx(0.05 * near)  # I -> I


@given(seed=st.integers(0, 999), wiring=st.sampled_from(["distance", "small_world"]))
def test_rows_obey_dale(seed, wiring):
    """Every weight has the sign of its source, and no neuron connects to itself."""
    config = NetworkConfig(n_neurons=40, wiring=wiring, ring_density=0.2)
    inhibitory = draw_types(config, seed)
    rows = draw_recurrent(config, inhibitory, seed)
    assert inhibitory.sum() == 8
    assert (np.sign(rows.weights) == np.where(inhibitory, -1, 1)[rows.pre_idx]).all()
    assert (rows.pre_idx != rows.col_idx).all()


def test_mean_fan_out_is_that_of_the_equation():
    """The number of synapses is the sum of eq. (2), and weights have their means."""
    config = NetworkConfig(n_neurons=1000)
    inhibitory = draw_types(config, 1)
    rows = draw_recurrent(config, inhibitory, 1)
    wanted = connection_probability(config, inhibitory, slice(0, 1000)).sum()
    # Four standard deviations of a sum of independent draws, at most the root of its mean.
    assert abs(rows.nnz - wanted) < 4 * np.sqrt(wanted)
    e = ~inhibitory[rows.pre_idx]
    assert rows.weights[e].mean() == pytest.approx(0.05, rel=0.05)
    assert rows.weights[~e].mean() == pytest.approx(-0.8, rel=0.05)


def test_blocks_do_not_show():
    """Above one block of sources the wiring still follows the distance."""
    config = NetworkConfig(n_neurons=600)
    rows = draw_recurrent(config, draw_types(config, 0), 0)
    where = grid_positions(600)
    distance = np.linalg.norm(where[rows.pre_idx] - where[rows.col_idx], axis=1)
    assert distance[rows.pre_idx >= 512].max() < 9
    assert distance.mean() < 3.5


@pytest.mark.parametrize("rewired", [0.0, 1.0])
def test_small_world_degree(rewired):
    """Every neuron has its degree; without rewiring the targets are the neighbours on the ring."""
    config = NetworkConfig(
        n_neurons=50, wiring="small_world", ring_density=0.12, ring_rewired=rewired
    )
    rows = draw_recurrent(config, draw_types(config, 2), 2)
    assert (rows.fan_out == 6).all()
    ring = np.abs(rows.pre_idx - rows.col_idx)
    near = np.minimum(ring, 50 - ring) <= 3
    assert near.all() if rewired == 0 else near.mean() < 0.4


def test_inputs_reach_their_share():
    """A share of 0.3 receives; the mean fan-in holds, no receiver is deaf, weights are positive."""
    config = NetworkConfig(n_neurons=1000, input_share=0.3, input_fan_in=4)
    rows = draw_inputs(config, 200, 0)
    fan_in = rows.fan_in
    assert (fan_in > 0).sum() == 300
    assert abs(fan_in[fan_in > 0].mean() - 4) < 0.5
    assert (rows.weights > 0).all()
    everyone = draw_inputs(replace(config, input_share=1.0, input_fan_in=1), 200, 0)
    assert (everyone.fan_in > 0).all()


def test_variants_share_their_wiring():
    """Networks that differ in the neurons only have the same synapses."""
    a, b = NetworkConfig(n_neurons=60), NetworkConfig(n_neurons=60, neurons="hom")
    x, y = (draw_recurrent(c, draw_types(c, 4), 4) for c in (a, b))
    np.testing.assert_array_equal(x.weights, y.weights)
    np.testing.assert_array_equal(x.col_idx, y.col_idx)


def test_no_recurrence():
    """A recurrent scale of 0 leaves no synapses."""
    config = NetworkConfig(n_neurons=30, recurrent_scale=0)
    assert draw_recurrent(config, draw_types(config, 0), 0).nnz == 0


def test_clusters_are_dense_inside_and_sparse_between():
    """Clusters are equal blocks; between them the density is the asked share of that inside."""
    config = NetworkConfig(n_neurons=400, clusters=4, cluster_link=0.1, wiring_length=2.0)
    inhibitory = draw_types(config, 1)
    cluster = draw_clusters(config)
    assert (np.bincount(cluster) == 100).all()
    rows = draw_recurrent(config, inhibitory, 1)
    same = cluster[rows.pre_idx] == cluster[rows.col_idx]
    inside = same.sum() / (4 * 100 * 99)
    between = (~same).sum() / (12 * 100 * 100)
    assert between == pytest.approx(0.1 * inside, rel=0.15)
    sign = np.where(inhibitory, -1, 1)[rows.pre_idx]
    assert (sign * rows.weights > 0).all()


def test_one_cluster_is_the_plain_network():
    """Without clusters nothing is drawn differently, and clusters differ from each other."""
    config = NetworkConfig(n_neurons=60)
    assert draw_clusters(config) is None
    plain = draw_recurrent(config, draw_types(config, 2), 2)
    again = draw_recurrent(
        NetworkConfig(n_neurons=60, clusters=1, cluster_tau=(1.0, 2.0)), draw_types(config, 2), 2
    )
    assert (plain.weights == again.weights).all()
    split = NetworkConfig(n_neurons=60, clusters=2)
    dense = draw_recurrent(split, draw_types(split, 2), 2).to_dense() != 0
    assert (dense[:30, :30] != dense[30:, 30:]).any()
