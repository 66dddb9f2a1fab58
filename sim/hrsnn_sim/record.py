"""What a core did in a run, as any simulator records it, and the same in the contract's terms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import MemoryImage
from hrsnn_rtl.interfaces import Select
from hrsnn_rtl.placer import Placement

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import IntNetwork, LinearReadout
from hrsnn_sim.commands import events_up_to
from hrsnn_sim.scoreboard import COUNTERS, CoreTrace

#: Strobes in the order in which the C loop adds them up, and whether their bits are counted.
STROBES = {
    "input_event": False,
    "spikes": False,
    "sop_in": True,
    "sop_rec": True,
    "sop_out": False,
    "step": False,
    "skipped_rows": False,
}


def first_steps(n_steps: np.ndarray) -> np.ndarray:
    """Return which of all steps are the first of a sample, (sum T,) bool.

    >>> first_steps(np.array([2, 1])).tolist()
    [True, False, True]
    """
    first = np.zeros(n_steps.sum(), bool)
    first[np.cumsum(n_steps) - n_steps] = True
    return first


def readout_bias(images: Iterable[MemoryImage], config: CoreConfig) -> np.ndarray:
    """Return the outputs at the start of a sample, (n_out_padded,) int64: 0 until computed."""
    bias = np.zeros(config.n_out_padded, np.int64)
    if config.readout:
        return bias
    sign = 1 << (config.out_width - 1)
    for image in images:
        if image.select == Select.OUT_BIAS:
            bias[image.base : image.base + image.words.size] = (image.words ^ sign) - sign
    return bias


@dataclass(frozen=True, eq=False)
class CoreRecord:
    """What a core did with a batch, in the core's own order of neurons; T counts all samples.

    Attributes
    ----------
    spikes : (T, n_hw) bool
        Who fired.
    v : (T, n_hw) int32
        Membranes after each step.
    i_syn : (T, n_hw) int32
        Synaptic currents after each step; (0, n_hw) on a core without.
    out : (T, n_out_padded) int64
        Accumulators after each step.
    counts, counts_start : (T, len(STROBES)) int64
        Strobes so far when a step's work is done, and when the step began.
    begun, done : (T,) int64
        Cycles from the start of the run to the beginning of each step and the end of its work.
    stream : (n,) uint32
        Items of the spike stream.
    n_steps : (S,) int32
        Steps of each sample.
    cycles, busy, command_stalls : int
        Clock cycles of the run, those in which the core was not idle, those in which it had a
        command and did not take it.
    weight_updates : int
        Of a core that learns, increments of magnitudes that were not 0.
    """

    spikes: np.ndarray
    v: np.ndarray
    i_syn: np.ndarray
    out: np.ndarray
    counts: np.ndarray
    counts_start: np.ndarray
    begun: np.ndarray
    done: np.ndarray
    stream: np.ndarray
    n_steps: np.ndarray
    cycles: int
    busy: int
    command_stalls: int
    weight_updates: int = 0

    def samples(self, net: IntNetwork, placement: Placement, batch: EventBatch) -> list[CoreTrace]:
        """Return what each sample did in the network's order, to compare with the reference."""
        counts = self._sample_counts(net, batch)
        out, ends = [], np.cumsum(self.n_steps)
        currents = self.i_syn.astype(np.int64) if len(self.i_syn) else None
        for end, size in zip(ends, self.n_steps, strict=True):
            part = slice(end - size, end)
            out.append(
                CoreTrace(
                    self.spikes[part][:, placement.index],
                    self.v[part][:, placement.index].astype(np.int64),
                    self.out[part][:, : net.readout.n_out],
                    counts[part],
                    None if currents is None else currents[part][:, placement.index],
                )
            )
        return out

    def stream_expected(self, config: CoreConfig) -> np.ndarray:
        """Return the spike stream of `spikes`: each step's in scan order, then last."""
        last = 1 << config.index_width
        # One more column a step, which always "fires", is the item that ends it.
        fired = np.pad(self.spikes, ((0, 0), (0, 1)), constant_values=True)
        index = np.nonzero(fired)[1]
        return np.where(index == self.spikes.shape[1], last, index).astype(np.uint32)

    def _sample_counts(self, net: IntNetwork, batch: EventBatch) -> np.ndarray:
        """Return the contract's counters at the end of every step, counted from its sample's start.

        The core takes events of the next step while a step's spikes are delivered. Input events
        and their synaptic operations are therefore read when their step begins, and what the early
        events add to the skipped rows is taken off again.
        """
        column = {name: k for k, name in enumerate(STROBES)}
        first = np.cumsum(self.n_steps) - self.n_steps
        owner = np.repeat(np.arange(self.n_steps.size), self.n_steps)
        before = np.concatenate([np.zeros((1, len(STROBES)), np.int64), self.counts])[first]
        done, start = self.counts - before[owner], self.counts_start - before[owner]

        empty = np.concatenate([[0], np.cumsum(net.w_in.fan_out[batch.address] == 0)])
        own = batch.sample_ptr[owner] + events_up_to(batch)
        seen = batch.sample_ptr[owner] + done[:, column["input_event"]]
        early = empty[np.clip(seen, 0, empty.size - 1)] - empty[own]
        values = {
            "input_events": start[:, column["input_event"]],
            "spikes": done[:, column["spikes"]],
            "sop_in": start[:, column["sop_in"]],
            "sop_rec": done[:, column["sop_rec"]],
            "sop_out": done[:, column["sop_out"]],
            "neuron_updates": start[:, column["step"]] * net.n_neurons,
            "skipped_rows": done[:, column["skipped_rows"]] - early,
        }
        return np.stack([values[name] for name in COUNTERS], axis=1)


def step_counts(net: IntNetwork, raster: np.ndarray, spikes: np.ndarray) -> np.ndarray:
    """Return the contract's counters up to the end of every step, (T, len(COUNTERS)) int64.

    Parameters
    ----------
    raster, spikes : (T, n_inputs), (T, N) bool
        Input events and spikes of a sample.
    """
    fan_in, fan_rec = net.w_in.fan_out, net.w_rec.fan_out
    fired, readout = spikes.sum(axis=1), net.readout
    values = {
        "input_events": raster.sum(axis=1),
        "spikes": fired,
        "sop_in": raster @ fan_in,
        "sop_rec": spikes @ fan_rec,
        "sop_out": fired * readout.n_out
        if isinstance(readout, LinearReadout)
        else readout.asked_steps(len(spikes)) * readout.macs,
        "neuron_updates": np.full(len(spikes), net.n_neurons),
        "skipped_rows": raster @ (fan_in == 0).astype(int) + spikes @ (fan_rec == 0).astype(int),
    }
    return np.cumsum([values[name] for name in COUNTERS], axis=1, dtype=np.int64).T
