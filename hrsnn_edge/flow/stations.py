"""The numerical stations as functions of an experiment: values in, values out, no files.

Every station derives its draws from the experiment's seed and its own name, so that a station
run as a verb and the same station inside ``hrsnn run`` give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hrsnn_edge.analysis.operations import source_activity
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.events import EventBatch, Split
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.flow.experiment import Experiment, PruneSection
from hrsnn_edge.model.rate import homeostasis
from hrsnn_edge.model.train import TrainingRecord, readout_samples, train, with_readout
from hrsnn_edge.network import Counts, FloatNetwork, IntNetwork, IntStdp
from hrsnn_edge.prune.pruning import prune
from hrsnn_edge.prune.record import PruneRecord
from hrsnn_edge.quantise.convert import quantise
from hrsnn_edge.quantise.learning import IntTrainingRecord, train_integer
from hrsnn_edge.quantise.readout import refit_readout
from hrsnn_edge.quantise.report import QuantisationReport
from hrsnn_edge.tune.loop import Observation, TuneResult

Progress = Callable[[str], None]


def search(
    experiment: Experiment,
    data: Dataset,
    log_path: Path | None = None,
    on_result: Callable[[Observation], None] | None = None,
) -> TuneResult:
    """Search the distributions of the network on validation folds of the train part."""
    from hrsnn_edge.flow.objectives import objective_of, search_label
    from hrsnn_edge.tune.loop import tune
    from hrsnn_edge.tune.space import network_space

    section, space = experiment.tune, network_space()
    objective = objective_of(experiment, data)
    return tune(
        objective,
        space,
        min(section.initial, section.evaluations),
        section.evaluations,
        experiment.seed,
        log_path,
        on_result,
        section.n_jobs,
        label=search_label(experiment),
        start=objective.settings(space.names),
        metric=section.metric,
        dask=section.dask,
    )


def fit(
    experiment: Experiment,
    data: Dataset,
    values: dict[str, float] | None = None,
    progress: Progress = lambda stage: None,
) -> tuple[FloatNetwork, TrainingRecord]:
    """Train the float network on the train part, with the tuner's `values` put in."""
    return train(
        experiment.model.config(values),
        data.train,
        n_classes=len(data.class_names),
        seed=experiment.seed,
        progress=progress,
    )


def cut(
    experiment: Experiment, data: Dataset, net: FloatNetwork
) -> tuple[FloatNetwork, PruneRecord | None]:
    """Prune, bring the rates back by homeostasis, and fit the readout again."""
    section = experiment.prune
    if section.method == "none" or section.sparsity == 0:
        return net, None
    activity = source_activity(net, data.train.events)
    if section.whole:
        pruned, record = _cut_whole(section, net, experiment.seed, activity)
    else:
        pruned, record = prune(
            net,
            section.method,
            section.sparsity,
            experiment.seed,
            section.projections,
            config=section.config(section.rounds or 1),
            preserve_input=section.preserve_input,
            activity=activity,
        )
    rate = experiment.model.rate
    if rate.target_hz is not None:
        few = data.train.events.select(slice(0, rate.calibration_samples))
        pruned, _ = homeostasis(
            pruned, few, rate.target_hz, rate.homeostasis_rounds, rate.homeostasis_limits
        )
    classes = len(data.class_names)
    shown = readout_samples(data.train, experiment.model.augment, experiment.seed)
    pruned, _ = with_readout(pruned, shown, classes, experiment.model.readout)
    return pruned, record


def _cut_whole(section: PruneSection, net: FloatNetwork, seed: int, activity):
    """Prune by the whole algorithm."""
    from hrsnn_edge.prune.algorithm import LnpSchedule
    from hrsnn_edge.prune.whole import prune_whole

    schedule = LnpSchedule(
        section.sparsity,
        section.rounds or 100,
        section.config(1),
        section.nodes if "II" in section.steps else None,
        section.added if "III" in section.steps else None,
        section.timescales if "IV" in section.steps else None,
        section.preserve_input,
    )
    return prune_whole(net, schedule, seed, section.projections, activity=activity)


def to_integers(
    experiment: Experiment, data: Dataset, net: FloatNetwork
) -> tuple[IntNetwork, QuantisationReport]:
    """Quantise, and fit the readout to what the integer network computes."""
    return rounded(experiment, data.train, len(data.class_names), net)


def rounded(
    experiment: Experiment, fitted: Split, n_classes: int, net: FloatNetwork
) -> tuple[IntNetwork, QuantisationReport]:
    """Quantise a network for the samples it was fitted to; see `to_integers`."""
    section, model = experiment.quantise, experiment.model
    calibration = fitted.events.select(slice(0, section.calibration_samples))
    result, report = quantise(net, section.format(), calibration, section.leak, section.codebook)
    shown = readout_samples(fitted, model.augment, experiment.seed)
    return refit_readout(result, shown, n_classes, model.readout), report


def learn_integers(
    experiment: Experiment, data: Dataset
) -> tuple[IntNetwork, IntStdp, IntTrainingRecord]:
    """Train the same network wholly in integers, not pruned."""
    return train_integer(
        experiment.model.config(),
        data.train,
        experiment.quantise.format(),
        n_classes=len(data.class_names),
        seed=experiment.seed,
    )


@dataclass(frozen=True, eq=False)
class Evaluation:
    """An integer network on one part of the data.

    Attributes
    ----------
    accuracy : float
        Share of samples named rightly.
    outputs : (S, C) int64
        Readout accumulators at the end of each sample.
    counts : Counts
        Summed over the samples.
    rates : (N,) float64
        Mean spikes a step of each neuron.
    confusion : (C, C) int64
        Samples by true class and answer.
    """

    accuracy: float
    outputs: np.ndarray
    counts: Counts
    rates: np.ndarray
    confusion: np.ndarray


def evaluate_integers(net: IntNetwork, data: Split) -> Evaluation:
    """Run every sample of `data` through the engine."""
    result = run_batch(net, data.events)
    answers = result.outputs.argmax(axis=1)
    confusion = np.zeros((net.readout.n_out,) * 2, np.int64)
    np.add.at(confusion, (data.labels, answers), 1)
    return Evaluation(
        float((answers == data.labels).mean()),
        result.outputs,
        sum(result.counts, Counts()),
        result.spike_counts.sum(axis=(0, 1)) / data.events.n_steps.sum(),
        confusion,
    )


def check_engine(net: IntNetwork, events: EventBatch, n_random: int, seed: int) -> dict[str, Any]:
    """Compare engine and reference, value by value, on samples and on random networks.

    Every other random network has optional features of the contract.

    Returns
    -------
    verdict : dict
        ``networks``, ``steps``, ``mismatches``, ``first_divergence``, ``seeds``.
    """
    from hrsnn_edge.flow.equality import engine_divergences
    from hrsnn_edge.reference.random import random_network
    from hrsnn_edge.reference.random_features import random_features

    cases = [("network", net, events)]
    for k in range(n_random):
        other, raster = random_network(seed + k)
        if k % 2:
            other = random_features(seed + k, other)
        cases.append((str(seed + k), other, EventBatch.from_rasters([raster])))
    steps, found = 0, []
    for name, case, batch in cases:
        steps += int(batch.n_steps.sum())
        found += engine_divergences(name, case, batch)
    return {
        "networks": len(cases),
        "steps": steps,
        "mismatches": len(found),
        "first_divergence": found[0] if found else None,
        "seeds": list(range(seed, seed + n_random)),
    }


def model_at(experiment: Experiment, values: dict[str, float]) -> Experiment:
    """Return the experiment with the tuner's values in its model section."""
    config = experiment.model.config(values)
    section = experiment.model.model_copy(
        update={
            "variant": None,
            "network": config.network,
            "plasticity": config.plasticity,
            "rate": config.rate,
            "readout": config.readout,
            "backprop": config.backprop,
            "augment": config.augment,
        }
    )
    return experiment.model_copy(update={"model": section})
