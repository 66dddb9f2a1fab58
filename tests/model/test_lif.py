from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.model.config import NetworkConfig
from hrsnn_edge.model.lif import build_network, draw_tau, gamma_clipped, lif_step
from hrsnn_edge.model.topology import draw_clusters, draw_types


@given(
    mean=st.floats(3, 150),
    cv=st.sampled_from([0.0, 0.2, 0.577, 1.0, 2.0]),
    size=st.integers(1, 300),
    seed=st.integers(0, 999),
)
def test_mean_holds_after_clipping(mean, cv, size, seed):
    """Clipped Gamma draws have the wanted mean exactly and stay inside the clip."""
    out = gamma_clipped(np.random.default_rng(seed), mean, cv, size, (2.0, 200.0))
    assert out.mean() == pytest.approx(mean, rel=1e-9)
    assert out.min() >= 2 and out.max() <= 200


def test_gamma_without_upper_limit():
    """An open upper limit is allowed, and the spread is the wanted one."""
    out = gamma_clipped(np.random.default_rng(0), 3e-4, 0.5, 4000, (0.0, np.inf))
    assert out.mean() == pytest.approx(3e-4)
    assert out.std() / out.mean() == pytest.approx(0.5, rel=0.05)


def test_mean_outside_the_clip_is_refused():
    """A mean that no clipped draw can have is refused."""
    with pytest.raises(ValueError, match=r"between 2 and 9, the clip, not 1"):
        gamma_clipped(np.random.default_rng(0), 1, 0.5, 4, (2, 9))


@pytest.mark.parametrize("law", ["uniform", "normal"])
def test_variants_are_matched_in_mean(law):
    """Heterogeneous and homogeneous neurons have equal means of everything that is drawn."""
    het, hom = (
        build_network(NetworkConfig(n_neurons=60, neurons=n, threshold_law=law), 9, 5)
        for n in ("het", "hom")
    )
    for part in (het.inhibitory, ~het.inhibitory):
        assert het.tau_mem[part].mean() == pytest.approx(hom.tau_mem[part].mean())
        assert het.tau_mem[part].std() > 1 and np.ptp(hom.tau_mem[part]) == 0
    assert het.v_threshold.mean() == pytest.approx(hom.v_threshold.mean())
    assert het.v_threshold.std() == pytest.approx(12**-0.5, rel=0.25)
    assert het.refractory_steps.mean() == hom.refractory_steps.mean() == 2
    assert sorted(np.unique(het.refractory_steps)) == [1, 2, 3]


def test_same_seed_same_bytes():
    """The same seed gives the same network, byte for byte; another one does not."""

    def bytes_of(seed):
        net = build_network(NetworkConfig(n_neurons=50), 9, seed)
        arrays = (net.tau_mem, net.v_threshold, net.w_in.weights, net.w_rec.weights)
        return b"".join(a.tobytes() for a in arrays)

    assert bytes_of(3) == bytes_of(3)
    assert bytes_of(3) != bytes_of(4)


def test_floor_is_in_units_of_the_threshold():
    """The floor is a multiple of each neuron's threshold, or the same for all."""
    net = build_network(NetworkConfig(n_neurons=20, floor=-2.0), 4, 0)
    np.testing.assert_allclose(net.v_floor, -2 * net.v_threshold)
    net = build_network(NetworkConfig(n_neurons=20, floor=-2.0, floor_unit="one"), 4, 0)
    np.testing.assert_array_equal(net.v_floor, np.full(20, -2.0))


def test_step_by_hand():
    """One step of four neurons: below, at and above threshold, and one held in its refractory."""
    config = NetworkConfig(
        n_neurons=4,
        neurons="hom",
        tau_e_mean=1 / np.log(2),
        tau_range=(1, 99),
        inhibitory_share=0.0,
    )
    net = build_network(config, 2, 0)
    v, wait, spike = lif_step(
        np.array([0.5, 1.0, 0.5, 0.0]), np.array([0, 0, 0, 2]), np.array([0.5, 0.5, 9.0, 9.0]), net
    )
    assert spike.tolist() == [False, True, True, False]
    assert v.tolist() == pytest.approx([0.75, 0.0, 0.0, 0.0])
    assert wait.tolist() == [0, 2, 2, 1]


def test_clusters_have_their_own_time_constants():
    """Cluster means are log-spaced, inhibitory ones in the network's ratio; one mean if hom."""
    config = NetworkConfig(
        n_neurons=600, clusters=3, cluster_tau=(10.0, 40.0), tau_e_mean=30, tau_i_mean=15
    )
    inhibitory = draw_types(config, 0)
    cluster = draw_clusters(config)
    tau = draw_tau(config, inhibitory, 0)
    for c, mean in enumerate((10, 20, 40)):
        assert tau[~inhibitory & (cluster == c)].mean() == pytest.approx(mean)
        assert tau[inhibitory & (cluster == c)].mean() == pytest.approx(mean / 2)
    hom = draw_tau(replace(config, neurons="hom"), inhibitory, 0)
    assert (hom == np.where(inhibitory, 15, 30)).all()
    assert (build_network(config, 4, 0).cluster == cluster).all()
