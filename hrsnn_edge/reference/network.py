"""A run of the integer network, step by step, as `docs/numeric-contract.md` defines it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.network import Counts, IntNetwork, IntStdp
from hrsnn_edge.plastic import (
    Magnitudes,
    check_stdp,
    initial_magnitudes,
    learned_network,
)
from hrsnn_edge.reference.lif import LifParams, lif_step
from hrsnn_edge.reference.readout import bin_of, classify, readout_step
from hrsnn_edge.reference.stdp import bump_traces, decay_traces, plasticity_step
from hrsnn_edge.reference.synapse import deliver


@dataclass(frozen=True, eq=False)
class Trace:
    """Everything a run did.

    Attributes
    ----------
    spikes : (T, N) bool
        Who fired in each step.
    v, refractory : (T, N) int64
        State after each step.
    syn_sum : (T, N) int64
        Sum delivered in each step.
    out : (T, C) int64
        Readout accumulators after each step.
    counts : tuple of T Counts
        Work from the start of the run to the end of each step.
    magnitudes : Magnitudes or None
        After the run, where plasticity was on.
    x, y : (n_inputs + N,), (N,) int64, or None
        Traces after the run, where plasticity was on.
    """

    spikes: np.ndarray
    v: np.ndarray
    refractory: np.ndarray
    syn_sum: np.ndarray
    out: np.ndarray
    counts: tuple[Counts, ...]
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


def step_counts(net: IntNetwork, events, spikes, weight_updates: int = 0) -> Counts:
    """Return the work of one step from its (n_inputs,) events and (N,) spikes."""
    fan_in, fan_rec = net.w_in.fan_out[events], net.w_rec.fan_out[spikes]
    return Counts(
        input_events=int(events.sum()),
        spikes=int(spikes.sum()),
        sop_in=int(fan_in.sum()),
        sop_rec=int(fan_rec.sum()),
        sop_out=int(spikes.sum()) * net.readout.n_out,
        neuron_updates=net.n_neurons,
        skipped_rows=int((fan_in == 0).sum() + (fan_rec == 0).sum()),
        weight_updates=weight_updates,
    )


def run(
    net: IntNetwork,
    raster,
    stdp: IntStdp | None = None,
    magnitudes: Magnitudes | None = None,
) -> Trace:
    """Run one sample from the cleared state.

    Parameters
    ----------
    raster : (T, n_inputs) bool
        Input events.
    stdp : IntStdp, optional
        Learning constants; without them the weights stay.
    magnitudes : Magnitudes, optional
        From an earlier run; by default those of the network's weights.

    Raises
    ------
    ValueError
        For a raster of another width or without a step.
    QuantisationError
        For learning constants that could leave the formats of the network.
    """
    raster = np.asarray(raster, bool)
    if raster.ndim != 2 or raster.shape[1] != net.n_inputs or not len(raster):
        raise ValueError(f"Raster must be (1 or more, {net.n_inputs}), not {raster.shape}")
    n_steps, n = len(raster), net.n_neurons
    params = LifParams.of(net)
    plastic = None
    if stdp is not None:
        magnitudes = magnitudes or initial_magnitudes(net, stdp)
        check_stdp(net, stdp, magnitudes)
        plastic = _Plastic(magnitudes, np.zeros(net.n_inputs + n, np.int64), np.zeros(n, np.int64))
    v = refractory = np.zeros(n, np.int64)
    spikes = np.zeros(n, bool)
    acc = net.readout.bias.astype(np.int64)
    total = Counts()
    history = {name: [] for name in ("spikes", "v", "refractory", "syn_sum", "out", "counts")}
    for t, events in enumerate(raster):
        if plastic:
            net = learned_network(net, stdp, plastic.magnitudes)
        syn_sum = deliver(net.w_in, net.shift_in, events)
        syn_sum += deliver(net.w_rec, net.shift_rec, spikes)
        v, refractory, spikes = lif_step(v, refractory, syn_sum, params)
        updates = plastic.step(net, stdp, events, spikes) if plastic else 0
        acc = readout_step(acc, spikes, bin_of(t, n_steps, net.readout.n_bins), net.readout)
        total = total + step_counts(net, events, spikes, updates)
        for name, value in (
            ("spikes", spikes),
            ("v", v),
            ("refractory", refractory),
            ("syn_sum", syn_sum),
            ("out", acc),
            ("counts", total),
        ):
            history[name].append(value)
    return Trace(
        counts=tuple(history.pop("counts")),
        **{name: np.array(values) for name, values in history.items()},
        **(vars(plastic) if plastic else {}),
    )
