"""A feed-forward network of rectified units, whatever file it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hrsnn_edge.interchange.signal import Signal

#: Name of the input in the signals of an `Ann`.
INPUT = "input"


@dataclass(frozen=True, eq=False)
class Ann:
    """Layers ``a = max(0, into)`` and an output that is linear in them.

    Attributes
    ----------
    n_inputs : int
        Values of the input.
    layers : mapping of str to Signal
        What arrives at each layer, from the input and from layers before it; in order.
    out : Signal
        The outputs.
    """

    n_inputs: int
    layers: Mapping[str, Signal]
    out: Signal

    def activations(self, x) -> dict[str, np.ndarray]:
        """Return the values of the input and every layer, (S, size) each, for (S, n_inputs)."""
        values = {INPUT: np.asarray(x, np.float64)}
        for name, signal in self.layers.items():
            values[name] = np.maximum(linear(signal, values), 0)
        return values

    def outputs(self, x) -> np.ndarray:
        """Return the (S, C) outputs for (S, n_inputs) inputs."""
        return linear(self.out, self.activations(x))


def linear(signal: Signal, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the signal for (S, size) values of each source, all in the same step."""
    total = signal.bias[None]
    for (source, _), matrix in signal.terms.items():
        total = total + values[source] @ matrix
    return total
