"""Small helpers to write an ONNX graph: nodes and constants with names of their own."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.errors import ToolMissingError


def require_onnx():
    """Return the package `onnx`, or say what supplies it."""
    try:
        import onnx
    except ImportError as error:
        raise ToolMissingError(
            "Package onnx must be installed for ONNX files. pip install '.[interchange]' supplies "
            "it."
        ) from error
    return onnx


class Builder:
    """The nodes of one graph; a subgraph shares the constants of the outermost one."""

    def __init__(self, outer: Builder | None = None):
        self._onnx = require_onnx()
        self.nodes: list = []
        self.constants: list = [] if outer is None else outer.constants
        self._prefix = "" if outer is None else "step/"

    def constant(self, name: str, values, dtype=np.int64) -> str:
        """Add a constant and return its name; equal names are the same constant."""
        if name not in {c.name for c in self.constants}:
            array = np.ascontiguousarray(values, dtype)
            self.constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def op(self, kind: str, *inputs: str, out: str | None = None, **attributes) -> str:
        """Add a node with one output and return the output's name."""
        out = out or f"{self._prefix}{kind}_{len(self.nodes)}:0"
        return self.ops(kind, *inputs, outs=[out], **attributes)[0]

    def ops(self, kind: str, *inputs: str, outs: list[str], **attributes) -> list[str]:
        """Add a node with several outputs and return their names."""
        name = f"{self._prefix}{kind}_{len(self.nodes)}"
        node = self._onnx.helper.make_node(kind, list(inputs), outs, name=name, **attributes)
        self.nodes.append(node)
        return outs

    def cast(self, value: str, dtype: str, out: str | None = None) -> str:
        """Add a cast to an element type such as ``'INT64'``."""
        return self.op("Cast", value, out=out, to=getattr(self._onnx.TensorProto, dtype))
