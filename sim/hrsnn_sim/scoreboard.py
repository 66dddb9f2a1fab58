"""In-order comparison of what a core did with what the reference says, and its first divergence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from hrsnn_edge.errors import MismatchError
from hrsnn_edge.reference.network import Trace

#: Counters that the core's strobes drive, in the order of `CoreTrace.counts`.
COUNTERS = (
    "input_events",
    "spikes",
    "sop_in",
    "sop_rec",
    "sop_out",
    "neuron_updates",
    "skipped_rows",
)


@dataclass(frozen=True, eq=False)
class CoreTrace:
    """What one sample did, step by step, in the network's own order of neurons and outputs.

    Attributes
    ----------
    spikes : (T, N) bool
        Who fired.
    v : (T, N) int64
        Membrane after each step.
    out : (T, C) int64
        Readout accumulators after each step.
    counts : (T, len(COUNTERS)) int64
        Counters from the start of the sample to the end of each step, deliveries of the step's
        spikes included.
    i_syn : (T, N) int64, optional
        Synaptic current after each step; None where there is none or it is not known.
    """

    spikes: np.ndarray
    v: np.ndarray
    out: np.ndarray
    counts: np.ndarray
    i_syn: np.ndarray | None = None

    @classmethod
    def of_reference(cls, trace: Trace, n_out: int) -> CoreTrace:
        """Return the part of a reference trace that a core with `n_out` outputs shows.

        A core may have more outputs than the network that is loaded into it. It reads out all of
        them, and that is what it counts.
        """
        counts = np.array(
            [[getattr(count, name) for name in COUNTERS] for count in trace.counts], np.int64
        ).reshape(-1, len(COUNTERS))
        counts[:, COUNTERS.index("sop_out")] = n_out * counts[:, COUNTERS.index("spikes")]
        return cls(trace.spikes, trace.v, trace.out, counts, trace.i_syn)

    def computed_in(self, asked, products: int) -> CoreTrace:
        """Return the trace of a core that computes its outputs in some steps only.

        Parameters
        ----------
        asked : (T,) bool
            In which steps; the outputs stay until the next one, and are 0 before the first.
        products : int
            Weights of the core's readout, all of which it multiplies then. A core may have more
            than the network that is loaded into it, and that is what it counts.
        """
        times = np.cumsum(asked)
        computed = np.concatenate([np.zeros_like(self.out[:1]), self.out[asked]])
        counts = self.counts.copy()
        counts[:, COUNTERS.index("sop_out")] = products * times
        return CoreTrace(self.spikes, self.v, computed[times], counts)

    @property
    def n_steps(self) -> int:
        """Steps of the sample."""
        return len(self.spikes)


@dataclass(frozen=True)
class Divergence:
    """The first wrong value of a run.

    Attributes
    ----------
    network : str
        Seed or file of the network.
    sample, step : int
        Where in the run.
    quantity : str
        ``'spike'``, ``'v'``, ``'i_syn'``, ``'out'`` or the name of a counter.
    neuron : int or None
        Index of the neuron, or of the output for ``'out'``; None for a counter.
    expected, got : int
        The reference's value and the core's.
    waveform : str or None
        File with the signals of the cycles around it.
    """

    network: str
    sample: int
    step: int
    quantity: str
    neuron: int | None
    expected: int
    got: int
    waveform: str | None = None

    def __str__(self) -> str:
        """Return the sentence of the error message."""
        place = (
            ""
            if self.neuron is None
            else f", {'output' if self.quantity == 'out' else 'neuron'} {self.neuron}"
        )
        seen = f" Waveform: {self.waveform}." if self.waveform else ""
        return (
            f"network {self.network}, sample {self.sample}, step {self.step}{place}: "
            f"{self.quantity} must be {self.expected} (reference), not {self.got}.{seen}"
        )


@dataclass(frozen=True)
class Verdict:
    """How much was compared and how it went.

    `steps` are time steps; `mismatches` is the number of single values that differ.
    """

    networks: int = 0
    steps: int = 0
    mismatches: int = 0
    first_divergence: Divergence | None = None

    def __add__(self, other: Verdict) -> Verdict:
        """Return the verdict on both; the first divergence is that of the earlier one."""
        return Verdict(
            self.networks + other.networks,
            self.steps + other.steps,
            self.mismatches + other.mismatches,
            self.first_divergence or other.first_divergence,
        )

    def to_json(self) -> dict:
        """Return the object that the command line prints."""
        return asdict(self)

    def require_equal(self) -> None:
        """Raise `MismatchError` with the first divergence unless everything was equal."""
        if self.first_divergence:
            raise MismatchError(f"{self.first_divergence} First of {self.mismatches} differences.")


def compare(expected: CoreTrace, got: CoreTrace, network: str, sample: int = 0) -> Verdict:
    """Compare one sample value by value and return the verdict, with no network counted.

    Within a step the spikes come first, then the membranes, the currents, the outputs and the
    counters: the earliest of them in the step's own work. Currents are compared where both know
    them.

    Raises
    ------
    MismatchError
        When the two runs do not have the same shape.
    """
    first, mismatches = None, 0
    for quantity, (want, have) in _quantities(expected, got).items():
        if want.shape != have.shape:
            raise MismatchError(
                f"network {network}, sample {sample}: {quantity} must have the shape {want.shape}, "
                f"not {have.shape}"
            )
        wrong = want != have
        if not wrong.any():
            continue
        mismatches += int(wrong.sum())
        step, index = map(int, np.argwhere(wrong)[0])
        if first is None or step < first.step:
            values = int(want[step, index]), int(have[step, index])
            # A counter is one column, and its index says nothing.
            neuron = index if want.shape[1] != 1 or quantity not in COUNTERS else None
            first = Divergence(network, sample, step, quantity, neuron, *values)
    return Verdict(0, expected.n_steps, mismatches, first)


def _quantities(expected: CoreTrace, got: CoreTrace) -> Mapping[str, tuple]:
    """Return both values of every quantity as (T, n) arrays, in the order of reporting."""
    pairs = {
        "spike": (expected.spikes, got.spikes),
        "v": (expected.v, got.v),
        "i_syn": (expected.i_syn, got.i_syn),
        "out": (expected.out, got.out),
    }
    if expected.i_syn is None or got.i_syn is None:
        del pairs["i_syn"]
    for column, name in enumerate(COUNTERS):
        part = np.s_[:, column : column + 1]
        pairs[name] = expected.counts[part], got.counts[part]
    return pairs
