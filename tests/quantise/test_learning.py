"""A network trained wholly in integers."""

from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.model.config import (
    ModelConfig,
    NetworkConfig,
    PlasticityConfig,
    RateConfig,
    ReadoutConfig,
)
from hrsnn_edge.model.lif import build_network
from hrsnn_edge.model.stdp import draw_stdp
from hrsnn_edge.network import IntFormat
from hrsnn_edge.plastic import check_stdp
from hrsnn_edge.quantise.learning import make_learner, quantise_stdp, slower, train_integer
from hrsnn_edge.quantise.readout import accuracy

FMT = IntFormat(weight_width=6, shift_width=3)
CONFIG = ModelConfig(
    network=NetworkConfig(n_neurons=60, input_fan_in=3),
    plasticity=PlasticityConfig(samples=60, eta=3e-4),
    rate=RateConfig(target_hz=60.0, calibration_samples=20, homeostasis_rounds=6),
    readout=ReadoutConfig(n_bins=1, strength=1.0),
)


def two_classes(seed=0, n=80) -> Split:
    """Samples in which one half of the channels is busier than the other."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    busy = np.where(labels[:, None] == (np.arange(12) >= 6), 0.3, 0.1)
    return Split(EventBatch.from_rasters([rng.random((40, 12)) < p for p in busy]), labels)


def test_learns_two_classes():
    """Training in integers separates two easy classes, at about the wanted rate."""
    net, stdp, record = train_integer(CONFIG, two_classes(), FMT, n_classes=2, seed=3)
    assert accuracy(net, two_classes(1)) > 0.9
    assert record.weight_updates > 0 and stdp.eta_plus.max() > 0
    assert record.rate_history["homeostasis after STDP"][-1] == pytest.approx(60, rel=0.2)
    assert accuracy(net, two_classes()) == record.train_accuracy


def test_same_seed_same_network():
    """The same seed gives the same network, in every value."""
    few = two_classes(n=30)
    one, two = (train_integer(CONFIG, few, FMT, n_classes=2, seed=3)[0] for _ in range(2))
    for name in ("v_threshold", "decay"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    assert np.array_equal(one.w_in.weights, two.w_in.weights)
    assert np.array_equal(one.w_rec.weights, two.w_rec.weights)
    assert np.array_equal(one.readout.w_out, two.readout.w_out)


@pytest.mark.parametrize("gain_mode", ["jump", "leaky"])
@pytest.mark.parametrize("weight_width", [3, 6, 8])
def test_learner_fits_its_format(gain_mode, weight_width):
    """First magnitudes and greatest ones fit, and no synapse that could learn is dropped."""
    drawn = build_network(replace(CONFIG.network, gain_mode=gain_mode), 12, 5)
    learner = make_learner(drawn, CONFIG, replace(FMT, weight_width=weight_width), 5)
    check_stdp(learner.net, learner.stdp, learner.magnitudes)
    assert learner.net.w_rec.nnz == drawn.w_rec.nnz
    top = signed_range(weight_width)[1]
    greatest = (learner.stdp.magnitude_max + 1) >> learner.stdp.learn_shift
    assert top // 2 <= greatest.min() and greatest.max() <= top + 1  # every kind uses its bits
    # Magnitudes are the drawn weights in one unit, up to those that were clipped.
    unit = learner.stdp.magnitude_max[0] / draw_stdp(CONFIG.plasticity, drawn, 5).weight_max[0]
    free = learner.magnitudes.w_in < learner.stdp.magnitude_max[drawn.w_in.pre_idx]
    error = learner.magnitudes.w_in - drawn.w_in.weights * unit
    assert np.abs(error[free]).max() <= 1


def test_constants_keep_the_ratio():
    """Depression over potentiation is the float rule's, to the last bits of the etas."""
    drawn = build_network(CONFIG.network, 12, 5)
    hom = replace(CONFIG.plasticity, synapses="hom")
    stdp = draw_stdp(hom, drawn, 5)
    got = quantise_stdp(stdp, np.full(72, 100_000), drawn.dt)
    assert got.eta_minus[0] / got.eta_plus[0] == pytest.approx(1.05, rel=1e-3)
    # A unit of trace changes a magnitude by eta of the greatest one: 3e-4 * 100,000 = 30.
    assert (got.eta_plus[0] * got.trace_step) >> got.eta_shift == pytest.approx(30, abs=1)
    # exp(-1 / 20) * 4096 = 3896.2
    assert got.decay_plus.tolist() == [3896] * 72
    assert slower(got, 0.5).eta_plus[0] == got.eta_plus[0] // 2


def test_a_rate_out_of_reach_is_refused():
    """A target that the layer cannot reach is named with the rates it can."""
    config = replace(CONFIG, rate=replace(CONFIG.rate, target_hz=2000.0))
    with pytest.raises(TrainingError, match="Mean rate of the integer layer must reach 2000"):
        train_integer(config, two_classes(n=10), FMT, n_classes=2, seed=3)
