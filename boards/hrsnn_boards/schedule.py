"""Clock cycles of a run without running the core: the schedule of its queues and lanes in Python.

What is modelled is where sources wait. The scan finds the spikes of a step one slot a cycle; all
lanes and the readout take a source at once, each has places for a few that it has not begun, and
works at one synapse, or one word of the readout, a cycle. The constants are latencies of the
pipeline, in cycles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.distance import row_words
from hrsnn_rtl.lane import queue_depth
from hrsnn_rtl.placer import Placement
from hrsnn_rtl.readout_shapes import FilterShape, PerceptronShape

from hrsnn_edge.network import IntNetwork, MlpReadout, Readout

#: From U0 of a slot to its spikes at the event queue; from an event's command to there.
SPIKE_LATENCY, EVENT_LATENCY = 6, 1
#: From the event queue to the lanes: around its memory when it is empty, or through it.
AROUND, THROUGH = 1, 3
#: From a source at a lane to the address of its first synapse; a cycle more where words travel.
ROW_LATENCY = 2
#: Rows that a lane holds beside its queue: two in front of the one that streams, three where words
#: travel.
PREFETCHED = 2
#: To the next command from the last synapse, unless it is slot 0's (a cycle more, not modelled),
#: from the last word of the readout, from U0 of the last slot, and from the mark of a step's end at
#: the lanes.
TAIL, READOUT_TAIL, SCAN_TAIL, MARK_TAIL = 4, 8, 6, 2
#: Of a readout that is computed when asked: from the source that was sent last, and from its own
#: last work, to its start; from its end to the next command; what a unit takes beside its inputs
#: and its shift; from a CLEAR to the next command beside one cycle a count.
SETTLED, RESTED, ASK_TAIL, UNIT_CYCLES, CLEAR_TAIL = -1, 3, 3, 4, 2
#: From the last spike of a perceptron to the next command.
COUNT_TAIL = 7
#: From a STEP to the first spike that filters take, beside one cycle a filter; to the next command
#: from there without a spike, and from their last spike.
DECAYED, VISIT_TAIL, FILTER_TAIL = 6, 1, 6


@dataclass(frozen=True, eq=False)
class Schedule:
    """The schedule of a placed network on a core.

    Attributes
    ----------
    config : CoreConfig
        The core.
    placement : Placement
        Neurons to lanes.
    work : (sources, lanes + 1) int
        Cycles that each source, neurons first and then inputs, keeps each lane and the readout
        busy.
    readout : Readout
        Of the network.
    """

    config: CoreConfig
    placement: Placement
    work: np.ndarray
    readout: Readout

    @classmethod
    def of(cls, net: IntNetwork, config: CoreConfig, placement: Placement) -> Schedule:
        """Return the schedule of a network."""
        work = np.zeros((net.n_neurons + net.n_inputs, config.lanes + 1), np.int64)
        source, lane, words = row_words(net, placement, config.distance_width)
        np.add.at(work, (source, lane), words)
        shape = config.readout
        spike = getattr(shape, "n_filters", 1) if shape else config.out_words
        work[: net.n_neurons, -1] = spike
        return cls(config, placement, work, net.readout)

    @property
    def evaluation_cycles(self) -> int:
        """Cycles in which a readout that is computed when asked goes through its layers."""
        layers, shape = self.config.layers, self.config.readout
        shifts = [getattr(self.readout, "out_shift", 0)]
        if isinstance(self.readout, MlpReadout):
            shifts = [layer.shift for layer in self.readout.layers]
        cycles = sum(
            units * (inputs + UNIT_CYCLES + shift)
            for (inputs, units), shift in zip(layers, shifts, strict=True)
        )
        return cycles + (self.visit_cycles if getattr(shape, "squares", False) else 0)

    @property
    def visit_cycles(self) -> int:
        """Cycles in which every filter is visited once; 0 without filters."""
        if not isinstance(self.config.readout, FilterShape):
            return 0
        return self.config.readout.n_filters * self.config.n_hw + DECAYED

    def step(
        self, spikes: np.ndarray, events: np.ndarray, *, clear: bool = False, asked: bool = False
    ) -> int:
        """Return the cycles from a STEP command to the next one.

        Parameters
        ----------
        spikes : (S,) int
            Neurons that fire in the step.
        events : (E,) int
            Input channels whose events the host sends for the next step.
        clear : bool
            It is a CLEAR command instead.
        asked : bool
            The step asks for the outputs.
        """
        c, where = self.config, self.placement
        slots, sources = where.slot[spikes], spikes
        order = np.lexsort((where.lane[spikes], slots))
        times = np.concatenate(
            [slots[order] + c.lead + SPIKE_LATENCY, np.arange(events.size) + EVENT_LATENCY]
        )
        work = self.work[np.concatenate([sources[order], events + where.lane.size])]
        if marked := c.spike_stream and not clear:
            # The mark of a step's end goes the way of its spikes, and gives nobody work.
            times = np.append(times, c.n_slots + c.lead + SPIKE_LATENCY)
            work = np.append(work, np.zeros((1, work.shape[1]), np.int64), axis=0)
        first = np.argsort(times, kind="stable")
        sent, finished = self._deliver(times[first], work[first])
        told = sent[first == len(times) - 1].item() + MARK_TAIL if marked else 0
        # A distance becomes a target in a stage of its own, and words from far away travel in one.
        tails = np.full(finished.size, TAIL + (c.distance_width > 0) + c.late_words)
        tails[-1] = COUNT_TAIL if c.readout else READOUT_TAIL
        if self.visit_cycles:
            tails[-1] = FILTER_TAIL if spikes.size and not clear else VISIT_TAIL
        end = max(c.n_slots + c.lead + SCAN_TAIL, told, (finished + tails).max())
        if asked:
            settled = max(c.n_slots + c.lead + SCAN_TAIL, sent.max(initial=0) + SETTLED)
            start = max(settled, finished[-1] + (RESTED if spikes.size else -1))
            end = max(end, start + self.evaluation_cycles + ASK_TAIL)
        if clear and isinstance(c.readout, PerceptronShape):
            end = max(end, c.layers[0][0] + CLEAR_TAIL)
        return int(end)

    def _deliver(self, times: np.ndarray, work: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return when each source is at the lanes, and when each lane and the readout are done.

        `times` is when each source reaches the event queue.
        """
        # Without a second bank of sums the rows wait for the scan.
        c = self.config
        held = 0 if c.double_buffer else c.n_slots + c.lead
        # With several lanes a source has left the queue a cycle before it is at the lanes.
        several = c.lanes > 1
        late = np.full(work.shape[1], c.late_words, np.int64)
        late[-1] = 0
        places = queue_depth(c) + PREFETCHED + late
        if c.readout:
            places[-1] = queue_depth(c)
        done = np.zeros(work.shape[1], np.int64)
        # Spikes wait until all filters have decayed.
        done[-1] = self.visit_cycles
        begun = np.zeros((len(times) + places.max(), work.shape[1]), np.int64)
        taken, column = np.zeros(work.shape[1], np.int64), np.arange(work.shape[1])
        sent = np.full(len(times) + 1, -1)
        for k, (time, cycles) in enumerate(zip(times, work, strict=True)):
            # Every lane takes every source, the readout only spikes. A source goes out when each
            # of them has begun the one that took its place before.
            takers = column if cycles[-1] else column[:-1]
            empty = sent[k - 1] < time + several
            # The spikes of one slot are one word of the queue.
            same = k > 0 and time == times[k - 1]
            out = time + (AROUND if (empty or same) and not held else THROUGH + several)
            sent[k] = max(out, held, sent[k - 1] + 1, begun[taken[takers], takers].max())
            start = np.maximum(done, sent[k] + ROW_LATENCY + late)[takers]
            begun[taken[takers] + places[takers], takers] = start
            taken[takers] += 1
            done[takers] = np.where(cycles[takers] > 0, start + cycles[takers], done[takers])
        return sent[:-1], done

    def sample(self, raster: np.ndarray, spikes: np.ndarray) -> int:
        """Return the cycles of one sample, for a host that is never late.

        Parameters
        ----------
        raster : (T, K) bool
            Input events.
        spikes : (T, N) bool
            Who fires.
        """
        none = np.zeros(0, np.int64)
        events = [*(np.flatnonzero(row) for row in raster), none]
        # A CLEAR is a scan without spikes, beside which the first events are delivered.
        cycles = self.step(none, events[0], clear=True)
        asked = self.readout.asked_steps(len(spikes))
        for t, row in enumerate(spikes):
            cycles += self.step(np.flatnonzero(row), events[t + 1], asked=asked[t])
        return cycles
