"""``hrsnn rtl``: an artifact as Verilog and memory images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrsnn_edge.cli.common import (
    Codebook,
    Halt,
    Json,
    Learn,
    Quiet,
    Seed,
    Verbose,
    core_options,
    emit,
    learning_options,
    set_verbosity,
    write_provenance,
)


def verb(
    artifact: Annotated[Path, typer.Argument(help="Artifact of `hrsnn quantise`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("rtl"),
    lanes: Annotated[int, typer.Option(help="Lanes: 1, 2, 4 or 8.")] = 1,
    n_steps: Annotated[
        int, typer.Option(min=1, help="Longest run that the readout must not overflow in.")
    ] = 1024,
    codebook: Codebook = None,
    halt: Halt = False,
    learn: Learn = False,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Write ``core.v``, the memory images and the register header."""
    from dataclasses import asdict

    from hrsnn_rtl.config import CoreConfig
    from hrsnn_rtl.core import Core
    from hrsnn_rtl.generate import emit_verilog
    from hrsnn_rtl.placer import place
    from hrsnn_rtl.plastic_image import core_images

    from hrsnn_edge.artifact.io import read_artifact
    from hrsnn_edge.files import write_atomic
    from hrsnn_edge.flow.store import write_json

    set_verbosity(verbose, quiet)
    found = read_artifact(artifact)
    net = found.network
    options = core_options(codebook, halt) | learning_options(learn, found, artifact)
    config = CoreConfig.for_network(net, lanes=lanes, n_steps=n_steps, **options)
    placement = place(net, config.lanes, config.n_slots)
    images = core_images(net, config, placement, options.get("stdp"))
    core = Core(config=config, images=images)
    write_atomic(output / "core.v", emit_verilog(core, "core").encode())
    write_json(
        output / "images.json",
        [
            {
                "select": int(i.select),
                "lane": i.lane,
                "base": i.base,
                "words": [int(w) for w in i.words],
            }
            for i in images
        ],
    )
    write_json(output / "config.json", asdict(config))
    write_provenance(output / "core.v", seed, [artifact])
    balance = 1 / placement.balance(net)
    result = {"output": output, "config": asdict(config), "lane_balance": balance}
    emit(
        result,
        json,
        f"{output}/core.v: {config.lanes} lanes, {config.n_hw} neurons, lane balance {balance:.3f}",
    )
