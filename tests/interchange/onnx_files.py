"""ONNX models of feed-forward networks, made by hand."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def model(nodes, constants, shape, out=("S", "C"), batch="S"):
    """Return a model from ``x`` to ``y``; nodes are (type, inputs, output, attributes)."""
    made = [
        helper.make_node(kind, inputs.split(), [output], name=f"{kind.lower()}_{k}", **attributes)
        for k, (kind, inputs, output, attributes) in enumerate(nodes)
    ]
    values = {
        name: v.astype(np.float32) if v.dtype.kind == "f" else v for name, v in constants.items()
    }
    graph = helper.make_graph(
        made,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, list(out))],
        [numpy_helper.from_array(v, name) for name, v in values.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def perceptron(weights, biases):
    """Return a chain of Gemm and ReLU with (inputs, outputs) weights."""
    nodes, constants, last = [], {}, "x"
    for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
        constants |= {f"w{k}": np.asarray(w, float), f"b{k}": np.asarray(b, float)}
        end = k == len(weights) - 1
        nodes.append(("Gemm", f"{last} w{k} b{k}", "y" if end else f"g{k}", {}))
        if not end:
            nodes.append(("Relu", f"g{k}", f"a{k}", {}))
        last = f"a{k}"
    return model(nodes, constants, (len(weights[0]),))


def convolutional(rng, shape=(2, 8, 9), n_out=5):
    """Return a network with every operator that an image network may have."""
    nodes = [
        ("Conv", "x w1 b1", "c1", {"pads": [1, 1, 1, 1], "strides": [1, 2]}),
        ("BatchNormalization", "c1 scale shift mean var", "n1", {}),
        ("Relu", "n1", "r1", {}),
        ("MaxPool", "r1", "p1", {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 1]}),
        ("Conv", "p1 w2", "c2", {"group": 2, "dilations": [2, 1]}),
        ("Relu", "c2", "r2", {}),
        ("AveragePool", "r2", "q2", {"kernel_shape": [1, 2], "pads": [0, 1, 0, 0]}),
        ("Flatten", "q2", "f", {}),
        ("MatMul", "f w3", "m", {}),
        ("Add", "m b3", "o", {}),
        ("Dropout", "o", "y", {}),
    ]
    constants = {
        "w1": rng.normal(size=(4, shape[0], 3, 3)), "b1": rng.normal(size=4),
        "scale": rng.normal(size=4), "shift": rng.normal(size=4), "mean": rng.normal(size=4),
        "var": rng.uniform(0.5, 2, 4), "w2": rng.normal(size=(6, 2, 2, 3)),
        "w3": rng.normal(size=(6 * 2 * 3, n_out)), "b3": rng.normal(size=n_out),
    }  # fmt: skip
    return model(nodes, constants, shape)
