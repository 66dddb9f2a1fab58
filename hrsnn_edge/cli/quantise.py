"""``hrsnn quantise``: a float network to the integer artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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
    network: Annotated[Path, typer.Argument(help="Float network of `hrsnn train` or `prune`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Artifact to write.")] = Path(
        "net.hrsnn"
    ),
    weight_width: Annotated[int | None, typer.Option(help="Bits of a weight, 2 .. 8.")] = None,
    v_width: Annotated[int | None, typer.Option(help="Bits of a membrane, 8 .. 24.")] = None,
    decay_width: Annotated[int | None, typer.Option(help="Bits of a decay, 4 .. 12.")] = None,
    codebook: Annotated[
        int | None,
        typer.Option(
            min=0, max=32, help="Greatest number of different sets of neuron parameters; 0: any."
        ),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            help="Events of a network without an experiment: .npy, (samples, steps, channels)."
        ),
    ] = None,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Round a network to integers, print the error of each population, fit the readout to it."""
    from dataclasses import asdict

    from hrsnn_edge.artifact.io import read_float, write_artifact
    from hrsnn_edge.artifact.schema import Artifact
    from hrsnn_edge.cli.context import dataset_of, experiment_of, extended, read_events
    from hrsnn_edge.flow.experiment import QuantiseSection
    from hrsnn_edge.flow.stations import evaluate_integers, to_integers
    from hrsnn_edge.quantise.convert import quantise

    set_verbosity(verbose, quiet)
    found = read_float(network)
    changes = {"weight_width": weight_width, "v_width": v_width, "decay_width": decay_width}
    changes["codebook"] = codebook
    changes = {name: value for name, value in changes.items() if value is not None}
    figures: dict[str, Any] = {}
    text = str(output)
    if calibration is not None:
        section = QuantiseSection.model_validate(changes)
        events = read_events(calibration, found)
        net, report = quantise(
            found.network, section.format(), events, section.leak, section.codebook
        )
    else:
        plan = experiment_of(found, network, seed)
        section = QuantiseSection.model_validate(plan.quantise.model_dump() | changes)
        plan = plan.model_copy(update={"quantise": section})
        data, seed = dataset_of(plan, found), plan.seed
        if "import" in found.provenance["stations"]:
            # The readout belongs to the network: it is rounded, not fitted anew.
            part = data.train.events.select(slice(0, section.calibration_samples))
            net, report = quantise(
                found.network, section.format(), part, section.leak, section.codebook
            )
        else:
            net, report = to_integers(plan, data, found.network)
        figures["test_accuracy"] = evaluate_integers(net, data.test).accuracy
        text += f": test accuracy {100 * figures['test_accuracy']:.1f} %"
    figures |= {"format": asdict(net.fmt)} | report.as_dict()
    write_artifact(
        output, Artifact(net, found.classes, found.encoder, extended(found, "quantise", **figures))
    )
    write_provenance(output, seed, [network, *([calibration] if calibration else [])])
    emit({"output": output} | figures, json, "\n".join([text, *report.lines()]))
