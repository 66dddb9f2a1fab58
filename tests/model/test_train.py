from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.data.digits import load_digits
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.model import train as training
from hrsnn_edge.model.config import ModelConfig, ReadoutConfig
from hrsnn_edge.model.train import (
    baselines,
    best_score,
    evaluate,
    input_counts,
    readout_samples,
    train,
)

SMALL = ModelConfig().with_values(
    {
        "network.n_neurons": 60,
        "rate.target_hz": 60.0,
        "rate.homeostasis_rounds": 4,
        "plasticity.samples": 120,
        "readout.n_bins": 1,
    }
)


@pytest.fixture(scope="module")
def digits():
    data = load_digits(n_steps=24, code="regular")
    return data, data.train.select(np.arange(400))


def test_small_network_learns_the_digits(digits):
    """Sixty neurons read ten digits far above chance, and the record says how it went."""
    data, part = digits
    stages = []
    net, record = train(SMALL, part, n_classes=10, seed=0, progress=stages.append)
    assert evaluate(net, data.test) > 0.8
    assert stages == ["draw", "calibrate", "homeostasis", "stdp", "homeostasis", "readout"]
    assert list(record.stages) == ["calibrated", "stdp", "settled"]
    assert record.stages["settled"]["rate_hz"] == pytest.approx(60, rel=0.2)
    assert record.train_accuracy > 0.9
    assert -1 < record.weight_change["input"] < 1
    assert len(record.rate_history["stdp"]) == 3
    assert record.untrained.readout is None and record.stdp is not None


def test_same_seed_same_bytes(digits):
    """Two fits with one seed are equal, byte for byte."""
    _, part = digits
    nets = [train(SMALL, part, n_classes=10, seed=5)[0] for _ in range(2)]
    for name in ("v_threshold", "tau_mem", "v_floor"):
        assert getattr(nets[0], name).tobytes() == getattr(nets[1], name).tobytes()
    for get in (lambda n: n.w_in.weights, lambda n: n.w_rec.weights, lambda n: n.readout.w_out):
        assert get(nets[0]).tobytes() == get(nets[1]).tobytes()


def test_no_plasticity_keeps_the_drawn_weights(digits):
    """With STDP off the recurrent weights are those that were drawn."""
    _, part = digits
    config = SMALL.with_values({"plasticity.synapses": "off"})
    net, record = train(config, part, n_classes=10, seed=0)
    np.testing.assert_array_equal(net.w_rec.weights, record.untrained.w_rec.weights)
    assert record.stdp is None and list(record.stages) == ["calibrated"]


def test_silent_network_is_refused(digits):
    """Without calibration, weak inputs stop the fit at its first stage, with a remedy."""
    _, part = digits
    config = SMALL.with_values({"rate.target_hz": None, "network.input_weight": 1e-6})
    with pytest.raises(TrainingError, match=r"after calibration must fire.*Raise input_weight"):
        train(config, part, n_classes=10, seed=0)


def test_saturated_network_is_refused(digits):
    """Without calibration, strong inputs stop the fit with the rate and a remedy."""
    _, part = digits
    config = SMALL.with_values(
        {"rate.target_hz": None, "network.input_weight": 1e4, "network.recurrent_scale": 0.0}
    )
    with pytest.raises(TrainingError, match=r"must be below .* saturated: lower input_weight"):
        train(config, replace_silence(part), n_classes=10, seed=0)


def replace_silence(part):
    """Return the samples with every channel firing in every step."""
    full = EventBatch.from_rasters([np.ones((24, 64), bool)] * len(part.labels))
    return Split(full, part.labels)


def test_input_counts_by_hand():
    """Events are counted in the bin t * B // T of their sample."""
    raster = np.zeros((5, 2), bool)
    raster[[0, 2, 3, 4], [0, 0, 1, 1]] = True
    counts = input_counts(EventBatch.from_rasters([raster, ~raster]), 2)
    assert counts[0].tolist() == [[2, 0], [0, 2]]
    assert counts[1].tolist() == [[1, 3], [2, 0]]


def test_baselines_read_features_and_spikes(digits):
    """Both baselines are well above chance and differ from each other."""
    data, _ = digits
    out = baselines(data, replace(SMALL.readout, n_bins=1))
    assert 0.9 < out["features"] < 1 and 0.8 < out["spikes"] < 1


@pytest.mark.parametrize("own", [0.01, 1.0])
def test_a_baseline_may_take_the_strength_of_the_networks(monkeypatch, own):
    """The least strength is best on the folds here: the networks' own where that is the least."""
    monkeypatch.setattr(training, "score", lambda a, b, data, c: (-c.strength, c.strength))
    assert best_score(None, None, None, ReadoutConfig(strength=own))[1] == min(own, 0.3)


def test_readout_is_fitted_to_copies_too(digits):
    """Copies change the readout, not the network; the accuracy counts samples and copies."""
    _, part = digits
    plain = SMALL.with_values({"plasticity.synapses": "off"})
    net, _ = train(plain, part, n_classes=10, seed=0)
    config = plain.with_values({"augment.copies": 1, "augment.drop": 0.3})
    other, record = train(config, part, n_classes=10, seed=0)
    assert (other.w_rec.weights == net.w_rec.weights).all()
    assert (other.v_threshold == net.v_threshold).all()
    assert (other.readout.w_out != net.readout.w_out).any()
    shown = readout_samples(part, config.augment, 0)
    assert len(shown.labels) == 800
    assert record.train_accuracy == pytest.approx(evaluate(other, shown))
