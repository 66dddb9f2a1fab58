"""The same training in integers twice: by the engine, and with a simulated core that learns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import memory_images
from hrsnn_sim.bulk import BulkModel
from hrsnn_sim.commands import asked_steps
from hrsnn_sim.design import core_design
from hrsnn_sim.learning import CoreLearner

from hrsnn_edge.artifact.io import write_artifact
from hrsnn_edge.artifact.readouts import readout_content
from hrsnn_edge.artifact.schema import Artifact
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.flow.store import commit, versions
from hrsnn_edge.network import IntNetwork
from hrsnn_edge.quantise.learning import train_integer


def bench_learning(
    experiment: Experiment,
    *,
    samples: int,
    root: Path,
    log: Callable[[str], None] = lambda line: None,
    output: Path | None = None,
    **options,
) -> dict[str, Any]:
    """Let a simulated core learn an experiment's data, and compare it with the engine.

    Parameters
    ----------
    experiment : Experiment
        Data, network and rule.
    samples : int
        Samples that the core learns from.
    root : Path
        Build folder.
    log : callable
        Takes a line as each part begins.
    output : Path, optional
        Where to write the artifact of the network that the core learned, its weights as they were
        read back from the core's memories.
    **options
        Of the core, e.g. ``synapse_memory="spram"`` or ``history=16``.

    Returns
    -------
    dict
        ``samples``, ``steps``, ``touched``, ``weight_updates``, ``cycles`` of the learning;
        ``equal``, whether all weights, thresholds and readout weights are those of the software;
        ``accuracy``: ``software`` and ``core`` on the test part, the latter by a simulated core
        that runs the learned network;
        ``cycles_per_touched_synapse``: all cycles but those of the scans, sweeps included, over
        the synapses that events and spikes walked; ``cycles_per_touched_synapse_with_scan``;
        ``cycles_per_recurrent_synapse``: of the deliveries of spikes alone, without any sweep;
        ``silent_step_cycles``; ``history``, ``synapse_memory`` of the core.
    """
    data = experiment.data.load(experiment.seed)
    config = experiment.model.config()
    config = replace(config, plasticity=replace(config.plasticity, samples=samples))
    arguments = (config, data.train, experiment.quantise.format())
    names = {"n_classes": len(data.class_names), "seed": experiment.seed}
    log("software")
    software, _, record = train_integer(*arguments, **names)
    log("core")
    core = CoreLearner(root, options=options)
    learned, stdp, on_core = train_integer(*arguments, **names, learn=core.learn)
    if output is not None:
        provenance = {
            "experiment": experiment.model_dump(mode="json"),
            "versions": versions(),
            "commit": commit(),
            "stations": {"learn on the simulated core": asdict(on_core)},
        }
        encoder = experiment.data.model_dump(mode="json")
        write_artifact(output, Artifact(learned, data.class_names, encoder, provenance, stdp=stdp))
    log("test part")
    work, silent = core.work, core.silent_step_cycles()
    built = core.model.config
    return {
        "samples": work.samples,
        "steps": work.steps,
        "touched": work.touched,
        "weight_updates": work.weight_updates,
        "cycles": work.cycles,
        "equal": same_network(software, learned) and record == on_core,
        "accuracy": {
            "software": float(
                (run_batch(software, data.test.events).predictions == data.test.labels).mean()
            ),
            "core": core_accuracy(learned, data.test, root),
        },
        "cycles_per_touched_synapse": (work.cycles - work.steps * silent) / work.touched,
        "cycles_per_touched_synapse_with_scan": work.cycles / work.touched,
        "cycles_per_recurrent_synapse": (work.step_cycles - work.steps * silent) / work.touched_rec,
        "silent_step_cycles": silent,
        "history": built.plasticity.history,
        "synapse_memory": built.synapse_memory,
    }


def same_network(left: IntNetwork, right: IntNetwork) -> bool:
    """Return whether two networks have the same weights, thresholds and readout."""
    (form, parts), (other_form, others) = (
        readout_content(net.readout, integer=True) for net in (left, right)
    )
    pairs = [
        *((getattr(left, w).weights, getattr(right, w).weights) for w in ("w_in", "w_rec")),
        (left.v_threshold, right.v_threshold),
        *((part, others.get(name)) for name, part in parts.items()),
    ]
    return form == other_form and all(np.array_equal(a, b) for a, b in pairs)


def core_accuracy(net: IntNetwork, part: Split, root: Path) -> float:
    """Return the share of samples that a simulated core, without learning, names rightly."""
    events: EventBatch = part.events
    config = CoreConfig.for_network(net, n_steps=int(events.n_steps.max()))
    model = BulkModel(core_design(config), config, root / "models")
    model.load(memory_images(net, config))
    asked = asked_steps(net.readout, events)
    record = model.run(events, net.readout.n_bins, asked=asked)
    last = np.cumsum(events.n_steps) - 1
    predictions = record.out[last, : net.readout.n_out].argmax(axis=1)
    return float((predictions == part.labels).mean())
