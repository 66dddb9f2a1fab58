"""``hrsnn encode``: the data of an experiment as input events."""

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
    experiment: Annotated[Path, typer.Argument(help="Experiment file (TOML).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Events file to write.")] = Path(
        "data.npz"
    ),
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Turn the data set of an experiment into input events."""
    from hrsnn_edge.flow.dataset_io import write_dataset
    from hrsnn_edge.flow.experiment import load_experiment

    set_verbosity(verbose, quiet)
    plan = load_experiment(experiment).with_seed(seed)
    data = plan.data.load(plan.seed)
    write_dataset(output, data)
    write_provenance(output, plan.seed, [experiment])
    result = {
        "output": output,
        "name": data.name,
        "classes": data.class_names,
        "n_train": len(data.train.labels),
        "n_test": len(data.test.labels),
        "n_inputs": data.train.events.n_inputs,
        "n_events": data.train.events.t.size + data.test.events.t.size,
        "n_steps_max": int(data.train.events.n_steps.max()),
    }
    emit(
        result,
        json,
        f"{output}: {result['n_train']} training and {result['n_test']} test samples, "
        f"{result['n_events']} events on {result['n_inputs']} channels",
    )
