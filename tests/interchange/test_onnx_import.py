"""ONNX networks read, against onnxruntime; readouts from ONNX; what is refused."""

from itertools import pairwise

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.interchange.detect import is_nir
from hrsnn_edge.interchange.onnx_import import import_onnx
from hrsnn_edge.interchange.onnx_readout import readout_of_ann
from hrsnn_edge.interchange.windows import Windows, pool_index
from tests.interchange.onnx_files import convolutional, model, perceptron
from tests.interchange.test_nir_export import network


def saved(folder, net):
    path = folder / "net.onnx"
    path.write_bytes(net.SerializeToString())
    return path


def outputs(path, x):
    return ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_image_networks_give_the_same_outputs(tmp_path_factory, seed):
    """Convolution, normalisation, both poolings: outputs are those of onnxruntime."""
    rng = np.random.default_rng(seed)
    path = saved(tmp_path_factory.mktemp("onnx"), convolutional(rng))
    x = rng.normal(size=(4, 2, 8, 9)).astype(np.float32)
    want = outputs(path, x)
    found = import_onnx(path).outputs(x.reshape(4, -1))
    np.testing.assert_allclose(found, want, rtol=2e-3, atol=2e-3)


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_perceptrons_give_the_same_outputs(tmp_path_factory, seed, depth):
    """Chains of Gemm and ReLU of any length."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 6, depth + 1)
    net = perceptron(
        [rng.normal(size=pair) for pair in pairwise(sizes)],
        [rng.normal(size=n) for n in sizes[1:]],
    )
    path = saved(tmp_path_factory.mktemp("onnx"), net)
    x = rng.normal(size=(5, sizes[0])).astype(np.float32)
    np.testing.assert_allclose(import_onnx(path).outputs(x), outputs(path, x), rtol=1e-4, atol=1e-4)


def test_windows_by_hand():
    """A 2-wide window with step 2 and one pixel of padding in front of 3 pixels."""
    windows = Windows((1, 3), (2,), (2,), (1,), (1,), (0,))
    assert windows.out == (2,)
    assert windows.index().tolist() == [[-1, 0], [1, 2]]
    assert pool_index(windows).tolist() == [[0, 0], [1, 2]]


def test_a_chain_becomes_a_readout(tmp_path):
    """Gemm alone is a linear readout, with ReLU between a perceptron, bins first."""
    rng, net = np.random.default_rng(0), network(0)
    w1, w2, b1, b2 = rng.normal(size=(14, 5)), rng.normal(size=(5, 3)), np.ones(5), np.arange(3.0)
    mlp = readout_of_ann(import_onnx(saved(tmp_path, perceptron([w1, w2], [b1, b2]))), net)
    assert (mlp.kind, mlp.n_bins, mlp.neurons.tolist()) == ("mlp", 2, list(range(7)))
    np.testing.assert_allclose(mlp.layers[0].weights, w1, rtol=1e-6)
    np.testing.assert_allclose(mlp.layers[1].bias, b2)
    linear = readout_of_ann(import_onnx(saved(tmp_path, perceptron([w1], [b1]))), net)
    np.testing.assert_allclose(linear.w_out, w1.reshape(2, 7, 5), rtol=1e-6)
    with pytest.raises(InterchangeError, match="must take a multiple of 7 inputs.*not 5"):
        readout_of_ann(import_onnx(saved(tmp_path, perceptron([w2], [b2]))), net)


def skip():
    """A network whose output reads the input beside the layer."""
    nodes = [("Relu", "x", "a", {}), ("Add", "a x", "y", {})]
    return model(nodes, {}, (7,))


def test_a_readout_must_be_a_chain(tmp_path):
    """A skip connection has no place in a readout, and is named."""
    with pytest.raises(InterchangeError, match="layer 'output' must read 'relu_0' alone"):
        readout_of_ann(import_onnx(saved(tmp_path, skip())), network(0))


W = {"w": np.ones((3, 2))}


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (
            model([("Sigmoid", "x", "y", {})], {}, (3,)),
            r"node 'sigmoid_0' \(Sigmoid\): operator must be one of Add, AveragePool",
        ),
        (model([("MatMul", "x w", "y", {})], W, (4,)), r"'matmul_0' .*must take 3 values, not 4"),
        (
            model([("Gemm", "x w", "y", {})], {"w": np.array([[np.nan], [1]])}, (2,)),
            "'gemm_0' .*input 1 must be finite",
        ),
        (model([("MatMul", "x x", "y", {})], {}, (3,)), "'matmul_0' .*input 1 must be a constant"),
        (model([("Relu", "x", "y", {})], {}, ("N",)), "input 'x' must have a fixed shape"),
        (
            model([("Softmax", "x", "a", {}), ("Relu", "a", "y", {})], {}, (3,)),
            "'softmax_0' .*must be the last operator",
        ),
        (
            model(
                [("MaxPool", "x", "y", {"kernel_shape": [2], "auto_pad": "SAME_UPPER"})], {}, (1, 4)
            ),
            "'maxpool_0' .*padding must be given in numbers",
        ),
    ],
)
def test_what_cannot_be_expressed_is_refused_by_name(tmp_path, net, message):
    """The node and its operator are named, with the reason."""
    with pytest.raises(InterchangeError, match=message):
        import_onnx(saved(tmp_path, net))


def test_damaged_files_are_named(tmp_path):
    """Something else, a cut file, and a name that is neither NIR nor ONNX."""
    path = saved(tmp_path, perceptron([np.ones((3, 4)), np.ones((4, 2))], [np.ones(4), np.ones(2)]))
    whole = path.read_bytes()
    for data in (b"hello world", whole[: len(whole) // 2], b""):
        path.write_bytes(data)
        with pytest.raises(InterchangeError, match="net.onnx: must be a whole ONNX file"):
            import_onnx(path)
    other = tmp_path / "net.txt"
    other.write_bytes(b"hello world")
    with pytest.raises(InterchangeError, match="must be a NIR file .HDF5. or a file named .onnx"):
        is_nir(other)
    tensor = onnx.load_from_string(whole)
    tensor.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.graph.initializer[0].external_data.add()
    entry.key, entry.value = "location", "beside.bin"
    tensor.graph.initializer[0].ClearField("raw_data")
    path.write_bytes(tensor.SerializeToString())
    with pytest.raises(InterchangeError, match="must lie in the file|must be a whole ONNX file"):
        import_onnx(path)
