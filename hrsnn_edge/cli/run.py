"""``hrsnn run``: every station of an experiment, from data to bitstream and report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrsnn_edge.cli.common import Json, Quiet, Seed, Verbose, emit, log, set_verbosity


def verb(
    experiment: Annotated[Path, typer.Argument(help="Experiment file (TOML).")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder; default: runs/NAME-SEED.")
    ] = None,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Do everything: encode, tune, train, prune, quantise, verify, build, report.

    Finished stations are kept: a killed run, started again, goes on where it stopped.
    """
    from hrsnn_edge.flow.experiment import load_experiment
    from hrsnn_edge.flow.run import REPORT, run_flow
    from hrsnn_edge.flow.store import default_store
    from hrsnn_edge.report.summary import machine_summary, summary

    set_verbosity(verbose, quiet)
    plan = load_experiment(experiment).with_seed(seed)
    folder = output or Path("runs") / f"{plan.name}-{plan.seed}"
    record, _ = run_flow(plan, experiment, folder, default_store(), log.print)
    report = str(folder / REPORT)
    emit(machine_summary(record, report), json, summary(record, report))
    wrong = [name for name, verdict in record.verdicts.items() if not verdict.passed]
    slow = [name for name, board in record.boards.items() if board.timing_met is False]
    if wrong or slow:
        log.print(f"failed: {', '.join(wrong + slow)}")
        raise typer.Exit(1)
