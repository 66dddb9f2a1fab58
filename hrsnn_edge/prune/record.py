"""The settings of pruning and the record of what was pruned."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hrsnn_edge.prune.lyapunov_noise import EDGE_VALUES

METHODS = ("lnp", "magnitude", "uniform")
PROJECTIONS = ("in", "rec")
UNITS = ("step", "steady")
ALGEBRAS = ("dense", "sparse")
#: Greatest factor by which a surviving weight grows; 1/p reaches hundreds, which no 8-bit weight
#: can hold.
MAX_FACTOR = 4.0


@dataclass(frozen=True)
class LnpConfig:
    """Settings of Lyapunov noise pruning.

    Attributes
    ----------
    edge_value : str
        ``'lyapunov'`` (the papers'), ``'weight'`` or ``'product'``.
    rounds : int
        Rounds, each keeping the same fraction; the spectrum is taken anew in each.
    node_exponents : str
        ``'spectrum'``: from the QR spectrum under noise; ``'leak'``: ``-1 / tau_mem``, which the
        detached spectrum equals for weak weights, at no cost.
    weights : str
        ``'mask'`` leaves surviving weights alone, ``'rescale'`` divides them by their keep
        probability, at most by ``1 / MAX_FACTOR``.
    noise : str
        Where the noise of eq. (14) enters: ``'neurons'``, all alike (the papers'), or
        ``'input'``, where the input does and as strongly.
    score : str
        ``'spread'``: eq. (16); ``'share'``: `lyapunov_noise.signal_shares`.
    selection : str
        ``'draw'``: synapses stay with their probability; ``'largest'``: those of greatest score.
    unit : str
        Weights are compared by what they do to the membrane of the target: ``'step'``, the
        step after one spike, or ``'steady'``, the shift under a steady stream of spikes.
    leak : str
        D of eq. (14). ``'dominant'``: the row sums of L and a little more, anew in each round;
        ``'membrane'``: ``1 / tau_mem``, and L a current into that membrane, scaled once so that
        the unpruned graph has a spectral radius of `synapses.COUPLING`.
    algebra : str
        ``'dense'``: covariance, eq. (15) and eigenvectors of the graph in full, in ``O(N**3)``;
        ``'sparse'``: the covariance to `sparse.TOLERANCE`, eq. (15) on random vectors and the
        eigenvectors at both ends of the spectrum only, for thousands of neurons.
    warm_up, n_steps : int
        Steps of noise before and in the average of the spectrum.
    """

    edge_value: str = "product"
    rounds: int = 1
    node_exponents: str = "spectrum"
    weights: str = "mask"
    noise: str = "neurons"
    score: str = "spread"
    selection: str = "draw"
    unit: str = "step"
    leak: str = "dominant"
    algebra: str = "dense"
    warm_up: int = 100
    n_steps: int = 60

    def __post_init__(self):
        """Check the words and numbers."""
        for name, words in (
            ("edge_value", EDGE_VALUES),
            ("node_exponents", ("spectrum", "leak")),
            ("weights", ("mask", "rescale")),
            ("noise", ("neurons", "input")),
            ("score", ("spread", "share")),
            ("selection", ("draw", "largest")),
            ("unit", UNITS),
            ("leak", ("dominant", "membrane")),
            ("algebra", ALGEBRAS),
        ):
            if getattr(self, name) not in words:
                listed = ", ".join(repr(w) for w in words)
                raise ValueError(f"{name} must be one of {listed}, not {getattr(self, name)!r}")
        for name, low in (("rounds", 1), ("warm_up", 0), ("n_steps", 1)):
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be {low} or more, not {getattr(self, name)}")


#: Step I by the shares of the input, the best formulation found; docs/decisions.md has the table.
INPUT_SHARES = LnpConfig(
    edge_value="weight",
    node_exponents="leak",
    noise="input",
    score="share",
    selection="largest",
    unit="steady",
    leak="membrane",
)


@dataclass(frozen=True)
class TimescaleSearch:
    """Settings of step IV.

    Attributes
    ----------
    target : float
        Greatest exponent wanted [1/ms]; slightly stable.
    n_directions : int
        Leading exponents that are computed.
    warm_up, n_steps : int
        Steps of noise before and in the average of the spectrum.
    n_initial, n_evaluations : int
        Budget of the search.
    """

    target: float = -0.01
    n_directions: int = 8
    warm_up: int = 200
    n_steps: int = 1000
    n_initial: int = 6
    n_evaluations: int = 20

    def __post_init__(self):
        """Check the numbers; the budget is checked by the search."""
        for name, low in (("n_directions", 1), ("warm_up", 0), ("n_steps", 5)):
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be {low} or more, not {getattr(self, name)}")


@dataclass(frozen=True)
class LnpRound:
    """One round of Lyapunov noise pruning.

    Attributes
    ----------
    before, after : int
        Recurrent synapses.
    lambda_1 : float
        Greatest exponent before the round [1/ms], over `LnpConfig.n_steps` steps only.
    probability_cv : float
        Coefficient of variation of the keep probabilities; 0 is uniform random pruning. Of the
        scores where the largest are kept.
    errors : dict
        `lyapunov_noise.spectral_errors` of the draw.
    """

    before: int
    after: int
    lambda_1: float
    probability_cv: float
    errors: dict[str, float]


@dataclass(frozen=True)
class PruneRecord:
    """What was pruned, ready to print and to plot.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    sparsity : float
        Asked for, over all synapses of the pruned projections.
    shares : dict
        Asked for, by pruned projection.
    seed : int
        Of every draw.
    synapses : dict
        For each projection ``(before, after)``; the pruned ones and the others.
    factors : dict
        For each pruned projection the factor of its weights that keeps the mean input; 1 if off.
    rounds : tuple of LnpRound or evolution.LnpRecord
        For ``lnp``: of step I, or of the whole algorithm.
    unreachable : (int, int)
        Neurons that no input channel reaches over synapses, before and after.
    neurons : (int, int) or None
        Before and after, where neurons may go.
    stop : str
        Why the rounds of the whole algorithm ended; see `algorithm.LnpResult`.
    """

    method: str
    sparsity: float
    shares: dict[str, float]
    seed: int
    synapses: dict[str, tuple[int, int]]
    factors: dict[str, float]
    rounds: tuple[Any, ...] = ()
    unreachable: tuple[int, int] = (0, 0)
    neurons: tuple[int, int] | None = None
    stop: str = ""

    def to_dict(self) -> dict:
        """Return plain values for JSON."""
        return asdict(self)
