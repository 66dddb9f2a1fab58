"""What a NIR graph computes between its populations: sizes, parameters, linear maps, delays."""

from __future__ import annotations

import numpy as np

from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.interchange.changes import Change, change
from hrsnn_edge.interchange.nir_graph import INTEGRATING, SPIKING, FlatGraph, type_of
from hrsnn_edge.interchange.signal import Signal

#: A delay this near to whole steps counts as whole: files hold float32.
STEP_ROOM = 1e-4


class Walk:
    """A walk through a graph against its edges.

    Attributes
    ----------
    graph : FlatGraph
        The graph.
    dt : float
        Step [s].
    path : str
        Name of the file, for messages.
    changes : list of Change
        What was changed so far.
    """

    def __init__(self, graph: FlatGraph, dt: float, path: str):
        self.graph, self.dt, self.path = graph, dt, path
        self.changes: list[Change] = []
        self._signals: dict[str, Signal] = {}
        self._open: list[str] = []

    def type_of(self, name: str) -> str:
        """Return the type of a node."""
        return type_of(self.graph.nodes[name])

    def size(self, name: str, seen: frozenset[str] = frozenset()) -> int:
        """Return the number of values that a node gives in a step."""
        node = self.graph.nodes[name]
        kind = self.type_of(name)
        if kind in ("Affine", "Linear"):
            return int(self._weight(name).shape[0])
        if kind == "Input":
            return int(np.prod(node.input_type["input"]))
        own = 1 if kind in ("Output", "Flatten") else max(map(np.size, self._values(node).values()))
        if own > 1:
            return own
        for other in self.graph.before(name):
            if other not in seen:
                return self.size(other, seen | {name})
        return own

    @staticmethod
    def _values(node) -> dict[str, np.ndarray]:
        """Return the parameters of a node that hold numbers."""
        found = {k: v for k, v in vars(node).items() if k not in ("input_type", "output_type")}
        return {
            k: np.asarray(v, np.float64)
            for k, v in found.items()
            if isinstance(v, (np.ndarray, float, int, np.number))
        }

    def _weight(self, name: str) -> np.ndarray:
        weight = np.asarray(self.graph.nodes[name].weight, np.float64)
        if weight.ndim != 2:
            raise InterchangeError(
                f"{self.path}: node {name!r}: weight must be (outputs, inputs), not {weight.shape}"
            )
        return weight

    def parameter(self, name: str, key: str, size: int) -> np.ndarray:
        """Return one parameter of a node for each of `size` values; a scalar counts for all."""
        value = np.asarray(getattr(self.graph.nodes[name], key), np.float64).ravel()
        if value.size not in (1, size):
            raise InterchangeError(
                f"{self.path}: node {name!r}: {key} must have 1 or {size} values, not {value.size}"
            )
        return np.broadcast_to(value, size).copy()

    def into(self, name: str) -> Signal:
        """Return the sum of what arrives at a node."""
        before = self.graph.before(name)
        if not before:
            return Signal.zero(self.size(name))
        signals = [self.signal(other) for other in before]
        size = self._arriving(name, signals[0].size)
        for other, signal in zip(before, signals, strict=True):
            if signal.size != size:
                raise InterchangeError(
                    f"{self.path}: node {name!r} must take {size} values, not {signal.size} from "
                    f"{other!r}"
                )
        total = signals[0]
        for signal in signals[1:]:
            total = total + signal
        return total

    def _arriving(self, name: str, offered: int) -> int:
        """Return how many values a node takes."""
        kind = self.type_of(name)
        if kind in ("Affine", "Linear"):
            return int(self._weight(name).shape[1])
        if kind == "Flatten":
            return offered
        if kind in ("Input", "Output"):
            node = self.graph.nodes[name]
            shape = (node.input_type or {}).get("input")
            return offered if shape is None or None in np.atleast_1d(shape) else int(np.prod(shape))
        return self.size(name)

    def signal(self, name: str) -> Signal:
        """Return what a node gives, as a map of the spikes of inputs and populations."""
        kind = self.type_of(name)
        if kind in SPIKING or (kind == "Input" and not self.graph.before(name)):
            return Signal.of(name, self.size(name))
        if kind in INTEGRATING:
            raise InterchangeError(
                f"{self.path}: node {name!r} of type {kind} must lead to an Output only: its "
                "values are not spikes, and the core carries nothing else between neurons"
            )
        if name in self._open:
            loop = " -> ".join(repr(n) for n in [*self._open[self._open.index(name) :], name])
            raise InterchangeError(
                f"{self.path}: loop {loop} must pass a population that fires, which delays it by "
                "a step; without one it has no value"
            )
        if name not in self._signals:
            self._open.append(name)
            self._signals[name] = self._applied(name, kind, self.into(name))
            self._open.pop()
        return self._signals[name]

    def _applied(self, name: str, kind: str, signal: Signal) -> Signal:
        """Return a signal after a linear node."""
        node = self.graph.nodes[name]
        if kind in ("Affine", "Linear"):
            bias = self.parameter(name, "bias", self.size(name)) if kind == "Affine" else 0.0
            return signal.through(self._weight(name).T, bias)
        if kind == "Scale":
            return signal.scaled(self.parameter(name, "scale", signal.size))
        if kind == "Delay":
            return signal.delayed(self._delay_steps(name, np.asarray(node.delay), signal.size))
        return signal  # Flatten, and the ports of a subgraph

    def _delay_steps(self, name: str, delay, size: int) -> np.ndarray:
        """Return a delay in whole steps, and note where that changed it."""
        delay = self.parameter(name, "delay", size)
        if (delay < 0).any():
            raise InterchangeError(
                f"{self.path}: node {name!r}: delay must be 0 or more, not {delay.min():g}"
            )
        exact = delay / self.dt
        steps = np.rint(exact).astype(np.int64)
        after = np.where(np.abs(exact - steps) > STEP_ROOM, steps * self.dt, delay)
        self.changes += change(
            name, "delay", delay, after, "rounded to whole steps [s]", exact=False
        )
        return steps
