"""Learning on a simulated core, with a host that keeps up its sums, in place of the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.placer import Placement, place
from hrsnn_rtl.plastic_image import magnitude_images, plastic_images, read_magnitudes

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_learn import LearnResult, rescale_incoming
from hrsnn_edge.network import Counts, IntNetwork, IntStdp
from hrsnn_edge.plastic import Magnitudes, initial_magnitudes
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.commands import asked_steps
from hrsnn_sim.design import core_design
from hrsnn_sim.record import CoreRecord
from hrsnn_sim.scoreboard import COUNTERS, CoreTrace


@dataclass
class CoreWork:
    """What a core did in all samples of a learning run.

    Attributes
    ----------
    samples, steps, touched : int
        Samples, their steps, and synapses that an event or a spike has walked.
    weight_updates : int
        Increments of magnitudes that were not 0.
    cycles : int
        Clock cycles of all.
    touched_rec, step_cycles : int
        Recurrent synapses among the touched, and clock cycles from the beginning of each step to
        the end of the deliveries of its spikes.
    """

    samples: int = 0
    steps: int = 0
    touched: int = 0
    weight_updates: int = 0
    cycles: int = 0
    touched_rec: int = 0
    step_cycles: int = 0


@dataclass(eq=False)
class CoreLearner:
    """A compiled core that can stand for `hrsnn_edge.engine.int_learn.learn`.

    Attributes
    ----------
    root : Path
        Build folder.
    lanes, options
        Of the core that is built for the first network.
    gaps : Gaps
        Pauses of the host.
    work : CoreWork
        What was done so far.
    """

    root: Path
    lanes: int = 1
    options: dict = field(default_factory=dict)
    gaps: Gaps = field(default_factory=Gaps)
    work: CoreWork = field(default_factory=CoreWork)
    model: BulkModel | None = None

    def learn(
        self,
        net: IntNetwork,
        stdp: IntStdp,
        batch: EventBatch,
        magnitudes: Magnitudes | None = None,
        *,
        keep_sums: Magnitudes | None = None,
    ) -> LearnResult:
        """Run the samples in order, as `hrsnn_edge.engine.int_learn.learn` does."""
        if self.model is None:
            n_steps = int(batch.n_steps.max())
            config = CoreConfig.for_network(
                net, lanes=self.lanes, n_steps=n_steps, stdp=stdp, **self.options
            )
            self.model = BulkModel(core_design(config), config, self.root / "models")
        model, config = self.model, self.model.config
        placement = place(net, config.lanes, config.n_slots)
        now = magnitudes or initial_magnitudes(net, stdp)
        model.load(plastic_images(net, stdp, config, placement, now))
        spike_counts, counts, recordings = [], [], {}
        for s in range(len(batch)):
            sample = batch.select([s])
            asked = asked_steps(net.readout, sample)
            record = model.run(sample, net.readout.n_bins, self.gaps, asked)
            now = read_magnitudes(model.read, net, stdp, config, placement)
            trace, total = sample_of(record, net, placement, sample)
            recordings[s] = trace
            counts.append(total)
            spike_counts.append(_by_bin(trace.spikes, net.readout.n_bins))
            self._count(record, total)
            if keep_sums is not None:
                now = rescale_incoming(net, stdp, now, keep_sums)
                model.write(magnitude_images(net, stdp, config, placement, now))
        none = np.zeros(0, np.int64)
        return LearnResult(now, np.array(spike_counts), tuple(counts), none, none, recordings)

    def silent_step_cycles(self) -> int:
        """Return the cycles of a step without events or spikes: those of the scan alone."""
        silent = np.zeros((1, self.model.config.n_inputs), bool)
        record = self.model.run(EventBatch.from_rasters([silent]), 1)
        return int(record.done[0] - record.begun[0])

    def _count(self, record: CoreRecord, total: Counts) -> None:
        w = self.work
        w.samples += 1
        w.steps += len(record.begun)
        w.touched += total.sop_in + total.sop_rec
        w.weight_updates += total.weight_updates
        w.cycles += record.cycles
        w.touched_rec += total.sop_rec
        w.step_cycles += int((record.done - record.begun).sum())


def sample_of(
    record: CoreRecord, net: IntNetwork, placement: Placement, sample: EventBatch
) -> tuple[CoreTrace, Counts]:
    """Return what the core did in the one sample of a record, and all its counts."""
    (trace,) = record.samples(net, placement, sample)
    values = dict(zip(COUNTERS, trace.counts[-1].tolist(), strict=True))
    return trace, Counts(**values, weight_updates=record.weight_updates)


def _by_bin(spikes: np.ndarray, n_bins: int) -> np.ndarray:
    """Return the spikes of each neuron in each part of a run, (n_bins, N) int32."""
    out = np.zeros((n_bins, spikes.shape[1]), np.int32)
    np.add.at(out, np.arange(len(spikes)) * n_bins // len(spikes), spikes)
    return out
