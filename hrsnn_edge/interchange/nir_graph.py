"""A NIR file as a flat graph: every node by its full name, subgraphs dissolved.

NIR files are HDF5. What a file holds is checked here, node by node, so that a message can name the
node; what a node means is left to `nir_import`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hrsnn_edge.errors import InterchangeError, ToolMissingError
from hrsnn_edge.interchange.detect import is_nir

#: Nodes with neurons that fire, nodes with neurons that only integrate, and linear maps.
SPIKING = ("LIF", "CubaLIF", "IF")
INTEGRATING = ("LI", "CubaLI", "I")
LINEAR = ("Affine", "Linear", "Scale", "Delay", "Flatten")
SUPPORTED = ("Input", "Output", "NIRGraph", *SPIKING, *INTEGRATING, *LINEAR)


@dataclass(frozen=True, eq=False)
class FlatGraph:
    """A graph without subgraphs.

    Attributes
    ----------
    nodes : mapping of str to NIR node
        By full name: ``"layer.lif"`` for node ``lif`` of subgraph ``layer``.
    edges : tuple of (str, str)
        From, to.
    metadata : mapping
        Of the whole graph.
    """

    nodes: Mapping[str, Any]
    edges: tuple[tuple[str, str], ...]
    metadata: Mapping[str, Any]

    def before(self, name: str) -> list[str]:
        """Return the nodes with an edge to `name`, in the order of the file."""
        return [a for a, b in self.edges if b == name]

    def of_type(self, *types: str) -> list[str]:
        """Return the names of the nodes of some types, in the order of the file."""
        return [name for name, node in self.nodes.items() if type_of(node) in types]


def type_of(node) -> str:
    """Return the type of a NIR node as files spell it."""
    return type(node).__name__


def require_nir():
    """Return the package `nir`, or say what supplies it."""
    try:
        import nir
    except ImportError as error:
        raise ToolMissingError(
            "Package nir must be installed for NIR files. pip install '.[interchange]' supplies it."
        ) from error
    return nir


def read_graph(path: Path) -> FlatGraph:
    """Return the graph of a NIR file.

    Raises
    ------
    InterchangeError
        The file is not NIR, is cut short, or holds a node that the network cannot express; the
        node is named.
    """
    nir = require_nir()
    content = _content(Path(path), nir)
    nodes, edges, metadata = _flatten(content, "", str(path), nir)
    names = set(nodes)
    for edge in edges:
        for name in edge:
            if name not in names:
                raise InterchangeError(
                    f"{path}: edge {edge[0]!r} -> {edge[1]!r}: node {name!r} must exist. The file "
                    "is incomplete."
                )
    return FlatGraph(nodes, tuple(dict.fromkeys(edges)), metadata)


def _content(path: Path, nir) -> dict[str, Any]:
    """Return the file as nested plain values."""
    if not is_nir(path):
        raise InterchangeError(f"{path}: must be a NIR file (HDF5), not ONNX")
    try:
        with h5py.File(path, "r") as file:
            return nir.serialization.hdf2dict(file["node"])
    except (OSError, RuntimeError) as error:
        raise InterchangeError(
            f"{path}: must be a whole NIR file ({error}). It is cut short or altered."
        ) from error
    except KeyError as error:
        raise InterchangeError(f"{path}: must hold a NIR graph, not other HDF5 content") from error


def _flatten(content: Mapping[str, Any], prefix: str, path: str, nir):
    """Return nodes, edges and metadata of a graph and, with longer names, of its subgraphs."""
    where = f"{path}: graph {prefix.rstrip('.') or 'of the file'!r}"
    if content.get("type") != "NIRGraph" or "nodes" not in content or "edges" not in content:
        raise InterchangeError(f"{where} must have nodes and edges, not be {content.get('type')!r}")
    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []
    ports: dict[str, tuple[str, str]] = {}
    for key, value in content["nodes"].items():
        name = prefix + key
        kind = value.get("type") if isinstance(value, Mapping) else None
        if kind == "NIRGraph":
            inner, more, _ = _flatten(value, name + ".", path, nir)
            ports[key] = _ports(inner, name, path)
            nodes |= inner
            edges += more
        else:
            nodes[name] = _node(value, kind, name, path, nir)
    for a, b in np.asarray(content["edges"], object).reshape(-1, 2):
        a, b = (x.decode() if isinstance(x, bytes) else str(x) for x in (a, b))
        edges.append((ports[a][1] if a in ports else prefix + a, ports.get(b, (prefix + b,))[0]))
    return nodes, edges, content.get("metadata", {})


def _ports(inner: Mapping[str, Any], name: str, path: str) -> tuple[str, str]:
    """Return the one input and the one output node of a subgraph."""
    found = []
    for kind in ("Input", "Output"):
        own = [
            key
            for key, node in inner.items()
            if type_of(node) == kind and "." not in key.removeprefix(name + ".")
        ]
        if len(own) != 1:
            raise InterchangeError(
                f"{path}: subgraph {name!r} must have one {kind} node, not {len(own)}. Split it "
                "into parts with one each."
            )
        found += own
    return found[0], found[1]


def _node(value, kind: str | None, name: str, path: str, nir):
    """Return one NIR node."""
    if kind not in SUPPORTED:
        raise InterchangeError(
            f"{path}: node {name!r}: type must be one of {', '.join(SUPPORTED)}, not {kind!r}"
        )
    try:
        node = nir.dict2NIRNode(dict(value))
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise InterchangeError(
            f"{path}: node {name!r} of type {kind} must be complete: {error!r}"
        ) from error
    for key, array in vars(node).items():
        if isinstance(array, np.ndarray) and array.dtype.kind in "fiu" and array.size:
            bad = np.flatnonzero(~np.isfinite(array.ravel().astype(float)))
            if bad.size:
                raise InterchangeError(
                    f"{path}: node {name!r}, {key}, element {bad[0]}: must be finite, "
                    f"not {array.ravel()[bad[0]]}"
                )
    return node
