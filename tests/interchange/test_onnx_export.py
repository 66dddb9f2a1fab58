"""The exported ONNX graph under onnxruntime against the reference."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.interchange.onnx_export import OPSET, export_onnx
from hrsnn_edge.network import IntFormat, SparseRows
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.random_features import random_features
from tests.strategies import network_cases, seeds


def session(net):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(export_onnx(net), options, providers=["CPUExecutionProvider"])


def check(net, raster):
    """Outputs of a batch of the raster and its reverse are those of the reference."""
    rasters = [raster, raster[::-1]]
    spikes, v, out, class_ = session(net).run(None, {"events": np.stack(rasters)})
    for s, one in enumerate(rasters):
        trace = run(net, one)
        for name, got, want in (
            ("spikes", spikes[s], trace.spikes), ("v", v[s], trace.v), ("out", out[s], trace.out)
        ):  # fmt: skip
            bad = np.argwhere(got != want)
            assert not bad.size, f"{name}: sample {s}, step and place {bad[0]} of {len(bad)}"
        assert class_[s] == trace.prediction


@settings(max_examples=40)
@given(network_cases(), st.booleans(), seeds)
def test_equals_the_reference(case, plain, seed):
    """Spikes, membranes and outputs are equal bit for bit: every readout, synapse and format."""
    net, raster = case
    check(net if plain else random_features(seed, net), raster)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 400, 100))
def test_equals_the_reference_often(first):
    """The same for a hundred networks at a time."""
    for seed in range(first, first + 100):
        net, raster = random_network(seed)
        check(random_features(seed, net) if seed % 2 else net, raster)


def test_negative_membranes_are_truncated_toward_zero():
    """-5 with decay 1/2 becomes -2, not -3: the one rounding that runtimes could differ in."""
    net, _ = random_network(0, 1, 1, 1, fmt=IntFormat(shift_width=0, v_shift=0, decay_width=8))
    one = np.ones(1, np.int32)
    net = replace(
        net, w_in=SparseRows.from_dense(np.array([[-5]], np.int32)), decay=128 * one,
        w_rec=SparseRows.from_dense(np.zeros((1, 1), np.int32)), v_threshold=100 * one,
        v_reset=0 * one, refractory_steps=0 * one,
    )  # fmt: skip
    events = np.array([[[1], [0], [0]]], bool)
    _, v, _, _ = session(net).run(None, {"events": events})
    assert v[0, :, 0].tolist() == [-5, -2, -1]


def test_same_network_same_bytes():
    """The file is a function of the network, and says its operator set."""
    net, _ = random_network(7)
    data = export_onnx(net)
    assert data == export_onnx(net)
    assert onnx.load_from_string(data).opset_import[0].version == OPSET
