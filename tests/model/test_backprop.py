from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.data.digits import load_digits
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.model.backprop import Adam, one_cycle, train_backprop
from hrsnn_edge.model.config import BackpropConfig, ModelConfig
from hrsnn_edge.model.lif import build_network
from hrsnn_edge.model.rate import calibrate_rate
from hrsnn_edge.model.train import evaluate, train
from hrsnn_edge.network import IntFormat
from hrsnn_edge.quantise.convert import quantise
from hrsnn_edge.reference.network import run as reference_run

CONFIG = ModelConfig().with_values(
    {
        "network.n_neurons": 30,
        "rate.target_hz": 60.0,
        "rate.homeostasis_rounds": 3,
        "readout.n_bins": 1,
        "backprop.epochs": 5,
        "backprop.learning_rate": 0.02,
    }
)


@pytest.fixture(scope="module")
def parts():
    """Some samples to fit and the held-out fold."""
    fitted, held_out = load_digits(code="regular").fold_parts(0)
    return fitted, held_out


def test_adam_by_hand():
    """The first step of Adam is the rate times the sign, whatever the size of the gradient."""
    values = {"a": np.array([1.0, 2.0]), "kept": np.array([7.0])}
    found = Adam().step(values, {"a": np.array([0.01, -5.0])}, 0.1)
    assert found["a"] == pytest.approx([0.9, 2.1], abs=1e-4)
    assert found["kept"] == 7.0


def test_one_cycle():
    """The rate rises to its greatest in a tenth of the steps and falls to 0."""
    assert one_cycle(0.05) == pytest.approx(0.5)
    assert one_cycle(0.1) == pytest.approx(1)
    assert one_cycle(0.55) == pytest.approx(0.5)
    assert one_cycle(1) == pytest.approx(0)


def test_learning_lowers_the_loss(parts):
    """Both variants learn; only the heterogeneous one moves neurons, and Dale's law holds."""
    fitted, _ = parts
    start, _ = train(CONFIG.with_values({"backprop.epochs": 0, "plasticity.synapses": "off"}),
                     fitted, n_classes=10, seed=1)  # fmt: skip
    for name, moves in (("HoNB", False), ("HeNB", True)):
        net, record = train(CONFIG.variant(name), fitted, n_classes=10, seed=1)
        assert record.epochs[-1].loss < 0.6 * record.epochs[0].loss
        assert (net.tau_mem != record.untrained.tau_mem).any() == moves
        assert (net.v_threshold != record.untrained.v_threshold).any() == moves
        sign = np.where(net.inhibitory, -1, 1)[net.w_rec.pre_idx]
        assert (sign * net.w_rec.weights >= 0).all()
        assert (net.w_rec.col_idx == record.untrained.w_rec.col_idx).all()
    assert evaluate(net, fitted) > evaluate(start, fitted) + 0.01


@pytest.mark.parametrize("variant", ["HeNHeS", "HeNB"])
def test_clustered_networks_to_integers(parts, variant):
    """Clusters learn either way, keep the order of their time constants, and become integers."""
    changes = {"network.clusters": 3, "plasticity.samples": 50, "backprop.epochs": 1}
    config = CONFIG.with_values(changes).variant(variant)
    net, record = train(config, parts[0], n_classes=10, seed=2)
    assert net.cluster.tolist() == record.untrained.cluster.tolist() == sorted([0, 1, 2] * 10)
    assert (net.w_rec.weights != record.untrained.w_rec.weights).any()
    excitatory = [net.tau_mem[(net.cluster == c) & ~net.inhibitory].mean() for c in range(3)]
    assert excitatory == sorted(excitatory) and excitatory[2] > 4 * excitatory[0]
    few = parts[1].events.select(slice(0, 2))
    rounded, _ = quantise(net, IntFormat(), parts[0].events.select(slice(0, 30)))
    result = run_batch(rounded, few)
    for k in range(2):
        wanted = reference_run(rounded, few.raster(k))
        assert wanted.out[-1].tolist() == result.outputs[k].tolist()
    assert result.spike_counts.any()


def test_same_seed_same_bytes(parts):
    """The seed decides everything."""
    few = replace(CONFIG, backprop=replace(CONFIG.backprop, epochs=1)).variant("HeNB")
    first, second = (train(few, parts[0], n_classes=10, seed=3)[0] for _ in range(2))
    assert (first.w_rec.weights == second.w_rec.weights).all()
    assert (first.tau_mem == second.tau_mem).all()


def run(parts, net, **settings):
    return train_backprop(
        net, BackpropConfig(epochs=1, **settings), parts[0], n_bins=1, n_classes=10,
        learn_neurons=True, tau_range=(2.0, 200.0), target_hz=None, seed=0,
    )  # fmt: skip


def test_refusals(parts):
    """Exponential synapses and a training that diverges are refused with the remedy."""
    net = build_network(CONFIG.network, 64, 0)
    slow = replace(net, tau_syn=np.full(30, 5.0))
    with pytest.raises(TrainingError, match="must be delta synapses for backpropagation"):
        run(parts, slow)
    net = calibrate_rate(net, parts[0].events.select(slice(0, 50)), 60.0)
    with pytest.raises(TrainingError, match=r"Loss must be below 10000, .*Lower learning_rate"):
        run(parts, net, learning_rate=1e6)


def test_copies_in_every_pass(parts):
    """Copies change what is learned, by the seed; settings without a change do not."""
    few = CONFIG.with_values({"backprop.epochs": 1}).variant("HoNB")
    varied = few.with_values({"augment.drop": 0.3})

    def weights(config, seed):
        return train(config, parts[0], n_classes=10, seed=seed)[0].w_rec.weights

    assert (weights(few.with_values({"augment.group": 2}), 1) == weights(few, 1)).all()
    assert (weights(varied, 1) != weights(few, 1)).any()
    assert (weights(varied, 1) == weights(varied, 1)).all()
