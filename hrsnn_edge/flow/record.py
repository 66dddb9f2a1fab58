"""What a run found, in the sections of the report."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.flow.store import commit, sha256_file, versions
from hrsnn_edge.network import Counts
from hrsnn_edge.report.record import (
    Accuracy,
    BoardResult,
    Change,
    Cycles,
    DataInfo,
    Example,
    Manifest,
    NetworkInfo,
    Prune,
    Quantise,
    RunRecord,
    Setting,
    Tune,
    TunePoint,
    Verdict,
    Work,
)
from hrsnn_edge.report.traces import NetworkArrays, RunTraces

#: Neurons whose membranes the report draws.
N_MEMBRANES = 4
#: Columns of the report's table of quantisation errors.
SHOWN_ERRORS = (
    "rms_error",
    "zeroed",
    "tau_error",
    "rate_float_hz",
    "rate_int_hz",
    "spike_mismatch",
)
#: What every verdict compares.
COMPARED = ("spikes", "membranes", "outputs", "counters")
#: The test sample that the report shows.
EXAMPLE = 0


def make_record(
    experiment: Experiment,
    source: Path,
    data: Dataset,
    networks,
    figures: dict[str, Any],
    engine: dict[str, Any],
    hardware,
    boards: dict[str, BoardResult],
    timings_s: dict[str, float],
) -> RunRecord:
    """Return the record of a run; every figure was measured by a station."""
    net = networks.integer.network
    found = {"engine": engine | {"simulator": "engine"}} | hardware.verdicts
    verdicts = {
        name: Verdict.model_validate(verdict | {"compared": COMPARED})
        for name, verdict in found.items()
    }
    evaluation = figures["evaluations"]
    test = data.test.events
    answer = int(evaluation["integer"].outputs[EXAMPLE].argmax())
    return RunRecord(
        name=experiment.name,
        command=f"hrsnn run {source}",
        seed=experiment.seed,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        settings=dict(flat_settings(experiment.model_dump(mode="json", exclude={"name", "seed"}))),
        manifest=Manifest(
            commit=commit(),
            python=platform.python_version(),
            platform=f"{platform.system()} {platform.machine()}",
            packages=versions(),
            inputs={source.name: sha256_file(source)} if source.is_file() else {},
            outputs={name: b.sha256 for name, b in boards.items() if b.sha256},
        ),
        data=DataInfo(
            name=data.name,
            classes=data.class_names,
            n_train=len(data.train.labels),
            n_test=len(data.test.labels),
            n_inputs=test.n_inputs,
            n_steps=int(test.n_steps.max()),
            encoder=experiment.data.encoder,
            dt_ms=experiment.data.dt_ms,
        ),
        network=NetworkInfo(
            n_neurons=net.n_neurons,
            n_excitatory=int((~net.inhibitory).sum()),
            variant=experiment.model.variant or "as configured",
            readout=f"{experiment.model.readout.kind}, {net.readout.n_bins} bins",
        ),
        accuracy=Accuracy(test=figures["accuracy"]),
        tune=tune_section(networks.tuned),
        prune=_prune_section(experiment, networks),
        quantise=_quantise_section(networks.integer),
        verdicts=verdicts,
        work=Work(
            n_inferences=len(data.test.labels),
            pruned=evaluation["integer"].counts,
            unpruned=evaluation["integer_unpruned"].counts,
            lanes=experiment.build.lanes,
            has_reset=bool(net.v_reset.any()),
        ),
        cycles=_cycles(hardware.cycles, evaluation["integer"].counts, test.n_steps),
        boards=boards,
        timings_s=dict(timings_s),
        example=Example(
            sample=EXAMPLE,
            label=data.class_names[int(data.test.labels[EXAMPLE])],
            predicted=data.class_names[answer],
        ),
    )


def flat_settings(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Setting]]:
    """Yield the values of nested tables by dotted key, lists as words.

    >>> dict(flat_settings({"build": {"boards": ["a", "b"], "lanes": 1}}))
    {'build.boards': 'a, b', 'build.lanes': 1}
    """
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat_settings(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            yield prefix + key, ", ".join(str(item) for item in value)
        else:
            yield prefix + key, value


def make_traces(
    experiment: Experiment, data: Dataset, networks, figures: dict[str, Any]
) -> RunTraces:
    """Return the arrays behind the plots."""
    net = networks.integer.network
    sample = data.test.events.select([EXAMPLE])
    recording = run_batch(net, sample, record=(0,)).recordings[0]
    busiest = np.sort(np.argsort(-recording.spikes.sum(axis=0), kind="stable")[:N_MEMBRANES])
    steps = data.test.events.n_steps.sum()
    exact = run_counts(networks.pruned.network, data.test.events)
    return RunTraces(
        input_raster=sample.raster(0),
        recurrent_raster=recording.spikes,
        membranes=recording.v[:, busiest],
        membrane_neurons=busiest,
        membrane_thresholds=net.v_threshold[busiest],
        inhibitory=net.inhibitory,
        confusion=figures["evaluations"]["integer"].confusion,
        rates_float=exact.sum(axis=(0, 1)) / steps,
        rates_integer=figures["evaluations"]["integer"].rates,
        networks={
            "float": NetworkArrays.of(networks.float_net.network),
            "pruned": NetworkArrays.of(networks.pruned.network),
            "integer": NetworkArrays.of(net, experiment.data.dt_ms),
        },
    )


def tune_section(
    tuned: dict[str, Any] | None, metric: str = "accuracy on validation folds"
) -> Tune | None:
    """Return the search of a ``tuned.json``, None for None; `metric` labels its scores."""
    if tuned is None:
        return None
    names = tuple(tuned["values"])
    return Tune(
        parameters=names,
        history=tuple(
            TunePoint(values=tuple(row["values"][n] for n in names), score=row["score"])
            for row in tuned["history"]
        ),
        metric=metric,
    )


def _prune_section(experiment: Experiment, networks) -> Prune | None:
    found = networks.pruned.provenance["stations"]["prune"]
    if not found:
        return None
    rounds = found["rounds"]
    return Prune(
        method=found["method"],
        target_sparsity=found["sparsity"],
        edge_value=experiment.prune.edge_value if found["method"] == "lnp" else None,
        synapses={
            name: Change(before=before, after=after)
            for name, (before, after) in found["synapses"].items()
        },
        lambda_1=None
        if len(rounds) < 2
        else Change(before=rounds[0]["lambda_1"], after=rounds[-1]["lambda_1"]),
        eps=rounds[-1]["errors"]["rayleigh_median"] if rounds else None,
        neurons=None
        if found["neurons"] is None
        else Change(before=found["neurons"][0], after=found["neurons"][1]),
    )


def _quantise_section(artifact) -> Quantise:
    found = artifact.provenance["stations"]["quantise"]
    errors: dict[str, dict[str, float]] = {}
    for part in ("weights", "neurons"):
        for name, values in found[part].items():
            shown = {key: float(values[key]) for key in SHOWN_ERRORS if key in values}
            errors.setdefault(name, {}).update(shown)
    return Quantise(
        formats=asdict(artifact.network.fmt), errors=errors, warnings=tuple(found["warnings"])
    )


def _cycles(cycles: int | None, counts: Counts, n_steps) -> Cycles | None:
    """Return the cycles of the compiled design over the samples it ran."""
    if cycles is None:
        return None
    sops = counts.sop_in + counts.sop_rec
    return Cycles(
        per_sop=cycles / max(1, sops),
        per_inference=cycles / len(n_steps),
        per_step=cycles / int(n_steps.sum()),
    )
