"""``hrsnn prune``: fewer synapses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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

if TYPE_CHECKING:
    from hrsnn_edge.flow.experiment import PruneSection


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
    steps: Annotated[
        str | None,
        typer.Option(help="Of lnp: I synapses, II neurons, III added synapses, IV time constants."),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(help="Rounds of lnp; default: 1 with step I alone, else 100.")
    ] = None,
    edge_value: Annotated[
        str | None, typer.Option(help="Of lnp: lyapunov, weight or product.")
    ] = None,
    score: Annotated[
        str | None,
        typer.Option(help="Of lnp: spread (eq. 16), or share of the input's signal (no draw)."),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="Of lnp: mask, or rescale by at most 4.")
    ] = None,
    algebra: Annotated[
        str | None,
        typer.Option(help="Of lnp: dense, or sparse for thousands of neurons (C to 1e-3)."),
    ] = None,
    quantile: Annotated[
        float | None, typer.Option(help="Step II: share of the neurons a round tries to remove.")
    ] = None,
    n_min: Annotated[int | None, typer.Option(help="Step II: neurons never gone below.")] = None,
    protect_input: Annotated[
        bool | None, typer.Option(help="Step II: neurons with input stay.")
    ] = None,
    added_rule: Annotated[
        str | None, typer.Option(help="Step III: low_to_high, degree_variance or low_degree.")
    ] = None,
    max_fan_out: Annotated[
        int | None, typer.Option(help="Step III: synapses that a row of the hardware holds.")
    ] = None,
    timescale_evaluations: Annotated[
        int | None, typer.Option(help="Step IV: budget of the search.")
    ] = None,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Prune recurrent synapses, restore the rates, and fit the readout again.

    Options not given are the experiment's.
    """
    from hrsnn_edge.artifact.io import read_float, write_artifact
    from hrsnn_edge.artifact.schema import FloatArtifact
    from hrsnn_edge.cli.context import dataset_of, experiment_of, extended
    from hrsnn_edge.flow.stations import cut
    from hrsnn_edge.model.train import evaluate

    set_verbosity(verbose, quiet)
    found = read_float(network)
    plan = experiment_of(found, network, seed)
    changes = {
        "method": method,
        "sparsity": sparsity,
        "steps": None if steps is None else tuple(s.strip() for s in steps.split(",")),
        "rounds": rounds,
        "edge_value": edge_value,
        "score": score,
        "weights": weights,
        "algebra": algebra,
        "nodes": {"quantile": quantile, "n_min": n_min, "protect_input": protect_input},
        "added": {"rule": added_rule, "max_fan_out": max_fan_out},
        "timescales": {"n_evaluations": timescale_evaluations},
    }
    plan = plan.model_copy(update={"prune": _changed(plan.prune, changes)})
    data = dataset_of(plan, found)
    pruned, record = cut(plan, data, found.network)
    accuracy = evaluate(pruned, data.test)
    figures = {"test_accuracy": accuracy} | ({} if record is None else record.to_dict())
    write_artifact(
        output,
        FloatArtifact(pruned, found.classes, found.encoder, extended(found, "prune", **figures)),
    )
    write_provenance(output, plan.seed, [network])
    emit(
        {"output": output} | figures,
        json,
        f"{output}: {found.network.w_rec.nnz} -> {pruned.w_rec.nnz} recurrent synapses, "
        f"{found.network.n_neurons} -> {pruned.n_neurons} neurons, "
        f"test accuracy {100 * accuracy:.1f} %",
    )


def _changed(section: PruneSection, changes: dict[str, Any]) -> PruneSection:
    """Return the section with the options that were given, a table's keys one by one."""
    from pydantic import ValidationError

    values = section.model_dump(mode="json")
    for name, value in changes.items():
        if isinstance(value, dict):
            values[name] |= {key: v for key, v in value.items() if v is not None}
        elif value is not None:
            values[name] = value
    try:
        return type(section).model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = "--" + str(([*first["loc"]] or ["steps"])[-1]).replace("_", "-")
        text = first["msg"].removeprefix("Value error, ")
        raise typer.BadParameter(text, param_hint=place) from error
