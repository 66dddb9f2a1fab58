"""``hrsnn run``: every station of an experiment in order, each taken from the store if it is there.

The run's folder gets the files that people use (artifact, bitstreams, record, report); the store
keeps each station's result by the hash of its inputs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hrsnn_edge.artifact.io import read_artifact, read_float, write_artifact
from hrsnn_edge.artifact.schema import Artifact, FloatArtifact
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.flow.dataset_io import read_dataset, write_dataset
from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.flow.hardware import build_boards, verify_hardware
from hrsnn_edge.flow.objectives import search_inputs
from hrsnn_edge.flow.stations import (
    check_engine,
    cut,
    evaluate_integers,
    fit,
    learn_integers,
    model_at,
    search,
    to_integers,
)
from hrsnn_edge.flow.store import Store, commit, versions, write_json
from hrsnn_edge.model.train import baselines, evaluate
from hrsnn_edge.tune.log import best_score

#: Names of the files in a run's folder.
RECORD, TRACES, REPORT, ARTIFACT = "record.json", "traces.npz", "report.html", "net.hrsnn"


@dataclass
class Progress:
    """Says what runs, on whatever `say` is, and keeps the seconds of every station."""

    say: Callable[[str], None]
    total: int
    timings_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def station(self, name: str, what: str) -> Iterator[None]:
        """Announce a station and time it."""
        self.say(f"[{len(self.timings_s) + 1}/{self.total}] {name}: {what}")
        start = time.monotonic()
        yield
        self.timings_s[name] = round(time.monotonic() - start, 2)

    def cached(self) -> None:
        """Say that a station's result was in the store."""
        self.say("      from the store, nothing has changed")


@dataclass(frozen=True, eq=False)
class Networks:
    """The networks of a run, and what the stations said of them."""

    float_net: FloatArtifact
    pruned: FloatArtifact
    unpruned_integer: Artifact
    integer: Artifact
    learned: Artifact | None
    tuned: dict[str, Any] | None


def run_flow(
    experiment: Experiment,
    source: Path | None,
    folder: Path,
    store: Store,
    say: Callable[[str], None],
):
    """Run an experiment.

    Parameters
    ----------
    experiment : Experiment
        Checked.
    source : Path or None
        Its file, for the manifest; None for one that was made in Python.
    folder : Path
        Where the run's files go.
    store : Store
        Finished stations.
    say : callable
        Takes one line of progress.

    Returns
    -------
    record, traces : RunRecord, RunTraces
        As written to the folder, with the report beside them.
    """
    from hrsnn_edge.files import write_atomic
    from hrsnn_edge.flow.record import make_record
    from hrsnn_edge.flow.traces import make_traces
    from hrsnn_edge.report.html import render
    from hrsnn_edge.report.record import record_to_bytes
    from hrsnn_edge.report.traces import traces_to_bytes

    progress = Progress(say, 9 if experiment.tune.evaluations else 8)
    folder.mkdir(parents=True, exist_ok=True)
    with progress.station("encode", f"{experiment.data.name} to events"):
        data = encoded(experiment, store, progress)
    networks = trained_networks(experiment, data, store, progress)
    net = networks.integer.network
    write_artifact(folder / ARTIFACT, networks.integer)
    with progress.station("evaluate", "the test part, in float and in integers"):
        figures = measure(experiment, data, networks)
    with progress.station("verify", "reference, engine and generated design, bit for bit"):
        engine = check_engine(
            net,
            data.test.events.select(slice(0, 8)),
            experiment.verify.random_networks,
            experiment.seed,
        )
        hardware = verify_hardware(experiment, data, net, store, progress.cached, say)
        for waveform in hardware.waveforms:
            write_atomic(folder / waveform.name, waveform.read_bytes())
    with progress.station("build", ", ".join(experiment.build.boards) or "no board"):
        boards = build_boards(experiment, data, net, folder / "boards", hardware.cycles, say)
    record = make_record(
        experiment, source, data, networks, figures, engine, hardware, boards, progress.timings_s
    )
    traces = make_traces(experiment, data, networks, figures)
    with progress.station("report", str(folder / REPORT)):
        write_atomic(folder / RECORD, record_to_bytes(record))
        write_atomic(folder / TRACES, traces_to_bytes(traces))
        write_atomic(folder / REPORT, render(record, traces).encode())
    return record, traces


def encoded(experiment: Experiment, store: Store, progress: Progress | None = None) -> Dataset:
    """Return the data of an experiment, from the store if it is there."""
    folder = store.run(
        "encode",
        {"data": experiment.data, "seed": experiment.seed},
        lambda aside: write_dataset(aside / "data.npz", experiment.data.load(experiment.seed)),
        progress.cached if progress else lambda: None,
    )
    return read_dataset(folder / "data.npz")


def trained_networks(
    experiment: Experiment, data: Dataset, store: Store, progress: Progress
) -> Networks:
    """Run the stations from tuning to quantisation."""
    say = progress.say
    learn = {"data": experiment.data, "model": experiment.model, "seed": experiment.seed}
    tuned = None
    if experiment.tune.evaluations:
        with progress.station("tune", f"{experiment.tune.evaluations} networks on validation"):
            tuned = _tuned(experiment, data, store, progress)
        experiment = model_at(experiment, tuned["values"])
        learn |= {"model": experiment.model}

    def meta(station: str, **found: Any) -> dict[str, Any]:
        return {
            "classes": data.class_names,
            "encoder": experiment.data.model_dump(mode="json"),
            "provenance": {
                "experiment": experiment.model_dump(mode="json"),
                "versions": versions(),
                "commit": commit(),
                "stations": {station: found},
            },
        }

    def train_station(aside: Path) -> None:
        net, record = fit(experiment, data, progress=lambda stage: say(f"      {stage}"))
        write_artifact(
            aside / "float.hrsnn",
            FloatArtifact(net, **meta("train", stages=record.stages, rates=record.rate_history)),
        )

    with progress.station("train", f"{experiment.model.network.n_neurons} neurons"):
        place = store.run("train", learn, train_station, progress.cached)
        float_net = read_float(place / "float.hrsnn")

    def prune_station(aside: Path) -> None:
        net, record = cut(experiment, data, float_net.network)
        found = {} if record is None else record.to_dict()
        write_artifact(aside / "pruned.hrsnn", FloatArtifact(net, **meta("prune", **found)))

    prune_inputs = learn | {"prune": experiment.prune}
    with progress.station("prune", f"{experiment.prune.sparsity:.0%} of the synapses"):
        place = store.run("prune", prune_inputs, prune_station, progress.cached)
        pruned = read_float(place / "pruned.hrsnn")

    def quantise_station(aside: Path) -> None:
        for name, source in (("net", pruned), ("unpruned", float_net)):
            net, report = to_integers(experiment, data, source.network)
            for warning in report.warnings:
                say(f"      warning: {warning}")
            write_artifact(
                aside / f"{name}.hrsnn", Artifact(net, **meta("quantise", **report.as_dict()))
            )
        if experiment.quantise.train_integer:
            net, stdp, record = learn_integers(experiment, data)
            found = meta("learn", **asdict(record))
            write_artifact(aside / "learned.hrsnn", Artifact(net, **found, stdp=stdp))

    with progress.station("quantise", f"{experiment.quantise.weight_width}-bit weights"):
        place = store.run(
            "quantise",
            prune_inputs | {"quantise": experiment.quantise},
            quantise_station,
            progress.cached,
        )
        learned = place / "learned.hrsnn"
        return Networks(
            float_net,
            pruned,
            read_artifact(place / "unpruned.hrsnn"),
            read_artifact(place / "net.hrsnn"),
            read_artifact(learned) if learned.exists() else None,
            tuned,
        )


def _tuned(experiment, data, store: Store, progress: Progress) -> dict[str, Any]:
    """Return the values of the search and its history."""
    inputs = search_inputs(experiment) | {"tune": experiment.tune}
    log = store.scratch("tune", inputs)
    best = best_score(log)

    def show(observation) -> None:
        nonlocal best
        score = observation.score
        best = max(best, float("-inf") if score is None else score)
        text = "could not be trained" if score is None else f"{score:.4f}"
        progress.say(
            f"      {observation.index + 1}/{experiment.tune.evaluations}: validation {text}, "
            f"best {best:.4f} ({observation.seconds:.1f} s)"
        )

    def work(aside: Path) -> None:
        result = search(experiment, data, log, show)
        write_json(
            aside / "tuned.json",
            {
                "values": result.best.point,
                "history": [{"values": o.point, "score": o.score} for o in result.observations],
            },
        )
        log.unlink(missing_ok=True)

    place = store.run("tune", inputs, work, progress.cached)
    return json.loads((place / "tuned.json").read_text())


def measure(experiment: Experiment, data: Dataset, networks: Networks) -> dict[str, Any]:
    """Return the accuracies on the test part and the evaluations of the integer networks."""
    simple = baselines(data, experiment.model.readout)
    evaluations = {
        "integer": evaluate_integers(networks.integer.network, data.test),
        "integer_unpruned": evaluate_integers(networks.unpruned_integer.network, data.test),
    }
    if networks.learned is not None:
        evaluations["integer_trained"] = evaluate_integers(networks.learned.network, data.test)
    accuracy = {
        "baseline": simple["features"],
        "encoder": simple["spikes"],
        "float": evaluate(networks.float_net.network, data.test),
        "pruned": evaluate(networks.pruned.network, data.test),
    } | {name: e.accuracy for name, e in evaluations.items()}
    return {"accuracy": accuracy, "evaluations": evaluations}
