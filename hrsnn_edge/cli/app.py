"""The list of verbs, in data-flow order."""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword

import typer

from hrsnn_edge import __version__

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="From data to a verified bitstream: heterogeneous recurrent spiking networks on small "
    "FPGAs. Stations in order: encode, tune, train, prune, quantise, simulate, rtl, cosim, "
    "estimate, build, flash, report; [bold]run[/] does them all.",
)

#: Module of each verb; the module's function `verb` is the command.
VERBS = (
    "init",
    "run",
    "encode",
    "import",
    "tune",
    "train",
    "prune",
    "quantise",
    "simulate",
    "rtl",
    "cosim",
    "verify",
    "estimate",
    "build",
    "flash",
    "report",
    "study",
    "reproduce",
    "doctor",
)

for _name in VERBS:
    # A module cannot bear the name of a keyword.
    _module = f"{_name}_" if iskeyword(_name) else _name
    app.command(_name)(import_module(f"hrsnn_edge.cli.{_module}").verb)
app.add_typer(import_module("hrsnn_edge.cli.export").export, name="export")
app.add_typer(import_module("hrsnn_edge.cli.bench").bench, name="bench")
app.add_typer(import_module("hrsnn_edge.cli.data").data, name="data")


def _version(show: bool) -> None:
    if show:
        typer.echo(f"hrsnn-edge {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and leave."
    ),
) -> None:
    """Take the options that stand before the verb."""
