"""ONNX files of feed-forward networks: Conv, Gemm, ReLU, pooling.

Every operator but ReLU and MaxPool is linear and becomes part of a matrix. A maximum is written
with rectified units, exactly: ``max(a, b) = a + max(0, b - a)``, in a tournament over the window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.interchange.ann import INPUT, Ann
from hrsnn_edge.interchange.onnx_graph import require_onnx
from hrsnn_edge.interchange.signal import Signal
from hrsnn_edge.interchange.windows import Windows, conv_matrix, mean_matrix, pool_index


@dataclass(frozen=True, eq=False)
class _Image:
    """A value of the graph: a signal, and its shape without the batch axis."""

    signal: Signal
    shape: tuple[int, ...]


def import_onnx(path: Path) -> Ann:
    """Return the network of an ONNX file.

    Raises
    ------
    InterchangeError
        The file is not ONNX, is cut short, or has an operator or a shape that cannot be expressed;
        the node is named.
    """
    return _Reader(_model(Path(path)).graph, str(path)).run()


def _model(path: Path):
    onnx = require_onnx()
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_from_string(path.read_bytes())
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InterchangeError(
            f"{path}: must be a whole ONNX file ({reason}). It is cut short, altered, or no ONNX."
        ) from error
    return model


class _Reader:
    """One file: the values known so far, by name, and the layers found."""

    def __init__(self, graph, path: str):
        self._graph, self._path = graph, path
        self._layers: dict[str, Signal] = {}
        self._constants: dict[str, np.ndarray] = {}
        self._values: dict[str, _Image] = {}
        self._node = None

    def run(self) -> Ann:
        """Return the network."""
        onnx = require_onnx()
        for tensor in self._graph.initializer:
            if tensor.data_location == onnx.TensorProto.EXTERNAL:
                raise InterchangeError(
                    f"{self._path}: tensor {tensor.name!r} must lie in the file, not beside it. "
                    "Save the model in one file."
                )
            self._constants[tensor.name] = onnx.numpy_helper.to_array(tensor)
        inputs = [value for value in self._graph.input if value.name not in self._constants]
        if len(inputs) != 1 or len(self._graph.output) != 1:
            raise InterchangeError(
                f"{self._path}: graph must have one input and one output, not {len(inputs)} and "
                f"{len(self._graph.output)}"
            )
        shape = tuple(axis.dim_value for axis in inputs[0].type.tensor_type.shape.dim)[1:]
        if not shape or not all(shape):
            raise InterchangeError(
                f"{self._path}: input {inputs[0].name!r} must have a fixed shape behind the batch "
                f"axis, not {shape}"
            )
        size = prod(shape)
        self._values[inputs[0].name] = _Image(Signal.of(INPUT, size), shape)
        for node in self._graph.node:
            self._apply(node)
        out = self._image(self._graph.output[0].name)
        return Ann(size, dict(self._layers), out.signal)

    def _apply(self, node) -> None:
        """Work out one node."""
        onnx = require_onnx()
        self._node = node
        if node.op_type == "Constant":
            value = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if "value" not in value:
                raise self._wrong(f"must hold a tensor, not {', '.join(value)}")
            self._constants[node.output[0]] = onnx.numpy_helper.to_array(value["value"])
            return
        rule = _RULES.get(node.op_type)
        if rule is None:
            raise self._wrong(f"operator must be one of {', '.join(sorted(_RULES))}")
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        self._values[node.output[0]] = rule(self, attributes)

    def _wrong(self, reason: str) -> InterchangeError:
        node = self._node
        name = node.name or node.output[0]
        return InterchangeError(f"{self._path}: node {name!r} ({node.op_type}): {reason}")

    def _image(self, name: str) -> _Image:
        if name not in self._values:
            raise InterchangeError(
                f"{self._path}: value {name!r} must follow from the input, not be a constant"
            )
        return self._values[name]

    def _input(self, k: int = 0) -> _Image:
        return self._image(self._node.input[k])

    def _constant(self, k: int, default=None) -> np.ndarray:
        """Return constant input `k` of the node, which may be left out where it has a default."""
        name = self._node.input[k] if k < len(self._node.input) else ""
        if not name and default is not None:
            return default
        if name not in self._constants:
            raise self._wrong(f"input {k} must be a constant")
        value = self._constants[name]
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise self._wrong(f"input {k} must be finite")
        return value

    # -- linear operators ----------------------------------------------------------------------

    def _mapped(self, image: _Image, matrix, bias, shape) -> _Image:
        if matrix.shape[0] != image.signal.size:
            raise self._wrong(f"must take {matrix.shape[0]} values, not {image.signal.size}")
        return _Image(image.signal.through(matrix, bias), tuple(shape))

    def gemm(self, attributes: Mapping[str, Any]) -> _Image:
        """``alpha x B + beta C``."""
        if attributes.get("transA"):
            raise self._wrong("transA must be 0: the batch axis comes first")
        weight = self._constant(1).astype(np.float64) * attributes.get("alpha", 1.0)
        weight = weight.T if attributes.get("transB") else weight
        bias = self._constant(2, np.zeros(1)).astype(np.float64) * attributes.get("beta", 1.0)
        return self._mapped(self._input(), weight, bias.ravel(), weight.shape[1:])

    def matmul(self, attributes: Mapping[str, Any]) -> _Image:
        """``x B`` for a matrix."""
        weight = self._constant(1).astype(np.float64)
        if weight.ndim != 2:
            raise self._wrong(f"input 1 must be a matrix, not {weight.shape}")
        return self._mapped(self._input(), weight, 0.0, weight.shape[1:])

    def add(self, attributes: Mapping[str, Any]) -> _Image:
        """A constant, or another value of the same shape."""
        first, second = self._node.input
        if first in self._constants:
            first, second = second, first
        image = self._image(first)
        if second in self._constants:
            bias = self._spread(self._constants[second], image.shape)
            signal = Signal(image.signal.terms, image.signal.bias + bias)
            return _Image(signal, image.shape)
        other = self._image(second)
        if other.shape != image.shape:
            raise self._wrong(f"shapes must be equal, not {image.shape} and {other.shape}")
        return _Image(image.signal + other.signal, image.shape)

    def _spread(self, values, shape) -> np.ndarray:
        try:
            return np.broadcast_to(np.asarray(values, np.float64), (1, *shape))[0].ravel()
        except ValueError as error:
            raise self._wrong(f"constant must spread to {shape}, not be {values.shape}") from error

    def normalise(self, attributes: Mapping[str, Any]) -> _Image:
        """Batch normalisation with stored moments."""
        image = self._input()
        scale, bias, mean, variance = (self._constant(k).astype(np.float64) for k in range(1, 5))
        factor = scale / np.sqrt(variance + attributes.get("epsilon", 1e-5))
        area = prod(image.shape[1:])
        factor, bias = np.repeat(factor, area), np.repeat(bias - mean * factor, area)
        return self._mapped(image, sparse.diags_array(factor), bias, image.shape)

    def conv(self, attributes: Mapping[str, Any]) -> _Image:
        """Convolution of one or two axes."""
        image, weight = self._input(), self._constant(1).astype(np.float64)
        windows = self._windows(image, weight.shape[2:], attributes)
        group = attributes.get("group", 1)
        if image.shape[0] != weight.shape[1] * group:
            raise self._wrong(f"must take {weight.shape[1] * group} channels, not {image.shape[0]}")
        bias = self._constant(2, np.zeros(weight.shape[0])).astype(np.float64)
        matrix = conv_matrix(windows, weight, group)
        shape = (weight.shape[0], *windows.out)
        return self._mapped(image, matrix, np.repeat(bias, prod(windows.out)), shape)

    def _windows(self, image: _Image, kernel, attributes: Mapping[str, Any]) -> Windows:
        axes = len(kernel)
        if len(image.shape) != axes + 1:
            raise self._wrong(f"must take channels and {axes} axes, not {image.shape}")
        if attributes.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
            raise self._wrong("padding must be given in numbers, not auto_pad")
        if attributes.get("ceil_mode"):
            raise self._wrong("ceil_mode must be 0")
        ones, pads = [1] * axes, list(attributes.get("pads", [0] * (2 * axes)))
        return Windows(
            image.shape, tuple(kernel), tuple(attributes.get("strides", ones)),
            tuple(attributes.get("dilations", ones)), tuple(pads[:axes]), tuple(pads[axes:]),
        )  # fmt: skip

    def average(self, attributes: Mapping[str, Any]) -> _Image:
        """Average pooling."""
        image = self._input()
        windows = self._windows(image, attributes["kernel_shape"], attributes)
        counted = bool(attributes.get("count_include_pad", 0))
        matrix = mean_matrix(windows, count_padding=counted)
        return self._mapped(image, matrix, 0.0, (image.shape[0], *windows.out))

    def average_all(self, attributes: Mapping[str, Any]) -> _Image:
        """Average of each channel."""
        image = self._input()
        windows = self._windows(image, image.shape[1:], {})
        matrix = mean_matrix(windows, count_padding=False)
        return self._mapped(image, matrix, 0.0, (image.shape[0], *windows.out))

    # -- other operators -----------------------------------------------------------------------

    def relu(self, attributes: Mapping[str, Any]) -> _Image:
        """A layer of units."""
        image = self._input()
        return _Image(self._layer(image.signal), image.shape)

    def _layer(self, signal: Signal) -> Signal:
        name = base = self._node.name or self._node.output[0]
        number = 1
        while name in self._layers or name == INPUT:
            number += 1
            name = f"{base} {number}"
        self._layers[name] = signal
        return Signal.of(name, signal.size)

    def maximum(self, attributes: Mapping[str, Any]) -> _Image:
        """Max pooling, as a tournament of rectified differences."""
        image = self._input()
        windows = self._windows(image, attributes["kernel_shape"], attributes)
        places = pool_index(windows)
        rivals = [image.signal.pick(places[:, k]) for k in range(places.shape[1])]
        while len(rivals) > 1:
            winners = [
                a + self._layer(b + a.scaled(-1))
                for a, b in zip(rivals[::2], rivals[1::2], strict=False)
            ]
            rivals = winners + rivals[2 * len(winners) :]
        return _Image(rivals[0], (image.shape[0], *windows.out))

    def flatten(self, attributes: Mapping[str, Any]) -> _Image:
        """Everything behind the batch axis in one."""
        if attributes.get("axis", 1) != 1:
            raise self._wrong(f"axis must be 1, not {attributes['axis']}")
        image = self._input()
        return _Image(image.signal, (image.signal.size,))

    def reshape(self, attributes: Mapping[str, Any]) -> _Image:
        """Another shape behind the same batch axis."""
        image, shape = self._input(), [int(n) for n in self._constant(1)]
        rest = shape[1:]
        if -1 in rest:
            known = prod(n for n in rest if n != -1)
            rest[rest.index(-1)] = image.signal.size // max(1, known)
        if not rest or prod(rest) != image.signal.size:
            raise self._wrong(f"shape must keep the batch axis and {image.shape}, not be {shape}")
        return _Image(image.signal, tuple(rest))

    def same(self, attributes: Mapping[str, Any]) -> _Image:
        """Nothing, at inference."""
        return self._input()

    def order(self, attributes: Mapping[str, Any]) -> _Image:
        """Softmax behind everything: which output is greatest does not change."""
        if self._node.output[0] != self._graph.output[0].name:
            raise self._wrong("must be the last operator")
        return self._input()


_RULES: dict[str, Callable[[_Reader, Mapping[str, Any]], _Image]] = {
    "Add": _Reader.add,
    "AveragePool": _Reader.average,
    "BatchNormalization": _Reader.normalise,
    "Conv": _Reader.conv,
    "Dropout": _Reader.same,
    "Flatten": _Reader.flatten,
    "Gemm": _Reader.gemm,
    "GlobalAveragePool": _Reader.average_all,
    "Identity": _Reader.same,
    "MatMul": _Reader.matmul,
    "MaxPool": _Reader.maximum,
    "Relu": _Reader.relu,
    "Reshape": _Reader.reshape,
    "Softmax": _Reader.order,
}
