import numpy as np
import pytest

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.model.config import NetworkConfig, PlasticityConfig
from hrsnn_edge.model.lif import build_network
from hrsnn_edge.model.stdp import all_rows, draw_stdp, mean_by_kind, run_stdp, source_kind

NET = build_network(NetworkConfig(n_neurons=60, input_weight=1.0), 12, 7)


@pytest.mark.parametrize("name", ["tau_plus", "tau_minus", "eta_plus", "eta_minus", "weight_max"])
def test_constants_are_matched_in_mean(name):
    """Heterogeneous and homogeneous constants have the same mean."""
    het, hom = (
        getattr(draw_stdp(PlasticityConfig(synapses=s), NET, 1), name) for s in ("het", "hom")
    )
    assert het.mean() == pytest.approx(hom.mean())
    assert (het.std() > 0.3 * het.mean()) or name == "weight_max"


def test_greatest_weight_goes_by_kind():
    """The greatest weight of a source is a multiple of the mean initial weight of its kind."""
    stdp = draw_stdp(PlasticityConfig(weight_max=3.0), NET, 0)
    kind = source_kind(NET)
    rows = all_rows(NET)
    for k in range(3):
        mean = np.abs(rows.weights[kind[rows.pre_idx] == k]).mean()
        assert mean_by_kind(NET)[k] == pytest.approx(mean)
        assert stdp.weight_max[kind == k] == pytest.approx(3 * mean)


def test_codebook_holds_the_means():
    """The rows of a codebook are equally likely and have the mean of the law."""
    book = draw_stdp(PlasticityConfig(carrier="synapse", tau_plus=25.0), NET, 0).codebook
    assert book.tau_plus.size == 8
    assert book.tau_plus.mean() == pytest.approx(25.0)
    assert np.ptp(book.tau_plus) > 20
    assert book.index_plus.size == NET.w_in.nnz + NET.w_rec.nnz
    assert set(book.index_plus) == set(range(8))
    assert book.eta_minus.mean() == pytest.approx(1.05 * book.eta_plus.mean())


def test_normalisation_keeps_incoming_sums():
    """After learning, each neuron's incoming sum of each kind is what it was."""
    rng = np.random.default_rng(0)
    events = EventBatch.from_rasters([rng.random((80, 12)) < 0.1 for _ in range(4)])
    # A high bound: a weight clipped while rescaling would leave the sum short.
    config = PlasticityConfig(eta=1e-4, weight_max=30.0)
    after, spikes = run_stdp(NET, draw_stdp(config, NET, 0), events)
    assert spikes.sum() > 50
    kind = source_kind(NET)
    for k in range(3):
        sums = []
        for net in (NET, after):
            rows = all_rows(net)
            part = kind[rows.pre_idx] == k
            sums.append(np.bincount(rows.col_idx[part], rows.weights[part], minlength=60))
        np.testing.assert_allclose(sums[0], sums[1], rtol=1e-9, atol=1e-12)
    assert np.corrcoef(NET.w_in.weights, after.w_in.weights)[0, 1] < 1 - 1e-6


def test_eta_scale_of_zero_learns_nothing():
    """A factor of 0 on all changes leaves the weights alone."""
    events = EventBatch.from_rasters([np.random.default_rng(1).random((50, 12)) < 0.2])
    config = PlasticityConfig(normalise=False, weight_max=30.0)
    after, _ = run_stdp(NET, draw_stdp(config, NET, 0), events, np.zeros(1))
    np.testing.assert_array_equal(after.w_in.weights, NET.w_in.weights)
