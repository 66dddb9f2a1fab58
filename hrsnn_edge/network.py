"""The values that the stations hand over: the float network, the integer network.

All are frozen; arrays are made read-only on construction. Index order of every weight is
``[pre, post]``, in sparse rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import ClassVar

import numpy as np

from hrsnn_edge.errors import QuantisationError
from hrsnn_edge.fixed import check_range, signed_range, width_for
from hrsnn_edge.frozen import freeze
from hrsnn_edge.readouts import DenseLayer, LinearReadout, MlpReadout, Readout, TraceReadout
from hrsnn_edge.rows import SparseRows

__all__ = [
    "RESETS",
    "Counts",
    "DenseLayer",
    "ExpSynapses",
    "FloatNetwork",
    "IntFormat",
    "IntNetwork",
    "IntStdp",
    "LinearReadout",
    "MlpReadout",
    "Readout",
    "SparseRows",
    "TraceReadout",
]


#: What a spike does to the membrane: sets it to `v_reset`, or takes ``v_threshold - v_reset`` off.
RESETS = ("hard", "subtract")


def _check_reset(reset: str) -> None:
    """Raise `ValueError` for an unknown kind of reset."""
    if reset not in RESETS:
        raise ValueError(f"Reset must be one of {', '.join(RESETS)}, not {reset!r}")


@dataclass(frozen=True, eq=False)
class FloatNetwork:
    """A heterogeneous recurrent network of LIF neurons in real numbers (eq. (1)).

    ``v[t+1] = max(alpha v[t] + gain * I[t], v_floor)`` with ``alpha = exp(-dt / tau_mem)`` and
    ``gain`` 1 (``gain_mode='jump'``) or ``1 - alpha`` (``'leaky'``, R_m = 1). ``I[t]`` is the sum
    of the weights that arrive in the step (delta synapses) or, with `tau_syn`,
    ``I[t] = beta I[t-1] + sum`` with ``beta = exp(-dt / tau_syn)`` (exponential synapses); it runs
    on while a neuron is refractory.

    Attributes
    ----------
    w_in, w_rec : SparseRows of float64
        Input -> recurrent and recurrent -> recurrent weights, signed.
    inhibitory : (N,) bool
        Dale's sign of each recurrent neuron.
    tau_mem : (N,) float64
        Membrane time constant [ms].
    v_threshold : (N,) float64
        Threshold.
    v_reset : (N,) float64
        Reset potential.
    refractory_steps : (N,) int64
        Steps after a spike in which the neuron is held where the spike left it.
    dt : float
        Step [ms].
    v_floor : float or (N,) float64
        Lower bound of the membranes, for all or for each; ``-inf`` for none.
    readout : LinearReadout, MlpReadout, TraceReadout or None
        The trained readout.
    cluster : (N,) int64 or None
        Cluster of each neuron in a clustered network.
    tau_syn : (N,) float64 or None
        Time constant of each neuron's synaptic current [ms], above 0; None for delta synapses.
    reset : 'hard' or 'subtract'
        Whether a spike sets ``v`` to `v_reset` or takes `v_drop` off, so that what overshot the
        threshold stays. With a `v_reset` of 0 that is the threshold.
    """

    w_in: SparseRows
    w_rec: SparseRows
    inhibitory: np.ndarray
    tau_mem: np.ndarray
    v_threshold: np.ndarray
    v_reset: np.ndarray
    refractory_steps: np.ndarray
    dt: float = 1.0
    gain_mode: str = "jump"
    v_floor: float | np.ndarray = -np.inf
    readout: Readout | None = None
    cluster: np.ndarray | None = None
    tau_syn: np.ndarray | None = None
    reset: str = "hard"

    def __post_init__(self):
        """Check shapes, signs and finiteness."""
        freeze(self)
        _check_reset(self.reset)
        n = self.w_rec.n_pre
        optional = () if self.tau_syn is None else ("tau_syn",)
        for name in (
            "inhibitory", "tau_mem", "v_threshold", "v_reset", "refractory_steps", *optional
        ):  # fmt: skip
            if getattr(self, name).shape != (n,):
                raise ValueError(f"{name} must have {n} values, not {getattr(self, name).shape}")
        if self.w_in.n_post != n or self.w_rec.n_post != n:
            raise ValueError(f"Both projections must end on {n} neurons")
        if self.gain_mode not in ("jump", "leaky"):
            raise ValueError(f"Gain mode must be 'jump' or 'leaky', not {self.gain_mode!r}")
        for name in ("tau_mem", "v_threshold", "v_reset", *optional):
            values = getattr(self, name)
            bad = np.flatnonzero(~np.isfinite(values))
            if bad.size:
                raise QuantisationError(
                    f"{name}, neuron {bad[0]}: must be finite, not {values[bad[0]]}"
                )
        if optional and not (self.tau_syn > 0).all():
            j = int(np.argmin(self.tau_syn))
            raise QuantisationError(f"tau_syn, neuron {j}: must be above 0, not {self.tau_syn[j]}")
        for name in ("w_in", "w_rec"):
            rows = getattr(self, name)
            bad = np.flatnonzero(~np.isfinite(rows.weights))
            if bad.size:
                raise QuantisationError(
                    f"{name}, synapse {rows.pre_idx[bad[0]]} -> {rows.col_idx[bad[0]]}: weight "
                    f"must be finite, not {rows.weights[bad[0]]}"
                )

    @property
    def n_neurons(self) -> int:
        """Recurrent neurons."""
        return self.w_rec.n_pre

    @property
    def n_inputs(self) -> int:
        """Input channels."""
        return self.w_in.n_pre

    @property
    def alpha(self) -> np.ndarray:
        """Decay of one step, ``exp(-dt / tau_mem)``, (N,) float64."""
        return np.exp(-self.dt / self.tau_mem)

    @property
    def v_drop(self) -> np.ndarray:
        """What a spike takes off the membrane, (N,) float64; empty with a hard reset."""
        return v_drop(self)

    @property
    def beta(self) -> np.ndarray:
        """Decay of the synaptic current in one step, (N,) float64; 0 for delta synapses."""
        if self.tau_syn is None:
            return np.zeros(self.n_neurons)
        return np.exp(-self.dt / self.tau_syn)


@dataclass(frozen=True)
class IntFormat:
    """The widths of the integer network, in bits; the numeric contract says what each means."""

    v_width: int = 16
    decay_width: int = 8
    weight_width: int = 6
    shift_width: int = 0
    v_shift: int = 0
    refractory_width: int = 3
    out_weight_width: int = 8

    #: Least and greatest value of each width.
    LIMITS: ClassVar[dict[str, tuple[int, int]]] = {
        "v_width": (8, 24),
        "decay_width": (4, 12),
        "weight_width": (2, 8),
        "shift_width": (0, 3),
        "v_shift": (0, 16),
        "refractory_width": (0, 6),
        "out_weight_width": (2, 16),
    }

    def __post_init__(self):
        """Check every width against its limits."""
        words = {
            "v_width": "Membrane width",
            "decay_width": "Decay width",
            "weight_width": "Weight width",
            "shift_width": "Row shift width",
            "v_shift": "Membrane shift",
            "refractory_width": "Refractory width",
            "out_weight_width": "Readout weight width",
        }
        for name, (low, high) in self.LIMITS.items():
            value = getattr(self, name)
            if not isinstance(value, int):
                raise TypeError(f"{words[name]} must be an integer, not {value!r}")
            if not low <= value <= high:
                raise ValueError(f"{words[name]} must be between {low} and {high}, not {value}")


@dataclass(frozen=True, eq=False)
class ExpSynapses:
    """Exponential synapses of an integer network: one decaying current `i_syn` a neuron.

    Attributes
    ----------
    syn_decay : (N,) int32
        Decay of the current in a step, unsigned, ``decay_width`` bits like that of the membrane.
    syn_width : int
        Bits of `i_syn`, signed, in LSB of ``v``, saturating; 8 .. 24.
    """

    syn_decay: np.ndarray
    syn_width: int

    #: Least and greatest `syn_width`.
    WIDTHS: ClassVar[tuple[int, int]] = (8, 24)

    def __post_init__(self):
        """Check the width; the decays are checked by the network."""
        freeze(self)
        low, high = self.WIDTHS
        if not isinstance(self.syn_width, int):
            raise TypeError(f"Synaptic width must be an integer, not {self.syn_width!r}")
        if not low <= self.syn_width <= high:
            raise ValueError(
                f"Synaptic width must be between {low} and {high}, not {self.syn_width}"
            )


@dataclass(frozen=True, eq=False)
class IntNetwork:
    """The integer network: what reference, engine, RTL, netlist, firmware and ONNX all compute.

    Attributes
    ----------
    w_in, w_rec : SparseRows of int32
        Weights, ``weight_width`` bits signed. A row of a projection that learns has its source's
        sign; others, as imported networks have them, may have both.
    shift_in, shift_rec : (n_inputs,), (N,) int32
        A weight of row ``i`` adds ``weight << shift[i]`` to its target's sum.
    inhibitory : (N,) bool
        Dale's sign; of a source with both signs, that of the sum of its row.
    decay : (N,) int32
        Unsigned, ``0 .. 2**decay_width - 1``.
    v_threshold : (N,) int32
        Signed, ``v_width`` bits, never the most negative value.
    v_reset : (N,) int32
        Signed, ``v_width`` bits, below the threshold.
    refractory_steps : (N,) int32
        ``0 .. 2**refractory_width - 1``.
    readout : LinearReadout, MlpReadout or TraceReadout of int32
        Weights of ``out_weight_width`` bits.
    fmt : IntFormat
        The widths.
    synapses : ExpSynapses or None
        None for delta synapses.
    reset : 'hard' or 'subtract'
        As in `FloatNetwork`.
    """

    w_in: SparseRows
    w_rec: SparseRows
    shift_in: np.ndarray
    shift_rec: np.ndarray
    inhibitory: np.ndarray
    decay: np.ndarray
    v_threshold: np.ndarray
    v_reset: np.ndarray
    refractory_steps: np.ndarray
    readout: Readout
    fmt: IntFormat = field(default_factory=IntFormat)
    synapses: ExpSynapses | None = None
    reset: str = "hard"

    def __post_init__(self):
        """Check every value against its format."""
        freeze(self)
        _check_reset(self.reset)
        f, n = self.fmt, self.n_neurons
        if self.w_in.n_post != n or self.w_rec.n_post != n:
            raise ValueError(f"Both projections must end on {n} neurons")
        shapes = dict.fromkeys(
            ("inhibitory", "decay", "v_threshold", "v_reset", "refractory_steps", "shift_rec"), n
        )
        shapes["shift_in"] = self.n_inputs
        for name, size in shapes.items():
            if getattr(self, name).shape != (size,):
                raise ValueError(f"{name} must have {size} values, not {getattr(self, name).shape}")
        low, high = signed_range(f.weight_width)
        check_range("w_in weights", self.w_in.weights, low, high)
        check_range("w_rec weights", self.w_rec.weights, low, high)
        check_range("decay", self.decay, 0, (1 << f.decay_width) - 1)
        v_low, v_high = signed_range(f.v_width)
        check_range("v_threshold", self.v_threshold, v_low + 1, v_high)
        check_range("v_reset", self.v_reset, v_low, v_high)
        check_range("v_threshold - v_reset", self.v_threshold - self.v_reset, 1, 1 << f.v_width)
        check_range("refractory_steps", self.refractory_steps, 0, (1 << f.refractory_width) - 1)
        check_range("shift_in", self.shift_in, 0, (1 << f.shift_width) - 1)
        check_range("shift_rec", self.shift_rec, 0, (1 << f.shift_width) - 1)
        self.readout.check_integers(n, f.out_weight_width)
        if self.synapses is not None:
            if self.synapses.syn_decay.shape != (n,):
                raise ValueError(
                    f"syn_decay must have {n} values, not {self.synapses.syn_decay.shape}"
                )
            check_range("syn_decay", self.synapses.syn_decay, 0, (1 << f.decay_width) - 1)

    @property
    def n_neurons(self) -> int:
        """Recurrent neurons."""
        return self.w_rec.n_pre

    @property
    def n_inputs(self) -> int:
        """Input channels."""
        return self.w_in.n_pre

    @property
    def v_drop(self) -> np.ndarray:
        """What a spike takes off the membrane, (N,) int32, above 0; empty with a hard reset."""
        return v_drop(self)

    @property
    def sum_width(self) -> int:
        """Bits of ``syn_sum`` such that no set of events can overflow it, from the actual rows."""
        low = np.zeros(self.n_neurons, np.int64)
        high = np.zeros(self.n_neurons, np.int64)
        for rows, shift in ((self.w_in, self.shift_in), (self.w_rec, self.shift_rec)):
            term = rows.weights.astype(np.int64) << shift[rows.pre_idx]
            np.add.at(low, rows.col_idx, np.minimum(term, 0))
            np.add.at(high, rows.col_idx, np.maximum(term, 0))
        return width_for(int(low.min(initial=0)), int(high.max(initial=0)))

    def out_width(self, n_steps: int) -> int:
        """Bits of a readout accumulator that cannot overflow in `n_steps` steps."""
        return self.readout.out_width(n_steps)


def v_drop(net: FloatNetwork | IntNetwork) -> np.ndarray:
    """Return ``v_threshold - v_reset``, (N,), of a subtractive reset; empty with a hard one."""
    return net.v_threshold - net.v_reset if net.reset == "subtract" else net.v_reset[:0]


@dataclass(frozen=True, eq=False)
class IntStdp:
    """Trace STDP in integers (eq. (3)-(5)); a source is an input channel or a recurrent neuron.

    Sources are numbered ``0 .. n_inputs - 1`` for inputs, then ``n_inputs + i`` for neuron ``i``.
    A plastic synapse holds a magnitude ``m`` with `learn_shift` bits below the weight's LSB; its
    weight is ``sign * (m >> learn_shift)``.

    Attributes
    ----------
    plastic_in, plastic_rec : bool
        Which projections learn.
    learn_shift : int
        Extra low bits of a magnitude, 0 .. 12.
    trace_width : int
        Bits of a trace, unsigned, 4 .. 12.
    trace_step : int
        Added to a trace by a spike, saturating.
    decay_width : int
        Bits of the trace decays.
    decay_plus, eta_plus, magnitude_max : (n_inputs + N,) int32
        Of a presynaptic source: trace decay, potentiation factor, greatest magnitude.
    decay_minus, eta_minus : (N,) int32
        Of a postsynaptic neuron: trace decay, depression factor.
    eta_shift : int
        A change is ``(eta * trace) >> eta_shift``.
    """

    plastic_in: bool
    plastic_rec: bool
    learn_shift: int
    trace_width: int
    trace_step: int
    decay_width: int
    decay_plus: np.ndarray
    eta_plus: np.ndarray
    magnitude_max: np.ndarray
    decay_minus: np.ndarray
    eta_minus: np.ndarray
    eta_shift: int

    def __post_init__(self):
        """Freeze the arrays and check the ranges."""
        freeze(self)
        for name, low, high in (
            ("learn_shift", 0, 12),
            ("trace_width", 4, 12),
            ("decay_width", 4, 12),
            ("eta_shift", 0, 24),
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(
                    f"{name} must be between {low} and {high}, not {getattr(self, name)}"
                )
        if not 0 < self.trace_step < (1 << self.trace_width):
            raise ValueError(
                f"trace_step must be between 1 and {(1 << self.trace_width) - 1}, "
                f"not {self.trace_step}"
            )
        top = (1 << self.decay_width) - 1
        check_range("decay_plus", self.decay_plus, 0, top)
        check_range("decay_minus", self.decay_minus, 0, top)
        check_range("eta_plus", self.eta_plus, 0, (1 << 16) - 1)
        check_range("eta_minus", self.eta_minus, 0, (1 << 16) - 1)
        check_range("magnitude_max", self.magnitude_max, 0, (1 << 20) - 1)


@dataclass(frozen=True)
class Counts:
    """Exact work of a run; the RTL counters must equal them.

    A spike's synaptic operations are counted with the step that emitted it, those of an input
    event with the step it belongs to, so ``sop_rec`` is the sum of ``fan_out`` over all spikes.
    """

    input_events: int = 0
    spikes: int = 0
    sop_in: int = 0
    sop_rec: int = 0
    sop_out: int = 0
    neuron_updates: int = 0
    skipped_rows: int = 0
    weight_updates: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Return the sum, field by field."""
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))
