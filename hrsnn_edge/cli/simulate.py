"""``hrsnn simulate``: an artifact on the test part, with the engine or the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrsnn_edge.cli.common import (
    Json,
    Quiet,
    Seed,
    Verbose,
    emit,
    set_verbosity,
    write_provenance,
)


def verb(
    artifact: Annotated[Path, typer.Argument(help="Artifact of `hrsnn quantise`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Result to write.")] = Path(
        "simulated.json"
    ),
    samples: Annotated[int | None, typer.Option(min=1, help="Test samples; default: all.")] = None,
    check: Annotated[int, typer.Option(min=0, help="Samples that the reference computes too.")] = 4,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Run test samples through the engine, count the work, and check some against the reference."""
    from dataclasses import asdict

    from hrsnn_edge.analysis.neurobench import neurobench_metrics
    from hrsnn_edge.artifact.io import read_artifact
    from hrsnn_edge.cli.context import dataset_of, experiment_of
    from hrsnn_edge.flow.stations import check_engine, evaluate_integers
    from hrsnn_edge.flow.store import write_json

    set_verbosity(verbose, quiet)
    found = read_artifact(artifact)
    data = dataset_of(experiment_of(found, artifact, seed), found)
    test = data.test.select(slice(0, samples))
    evaluation = evaluate_integers(found.network, test)
    neurobench = None
    if found.network.readout.kind == "linear":
        neurobench = asdict(neurobench_metrics(found.network, test.events))
    verdict = check_engine(found.network, test.events.select(slice(0, check)), 0, 0)
    result = {
        "output": output,
        "accuracy": evaluation.accuracy,
        "samples": len(test.labels),
        "counts": asdict(evaluation.counts),
        "confusion": evaluation.confusion.tolist(),
        "neurobench": neurobench,
        "engine": verdict,
    }
    write_json(output, result)
    write_provenance(output, seed, [artifact])
    emit(
        result,
        json,
        f"{100 * evaluation.accuracy:.1f} % of {len(test.labels)} samples, "
        f"{evaluation.counts.sop_in + evaluation.counts.sop_rec} SOPs, "
        f"{verdict['mismatches']} mismatches with the reference in {verdict['steps']} steps",
    )
    if verdict["mismatches"]:
        raise typer.Exit(1)
