"""Event-driven inference of an integer network, compiled, in parallel over samples.

Equal bit for bit to `hrsnn_edge.reference.network.run`.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numba as nb
import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_kernels import LEAK_SHIFT, run_samples
from hrsnn_edge.engine.int_readout import operations_of, outputs_by_step, outputs_of
from hrsnn_edge.engine.int_rows import delivery_args
from hrsnn_edge.engine.int_stream import StreamRun, StreamState, advance
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import Counts, IntNetwork, TraceReadout

#: Parts that a batch is cut into for each thread, so that uneven samples balance.
PARTS_PER_THREAD = 4


@dataclass(frozen=True, eq=False)
class Recording:
    """Every step of one sample: `spikes` (T, N) bool, `v` (T, N) int64 and `out` (T, C) int64."""

    spikes: np.ndarray
    v: np.ndarray
    out: np.ndarray


@dataclass(frozen=True, eq=False)
class RunResult:
    """What a batch of S samples did.

    Attributes
    ----------
    spike_counts : (S, n_bins, N) int32
        Spikes of each neuron in each part of the run, the parts those of the readout.
    outputs : (S, C) int64
        Outputs at the end: accumulators, or the last sample of a stream, 0 before the first.
    counts : tuple of S Counts
        Work of each sample.
    recordings : dict of int to Recording
        Of the samples that were asked for.
    streams : tuple of S (M, C) int64
        The samples of a trace readout; else empty.
    """

    spike_counts: np.ndarray
    outputs: np.ndarray
    counts: tuple[Counts, ...]
    recordings: dict[int, Recording]
    streams: tuple[np.ndarray, ...] = ()

    @property
    def total(self) -> Counts:
        """Work of all samples."""
        return sum(self.counts, Counts())

    @property
    def predictions(self) -> np.ndarray:
        """Class of each sample, (S,): the lowest index among the greatest outputs."""
        return np.argmax(self.outputs, axis=1)


def run_batch(
    net: IntNetwork,
    batch: EventBatch,
    record: Sequence[int] = (),
    n_threads: int | None = None,
) -> RunResult:
    """Run every sample of a batch from the cleared state.

    Parameters
    ----------
    record : sequence of int
        Samples whose every step is kept; costs ``5 * T * N`` bytes or more each.
    n_threads : int, optional
        By default Numba's number of threads. Results do not depend on it.
    """
    check_inputs(net, batch)
    if isinstance(net.readout, TraceReadout):
        return _run_streams(net, batch, record)
    n_samples, n = len(batch), net.n_neurons
    spike_counts = np.zeros((n_samples, net.readout.n_bins, n), np.int32)
    slot = np.full(n_samples, -1, np.int32)
    slot[list(record)] = np.arange(len(record))
    longest = int(batch.n_steps[list(record)].max(initial=0))
    rec_spikes = np.zeros((len(record), longest, n), np.uint8)
    network = network_args(net)
    rec_v = np.zeros(rec_spikes.shape, network[-1].dtype)

    def part(bounds):
        run_samples(
            *bounds, batch.sample_ptr, batch.t, batch.address, batch.n_steps, *network,
            spike_counts, slot, rec_spikes, rec_v,
        )  # fmt: skip

    n_threads = n_threads or nb.get_num_threads()
    cuts = np.linspace(0, n_samples, min(n_samples, n_threads * PARTS_PER_THREAD) + 1).astype(int)
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(part, pairwise(cuts)))
    return RunResult(
        spike_counts,
        outputs_of(net, spike_counts),
        counts_of(net, batch, spike_counts),
        {
            sample: recording_of(net, rec_spikes[i, : batch.n_steps[sample]], rec_v[i])
            for i, sample in enumerate(record)
        },
    )


def run_stream(
    net: IntNetwork,
    events: EventBatch,
    state: StreamState | None = None,
    *,
    sample: int = 0,
    record: bool = False,
) -> StreamRun:
    """Run one sample of events from the cleared state or from the end of another run.

    Parameters
    ----------
    net : IntNetwork
        With a trace readout.
    events : EventBatch
        Input; its steps count from 0 whatever the state.
    state : StreamState, optional
        Where to start; it is not changed.
    sample : int
        Which sample of `events`.
    record : bool
        Whether to keep every step.
    """
    check_inputs(net, events)
    if not isinstance(net.readout, TraceReadout):
        raise ValueError(f"Readout of a stream must be 'traces', not '{net.readout.kind}'")
    network = network_args(net)
    state = state or StreamState.cleared(net, network[-1].dtype)
    return advance(network, net.readout, events, sample, state, record=record)


def _run_streams(net: IntNetwork, batch: EventBatch, record: Sequence[int]) -> RunResult:
    """Run every sample of a batch with a trace readout."""
    runs = [run_stream(net, batch, sample=s, record=s in record) for s in range(len(batch))]
    shape = (len(batch), 1, net.n_neurons)
    spike_counts = np.array([run.spike_counts for run in runs], np.int32).reshape(shape)
    outputs = np.zeros((len(batch), net.readout.n_out), np.int64)
    for last, run in zip(outputs, runs, strict=True):
        last[:] = run.outputs[-1] if len(run.outputs) else 0
    return RunResult(
        spike_counts,
        outputs,
        counts_of(net, batch, spike_counts),
        {s: recording_of(net, runs[s].spikes, runs[s].v) for s in record},
        tuple(run.outputs for run in runs),
    )


def check_inputs(net: IntNetwork, batch: EventBatch) -> None:
    """Raise `ValueError` when the events have other channels than the network."""
    if batch.n_inputs != net.n_inputs:
        raise ValueError(
            f"Events must have {net.n_inputs} channels like the network, not {batch.n_inputs}"
        )


def counts_of(net: IntNetwork, batch: EventBatch, spike_counts) -> tuple[Counts, ...]:
    """Return the work of each sample; all of it follows from the events and spike counts."""
    spikes = spike_counts.sum(axis=1, dtype=np.int64)
    fan_in, fan_rec = net.w_in.fan_out, net.w_rec.fan_out

    def per_sample(values):
        """Sum `values` of the events of each sample."""
        sums = np.concatenate([[0], np.cumsum(values[batch.address], dtype=np.int64)])
        return np.diff(sums[batch.sample_ptr])

    columns = (
        np.diff(batch.sample_ptr),
        spikes.sum(axis=1),
        per_sample(fan_in),
        spikes @ fan_rec,
        operations_of(net.readout, spikes.sum(axis=1), batch.n_steps),
        batch.n_steps.astype(np.int64) * net.n_neurons,
        per_sample(fan_in == 0) + spikes @ (fan_rec == 0),
    )
    return tuple(Counts(*row) for row in np.stack(columns, axis=1).tolist())


@lru_cache(maxsize=4)
def network_args(net: IntNetwork) -> tuple:
    """Return a network as the kernel takes it; networks are frozen and compare by identity."""
    return net.n_inputs, *delivery_args(net, word_of(net)), *neuron_args(net)


def word_of(net: IntNetwork, sum_width: int | None = None) -> type:
    """Return int32 where no value of a step can leave it, else int64.

    The leak's product needs ``v_width + LEAK_SHIFT`` bits, that of a current ``syn_width +
    LEAK_SHIFT``; leak and shifted sum must add up within the word.
    """
    fmt, sum_width = net.fmt, sum_width or net.sum_width
    width = max(fmt.v_width, 0 if net.synapses is None else net.synapses.syn_width)
    narrow = width + LEAK_SHIFT <= 32 and sum_width + fmt.v_shift <= 31
    return np.int32 if narrow else np.int64


def neuron_args(net: IntNetwork, sum_width: int | None = None) -> tuple:
    """Return the neurons' parameters in the kernels' order and word."""
    word = word_of(net, sum_width)
    up, gain = LEAK_SHIFT - net.fmt.decay_width, word(1 << net.fmt.v_shift)
    low, high = signed_range(net.fmt.v_width)
    currents = (np.zeros(0, word), word(1), word(0), word(0))
    if net.synapses is not None:
        # The sum is shifted on its way into the current, not into the membrane.
        ends = (word(x) for x in signed_range(net.synapses.syn_width))
        currents, gain = ((net.synapses.syn_decay << up).astype(word), gain, *ends), word(1)
    return (
        (net.decay << up).astype(word),
        net.v_threshold.astype(word), net.v_reset.astype(word), net.v_drop.astype(word),
        net.refractory_steps.astype(np.int32), bool(net.refractory_steps.any()),
        gain, *currents, word(low), word(high),
    )  # fmt: skip


def recording_of(net: IntNetwork, spikes, v) -> Recording:
    """Return the recording of a (T, N) raster, its outputs added up from its spikes."""
    spikes = spikes.astype(bool)
    return Recording(
        spikes, v[: len(spikes)].astype(np.int64), outputs_by_step(net.readout, spikes)
    )
