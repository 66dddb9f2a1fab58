"""``hrsnn prune``: fewer synapses."""

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
    network: Annotated[Path, typer.Argument(help="Float network of `hrsnn train`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Network to write.")] = Path(
        "pruned.hrsnn"
    ),
    method: Annotated[
        str | None, typer.Option(help="lnp, magnitude or uniform; default: the experiment's.")
    ] = None,
    sparsity: Annotated[
        float | None, typer.Option(help="Share of synapses to remove, 0 .. 1.")
    ] = None,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Prune recurrent synapses, restore the rates, and fit the readout again."""
    from hrsnn_edge.artifact.io import read_float, write_artifact
    from hrsnn_edge.artifact.schema import FloatArtifact
    from hrsnn_edge.cli.context import dataset_of, experiment_of, extended
    from hrsnn_edge.flow.experiment import PruneSection
    from hrsnn_edge.flow.stations import cut
    from hrsnn_edge.model.train import evaluate

    set_verbosity(verbose, quiet)
    found = read_float(network)
    plan = experiment_of(found, network, seed)
    changes = {"method": method, "sparsity": sparsity}
    changes = {name: value for name, value in changes.items() if value is not None}
    section = PruneSection.model_validate(plan.prune.model_dump() | changes)
    plan = plan.model_copy(update={"prune": section})
    data = dataset_of(plan)
    pruned, record = cut(plan, data, found.network)
    score = evaluate(pruned, data.test)
    figures = {"test_accuracy": score} | ({} if record is None else record.to_dict())
    write_artifact(
        output,
        FloatArtifact(pruned, found.classes, found.encoder, extended(found, "prune", **figures)),
    )
    write_provenance(output, plan.seed, [network])
    emit(
        {"output": output} | figures,
        json,
        f"{output}: {found.network.w_rec.nnz} -> {pruned.w_rec.nnz} recurrent synapses, "
        f"test accuracy {100 * score:.1f} %",
    )
