"""``hrsnn export``: a network of ours for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrsnn_edge.cli.common import Json, Quiet, Verbose, emit, set_verbosity, write_provenance

export = typer.Typer(help="Export a network: NIR, ONNX, C99.", no_args_is_help=True)

Network = Annotated[Path, typer.Argument(help="Artifact of `hrsnn quantise`.")]


@export.command("nir")
def nir(
    network: Annotated[Path, typer.Argument(help="Float network, or artifact of `quantise`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="NIR file to write.")] = Path(
        "net.nir"
    ),
    dt: Annotated[float, typer.Option(help="Step of an integer network in seconds.")] = 0.001,
    with_readout: Annotated[
        bool, typer.Option("--readout/--no-readout", help="With the readout, or spikes only.")
    ] = True,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Write a NIR graph and print what NIR cannot say."""
    from hrsnn_edge.artifact.io import read_network
    from hrsnn_edge.files import write_atomic
    from hrsnn_edge.interchange.changes import change, table
    from hrsnn_edge.interchange.nir_export import export_nir
    from hrsnn_edge.network import IntNetwork
    from hrsnn_edge.quantise.dequantise import dequantise

    set_verbosity(verbose, quiet)
    net, rows = read_network(network).network, ()
    if isinstance(net, IntNetwork):
        reason = "the leak is truncated to whole LSB; NIR has real numbers"
        rows = change("lif", "rounding of v", 1, 0, reason, exact=False)
        net = dequantise(net, 1000 * dt, with_readout=with_readout)
    data, more = export_nir(net, with_readout=with_readout)
    write_atomic(output, data)
    write_provenance(output, None, [network])
    changes = (*rows, *more)
    result = {"output": output, "bytes": len(data), "changes": [c.as_dict() for c in changes]}
    emit(result, json, "\n".join([f"{output}: {len(data)} bytes", *table(changes)]))


@export.command("onnx")
def onnx(
    network: Network,
    output: Annotated[Path, typer.Option("--output", "-o", help="ONNX file to write.")] = Path(
        "net.onnx"
    ),
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Write the integer network as an ONNX graph that computes it bit for bit."""
    from hrsnn_edge.artifact.io import read_artifact
    from hrsnn_edge.files import write_atomic
    from hrsnn_edge.interchange.onnx_export import OPSET, export_onnx

    set_verbosity(verbose, quiet)
    data = export_onnx(read_artifact(network).network)
    write_atomic(output, data)
    write_provenance(output, None, [network])
    result = {"output": output, "bytes": len(data), "opset": OPSET}
    emit(result, json, f"{output}: {len(data)} bytes, operator set {OPSET}")


@export.command("c")
def c(
    network: Network,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Source to write; its name names the model.")
    ] = Path("model.c"),
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Write the integer network as C99, one source and one header, and print its sizes."""
    from hrsnn_edge.artifact.io import read_artifact
    from hrsnn_edge.files import write_atomic
    from hrsnn_edge.interchange.c_export import export_c
    from hrsnn_edge.interchange.c_sizes import model_sizes

    set_verbosity(verbose, quiet)
    files = export_c(read_artifact(network).network, output.stem)
    sizes = model_sizes(files, output.stem)
    for name, text in files.items():
        write_atomic(output.with_name(name), text.encode())
    write_provenance(output, None, [network])
    paths = [output.with_name(name) for name in files]
    lines = [f"{', '.join(map(str, paths))}"]
    lines += [
        f"{row['target']:<14} {row['code_bytes']:>8} bytes of code and tables, "
        f"{row['state_bytes']:>6} bytes of state"
        for row in sizes
    ]
    if not sizes:
        lines.append("sizes need the package ziglang: pip install '.[hardware]'")
    emit({"output": output, "files": paths, "sizes": sizes}, json, "\n".join(lines))
