"""The readouts of a network: linear in counts, a small perceptron of counts, a stream of traces.

Each holds floats in a `FloatNetwork` and integers in an `IntNetwork`; fields that only integers
need are None or 0 in floats. ``docs/numeric-contract.md`` says what the integer forms compute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hrsnn_edge.fixed import check_range, signed_range, width_for
from hrsnn_edge.frozen import freeze

#: Bits of an integer bias, signed.
BIAS_WIDTH = 31


@dataclass(frozen=True, eq=False)
class LinearReadout:
    """A linear map of spike counts: ``out[c] = bias[c] + sum w_out[bin, j, c] count[bin, j]``.

    `w_out` is (n_bins, n_neurons, n_out); bin ``b`` of a run of T steps holds the steps with
    ``t * n_bins // T == b``. Floats in a `FloatNetwork`, integers in an `IntNetwork`.
    The class is the index of the greatest output; on a tie the lowest index.
    """

    w_out: np.ndarray
    bias: np.ndarray

    #: Name in experiments, artifacts and messages.
    kind: ClassVar[str] = "linear"

    def __post_init__(self):
        """Check the shapes."""
        freeze(self)
        if self.w_out.ndim != 3 or self.bias.shape != self.w_out.shape[2:]:
            raise ValueError(
                "Readout weights must be (bins, neurons, outputs) with one bias an output, not "
                f"{self.w_out.shape} and {self.bias.shape}"
            )

    @property
    def n_bins(self) -> int:
        """Equal parts of the run that are counted apart."""
        return self.w_out.shape[0]

    @property
    def n_out(self) -> int:
        """Number of outputs."""
        return self.w_out.shape[2]

    def asked_steps(self, n_steps: int, t: int = 0) -> np.ndarray:
        """Return in which steps of a run outputs have to be computed, (T,) bool: in none.

        Each spike changes them by itself.
        """
        return np.zeros(n_steps, bool)

    def check_integers(self, n_neurons: int, weight_width: int) -> None:
        """Raise for a weight outside its width or another number of neurons."""
        check_range("readout weights", self.w_out, *signed_range(weight_width))
        _check_neurons(self.w_out.shape[1], n_neurons)

    def out_width(self, n_steps: int) -> int:
        """Bits of an integer accumulator that cannot overflow in `n_steps` steps."""
        w, b = self.w_out.astype(np.int64), self.bias.astype(np.int64)
        low = np.minimum(w, 0).min(axis=0).sum(axis=0) * n_steps + np.minimum(b, 0)
        high = np.maximum(w, 0).max(axis=0).sum(axis=0) * n_steps + np.maximum(b, 0)
        return width_for(int(low.min()), int(high.max()))


@dataclass(frozen=True, eq=False)
class DenseLayer:
    """One layer of an `MlpReadout`: ``sum_i weights[i, c] a[i] + bias[c]``.

    Attributes
    ----------
    weights : (n_in, n_out)
        Float, or integers of the readout's weight width.
    bias : (n_out,)
        Float, or integers of `BIAS_WIDTH` bits.
    shift : int
        Integer hidden layers only: right shift of the sum before ReLU and saturation, 0 .. 31.
    """

    weights: np.ndarray
    bias: np.ndarray
    shift: int = 0

    def __post_init__(self):
        """Check the shapes and the shift."""
        freeze(self)
        if self.weights.ndim != 2 or self.bias.shape != self.weights.shape[1:]:
            raise ValueError(
                "Layer weights must be (inputs, outputs) with one bias an output, not "
                f"{self.weights.shape} and {self.bias.shape}"
            )
        _check_int("Layer shift", self.shift, 0, 31)

    def sum_range(self, top: int) -> tuple[int, int]:
        """Return the least and the greatest sum for integer inputs of 0 .. `top`."""
        w, b = self.weights.astype(np.int64), self.bias.astype(np.int64)
        low = np.minimum(w, 0).sum(axis=0) * top + b
        high = np.maximum(w, 0).sum(axis=0) * top + b
        return int(low.min()), int(high.max())


@dataclass(frozen=True, eq=False)
class MlpReadout:
    """A perceptron of the spike counts of chosen neurons, evaluated once a run.

    The input is the count of each chosen neuron in each bin, bins first: input ``b * H + q`` is
    ``count[b, neurons[q]]``. ReLU follows every layer but the last.

    Attributes
    ----------
    neurons : (H,) int32
        The neurons that are read, strictly rising.
    n_bins : int
        Equal parts of the run that are counted apart.
    layers : tuple of DenseLayer
        First to last.
    act_width : int or None
        Integers only: bits of a count and of a hidden activation, unsigned, both saturating.
    out_frac : int
        Integers only, of a perceptron whose one output is a predicted value: the output counts in
        ``2**-out_frac`` of the float readout's unit. 0 for classes, of which the greatest counts.
    """

    neurons: np.ndarray
    n_bins: int
    layers: tuple[DenseLayer, ...]
    act_width: int | None = None
    out_frac: int = 0

    kind: ClassVar[str] = "mlp"
    #: Least and greatest `act_width`.
    ACT_WIDTHS: ClassVar[tuple[int, int]] = (4, 16)
    #: Least and greatest `out_frac`.
    OUT_FRACS: ClassVar[tuple[int, int]] = (0, 31)

    def __post_init__(self):
        """Check that the layers fit the inputs and each other."""
        freeze(self)
        rising = (
            self.neurons.ndim == 1 and self.neurons.size > 0 and np.all(np.diff(self.neurons) > 0)
        )
        if not rising or self.neurons[0] < 0:
            raise ValueError("Neurons of the readout must be one or more, rising from 0 or above")
        _check_int("Readout bins", self.n_bins, 1, 64)
        _check_int("Readout layers", len(self.layers), 1, 16)
        _check_int("out_frac of the readout", self.out_frac, *self.OUT_FRACS)
        size = self.n_bins * self.neurons.size
        for k, layer in enumerate(self.layers):
            if layer.weights.shape[0] != size:
                raise ValueError(
                    f"Layer {k} of the readout must take {size} inputs, "
                    f"not {layer.weights.shape[0]}"
                )
            size = layer.weights.shape[1]

    @property
    def n_out(self) -> int:
        """Number of outputs."""
        return self.layers[-1].bias.size

    @property
    def macs(self) -> int:
        """Multiplications of one evaluation: all weights."""
        return sum(layer.weights.size for layer in self.layers)

    @property
    def act_top(self) -> int:
        """Greatest integer count and activation."""
        return (1 << self.act_width) - 1

    def asked_steps(self, n_steps: int, t: int = 0) -> np.ndarray:
        """Return in which steps of a run outputs have to be computed, (T,) bool: in the last."""
        return np.arange(n_steps) == n_steps - 1

    def check_integers(self, n_neurons: int, weight_width: int) -> None:
        """Raise for a value outside its width or a neuron that is not there."""
        _check_int("Activation width", self.act_width, *self.ACT_WIDTHS)
        check_range("readout neurons", self.neurons, 0, n_neurons - 1)
        for k, layer in enumerate(self.layers):
            check_range(f"readout layer {k} weights", layer.weights, *signed_range(weight_width))
            check_range(f"readout layer {k} biases", layer.bias, *signed_range(BIAS_WIDTH))
        if self.layers[-1].shift:
            raise ValueError(
                f"Shift of the last readout layer must be 0, not {self.layers[-1].shift}"
            )

    def out_width(self, n_steps: int) -> int:
        """Bits of the widest sum of any layer; counts saturate, so `n_steps` does not matter."""
        return max(width_for(*layer.sum_range(self.act_top)) for layer in self.layers)


@dataclass(frozen=True, eq=False)
class TraceReadout:
    """A linear map of filtered spikes, read every `hold` steps: a stream of outputs.

    Filter `f` of neuron `j` is ``r[f, j] <- decay[f, j] r[f, j] + trace_step[f] s[j]``. Features
    are the filters and, where `w_out` has twice as many rows, then their squares.

    Attributes
    ----------
    decay : (F, N)
        Of a step: float 0..1, or unsigned integers of `decay_width` bits.
    w_out : (F, N, C) or (2 F, N, C)
        Weights of the filters, then of their squares.
    bias : (C,)
        Start of each sum; integers of `BIAS_WIDTH` bits.
    hold : int
        Steps of a sample.
    trace_step : (F,) int32 or None
        Integers only: what a spike adds to a filter (1 in floats).
    trace_width : int or None
        Integers only: bits of a filter, unsigned, saturating.
    decay_width : int or None
        Integers only: bits of the decays.
    out_shift : int
        Integers only: right shift of the sum that gives the output.
    out_frac : int
        Integers only: the output counts in ``2**-out_frac`` of the float readout's unit.
    """

    decay: np.ndarray
    w_out: np.ndarray
    bias: np.ndarray
    hold: int
    trace_step: np.ndarray | None = None
    trace_width: int | None = None
    decay_width: int | None = None
    out_shift: int = 0
    out_frac: int = 0

    kind: ClassVar[str] = "traces"
    #: The whole run is one part: filters, not bins, say when a spike was.
    n_bins: ClassVar[int] = 1
    #: Least and greatest value of each width.
    LIMITS: ClassVar[dict[str, tuple[int, int]]] = {
        "trace_width": (8, 16),
        "decay_width": (4, 16),
        "out_shift": (0, 31),
        "out_frac": (0, 31),
    }

    def __post_init__(self):
        """Check the shapes."""
        freeze(self)
        shape = self.decay.shape
        if len(shape) != 2 or shape[0] < 1:
            raise ValueError(f"Trace decays must be (filters, neurons), not {shape}")
        allowed = ((shape[0], shape[1]), (2 * shape[0], shape[1]))
        if self.w_out.ndim != 3 or self.w_out.shape[:2] not in allowed:
            raise ValueError(
                f"Trace weights must be {shape} or twice as many filters, by outputs, "
                f"not {self.w_out.shape}"
            )
        if self.bias.shape != self.w_out.shape[2:]:
            raise ValueError(
                f"Trace readout must have {self.w_out.shape[2]} biases, not {self.bias.shape}"
            )
        _check_int("Hold", self.hold, 1, 1 << 16)

    @property
    def n_filters(self) -> int:
        """Filters of each neuron."""
        return self.decay.shape[0]

    @property
    def n_out(self) -> int:
        """Number of outputs."""
        return self.w_out.shape[2]

    @property
    def squares(self) -> bool:
        """Whether squared filters are features too."""
        return self.w_out.shape[0] > self.n_filters

    @property
    def macs(self) -> int:
        """Multiplications with weights of one sample."""
        return self.w_out.size

    @property
    def trace_top(self) -> int:
        """Greatest integer value of a filter."""
        return (1 << self.trace_width) - 1

    def asked_steps(self, n_steps: int, t: int = 0) -> np.ndarray:
        """Return in which steps of a run outputs have to be computed, (T,) bool.

        They are those that complete a sample, where `t` steps went before the run.
        """
        return np.arange(t, t + n_steps) % self.hold == self.hold - 1

    def check_integers(self, n_neurons: int, weight_width: int) -> None:
        """Raise for a value outside its width or another number of neurons."""
        for name, limits in self.LIMITS.items():
            _check_int(f"{name} of the readout", getattr(self, name), *limits)
        _check_neurons(self.decay.shape[1], n_neurons)
        check_range("readout decay", self.decay, 0, (1 << self.decay_width) - 1)
        if self.trace_step is None or self.trace_step.shape != (self.n_filters,):
            raise ValueError(f"Trace readout must have {self.n_filters} trace steps")
        check_range("readout trace_step", self.trace_step, 1, self.trace_top)
        check_range("readout weights", self.w_out, *signed_range(weight_width))
        check_range("readout biases", self.bias, *signed_range(BIAS_WIDTH))

    def sum_range(self) -> tuple[int, int]:
        """Return the least and the greatest integer sum before the shift."""
        w, b = self.w_out.astype(np.int64), self.bias.astype(np.int64)
        low = np.minimum(w, 0).sum(axis=(0, 1)) * self.trace_top + b
        high = np.maximum(w, 0).sum(axis=(0, 1)) * self.trace_top + b
        return int(low.min()), int(high.max())

    def out_width(self, n_steps: int) -> int:
        """Bits of a sum before its shift; filters saturate, so `n_steps` does not matter."""
        return width_for(*self.sum_range())


#: Any of them.
Readout = LinearReadout | MlpReadout | TraceReadout


def _check_neurons(found: int, expected: int) -> None:
    if found != expected:
        raise ValueError(f"Readout must read {expected} neurons, not {found}")


def _check_int(name: str, value, low: int, high: int) -> None:
    if not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} must be an integer from {low} to {high}, not {value!r}")
