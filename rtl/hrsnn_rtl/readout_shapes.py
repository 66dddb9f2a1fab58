"""Generator values of the readouts that are evaluated when a step asks: perceptron and filters.

A linear readout needs none beside those of `CoreConfig`; it adds up spikes as they come.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from hrsnn_edge.errors import CapacityError
from hrsnn_edge.fixed import width_for
from hrsnn_edge.network import IntNetwork, LinearReadout, MlpReadout, TraceReadout
from hrsnn_edge.readouts import BIAS_WIDTH

#: Layers of a perceptron, and of each hidden one's units, at most.
MAX_LAYERS, MAX_HIDDEN = 3, 1023
#: Bits of a layer's sum, at most.
MAX_ACC_WIDTH = 48


@dataclass(frozen=True, kw_only=True)
class PerceptronShape:
    """A perceptron of spike counts.

    Parameters
    ----------
    n_read : int
        Neurons that are read.
    hidden : tuple of int
        Units of each hidden layer, up to 2 of them.
    act_width : int
        Bits of a count and of a hidden activation. Part of the arithmetic: it is the network's.
    acc_width : int
        Bits of a layer's sum.
    """

    n_read: int
    hidden: tuple[int, ...]
    act_width: int
    acc_width: int

    kind: ClassVar[str] = MlpReadout.kind
    #: Number of the kind in the register `FEATURES`.
    code: ClassVar[int] = 1

    def __post_init__(self):
        """Check every value."""
        object.__setattr__(self, "hidden", tuple(self.hidden))
        _check_range("Layers of the readout", 1 + len(self.hidden), 1, MAX_LAYERS)
        _check_range("Neurons that the readout reads", self.n_read, 1, 2047)
        for units in self.hidden:
            _check_range("Units of a hidden layer", units, 1, MAX_HIDDEN)
        _check_range("Activation width", self.act_width, *MlpReadout.ACT_WIDTHS)
        _check_range("Width of the readout's sums", self.acc_width, 1, MAX_ACC_WIDTH)

    @classmethod
    def of(cls, readout: MlpReadout) -> PerceptronShape:
        """Return the tight shape of a readout."""
        return cls(
            n_read=readout.neurons.size,
            hidden=tuple(layer.bias.size for layer in readout.layers[:-1]),
            act_width=readout.act_width,
            acc_width=readout.out_width(1),
        )

    @property
    def operand_width(self) -> int:
        """Bits of what the weights are multiplied with."""
        return self.act_width

    @property
    def bias_width(self) -> int:
        """Bits of a bias: it is one of the sums, that of inputs of 0."""
        return min(BIAS_WIDTH, self.acc_width)

    def neuron_words(self, n_hw: int) -> tuple[int, int]:
        """Return words and bits of the memory that says which neurons are read."""
        return n_hw, 1 + max(1, (self.n_read - 1).bit_length())

    def layers(self, n_bins: int, n_hw: int, n_out: int) -> tuple[tuple[int, int], ...]:
        """Return inputs and units of each layer of a core with these sizes."""
        sizes = (n_bins * self.n_read, *self.hidden, n_out)
        return tuple(pairwise(sizes))

    def check_holds(self, readout: MlpReadout) -> None:
        """Raise `CapacityError` when a readout needs more, or other arithmetic."""
        need = PerceptronShape.of(readout)
        _check_same("Activation width", need.act_width, self.act_width)
        _check_same("Layers of the readout", len(readout.layers), 1 + len(self.hidden))
        _check_most("Neurons that the readout reads", need.n_read, self.n_read)
        for k, (units, room) in enumerate(zip(need.hidden, self.hidden, strict=True)):
            _check_most(f"Units of hidden layer {k}", units, room)
        _check_most("Width of the readout's sums", need.acc_width, self.acc_width)


@dataclass(frozen=True, kw_only=True)
class FilterShape:
    """A linear map of filtered spikes.

    Parameters
    ----------
    n_filters : int
        Filters of each neuron.
    squares : bool
        Whether their squares are features too.
    trace_width : int
        Bits of a filter. Part of the arithmetic: it is the network's.
    decay_width : int
        Bits of a decay.
    acc_width : int
        Bits of an output's sum before its shift.
    """

    n_filters: int
    squares: bool
    trace_width: int
    decay_width: int
    acc_width: int

    kind: ClassVar[str] = TraceReadout.kind
    #: Number of the kind in the register `FEATURES`.
    code: ClassVar[int] = 2

    def __post_init__(self):
        """Check every value."""
        _check_range("Filters of a neuron", self.n_filters, 1, 31)
        _check_range("Width of a filter", self.trace_width, *TraceReadout.LIMITS["trace_width"])
        _check_range("Width of its decay", self.decay_width, *TraceReadout.LIMITS["decay_width"])
        _check_range("Width of the readout's sums", self.acc_width, 1, MAX_ACC_WIDTH)

    @classmethod
    def of(cls, readout: TraceReadout) -> FilterShape:
        """Return the tight shape of a readout."""
        return cls(
            n_filters=readout.n_filters,
            squares=readout.squares,
            trace_width=readout.trace_width,
            decay_width=readout.decay_width,
            acc_width=readout.out_width(1),
        )

    @property
    def operand_width(self) -> int:
        """Bits of what the weights are multiplied with."""
        return self.trace_width

    @property
    def bias_width(self) -> int:
        """Bits of a bias, one of the sums, and of a filter's step, which stands beside them."""
        return min(BIAS_WIDTH, max(self.acc_width, self.trace_width))

    def neuron_words(self, n_hw: int) -> tuple[int, int]:
        """Return words and bits of the memory of the decays."""
        return self.n_filters * n_hw, self.decay_width

    def layers(self, n_bins: int, n_hw: int, n_out: int) -> tuple[tuple[int, int], ...]:
        """Return inputs and units of the only layer of a core with these sizes."""
        return (((1 + self.squares) * self.n_filters * n_hw, n_out),)

    def check_holds(self, readout: TraceReadout) -> None:
        """Raise `CapacityError` when a readout needs more, or other arithmetic."""
        _check_same("Width of a filter", readout.trace_width, self.trace_width)
        _check_most("Filters of a neuron", readout.n_filters, self.n_filters)
        _check_most("Squares of filters", int(readout.squares), int(self.squares))
        _check_most("Width of a filter's decay", readout.decay_width, self.decay_width)
        _check_most("Width of the readout's sums", readout.out_width(1), self.acc_width)


#: Of a readout that is not linear.
ReadoutShape = PerceptronShape | FilterShape
#: Shape by the kind of its readout.
SHAPES = {shape.kind: shape for shape in (PerceptronShape, FilterShape)}


def shape_of(net: IntNetwork) -> ReadoutShape | None:
    """Return the tight shape of a network's readout, None for a linear one."""
    if isinstance(net.readout, LinearReadout):
        return None
    return SHAPES[net.readout.kind].of(net.readout)


def shape_from(values: dict | None) -> ReadoutShape | None:
    """Return the shape whose fields `values` holds; each kind has fields of its own."""
    if values is None:
        return None
    return (PerceptronShape if "n_read" in values else FilterShape)(**values)


def output_width(net: IntNetwork, n_steps: int) -> int:
    """Return the bits of an output of the core, for runs of up to `n_steps`."""
    readout = net.readout
    if isinstance(readout, MlpReadout):
        return width_for(*readout.layers[-1].sum_range(readout.act_top))
    if isinstance(readout, TraceReadout):
        return width_for(*(end >> readout.out_shift for end in readout.sum_range()))
    return net.out_width(n_steps)


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise CapacityError(
            f"{name} must be between {low} and {high} on the core, not {value}. "
            "Fit a smaller readout."
        )


def _check_same(name: str, value: int, core: int) -> None:
    if value != core:
        raise CapacityError(
            f"{name} must be {core}, that of the core, not {value}. Build a core for this network."
        )


def _check_most(name: str, value: int, core: int) -> None:
    if value > core:
        raise CapacityError(
            f"{name} must be at most {core}, that of the core, not {value}. "
            "Build a core for this network."
        )
