"""``hrsnn data``: the data sets, what is in them, and how to come by them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hrsnn_edge.cli.common import Json, Quiet, Seed, Verbose, emit, log, set_verbosity

data = typer.Typer(help="List, show and download data sets.", invoke_without_command=True)
Name = Annotated[str, typer.Argument(help="Data set, as in [data] of an experiment.")]


@data.callback()
def listing(context: typer.Context, json: Json = False) -> None:
    """List the data sets: task, classes, samples, licence, and where they are."""
    if context.invoked_subcommand is not None:
        return
    from dataclasses import asdict

    from hrsnn_edge.data.catalogue import ENTRIES, find_files, how_to_get

    rows = []
    for name, entry in ENTRIES.items():
        found = find_files(name)
        where = "inside scikit-learn" if not entry.places else str(found or how_to_get(name))
        rows.append(asdict(entry) | {"found": not entry.places or found is not None, "at": where})
    emit({"data": rows}, json, "\n\n".join(_describe(row) for row in rows))


def _describe(row: dict[str, Any]) -> str:
    """Return three lines for one data set."""
    kind = f"{row['n_classes']} classes" if row["n_classes"] else "series"
    return (
        f"{row['name']}: {row['task']}\n"
        f"    {kind}; published {row['samples']}; {row['licence']}\n"
        f"    {'at ' if row['found'] else ''}{row['at']}"
    )


@data.command("show")
def show(
    name: Name,
    path: Annotated[str, typer.Option(help="Where the files are; default: looked for.")] = "",
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Fit a linear readout without a network, too.")
    ] = False,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Shapes, classes, event rates and split of a data set with its default encoder."""
    from hrsnn_edge.data.catalogue import find_entry
    from hrsnn_edge.data.summary import summarise, summarise_series
    from hrsnn_edge.flow.data_sections import SeriesData, section_of

    set_verbosity(verbose, quiet)
    entry = find_entry(name)
    section = section_of(name, path)
    found: dict[str, Any] = {"name": name, "task": entry.task, "licence": entry.licence}
    if isinstance(section, SeriesData):
        found |= summarise_series(section.load_series())
    else:
        loaded = section.load(seed or 0)
        found |= {"encoder": section.encoder} | summarise(loaded, section.dt_ms)
        if baseline:
            from hrsnn_edge.model.config import ReadoutConfig
            from hrsnn_edge.model.train import baselines

            found["baseline"] = baselines(loaded, ReadoutConfig())
    emit(found, json, "\n".join(_lines(found)))


def _lines(found: dict[str, Any], indent: str = "") -> list[str]:
    """Return nested values as indented lines."""
    lines = []
    for name, value in found.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", *_lines(value, indent + "    ")]
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            lines.append(f"{indent}{name}: {f'{text:.4g}' if isinstance(text, float) else text}")
    return lines


@data.command("fetch")
def fetch(
    name: Name,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Download a data set from its official address and compare its checksum."""
    from hrsnn_edge.data.catalogue import cache_folder, find_entry
    from hrsnn_edge.data.fetch import fetch as fetch_data

    set_verbosity(verbose, quiet)
    entry = find_entry(name)
    target = fetch_data(entry, cache_folder(), log.print)
    emit({"name": name, "output": target, "licence": entry.licence}, json, f"{target}")
