"""What a core that learns is built for: the widths of on-chip STDP, and the words it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from amaranth.hdl import unsigned
from amaranth.lib import data

from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import IntStdp

if TYPE_CHECKING:
    from hrsnn_rtl.config import CoreConfig

#: Fields of `IntStdp` that are wired into a core.
WIRED = (
    "plastic_in", "plastic_rec", "learn_shift", "trace_width", "trace_step", "decay_width",
    "eta_shift",
)  # fmt: skip
#: Steps of a neuron's past that a core remembers where nothing else is asked for.
DEFAULT_HISTORY = 32


@dataclass(frozen=True, kw_only=True)
class Plasticity:
    """Widths and constants of the learning rule, as named in `IntStdp`.

    Constants of a source or neuron are words of memories; what stands here is wired.

    Parameters
    ----------
    plastic_in, plastic_rec : bool
        Which projections learn.
    learn_shift, trace_width, trace_step, decay_width, eta_shift : int
        As in `IntStdp`.
    eta_width : int
        Bits of an eta.
    gain_width, loss_width : int
        Bits of the greatest single potentiation and depression.
    history : int
        Spikes of a neuron that are remembered, one bit a step; 8, 16, 32 or 64. It costs logic and
        memory and decides how often old rows are brought up to date; results never depend on it.
    overlap : bool
        Bring old rows up to date while the neurons are scanned, which takes four times the memory
        for the histories: that of the step before stays, and scan and walk read at once. Without
        it they wait for each other; results never depend on it.
    """

    plastic_in: bool
    plastic_rec: bool
    learn_shift: int
    trace_width: int
    trace_step: int
    decay_width: int
    eta_shift: int
    eta_width: int
    gain_width: int
    loss_width: int
    history: int = DEFAULT_HISTORY
    overlap: bool = True

    #: Least and greatest value of each integer.
    LIMITS: ClassVar[dict[str, tuple[int, int]]] = {
        "learn_shift": (0, 12),
        "trace_width": (4, 12),
        "trace_step": (1, (1 << 12) - 1),
        "decay_width": (4, 12),
        "eta_shift": (0, 24),
        "eta_width": (1, 16),
        "gain_width": (1, 28),
        "loss_width": (1, 28),
    }

    def __post_init__(self):
        """Check every value."""
        for name, (low, high) in self.LIMITS.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(
                    f"{name} must be between {low} and {high}, not {getattr(self, name)}"
                )
        if not self.plastic_in and not self.plastic_rec:
            raise ValueError("At least one projection must learn on a core with plasticity")
        if self.history not in (8, 16, 32, 64):
            raise ValueError(f"history must be 8, 16, 32 or 64, not {self.history}")
        if self.trace_step > self.trace_top:
            raise ValueError(f"trace_step must be at most {self.trace_top}, not {self.trace_step}")

    @classmethod
    def of(cls, stdp: IntStdp, history: int = DEFAULT_HISTORY, overlap: bool = True) -> Plasticity:
        """Return the tight widths for the constants of a network."""
        top = (1 << stdp.trace_width) - 1
        eta_plus, eta_minus = int(stdp.eta_plus.max()), int(stdp.eta_minus.max())
        return cls(
            **{name: getattr(stdp, name) for name in WIRED},
            eta_width=max(1, max(eta_plus, eta_minus).bit_length()),
            gain_width=max(1, (eta_plus * top >> stdp.eta_shift).bit_length()),
            loss_width=max(1, (eta_minus * top >> stdp.eta_shift).bit_length()),
            history=history,
            overlap=overlap,
        )

    def check_holds(self, stdp: IntStdp) -> None:
        """Raise `CapacityError` when a network's constants need another core."""
        needed = Plasticity.of(stdp, self.history)
        for name in WIRED:
            if getattr(needed, name) != getattr(self, name):
                raise CapacityError(
                    f"{name} of the network must be {getattr(self, name)}, that of the core, not "
                    f"{getattr(needed, name)}. Build a core for this network."
                )
        for name in ("eta_width", "gain_width", "loss_width"):
            if getattr(needed, name) > getattr(self, name):
                raise CapacityError(
                    f"{name} of the network must be at most {getattr(self, name)}, that of the "
                    f"core, not {getattr(needed, name)}. Build a core for this network."
                )

    @property
    def trace_top(self) -> int:
        """The greatest trace."""
        return (1 << self.trace_width) - 1

    @property
    def age_width(self) -> int:
        """Bits of an age within the history."""
        return self.history.bit_length() - 1

    @property
    def sweep_steps(self) -> int:
        """Steps in which a sweep visits every row; it brings those of half a history up to date.

        A row that it leaves is younger than that. It is met again in the next sweep: after this
        many steps at most where sweeps are made at once, else, from the beginning of one to the end
        of the next, after twice as many. So it never becomes older than the history.
        """
        return self.history // (4 if self.overlap else 2)

    @property
    def owed_width(self) -> int:
        """Bits of the depression that an input's synapse is still owed."""
        return self.loss_width if self.plastic_in else 0


def rule_layout(plasticity: Plasticity) -> data.StructLayout:
    """Return a word of ``PRE_RULE(lane, source)`` and of ``POST_RULE(lane, slot)``."""
    return data.StructLayout(
        {"decay": unsigned(plasticity.decay_width), "eta": unsigned(plasticity.eta_width)}
    )


def limit_layout(config: CoreConfig) -> data.StructLayout:
    """Return a word of ``LIMIT(lane, source)``: greatest magnitude, and sign of the weights.

    Of a source that does not learn: all ones and 0.
    """
    return data.StructLayout({"limit": unsigned(config.magnitude_width), "negative": 1})


def magnitude_layout(config: CoreConfig) -> data.StructLayout:
    """Return a word of ``MAGNITUDE(lane, addr)``.

    `magnitude` of a synapse that does not learn is its weight, signed, times ``2**learn_shift``;
    `owed` is the core's own.
    """
    owed = config.plasticity.owed_width
    return data.StructLayout(
        {"magnitude": unsigned(config.magnitude_width), **({"owed": owed} if owed else {})}
    )


def source_layout(plasticity: Plasticity) -> data.StructLayout:
    """Return what a lane remembers of a source.

    `x` is its trace in step `time`, before that step's own spike; `fired` says that there was one.
    Times have a bit more than ages, so that the coming step differs from all past ones.
    """
    return data.StructLayout(
        {"x": unsigned(plasticity.trace_width), "fired": 1, "time": plasticity.age_width + 1}
    )


def loss_layout(plasticity: Plasticity) -> data.StructLayout:
    """Return the depressions by a neuron: for spikes of the last step, for events of the coming."""
    return data.StructLayout(
        {"last": unsigned(plasticity.loss_width), "next": unsigned(plasticity.loss_width)}
    )
