"""Integer STDP over a batch of samples, one after the other, and its upkeep between samples.

Equal bit for bit to `hrsnn_edge.reference.network.run` with learning constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_rows import kernel_rows
from hrsnn_edge.engine.int_run import (
    Recording,
    check_inputs,
    counts_of,
    neuron_args,
    recording_of,
)
from hrsnn_edge.engine.int_stdp import learn_sample
from hrsnn_edge.network import Counts, IntNetwork, IntStdp
from hrsnn_edge.plastic import (
    Magnitudes,
    check_stdp,
    greatest_network,
    initial_magnitudes,
    source_signs,
)


@dataclass(frozen=True, eq=False)
class LearnResult:
    """What a learning pass over S samples did.

    Attributes
    ----------
    magnitudes : Magnitudes
        After the pass.
    spike_counts : (S, n_bins, N) int32
        Spikes of each neuron in each part of its run.
    counts : tuple of S Counts
        Work of each sample.
    x, y : (n_inputs + N,), (N,) int64
        Traces at the end of the last sample.
    recordings : dict of int to Recording
        Of the samples that were asked for.
    """

    magnitudes: Magnitudes
    spike_counts: np.ndarray
    counts: tuple[Counts, ...]
    x: np.ndarray
    y: np.ndarray
    recordings: dict[int, Recording]

    @property
    def total(self) -> Counts:
        """Work of all samples."""
        return sum(self.counts, Counts())


def learn(
    net: IntNetwork,
    stdp: IntStdp,
    batch: EventBatch,
    magnitudes: Magnitudes | None = None,
    *,
    keep_sums: Magnitudes | None = None,
    record: Sequence[int] = (),
) -> LearnResult:
    """Run the samples in order; magnitudes go from one to the next, everything else is cleared.

    Parameters
    ----------
    magnitudes : Magnitudes, optional
        From an earlier pass; by default those of the network's weights.
    keep_sums : Magnitudes, optional
        After every sample, bring the incoming sums of each neuron back to these magnitudes'
        (`rescale_incoming`).
    record : sequence of int
        Samples whose every step is kept.
    """
    check_inputs(net, batch)
    start = magnitudes or initial_magnitudes(net, stdp)
    check_stdp(net, stdp, start)
    m_in, m_rec = (np.array(m, np.int32) for m in (start.w_in, start.w_rec))
    inputs, recurrent, constants = _kernel_args(net, stdp)
    n, n_samples = net.n_neurons, len(batch)
    spike_counts = np.zeros((n_samples, net.readout.n_bins, n), np.int32)
    x, y = np.zeros(net.n_inputs + n, np.int32), np.zeros(n, np.int32)
    updates, recordings = [], {}
    for s in range(n_samples):
        part, steps = slice(*batch.sample_ptr[s : s + 2]), int(batch.n_steps[s])
        kept = (steps if s in record else 0, n)
        spikes, v = np.zeros(kept, np.uint8), np.zeros(kept, np.int64)
        updates.append(
            learn_sample(
                batch.t[part], batch.address[part], steps,
                *inputs, m_in, *recurrent, m_rec, *constants,
                spike_counts[s], x, y, spikes, v,
            )
        )  # fmt: skip
        if s in record:
            recordings[s] = recording_of(net, spikes, v)
        if keep_sums is not None:
            scaled = rescale_incoming(net, stdp, Magnitudes(m_in, m_rec), keep_sums)
            m_in[:], m_rec[:] = scaled.w_in, scaled.w_rec
    counts = counts_of(net, batch, spike_counts)
    return LearnResult(
        Magnitudes(m_in.astype(np.int64), m_rec.astype(np.int64)),
        spike_counts,
        tuple(replace(c, weight_updates=int(u)) for c, u in zip(counts, updates, strict=True)),
        x.astype(np.int64),
        y.astype(np.int64),
        recordings,
    )


def rescale_incoming(
    net: IntNetwork, stdp: IntStdp, magnitudes: Magnitudes, target: Magnitudes
) -> Magnitudes:
    """Return the magnitudes with each neuron's incoming sums brought back to those of `target`.

    A neuron has three sums: over inputs, over excitatory and over inhibitory neurons. With ``S``
    the present sum and ``S0`` the wanted one, ``m = min((m * S0 + S // 2) // S, magnitude_max)``:
    rounded to nearest, so nothing drifts. A sum of 0 and a projection that does not learn stay.
    """
    kind = net.inhibitory[net.w_rec.pre_idx]
    new_in, new_rec = magnitudes.w_in.astype(np.int64), magnitudes.w_rec.astype(np.int64)
    if stdp.plastic_in:
        limit = stdp.magnitude_max[net.w_in.pre_idx]
        new_in = _rescaled(net.w_in.col_idx, new_in, target.w_in, limit)
    if stdp.plastic_rec:
        limit = stdp.magnitude_max[net.n_inputs + net.w_rec.pre_idx]
        group = 2 * net.w_rec.col_idx + kind
        new_rec = _rescaled(group, new_rec, target.w_rec, limit)
    return Magnitudes(new_in, new_rec)


def _rescaled(group, magnitudes, target, limit) -> np.ndarray:
    """Return the magnitudes with the sum over each group as in `target`."""
    size = int(group.max(initial=-1)) + 1
    sums, wanted = np.zeros(size, np.int64), np.zeros(size, np.int64)
    np.add.at(sums, group, magnitudes)
    np.add.at(wanted, group, target)
    total = np.maximum(sums, 1)[group]
    scaled = (magnitudes * wanted[group] + total // 2) // total
    return np.minimum(scaled, limit)


@lru_cache(maxsize=4)
def _kernel_args(net: IntNetwork, stdp: IntStdp) -> tuple[tuple, tuple, tuple]:
    """Return inputs, recurrent rows and constants as the kernel takes them, magnitudes aside."""
    # Weights grow, so the word must hold the sums of the greatest ones.
    neurons = neuron_args(net, greatest_network(net, stdp).sum_width)
    constants = (
        stdp.plastic_in, stdp.plastic_rec, stdp.learn_shift,
        (1 << stdp.trace_width) - 1, stdp.trace_step, stdp.decay_width,
        *(
            np.asarray(a, np.int32)
            for a in (
                stdp.decay_plus, stdp.eta_plus, stdp.magnitude_max, stdp.decay_minus,
                stdp.eta_minus,
            )
        ),
        stdp.eta_shift,
    )  # fmt: skip
    signs = source_signs(net)[net.n_inputs :].astype(np.int32)
    return (
        (*kernel_rows(net.w_in, net.shift_in), net.shift_in),
        (*kernel_rows(net.w_rec, net.shift_rec), net.shift_rec, signs),
        (*neurons, *constants),
    )
