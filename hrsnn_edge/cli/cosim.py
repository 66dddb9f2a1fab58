"""``hrsnn cosim``: the whole test part through the compiled design, and a verdict file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrsnn_edge.cli.common import (
    Codebook,
    Events,
    Halt,
    Json,
    Quiet,
    Seed,
    Verbose,
    core_options,
    log,
    set_verbosity,
    write_provenance,
)


def verb(
    artifact: Annotated[Path, typer.Argument(help="Artifact of `hrsnn quantise`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Verdict to write.")] = Path(
        "verdict.json"
    ),
    lanes: Annotated[int, typer.Option(help="Lanes: 1, 2, 4 or 8.")] = 1,
    events: Events = None,
    codebook: Codebook = None,
    halt: Halt = False,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Run every test sample through the compiled design; outputs and counts equal the engine's."""
    from hrsnn_sim.verify import verify_split

    from hrsnn_edge.artifact.io import read_artifact
    from hrsnn_edge.cli.context import samples_to_verify
    from hrsnn_edge.cli.verify import report_verdict
    from hrsnn_edge.flow.store import write_json

    set_verbosity(verbose, quiet)
    found = read_artifact(artifact)
    batch = samples_to_verify(found, artifact, seed, events)
    verdict, _ = verify_split(found.network, batch, lanes=lanes, **core_options(codebook, halt))
    write_json(output, verdict.to_json())
    write_provenance(output, seed, [artifact])
    log.print(f"verdict in {output}")
    report_verdict(verdict, "bulk", json)
