"""``hrsnn tune``: Bayesian optimisation over the distributions of the network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrsnn_edge.cli.common import (
    Json,
    Quiet,
    Seed,
    Verbose,
    emit,
    log,
    set_verbosity,
    write_provenance,
)


def verb(
    experiment: Annotated[Path, typer.Argument(help="Experiment file (TOML).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Result to write.")] = Path(
        "tuned.json"
    ),
    evaluations: Annotated[
        int | None, typer.Option(min=1, help="Networks to train; default: the experiment's.")
    ] = None,
    seed: Seed = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Search the distributions of time constants, thresholds and scales on validation folds.

    Every evaluation is kept in OUTPUT.log as it ends: a killed search goes on where it stopped.
    Beside OUTPUT goes a plot of the search, with the ending .svg.
    """
    from hrsnn_edge.cli.context import dataset_of
    from hrsnn_edge.files import write_atomic
    from hrsnn_edge.flow.experiment import load_experiment
    from hrsnn_edge.flow.objectives import score_words
    from hrsnn_edge.flow.record import tune_section
    from hrsnn_edge.flow.stations import search
    from hrsnn_edge.flow.store import write_json
    from hrsnn_edge.report import plots
    from hrsnn_edge.report.html import standalone

    set_verbosity(verbose, quiet)
    plan = load_experiment(experiment).with_seed(seed)
    if evaluations is not None:
        plan = plan.model_copy(
            update={"tune": plan.tune.model_copy(update={"evaluations": evaluations})}
        )
    if plan.tune.evaluations == 0:
        raise typer.BadParameter("The experiment asks for 0 evaluations; give --evaluations.")
    log_path = output.with_name(output.name + ".log")
    result = search(plan, dataset_of(plan), log_path, search_progress(plan, log_path))
    best = result.best
    found = {
        "output": output,
        "values": best.point,
        "score": best.score,
        "evaluations": len(result.observations),
        "history": [{"values": o.point, "score": o.score} for o in result.observations],
    }
    write_json(output, found)
    write_provenance(output, plan.seed, [experiment])
    picture = plots.tuning(tune_section(found, score_words(plan.tune)))
    write_atomic(output.with_suffix(".svg"), standalone(picture).encode())
    lines = [f"{name} = {value:.4g}" for name, value in best.point.items()]
    emit(found, json, "\n".join([f"{score_words(plan.tune)}: {best.score:.4g}", *lines]))


def search_progress(plan, log_path: Path):
    """Return a callback that logs every evaluation of a search, which may go on from its log."""
    from hrsnn_edge.tune.log import best_score

    best = best_score(log_path)

    def show(observation):
        nonlocal best
        score = observation.score
        best = max(best, float("-inf") if score is None else score)
        text = f"failed ({observation.failure})" if score is None else f"{score:.4f}"
        log.print(
            f"  evaluation {observation.index + 1}/{plan.tune.evaluations}: {text}, "
            f"best {best:.4f}, {observation.seconds:.1f} s"
        )

    return show
