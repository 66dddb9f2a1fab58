"""Rectified networks as spiking ones, on the digits."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from hrsnn_edge.data.digits import load_digits
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.interchange.ann import INPUT, Ann
from hrsnn_edge.interchange.ann_to_snn import channel_rates, convert_ann, input_unit
from hrsnn_edge.interchange.drive import drive_of, driven
from hrsnn_edge.interchange.onnx_import import import_onnx
from hrsnn_edge.interchange.signal import Signal
from hrsnn_edge.model.train import evaluate
from hrsnn_edge.network import RESETS, IntFormat
from hrsnn_edge.quantise.convert import quantise
from hrsnn_edge.quantise.readout import accuracy
from tests.interchange.onnx_files import model, perceptron


def digits_part():
    """Digits at 96 steps, with a fixed part of them to calibrate on."""
    data = load_digits(n_steps=96)
    return data, data.train.events.select(slice(0, 64))


@pytest.fixture(scope="module")
def trained():
    """A small perceptron of two layers, trained on the digits' pixels, and the data."""
    data, calibration = digits_part()
    net = MLPClassifier((32, 16), random_state=0, max_iter=60, learning_rate_init=0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        net.fit(data.features_train, data.train.labels)
    return data, calibration, perceptron(net.coefs_, net.intercepts_)


def test_a_converted_network_names_the_digits(tmp_path, trained):
    """Float and 8-bit spiking forms lose at most 3 points of the origin's accuracy."""
    data, calibration, net = trained
    (tmp_path / "net.onnx").write_bytes(net.SerializeToString())
    ann = import_onnx(tmp_path / "net.onnx")
    unit, left = input_unit(data.train.events, data.features_train)
    made = convert_ann(ann, calibration, unit)
    assert left < 0.25
    assert min(made.rate_error) < made.rate_error[0]
    drive = drive_of(made.assembly)
    test = Split(driven(data.test.events, drive), data.test.labels)
    origin = (ann.outputs(data.features_test).argmax(axis=1) == data.test.labels).mean()
    assert evaluate(made.network, test) > origin - 0.03
    fmt = IntFormat(weight_width=8, decay_width=12, v_width=20)
    integer, _ = quantise(made.network, fmt, driven(calibration, drive))
    assert accuracy(integer, test) > origin - 0.03


def test_pooling_and_convolution_convert(tmp_path):
    """With a max pooling the neurons' rates still follow the activations."""
    data, calibration = digits_part()
    rng = np.random.default_rng(1)
    nodes = [
        ("Reshape", "x shape", "i", {}),
        ("Conv", "i w b", "c", {"strides": [2, 2]}),
        ("Relu", "c", "r", {}),
        ("MaxPool", "r", "p", {"kernel_shape": [2, 2]}),
        ("Flatten", "p", "f", {}),
        ("Gemm", "f w2", "y", {}),
    ]
    constants = {
        "shape": np.array([-1, 1, 8, 8]), "w": rng.normal(0.1, 0.3, (2, 1, 3, 3)),
        "b": np.full(2, 0.1), "w2": rng.normal(size=(8, 4)),
    }  # fmt: skip
    (tmp_path / "net.onnx").write_bytes(model(nodes, constants, (64,)).SerializeToString())
    ann = import_onnx(tmp_path / "net.onnx")
    unit, _ = input_unit(data.train.events, data.features_train)
    made = convert_ann(ann, calibration, unit)
    counts = run_counts(made.network, driven(calibration, drive_of(made.assembly)))[:, 0]
    got = counts @ made.network.readout.w_out[0] / calibration.n_steps[:, None]
    want = ann.outputs(channel_rates(calibration) * unit)
    assert np.corrcoef(got.ravel(), want.ravel())[0, 1] > 0.97


def test_one_unit_by_hand():
    """An event in every step stands for 1: a unit of weight 1/4 fires in every fourth step."""
    ann = Ann(1, {"a": Signal.of(INPUT, 1).through([[0.25]])}, Signal.of("a", 1))
    events = EventBatch.from_rasters([np.ones((40, 1), bool)])
    unit, left = input_unit(events, np.ones((1, 1)))
    assert (unit, left) == (1, 0)
    made = convert_ann(ann, events, unit, top_rate=0.25)
    assert run_counts(made.network, events)[0, 0, 0] == 10
    assert made.network.readout.w_out[0, 0, 0] == 1.0


def test_a_subtractive_reset_loses_less(trained, tmp_path):
    """Without balancing, at the highest rate, its rates are nearer than those of a hard reset."""
    data, calibration, net = trained
    (tmp_path / "net.onnx").write_bytes(net.SerializeToString())
    ann = import_onnx(tmp_path / "net.onnx")
    unit, _ = input_unit(data.train.events, data.features_train)
    hard, soft = (
        convert_ann(ann, calibration, unit, top_rate=1.0, reset=reset).rate_error
        for reset in RESETS
    )
    assert soft[0] < hard[0] / 3 and min(soft) < min(hard)


def test_wrong_sizes_are_refused():
    """Features that are no channels, and a network of other inputs, are named."""
    events = EventBatch.from_rasters([np.ones((4, 3), bool)])
    with pytest.raises(InterchangeError, match=r"Features must be \(1, 3\), one a channel"):
        input_unit(events, np.ones((1, 2)))
    ann = Ann(2, {"a": Signal.of(INPUT, 2)}, Signal.of("a", 2))
    with pytest.raises(InterchangeError, match="must take 3 values, one a channel, not 2"):
        convert_ann(ann, events, 1.0)
    with pytest.raises(InterchangeError, match="must have a layer behind a ReLU"):
        convert_ann(Ann(3, {}, Signal.of(INPUT, 3)), events, 1.0)
