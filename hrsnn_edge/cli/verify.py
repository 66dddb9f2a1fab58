"""``hrsnn verify``: the generated design against the reference, bit for bit."""

from __future__ import annotations

from dataclasses import replace
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
    emit,
    log,
    set_verbosity,
)


def verb(
    artifact: Annotated[
        Path | None, typer.Argument(help="Artifact; or --random for random networks.")
    ] = None,
    random: Annotated[
        int | None, typer.Option("--random", min=1, help="So many random networks.")
    ] = None,
    codebook: Codebook = None,
    halt: Halt = False,
    seed: Seed = None,
    lanes: Annotated[int | None, typer.Option(help="Lanes: 1, 2, 4 or 8.")] = None,
    sim: Annotated[
        str,
        typer.Option(
            help="bulk (compiled), or cocotb on icarus, verilator or cxxrtl; "
            "or soc: the core in a system on chip, driven by its firmware."
        ),
    ] = "bulk",
    samples: Annotated[int, typer.Option(min=1, help="Test samples of the artifact's data.")] = 4,
    events: Events = None,
    ladder: Annotated[
        bool, typer.Option("--ladder", help="Every kind of check, with counts; --rung chooses.")
    ] = False,
    rung: Annotated[
        list[str] | None,
        typer.Option(help="formal, random, learning, link, cocotb, netlist, bitstream or mutants."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A sample of each rung.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Mutants at a time.")] = 2,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Compare spikes, membranes, readout and counters of every step; name the first divergence."""
    if ladder or rung:
        if artifact is not None or random is not None:
            raise typer.BadParameter("Give either an artifact, --random N or --ladder.")
        set_verbosity(verbose, quiet)
        climb_ladder(rung, quick, jobs, json)
        return
    from hrsnn_sim.random_runs import verify_random
    from hrsnn_sim.verify import verify_network

    set_verbosity(verbose, quiet)
    if (artifact is None) == (random is None):
        raise typer.BadParameter("Give either an artifact or --random N.")
    if lanes is not None and lanes not in (1, 2, 4, 8):
        raise typer.BadParameter(f"Lanes must be 1, 2, 4 or 8, not {lanes}")
    if sim not in ("bulk", "icarus", "verilator", "cxxrtl", "soc"):
        raise typer.BadParameter(
            f"Simulator must be bulk, icarus, verilator, cxxrtl or soc, not {sim!r}"
        )
    if sim == "soc" and random is not None:
        raise typer.BadParameter("Give an artifact for the system on chip, not --random.")
    if random is not None:
        first = 0 if seed is None else seed
        log.print(f"random networks, seeds {first} .. {first + random - 1}")
        verdict = verify_random(random, seed=first, lanes=lanes, sim=sim)
    else:
        from hrsnn_edge.artifact.io import read_artifact
        from hrsnn_edge.cli.context import samples_to_verify

        found = read_artifact(artifact)
        batch = samples_to_verify(found, artifact, None, events).select(slice(0, samples))
        options = {"lanes": lanes or 1, "name": str(artifact)}
        if sim == "soc":
            from hrsnn_boards.verify_soc import verify_soc

            verdict, _ = verify_soc(found.network, batch, **options)
        else:
            options |= core_options(codebook, halt)
            verdict = verify_network(found.network, batch, sim=sim, seed=seed or 1, **options)
    report_verdict(verdict, sim, json)


def climb_ladder(names: list[str] | None, quick: bool, jobs: int, json: bool) -> None:
    """Do rungs of the verification ladder and print a table; leave with 1 if one failed."""
    from hrsnn_sim.verify import BUILD_ROOT

    from hrsnn_edge.flow.ladder import FULL, QUICK, RUNGS, climb

    unknown = set(names or ()) - set(RUNGS)
    if unknown:
        raise typer.BadParameter(f"Rung must be one of {', '.join(RUNGS)}, not {min(unknown)!r}")
    effort = replace(QUICK if quick else FULL, n_jobs=jobs)
    found = climb(names or list(RUNGS), effort, BUILD_ROOT, log.print)
    result = {
        "passed": not any(rung.failures for rung, _ in found),
        "rungs": {rung.name: rung.to_json() | {"seconds": s} for rung, s in found},
    }
    lines = []
    for rung, seconds in found:
        lines += [rung.line(seconds), *(f"    {failure}" for failure in rung.failures)]
        if rung.name == "coverage":
            lines += [f"    {count:>10}  {point}" for point, count in rung.details.items()]
    emit(result, json, "\n".join(lines))
    if not result["passed"]:
        raise typer.Exit(1)


def report_verdict(verdict, sim: str, json: bool) -> None:
    """Print a verdict; leave with 1 if anything differed."""
    result = verdict.to_json() | {"sim": sim}
    first = result["first_divergence"]
    text = (
        f"{sim}: {result['networks']} networks, {result['steps']} steps, "
        f"{result['mismatches']} mismatches"
    )
    emit(result, json, text + (f"\nfirst: {first}" if first else ""))
    if result["mismatches"]:
        raise typer.Exit(1)
