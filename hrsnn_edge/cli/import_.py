"""``hrsnn import``: a network of another program to a float network of ours."""

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
    from hrsnn_edge.artifact.schema import FloatArtifact
    from hrsnn_edge.data.dataset import Dataset


def verb(
    file: Annotated[Path, typer.Argument(help="NIR (HDF5) or ONNX file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Float network to write.")] = Path(
        "imported.hrsnn"
    ),
    dt: Annotated[
        float | None, typer.Option(help="NIR: step in seconds; required unless the file says it.")
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="NIR: 'exact' or 'euler' steps; default: the file's, exact.")
    ] = None,
    reset: Annotated[
        str | None,
        typer.Option(
            help="What a spike does: 'hard' or 'subtract'; NIR, what it does in the origin: also "
            "'subtract-delayed' (a step later, the default of snnTorch). Default: the file's, hard."
        ),
    ] = None,
    refractory: Annotated[
        int, typer.Option(min=0, help="NIR: refractory steps where the file does not say.")
    ] = 0,
    experiment: Annotated[
        Path | None,
        typer.Option(help="Experiment whose data drives the network; an ONNX network needs it."),
    ] = None,
    readout_of: Annotated[
        Path | None, typer.Option(help="ONNX: float network that takes the file as its readout.")
    ] = None,
    top_rate: Annotated[
        float, typer.Option(help="ONNX: spikes a step for the greatest activation, 0 .. 1.")
    ] = 0.25,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Import a network and print the table of every parameter that was changed."""
    from hrsnn_edge.artifact.io import write_artifact
    from hrsnn_edge.flow.experiment import load_experiment
    from hrsnn_edge.interchange.detect import is_nir
    from hrsnn_edge.interchange.nir_import import import_nir

    set_verbosity(verbose, quiet)
    plan = None if experiment is None else load_experiment(experiment).with_seed(seed)
    if is_nir(file):
        imported = import_nir(file, dt, method, reset=reset, refractory_steps=refractory)
        found, figures, lines = _from_nir(imported)
    elif readout_of is not None:
        found, figures, lines = _readout(file, readout_of)
    else:
        found, figures, lines = _from_onnx(file, plan, top_rate, reset or "hard")
    write_artifact(output, _with_history(found, plan, figures))
    inputs = [path for path in (file, experiment, readout_of) if path is not None]
    write_provenance(output, seed, inputs)
    head = f"{output}: {found.network.n_inputs} channels, {found.network.n_neurons} neurons"
    emit({"output": output} | figures, json, "\n".join([head, *lines]))


def _from_nir(imported) -> tuple[FloatArtifact, dict[str, Any], list[str]]:
    from hrsnn_edge.artifact.schema import FloatArtifact
    from hrsnn_edge.interchange.changes import table
    from hrsnn_edge.interchange.drive import drive_of

    drive = drive_of(imported.assembly)
    figures = {
        "neurons": imported.network.n_neurons,
        "drive": drive,
        "populations": {
            name: {
                "first": s.start,
                "size": s.stop - s.start,
                "late": imported.assembly.depth[name],
            }
            for name, s in imported.assembly.members.items()
        },
        "changes": [c.as_dict() for c in imported.changes],
    }
    classes = tuple(str(c) for c in range(imported.network.readout.n_out))
    found = FloatArtifact(imported.network, classes, {"drive": drive})
    lines = table(imported.changes)
    if imported.network.reset == "hard":
        lines.append(
            "resets are hard, as NIR says: a network trained with reset by subtraction, which its "
            "export does not say, fires other spikes. snnTorch subtracts by default: "
            "--reset subtract-delayed"
        )
    return found, figures, lines


def _readout(file: Path, network: Path) -> tuple[FloatArtifact, dict[str, Any], list[str]]:
    from dataclasses import replace

    from hrsnn_edge.artifact.io import read_float
    from hrsnn_edge.interchange.onnx_import import import_onnx
    from hrsnn_edge.interchange.onnx_readout import readout_of_ann

    found = read_float(network)
    readout = readout_of_ann(import_onnx(file), found.network)
    classes = found.classes
    if len(classes) != readout.n_out:
        classes = tuple(str(c) for c in range(readout.n_out))
    found = replace(found, network=replace(found.network, readout=readout), classes=classes)
    figures = {"readout": readout.kind, "outputs": readout.n_out, "bins": readout.n_bins}
    text = f"{readout.kind} readout of {readout.n_bins} bins, {readout.n_out} outputs"
    return found, figures, [text]


def _from_onnx(file: Path, plan, top_rate: float, reset: str):
    from hrsnn_edge.artifact.schema import FloatArtifact
    from hrsnn_edge.cli.context import dataset_of
    from hrsnn_edge.errors import InterchangeError
    from hrsnn_edge.interchange.ann_to_snn import convert_ann, input_unit
    from hrsnn_edge.interchange.drive import drive_of
    from hrsnn_edge.interchange.onnx_import import import_onnx

    ann = import_onnx(file)
    if plan is None:
        raise InterchangeError(
            f"{file}: calibration data must be given, to set thresholds: --experiment FILE. For a "
            "readout give its network: --readout-of NET"
        )
    data = dataset_of(plan)
    unit, left = input_unit(data.train.events, data.features_train)
    part = data.train.select(slice(0, plan.quantise.calibration_samples))
    made = convert_ann(ann, part.events, unit, top_rate=top_rate, reset=reset)
    drive = drive_of(made.assembly)
    figures = {
        "neurons": made.network.n_neurons,
        "drive": drive,
        "input_unit": unit,
        "input_error": left,
        "rate_error": list(made.rate_error),
        "accuracy": _accuracies(ann, made, data, drive),
    }
    encoder = plan.data.model_dump(mode="json") | {"drive": drive}
    found = FloatArtifact(made.network, data.class_names, encoder)
    lines = [
        f"an event in every step stands for {unit:.4g}; the events leave {left:.2%} of the "
        "features unsaid",
        f"rates differ from activations by {made.rate_error[0]:.1%}, balanced by "
        f"{min(made.rate_error):.1%}",
        "test accuracy: "
        + ", ".join(f"{k} {100 * v:.1f} %" for k, v in figures["accuracy"].items()),
    ]
    return found, figures, lines


def _accuracies(ann, made, data: Dataset, drive) -> dict[str, float]:
    """Return the share of test samples that the origin and the spiking network name rightly."""
    from hrsnn_edge.data.events import Split
    from hrsnn_edge.interchange.drive import driven
    from hrsnn_edge.model.train import evaluate

    before = ann.outputs(data.features_test).argmax(axis=1) == data.test.labels
    test = Split(driven(data.test.events, drive), data.test.labels)
    return {"origin": float(before.mean()), "spiking": evaluate(made.network, test)}


def _with_history(found: FloatArtifact, plan, figures: dict[str, Any]) -> FloatArtifact:
    """Return the artifact with this station in its provenance."""
    from dataclasses import replace

    from hrsnn_edge.cli.context import extended, history
    from hrsnn_edge.flow.store import commit, versions

    kept = {k: v for k, v in figures.items() if k != "changes"}
    if plan is not None:
        return replace(found, provenance=history("import", plan, **kept))
    base = replace(
        found, provenance={"versions": versions(), "commit": commit()} | dict(found.provenance)
    )
    return replace(base, provenance=extended(base, "import", **kept))
