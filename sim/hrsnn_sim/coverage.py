"""What random runs have exercised, by name; a name that was never met is a hole."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hrsnn_rtl.codebook import Codebook

from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import MlpReadout, TraceReadout
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.record import CoreRecord, first_steps
from hrsnn_sim.verify import Job

#: Everything that has to be met. Names of `hrsnn_sim.design.cover_points` among them.
POINTS = (
    *("host without pauses", "host pauses between commands", "host takes spikes late"),
    *("host waits for each step", "command waits for the core", "event taken while a step runs"),
    *("row of 0 words", "row of 1 word", "row of 2 words", "row of all slots"),
    *(f"same target at distance {k}" for k in (1, 2, 3)),
    *(
        "lanes stand still",
        "queue without room",
        "spike at the greatest threshold",
        "membrane at its least",
    ),
    *("neuron held", "neuron held for the longest period", "neuron fires twice in a row"),
    *("step without events and spikes", "event of every channel", "spike of every neuron"),
    *("sample of one step", "sample after a sample", "reset above and below 0"),
    *("spike leaves a membrane at its greatest", "held membrane not at its reset"),
    *("weight at its greatest", "weight at its least", "shift of a row at its greatest"),
    *("decay of 0", "decay at its greatest", "last readout bin", "core with unused slots"),
    *("core with a codebook", "codebook without a free row"),
    *("core with synaptic currents", "current at its greatest", "current at its least"),
    *(f"{k} lanes fire in one slot" for k in (1, 2, 4, 8)),
    *(f"core of {k} lanes" for k in (1, 2, 4, 8)),
    *("perceptron", "filters", "filters with squares", "count at its greatest"),
)


class Coverage:
    """Counts of the points of `POINTS`, over any number of runs."""

    def __init__(self):
        self._counts = Counter()
        self._inside: dict[BulkModel, dict[str, int]] = {}

    @property
    def counts(self) -> dict[str, int]:
        """How often each point was met."""
        total = sum(map(Counter, self._inside.values()), start=self._counts)
        return {name: total[name] for name in POINTS}

    @property
    def holes(self) -> list[str]:
        """Points that were never met."""
        return [name for name, count in self.counts.items() if not count]

    def add(self, job: Job, record: CoreRecord, model: BulkModel | None = None) -> None:
        """Count what one network did, and what the model has seen inside the core so far."""
        if model is not None:
            self._inside[model] = model.hits
        met = _host(job.gaps, record) | _rows(job, record) | _neurons(job, record)
        met |= _steps(job, record) | _parameters(job) | _readout(job, record)
        self._counts.update({name: int(count) for name, count in met.items()})


def _host(gaps: Gaps, record: CoreRecord) -> dict[str, int]:
    # Column 0 counts input events.
    early = record.counts[:, 0] - record.counts_start[:, 0]
    return {
        "host without pauses": not (gaps.command or gaps.spike or gaps.wait_steps),
        "host pauses between commands": gaps.command > 0,
        "host takes spikes late": gaps.spike > 0,
        "host waits for each step": gaps.wait_steps,
        "command waits for the core": record.command_stalls,
        "event taken while a step runs": early.sum(),
    }


def _rows(job: Job, record: CoreRecord) -> dict[str, int]:
    """Count the rows that were delivered, by their length in each lane."""
    net, config = job.net, job.config
    lane = job.placement.lane
    lengths = []
    for rows, fired in (
        (net.w_in, np.bincount(job.batch.address, minlength=net.n_inputs)),
        (net.w_rec, record.spikes[:, job.placement.index].sum(axis=0)),
    ):
        table = np.zeros((rows.n_pre, config.lanes), np.int64)
        np.add.at(table, (rows.pre_idx, lane[rows.col_idx]), 1)
        lengths.append(np.repeat(table, fired, axis=0).ravel())
    lengths = np.concatenate(lengths)
    return {
        "row of 0 words": (lengths == 0).sum(),
        "row of 1 word": (lengths == 1).sum(),
        "row of 2 words": (lengths == 2).sum(),
        "row of all slots": (lengths == config.n_slots).sum(),
    }


def _neurons(job: Job, record: CoreRecord) -> dict[str, int]:
    """Count what membranes did, between the steps of a sample."""
    net, index = job.net, job.placement.index
    low, high = signed_range(net.fmt.v_width)
    v, spikes = record.v[:, index], record.spikes[:, index]
    follows = ~first_steps(record.n_steps)[1:, None]
    after = spikes[:-1] & follows
    longest = (1 << job.config.refractory_width) - 1
    moved, subtracts = net.v_reset != 0, net.reset == "subtract"
    least, greatest = signed_range(job.config.syn_width) if job.config.syn_width else (0, 0)
    return {
        "current at its greatest": (record.i_syn == greatest).sum(),
        "current at its least": (record.i_syn == least).sum(),
        # A sum that saturates upwards is always a spike: only a subtractive reset leaves a membrane
        # at the top.
        "spike at the greatest threshold": (spikes & (net.v_threshold == high)).sum(),
        "membrane at its least": ((v == low) & (net.v_reset != low)).sum(),
        "spike leaves a membrane at its greatest": subtracts * (spikes & (v == high)).sum(),
        "held membrane not at its reset": subtracts
        * (after & (net.refractory_steps > 0) & (v[1:] != net.v_reset)).sum(),
        "neuron held": (after & (net.refractory_steps > 0)).sum(),
        "neuron held for the longest period": (
            after & (net.refractory_steps == longest) & (longest > 0)
        ).sum(),
        "neuron fires twice in a row": (after & spikes[1:]).sum(),
        "reset above and below 0": (spikes[:, moved]).any()
        and (net.v_reset[moved].min() < 0 < net.v_reset[moved].max()),
    }


def _steps(job: Job, record: CoreRecord) -> dict[str, int]:
    """Count steps of a kind, and spikes that share a slot."""
    net, config, batch = job.net, job.config, job.batch
    first_step = np.cumsum(batch.n_steps) - batch.n_steps
    owner = np.repeat(np.arange(len(batch)), np.diff(batch.sample_ptr))
    events = np.bincount(first_step[owner] + batch.t, minlength=len(record.spikes))
    spikes = record.spikes[:, job.placement.index].sum(axis=1)
    together = record.spikes.reshape(-1, config.n_slots, config.lanes).sum(axis=2)
    return {
        "step without events and spikes": ((events == 0) & (spikes == 0)).sum(),
        "event of every channel": (events == net.n_inputs).sum(),
        "spike of every neuron": (spikes == net.n_neurons).sum(),
        "sample of one step": (batch.n_steps == 1).sum(),
        "sample after a sample": len(batch) - 1,
        "last readout bin": (batch.n_steps >= config.n_bins).sum()
        * (net.readout.n_bins == config.n_bins),
        **{f"{k} lanes fire in one slot": (together == k).sum() for k in (1, 2, 4, 8)},
    }


def _parameters(job: Job) -> dict[str, int]:
    """Count extreme parameters and the kinds of core."""
    net, config = job.net, job.config
    weights = np.concatenate([net.w_in.weights, net.w_rec.weights])
    low, high = signed_range(config.weight_width)
    shifts = np.concatenate([net.shift_in, net.shift_rec])
    return {
        "weight at its greatest": (weights == high).sum(),
        "weight at its least": (weights == low).sum(),
        "shift of a row at its greatest": (shifts == (1 << config.shift_width) - 1).sum()
        * (config.shift_width > 0),
        "decay of 0": (net.decay == 0).sum(),
        "decay at its greatest": (net.decay == (1 << config.decay_width) - 1).sum(),
        "core with a codebook": config.codebook_rows > 0,
        "codebook without a free row": 0 < config.codebook_rows == Codebook.of(net).n_rows,
        "core with synaptic currents": config.syn_width > 0,
        "core with unused slots": net.n_neurons < config.n_hw,
        f"core of {config.lanes} lanes": 1,
    }


def _readout(job: Job, record: CoreRecord) -> dict[str, int]:
    """Count readouts that are computed when asked, and counts of a perceptron that saturate."""
    readout, full = job.net.readout, 0
    if isinstance(readout, MlpReadout):
        for end, n_steps in zip(np.cumsum(record.n_steps), record.n_steps, strict=True):
            read = job.placement.index[readout.neurons]
            counts = np.zeros((readout.n_bins, read.size), np.int64)
            bins = np.arange(n_steps) * readout.n_bins // n_steps
            np.add.at(counts, bins, record.spikes[end - n_steps : end, read])
            full += (counts > readout.act_top).sum()
    traces = isinstance(readout, TraceReadout)
    return {
        "perceptron": isinstance(readout, MlpReadout),
        "filters": traces,
        "filters with squares": traces and readout.squares,
        "count at its greatest": full,
    }
