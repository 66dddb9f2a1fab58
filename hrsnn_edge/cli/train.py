"""``hrsnn train``: the float network of an experiment."""

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
    log,
    set_verbosity,
    write_provenance,
)


def verb(
    experiment: Annotated[Path, typer.Argument(help="Experiment file (TOML).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Network to write.")] = Path(
        "float.hrsnn"
    ),
    tuned: Annotated[
        Path | None, typer.Option(help="Result of `hrsnn tune` whose values are used.")
    ] = None,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Train the float network: homeostasis, STDP, readout."""
    import json as json_module

    from hrsnn_edge.artifact.io import write_artifact
    from hrsnn_edge.artifact.schema import FloatArtifact
    from hrsnn_edge.cli.context import dataset_of, history
    from hrsnn_edge.errors import DataError
    from hrsnn_edge.flow.experiment import load_experiment
    from hrsnn_edge.flow.stations import fit, model_at
    from hrsnn_edge.model.train import evaluate

    set_verbosity(verbose, quiet)
    plan = load_experiment(experiment).with_seed(seed)
    if tuned is not None:
        try:
            plan = model_at(plan, json_module.loads(tuned.read_text())["values"])
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{tuned}: must be a result of `hrsnn tune`: {error}") from error
    data = dataset_of(plan)
    net, record = fit(plan, data, progress=lambda stage: log.print(f"  {stage}"))
    score = evaluate(net, data.test)
    write_artifact(
        output,
        FloatArtifact(
            net,
            data.class_names,
            plan.data.model_dump(mode="json"),
            history("train", plan, test_accuracy=score, stages=record.stages),
        ),
    )
    write_provenance(output, plan.seed, [experiment, *([tuned] if tuned else [])])
    result = {"output": output, "test_accuracy": score, "stages": record.stages}
    emit(result, json, f"{output}: test accuracy {100 * score:.1f} %")
