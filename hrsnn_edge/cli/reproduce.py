"""``hrsnn reproduce``: tables and gates of the papers, measured over seeds beside the published."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from hrsnn_edge.cli.common import Json, Quiet, Verbose, emit, log, set_verbosity


def verb(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Tables (I, V, memory ...), gates (G1 ...), or all; none lists them."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds.")] = 5,
    seed: Annotated[int, typer.Option(help="First seed.")] = 0,
    full: Annotated[bool, typer.Option("--full", help="The papers' sizes; hours to days.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    data: Annotated[
        Path | None, typer.Option(help="Folder of data sets; default: HRSNN_DATA.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option(help="Page (Markdown) whose sections are written again.")
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Measure tables of the papers over seeds; a killed run goes on after its last seed."""
    from hrsnn_edge.flow.store import default_store
    from hrsnn_edge.reproduce.commands import Command, command_section, measure_command
    from hrsnn_edge.reproduce.page import read_sections, section, update, write_plots
    from hrsnn_edge.reproduce.registry import ORDER, listed, select
    from hrsnn_edge.reproduce.run import local_place, measure_table

    set_verbosity(verbose, quiet)
    if not names:
        titles = listed()
        text = "\n".join(f"{name:12} {title}" for name, title in titles.items())
        emit({"tables": titles}, json, text)
        return
    if write:
        read_sections(write, ORDER)
    folder = data or Path(os.environ.get("HRSNN_DATA", "../shared/data"))
    place = local_place(folder, default_store())
    found, texts = {}, []
    for wanted in select(names):
        if isinstance(wanted, Command):
            found[wanted.name] = measure_command(wanted)
            text = command_section(wanted, found[wanted.name])
        else:
            result = measure_table(
                wanted, range(seed, seed + seeds), place, full=full, jobs=jobs, say=log.print
            )
            found[wanted.name] = result.to_dict()
            command = f"hrsnn reproduce {wanted.name} --seeds {seeds}"
            command += f" --seed {seed}" * bool(seed) + " --full" * full
            text = section(result, command, write_plots(result, write) if write else [])
        if write:
            update(write, {wanted.name: text}, ORDER)
        texts.append(text)
    emit({"tables": found}, json, "\n".join(texts))
