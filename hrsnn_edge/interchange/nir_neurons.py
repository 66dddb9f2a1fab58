"""NIR neurons in discrete time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.interchange.changes import change
from hrsnn_edge.interchange.nir_walk import Walk
from hrsnn_edge.interchange.population import Population, decay_of

METHODS = ("exact", "euler")
#: What origins do on a spike; the last takes the threshold off in the step after the spike.
RESETS = ("hard", "subtract", "subtract-delayed")
#: Every parameter that a neuron of NIR may have.
_KEYS = ("r", "v_threshold", "v_reset", "v_leak", "tau", "tau_mem", "tau_syn", "w_in")


@dataclass(frozen=True)
class Discretisation:
    """How a continuous graph becomes steps.

    Attributes
    ----------
    dt : float
        Step [s].
    method : 'exact' or 'euler'
        ``exp(-dt / tau)``, or ``1 - dt / tau`` as most training libraries compute.
    reset : 'hard', 'subtract' or 'subtract-delayed'
        What the origin does on a spike; NIR itself knows only the hard reset. The threshold may go
        in the step of the spike, or in the next one, as snnTorch does unless told otherwise.
    refractory_steps : int
        For populations that do not say.
    """

    dt: float
    method: str = "exact"
    reset: str = "hard"
    refractory_steps: int = 0

    def __post_init__(self):
        """Check the values."""
        if not (np.isfinite(self.dt) and self.dt > 0):
            raise ValueError(f"dt must be above 0, not {self.dt}")
        if self.method not in METHODS:
            raise ValueError(f"Method must be one of {', '.join(METHODS)}, not {self.method!r}")
        if self.reset not in RESETS:
            raise ValueError(f"Reset must be one of {', '.join(RESETS)}, not {self.reset!r}")
        if self.refractory_steps < 0:
            raise ValueError(f"Refractory steps must be 0 or more, not {self.refractory_steps}")


@dataclass(frozen=True, eq=False)
class Dynamics:
    """``v <- alpha v + i``, ``i <- beta i + gain u``, `v` counted from `leak`; all (N,)."""

    alpha: np.ndarray
    beta: np.ndarray
    gain: np.ndarray
    leak: np.ndarray


def parameters(walk: Walk, name: str) -> dict[str, np.ndarray]:
    """Return the neuron parameters of a node, each (N,)."""
    size, node = walk.size(name), walk.graph.nodes[name]
    return {key: walk.parameter(name, key, size) for key in _KEYS if hasattr(node, key)}


def dynamics(walk: Walk, name: str, how: Discretisation) -> Dynamics:
    """Return a neuron's dynamics in steps; notes gains and Euler time constants as changes.

    Notes
    -----
    Both methods give ``v <- alpha v + (1 - alpha) (v_leak + R I)``, with ``alpha = exp(-dt / tau)``
    the exact solution for a current that is constant in the step.
    """
    get = parameters(walk, name)
    none = np.zeros_like(get["r"])
    if "tau_mem" in get:
        alpha, part = _decay(walk, name, "tau_mem", get["tau_mem"], how)
        beta, syn_part = _decay(walk, name, "tau_syn", get["tau_syn"], how)
        gain = part * get["r"] * syn_part * get["w_in"]
    elif "tau" in get:
        alpha, part = _decay(walk, name, "tau", get["tau"], how)
        beta, gain = none, part * get["r"]
    else:
        alpha, beta, gain = none + 1, none, how.dt * get["r"]
    reason = f"gain of the weights in a step ({how.method})"
    walk.changes += change(name, "r", get["r"], gain, reason, exact=True)
    return Dynamics(alpha, beta, gain, get.get("v_leak", none))


def _decay(walk: Walk, name: str, key: str, tau, how: Discretisation):
    """Return decay and its complement, and note what Euler steps make of the constant."""
    alpha, part = decay_of(tau, how.dt, how.method, f"{walk.path}: node {name!r}: {key}")
    if how.method == "euler":
        after = np.where(alpha > 0, -how.dt / np.log(np.clip(alpha, 1e-300, 1 - 1e-16)), 0)
        reason = "time constant [s] whose exact decay is that of the Euler step"
        walk.changes += change(name, key, tau, after, reason, exact=True)
    return alpha, part


def population(walk: Walk, name: str, how: Discretisation) -> Population:
    """Return the neurons of a node that fires; notes what was changed.

    Raises
    ------
    InterchangeError
        A threshold at or below rest, a reset at or above the threshold, a subtraction that leaves
        nothing to express it with.
    """
    node, get, found = walk.graph.nodes[name], parameters(walk, name), dynamics(walk, name, how)
    metadata = node.metadata if isinstance(node.metadata, Mapping) else {}
    threshold = get["v_threshold"] - found.leak
    # NIR fires above the threshold, the core at it.
    strict = np.nextafter(threshold, np.inf)
    from_leak = "counted from the leak potential"
    if how.reset == "hard":
        reset, why = get["v_reset"] - found.leak, from_leak
    else:
        drop = metadata.get("v_drop", get["v_threshold"])
        if how.reset == "subtract-delayed":
            # What goes a step later has not decayed: in the step of the spike that is more.
            _check(walk, name, "decay", found.alpha, found.alpha > 0, "above 0 to subtract later")
            drop = drop / found.alpha
        _check(walk, name, "v_threshold", get["v_threshold"], drop > 0, "above 0 to be subtracted")
        reset, why = strict - drop, "v_threshold less what a spike takes off v"
    _check(walk, name, "v_threshold", get["v_threshold"], threshold > 0, "above the leak potential")
    _check(walk, name, "v_reset", get["v_reset"], reset < threshold, "below the threshold")
    for key, before, after, reason in (
        ("v_leak", found.leak, 0, from_leak),
        ("v_reset", get["v_reset"], reset, why),
        ("v_threshold", get["v_threshold"], strict, f"{from_leak}; next number above: >= for >"),
    ):
        walk.changes += change(name, key, before, after, reason, exact=True)
    refractory = np.asarray(metadata.get("refractory_steps", how.refractory_steps), np.int64)
    floor = np.asarray(metadata.get("v_floor", -np.inf), np.float64)
    return Population(
        name,
        found.alpha,
        found.beta,
        found.gain,
        strict,
        reset,
        np.broadcast_to(refractory, strict.shape),
        np.broadcast_to(floor, strict.shape) - found.leak,
    )


def _check(walk: Walk, name: str, key: str, values, right, condition: str) -> None:
    """Raise `InterchangeError` for the first neuron where `right` is false."""
    if not np.all(right):
        j = int(np.argmin(right))
        raise InterchangeError(
            f"{walk.path}: node {name!r}, neuron {j}: {key} must be {condition}, not {values[j]:g}"
        )
