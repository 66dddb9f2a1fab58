"""A NIR file to a float network that fires the same spikes.

``docs/interchange.md`` says what maps to what. The time constants of a file and `dt` are in
seconds, as the training libraries write them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.interchange.assemble import Assembly, assemble
from hrsnn_edge.interchange.changes import Change, change
from hrsnn_edge.interchange.nir_graph import SPIKING, read_graph
from hrsnn_edge.interchange.nir_neurons import Discretisation, population
from hrsnn_edge.interchange.nir_readout import ends, readout_of
from hrsnn_edge.interchange.nir_walk import Walk
from hrsnn_edge.interchange.signal import Signal, joined
from hrsnn_edge.network import FloatNetwork


@dataclass(frozen=True, eq=False)
class Imported:
    """A network from an exchange format.

    Attributes
    ----------
    network : FloatNetwork
        With its readout.
    assembly : Assembly
        Where everything went, and which channels and steps a run needs beside its input.
    changes : tuple of Change
        Every parameter that does not stand there as it stood in the file.
    """

    network: FloatNetwork
    assembly: Assembly
    changes: tuple[Change, ...]


def import_nir(
    path: Path,
    dt: float | None = None,
    method: str | None = None,
    *,
    reset: str | None = None,
    refractory_steps: int = 0,
) -> Imported:
    """Return the network of a NIR file.

    Parameters
    ----------
    dt, method, reset, refractory_steps
        As in `Discretisation`; a file of ours says its own `dt`, `method` and `reset`.

    Raises
    ------
    InterchangeError
        The file is damaged, or holds something that the network cannot express, by name.
    """
    graph = read_graph(path)
    dt = graph.metadata.get("dt") if dt is None else dt
    if dt is None:
        raise InterchangeError(
            f"{path}: dt must be given, as NIR is in continuous time and the file does not say. "
            "Give the step of the origin in seconds: --dt 0.001"
        )
    method = str(method or graph.metadata.get("method") or "exact")
    reset = str(reset or graph.metadata.get("reset") or "hard")
    how = Discretisation(float(dt), method, reset, refractory_steps)
    walk = Walk(graph, how.dt, str(path))
    inputs = {name: walk.size(name) for name in graph.of_type("Input") if not graph.before(name)}
    names = graph.of_type(*SPIKING)
    if not names or not inputs:
        raise InterchangeError(
            f"{path}: graph must have an Input and a population that fires ({', '.join(SPIKING)}), "
            f"not {', '.join(sorted({walk.type_of(n) for n in graph.nodes}))}"
        )
    populations = {name: population(walk, name, how) for name in names}
    into = {name: walk.into(name) for name in names}
    found = ends(walk, how)
    read = joined(end.signal for end in found)
    kind = "hard" if how.reset == "hard" else "subtract"
    assembly = assemble(inputs, populations, into, read, 1000 * how.dt, reset=kind)
    network = assembly.with_readout(readout_of(found, assembly.outputs, str(path)))
    changes = (*walk.changes, *assembly_changes(assembly, into))
    return Imported(network, assembly, changes)


def assembly_changes(found: Assembly, into: Mapping[str, Signal]) -> tuple[Change, ...]:
    """Return what became of latencies and constant currents, and the neurons added."""
    rows: tuple[Change, ...] = ()
    for name, depth in found.depth.items():
        reason = "steps late: a spike takes one step to the next layer"
        rows += change(name, "latency", 0, depth, reason, exact=True)
        reason = "constant current comes by a channel that is always on"
        rows += change(name, "input bias", into[name].bias, 0, reason, exact=True)
    named = sum(s.stop - s.start for s in found.members.values())
    reason = "relays, which keep delays or carry a constant to the readout"
    return rows + change("(network)", "neurons", named, found.network.n_neurons, reason, exact=True)
