"""``hrsnn bench``: speed of the engine, the core on real parts, accuracy over seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrsnn_edge.cli.common import (
    Halt,
    Json,
    Quiet,
    Verbose,
    core_options,
    emit,
    log,
    set_verbosity,
    table,
)

bench = typer.Typer(help="Measure: engine, core, accuracy.", no_args_is_help=True)


@bench.command("core")
def core(
    lanes: Annotated[list[int] | None, typer.Option(help="Lanes; default: 1 2 4 8.")] = None,
    density: Annotated[
        list[float] | None, typer.Option(help="Densities; default: 0.05 0.1 0.5.")
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Cycles per SOP, per spike and per step, from the counters of the simulated core."""
    from hrsnn_sim.measure import bench_core

    set_verbosity(verbose, quiet)
    rows = bench_core(tuple(lanes or (1, 2, 4, 8)), tuple(density or (0.05, 0.1, 0.5)))
    emit({"core": rows}, json, table(rows))


@bench.command("hardware")
def hardware(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the tables as Markdown too.")
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Clock, resources and cycles on ECP5, UP5K and Gowin, beside the targets and other cores."""
    from hrsnn_boards.bench import bench_hardware, markdown

    from hrsnn_edge.files import write_atomic

    set_verbosity(verbose, quiet)
    found = bench_hardware(log.print)
    text = markdown(found)
    if output is not None:
        write_atomic(output, text.encode())
    emit(found, json, text)


@bench.command("energy")
def energy(
    artifact: Annotated[Path, typer.Argument(help="Artifact of `hrsnn quantise`.")],
    unpruned: Annotated[
        Path | None, typer.Option(help="Artifact of the unpruned network, to compare with.")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Test samples to run.")] = 32,
    lanes: Annotated[int, typer.Option(help="Lanes: 1, 2, 4 or 8.")] = 1,
    pause: Annotated[
        float,
        typer.Option(min=0, max=0.9999, help="Chance that a cycle brings no command: a slow host."),
    ] = 0.0,
    halt: Halt = False,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Bits that change in each block of the core, its counters, and joules as estimates."""
    from hrsnn_edge.artifact.io import read_artifact
    from hrsnn_edge.cli.context import dataset_of, experiment_of
    from hrsnn_edge.flow.energy import bench_energy

    set_verbosity(verbose, quiet)
    found = read_artifact(artifact)
    data = dataset_of(experiment_of(found, artifact, None))
    batch = data.test.events.select(slice(0, samples))
    other = read_artifact(unpruned).network if unpruned else None
    options = {"pause": pause, **core_options(None, halt)}
    result = bench_energy(found.network, batch, lanes=lanes, unpruned=other, **options)
    text = table(result["blocks"]) + "\n"
    text += (
        f"per inference: {result['sop']:.0f} SOPs, {result['cycles']:.0f} cycles, "
        f"{result['halted']:.0f} of them with lanes that stand still, "
        f"{result['toggles']:.0f} bits changed\n"
    )
    text += "".join(
        f"estimate, {row['name']} ({row['technology']}; {row['source']}): "
        f"{row['total_uj']:.4f} uJ\n"
        for row in result["estimates"]
    )
    if unpruned:
        text += (
            f"unpruned / pruned: {result['sop_ratio']:.2f} x the SOPs, "
            f"{result['toggle_ratio']:.2f} x the bits changed\n"
        )
    emit(result, json, text.rstrip())


@bench.command("estimate")
def estimate(
    networks: Annotated[int, typer.Option(min=1, help="Networks whose cycles are compared.")] = 24,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Error of the estimate: RAM and logic of packed cores, clocks of builds, simulated cycles."""
    from hrsnn_boards.accuracy import bench_estimate

    set_verbosity(verbose, quiet)
    found = bench_estimate(log.print, networks)
    emit(found, json, "\n\n".join(table(rows) for rows in found.values()))


@bench.command("learning")
def learning(
    experiment: Annotated[Path, typer.Argument(help="Experiment file (TOML).")] = Path(
        "experiments/digits.toml"
    ),
    samples: Annotated[int, typer.Option(min=1, help="Samples to learn from.")] = 200,
    synapse_memory: Annotated[str, typer.Option(help="bram or spram.")] = "bram",
    history: Annotated[int, typer.Option(help="Remembered steps: 8, 16, 32 or 64.")] = 32,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Artifact of the network that the core learned."),
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Learning on the simulated chip: equal to software, cycles per touched plastic synapse."""
    from hrsnn_sim.verify import BUILD_ROOT

    from hrsnn_edge.flow.chip_learning import bench_learning
    from hrsnn_edge.flow.experiment import load_experiment

    set_verbosity(verbose, quiet)
    found = bench_learning(
        load_experiment(experiment),
        samples=samples,
        root=BUILD_ROOT,
        log=log.print,
        output=output,
        synapse_memory=synapse_memory,
        history=history,
    )
    rows = [{"what": name, "value": value} for name, value in found.items()]
    emit(found, json, table(rows))


@bench.command("engine")
def engine(
    neurons: Annotated[
        list[int] | None, typer.Option(help="Neurons of the workload; default: 2000 5000.")
    ] = None,
    workload: Annotated[
        list[str] | None, typer.Option(help="W1 inference, W2 with STDP; default: both.")
    ] = None,
    peers: Annotated[
        bool, typer.Option(help="Run other simulators too, each in an environment of its own.")
    ] = False,
    peer: Annotated[
        list[str] | None, typer.Option(help="Only the simulators whose name begins so.")
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """CPU time, SOPs a second and share of the machine's ceiling of the integer engine."""
    from hrsnn_edge.flow.speed import PEERS, bench_engine, chosen_peers, speed_rows
    from hrsnn_edge.reproduce.page import grid

    set_verbosity(verbose, quiet)
    beside = PEERS if peers else chosen_peers(peer or [])
    found = bench_engine(workload or ("W1", "W2"), neurons or (2000, 5000), beside, log.print)
    emit(found, json, "\n".join(grid(speed_rows(found))))


@bench.command("accuracy")
def accuracy(
    experiment: Annotated[Path, typer.Argument(help="Experiment file (TOML).")],
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds.")] = 5,
    json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Test accuracy over seeds, mean and s.d., beside the linear baseline and the encoder."""
    from hrsnn_edge.flow.experiment import load_experiment
    from hrsnn_edge.flow.repeat import repeat_accuracy
    from hrsnn_edge.flow.store import default_store

    set_verbosity(verbose, quiet)
    found = repeat_accuracy(load_experiment(experiment), seeds, default_store(), log.print)
    rows = [{"what": name} | row for name, row in found["accuracy"].items()]
    emit(found, json, table(rows))
