"""A run of the integer network, step by step, as `docs/numeric-contract.md` defines it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.network import Counts, IntNetwork, IntStdp, TraceReadout
from hrsnn_edge.plastic import (
    Magnitudes,
    check_stdp,
    initial_magnitudes,
    learned_network,
)
from hrsnn_edge.reference.lif import LifParams, lif_step
from hrsnn_edge.reference.readout import ReadoutState, classify, readout_operations
from hrsnn_edge.reference.stdp import bump_traces, decay_traces, plasticity_step
from hrsnn_edge.reference.synapse import current_step, deliver


@dataclass(frozen=True, eq=False)
class RunState:
    """All that a run needs to go on where another one ended.

    Attributes
    ----------
    v, refractory, i_syn : (N,) int64
        Membranes, refractory counters, and currents (0 with delta synapses).
    spikes : (N,) bool
        Who fired in the last step.
    readout : ReadoutState
        Of the readout.
    t : int
        Steps so far.
    """

    v: np.ndarray
    refractory: np.ndarray
    i_syn: np.ndarray
    spikes: np.ndarray
    readout: ReadoutState
    t: int = 0

    @classmethod
    def cleared(cls, net: IntNetwork) -> RunState:
        """Return the state after CLEAR."""
        n = net.n_neurons
        zero = np.zeros(n, np.int64)
        return cls(zero, zero, zero, np.zeros(n, bool), ReadoutState.cleared(net.readout, n))


@dataclass(frozen=True, eq=False)
class Trace:
    """Everything a run did.

    Attributes
    ----------
    spikes : (T, N) bool
        Who fired in each step.
    v, refractory, i_syn : (T, N) int64
        State after each step; `i_syn` stays 0 with delta synapses.
    syn_sum : (T, N) int64
        Sum delivered in each step.
    out : (T, C) int64
        Outputs after each step: accumulators, outputs of the perceptron for the counts so far, or
        the last sample of the stream.
    counts : tuple of T Counts
        Work from the start of the run to the end of each step.
    state : RunState
        At the end.
    magnitudes : Magnitudes or None
        After the run, where plasticity was on.
    x, y : (n_inputs + N,), (N,) int64, or None
        Traces after the run, where plasticity was on.
    """

    spikes: np.ndarray
    v: np.ndarray
    refractory: np.ndarray
    i_syn: np.ndarray
    syn_sum: np.ndarray
    out: np.ndarray
    counts: tuple[Counts, ...]
    state: RunState
    magnitudes: Magnitudes | None = None
    x: np.ndarray | None = None
    y: np.ndarray | None = None

    @property
    def n_steps(self) -> int:
        """Steps of the run."""
        return len(self.spikes)

    @property
    def total(self) -> Counts:
        """Work of the whole run."""
        return self.counts[-1]

    @property
    def prediction(self) -> int:
        """Class of the run: the lowest index among the greatest outputs."""
        return classify(self.out[-1])


@dataclass
class _Plastic:
    """The state of the learning rule in a run."""

    magnitudes: Magnitudes
    x: np.ndarray
    y: np.ndarray

    def step(self, net: IntNetwork, stdp: IntStdp, events, spikes) -> int:
        """Apply one step of the rule; return the increments that were not 0."""
        fired = np.concatenate([events, spikes])
        self.x = decay_traces(self.x, stdp.decay_plus, stdp.decay_width)
        self.y = decay_traces(self.y, stdp.decay_minus, stdp.decay_width)
        m_in, m_rec = self.magnitudes.w_in, self.magnitudes.w_rec
        updates = 0
        if stdp.plastic_in:
            m_in, updates = plasticity_step(net.w_in, m_in, 0, events, spikes, self.x, self.y, stdp)
        if stdp.plastic_rec:
            m_rec, more = plasticity_step(
                net.w_rec, m_rec, net.n_inputs, spikes, spikes, self.x, self.y, stdp
            )
            updates += more
        self.magnitudes = Magnitudes(m_in, m_rec)
        self.x = bump_traces(self.x, fired, stdp)
        self.y = bump_traces(self.y, spikes, stdp)
        return updates


def step_counts(
    net: IntNetwork, events, spikes, weight_updates: int = 0, *, t: int = 0, n_steps: int = 0
) -> Counts:
    """Return the work of a step from its (n_inputs,) events and (N,) spikes.

    Which step of how many it is matters only to readouts other than a linear one.
    """
    fan_in, fan_rec = net.w_in.fan_out[events], net.w_rec.fan_out[spikes]
    return Counts(
        input_events=int(events.sum()),
        spikes=int(spikes.sum()),
        sop_in=int(fan_in.sum()),
        sop_rec=int(fan_rec.sum()),
        sop_out=readout_operations(net.readout, int(spikes.sum()), t, n_steps),
        neuron_updates=net.n_neurons,
        skipped_rows=int((fan_in == 0).sum() + (fan_rec == 0).sum()),
        weight_updates=weight_updates,
    )


def step(net: IntNetwork, state: RunState, events, n_steps: int) -> tuple[RunState, np.ndarray]:
    """Return the state after a step with (n_inputs,) bool events, and the sums delivered in it."""
    syn_sum = deliver(net.w_in, net.shift_in, events)
    syn_sum += deliver(net.w_rec, net.shift_rec, state.spikes)
    i_syn, drive = state.i_syn, syn_sum
    if net.synapses is not None:
        i_syn = drive = current_step(i_syn, syn_sum, net)
    v, refractory, spikes = lif_step(state.v, state.refractory, drive, LifParams.of(net))
    readout = state.readout.step(net.readout, spikes, state.t, n_steps)
    return RunState(v, refractory, i_syn, spikes, readout, state.t + 1), syn_sum


def run(
    net: IntNetwork,
    raster,
    stdp: IntStdp | None = None,
    magnitudes: Magnitudes | None = None,
    *,
    state: RunState | None = None,
) -> Trace:
    """Run one sample from the cleared state, or go on with one.

    Parameters
    ----------
    raster : (T, n_inputs) bool
        Input events.
    stdp : IntStdp, optional
        Learning constants; without them the weights stay.
    magnitudes : Magnitudes, optional
        From an earlier run; by default those of the network's weights.
    state : RunState, optional
        Where an earlier run ended, to continue it; only with a trace readout and without learning.

    Raises
    ------
    ValueError
        For a raster of another width or without a step, or a run that cannot be continued.
    QuantisationError
        For learning constants that could leave the formats of the network.
    """
    raster = np.asarray(raster, bool)
    if raster.ndim != 2 or raster.shape[1] != net.n_inputs or not len(raster):
        raise ValueError(f"Raster must be (1 or more, {net.n_inputs}), not {raster.shape}")
    if state is not None and (stdp is not None or not isinstance(net.readout, TraceReadout)):
        raise ValueError(
            "A continued run must have a trace readout and no learning: only a stream does not "
            "depend on the length of the run"
        )
    plastic = None
    if stdp is not None:
        magnitudes = magnitudes or initial_magnitudes(net, stdp)
        check_stdp(net, stdp, magnitudes)
        n = net.n_neurons
        plastic = _Plastic(magnitudes, np.zeros(net.n_inputs + n, np.int64), np.zeros(n, np.int64))
    state = state or RunState.cleared(net)
    total, n_steps = Counts(), state.t + len(raster)
    names = ("spikes", "v", "refractory", "i_syn", "syn_sum", "out", "counts")
    history = {name: [] for name in names}
    for events in raster:
        if plastic:
            net = learned_network(net, stdp, plastic.magnitudes)
        t = state.t
        state, syn_sum = step(net, state, events, n_steps)
        updates = plastic.step(net, stdp, events, state.spikes) if plastic else 0
        total = total + step_counts(net, events, state.spikes, updates, t=t, n_steps=n_steps)
        now = vars(state) | {"syn_sum": syn_sum, "out": state.readout.out, "counts": total}
        for name in names:
            history[name].append(now[name])
    return Trace(
        counts=tuple(history.pop("counts")),
        **{name: np.array(values) for name, values in history.items()},
        state=state,
        **(vars(plastic) if plastic else {}),
    )
