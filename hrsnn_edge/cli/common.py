"""What every verb shares: options, output, and the way an error becomes an exit code."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from hrsnn_edge.errors import ArtifactError
from hrsnn_edge.flow.store import plain, provenance, write_json

if TYPE_CHECKING:
    from hrsnn_edge.artifact.schema import Artifact
    from hrsnn_edge.network import IntStdp

#: Log and progress go to stderr, so that stdout holds the result alone.
log = Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Seed = Annotated[
    int | None, typer.Option("--seed", help="Seed of everything random; default: the file's.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr.")]

Events = Annotated[
    Path | None,
    typer.Option(
        "--events",
        help="Events to run in place of the test part: .npy, (samples, steps, channels).",
    ),
]
Codebook = Annotated[
    int | None,
    typer.Option(
        "--codebook",
        min=0,
        max=32,
        help="Rows of a codebook that neurons share their parameters in; 0: each has its own. "
        "Default: 0, or for a board what takes less RAM.",
    ),
]
Halt = Annotated[
    bool,
    typer.Option("--halt", help="Let the core's lanes stand still while they have no work."),
]
Learn = Annotated[
    bool,
    typer.Option("--learn", help="A core that learns on the chip, by the rule of the artifact."),
]


def core_options(codebook: int | None, halt: bool) -> dict[str, int]:
    """Return the fields of a core that were given on the command line."""
    rows = {} if codebook is None else {"codebook_rows": codebook}
    return rows | ({"halt": True} if halt else {})


def learning_options(learn: bool, artifact: Artifact, path: Path) -> dict[str, IntStdp]:
    """Return the learning constants that a core is to be built with, by the name of its option.

    Raises
    ------
    ArtifactError
        A core that learns is asked for and the artifact has no rule.
    """
    if not learn:
        return {}
    if artifact.stdp is None:
        raise ArtifactError(
            f"{path} must carry a learning rule for a core that learns. Train it in integers: "
            "`train_integer = true` in [quantise]."
        )
    return {"stdp": artifact.stdp}


def set_verbosity(verbose: bool, quiet: bool) -> None:
    """Set how much goes to stderr."""
    log.quiet = quiet
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if verbose else logging.WARNING,
        format="%(name)s: %(message)s",
    )


def emit(result: dict[str, Any], as_json: bool, text: str) -> None:
    """Print `result` as one JSON object, or `text` for people."""
    if as_json:
        sys.stdout.write(json.dumps(result, default=plain, allow_nan=False) + "\n")
    else:
        sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def write_provenance(output: Path, seed: int | None, inputs: list[Path], **more: Any) -> None:
    """Write ``<output>.json`` with the command, seed, versions, commit and input hashes."""
    write_json(output.with_name(output.name + ".json"), provenance(seed, inputs) | more)


def table(rows: list[dict]) -> str:
    """Return rows of plain values as an aligned text table."""
    if not rows:
        return "nothing measured"
    cells = [list(rows[0])] + [
        [f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values()] for row in rows
    ]
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    )
