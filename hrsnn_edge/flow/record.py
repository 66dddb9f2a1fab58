"""What a run found, in the sections of the report."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.flow.objectives import score_words
from hrsnn_edge.flow.store import commit, sha256_file, versions
from hrsnn_edge.network import Counts, IntNetwork
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
    PruneRound,
    Quantise,
    RunRecord,
    Setting,
    Tune,
    TunePoint,
    Verdict,
    Work,
)

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
    source: Path | None,
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
        command=f"hrsnn run {source}" if source else "hrsnn_edge.api.run",
        seed=experiment.seed,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        settings=dict(flat_settings(experiment.model_dump(mode="json", exclude={"name", "seed"}))),
        manifest=Manifest(
            commit=commit(),
            python=platform.python_version(),
            platform=f"{platform.system()} {platform.machine()}",
            packages=versions(),
            inputs={source.name: sha256_file(source)} if source and source.is_file() else {},
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
        tune=tune_section(networks.tuned, score_words(experiment.tune)),
        prune=_prune_section(experiment, networks),
        quantise=_quantise_section(networks.integer),
        verdicts=verdicts,
        work=Work(
            n_inferences=len(data.test.labels),
            pruned=evaluation["integer"].counts,
            unpruned=evaluation["integer_unpruned"].counts,
            lanes=experiment.build.lanes,
            has_reset=bool(net.v_reset.any()),
            has_currents=net.synapses is not None,
        ),
        cycles=_cycles(hardware.cycles, net, test.select(slice(0, experiment.verify.bulk_samples))),
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


def tune_section(tuned: dict[str, Any] | None, metric: str) -> Tune | None:
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
        rounds=tuple(_round(found) for found in rounds),
        neurons=None
        if found["neurons"] is None
        else Change(before=found["neurons"][0], after=found["neurons"][1]),
    )


def _round(found: dict[str, Any]) -> PruneRound:
    """Return one round, of step I alone or of the whole algorithm."""
    graph = found.get("graph")
    return PruneRound(
        synapses=graph["n_synapses"] if graph else found["after"],
        neurons=graph["n_neurons"] if graph else None,
        lambda_1=found["lambda_1"],
        eps=found["errors"]["rayleigh_median"],
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


def _cycles(cycles: int | None, net: IntNetwork, events: EventBatch) -> Cycles | None:
    """Return the cycles of the compiled design over the samples it ran, `events`."""
    if cycles is None:
        return None
    counts = sum(run_batch(net, events).counts, Counts())
    return Cycles(
        per_sop=cycles / max(1, counts.sop_in + counts.sop_rec),
        per_inference=cycles / len(events),
        per_step=cycles / int(events.n_steps.sum()),
    )
