"""The whole system on chip in simulation, its program included, against the engine."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.generate import emit_rtlil
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.placer import place
from hrsnn_rtl.soc import Soc
from hrsnn_rtl.soc_program import build_program
from hrsnn_sim.cxxrtl import Design
from hrsnn_sim.pins import CompiledLine, pins_library
from hrsnn_sim.scoreboard import Divergence, Verdict
from hrsnn_sim.verify import BUILD_ROOT

from hrsnn_boards.soc import COUNTERS, SocHost, SocReport, stream_sums
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.network import IntNetwork

#: Clock cycles of a bit in simulation: the processor is slower than the line, as it may be.
DIVISOR = 4
#: Clock cycles without a byte after which the program counts as silent.
SILENCE_CYCLES = 300_000


def soc_library(config: CoreConfig, root: Path, *, images=()) -> ctypes.CDLL:
    """Return a compiled system on chip, for `simulated_host`.

    Parameters
    ----------
    config : CoreConfig
        What the core is built for.
    root : Path
        Build folder: a model is compiled once.
    images : sequence of MemoryImage
        What the accelerator's memories begin with.
    """
    soc = Soc(
        config=config,
        program=build_program().words,
        images=images,
        uart_divisor=DIVISOR,
        poison=True,
    )
    # Little time is spent in the model, so it is not worth a long compilation.
    design = Design("soc", emit_rtlil(soc, "soc"), flags=("-O1",))
    return pins_library(design, DIVISOR, root)


def simulated_host(library: ctypes.CDLL) -> SocHost:
    """Return the host's side of a new simulation that has just been powered up."""
    return SocHost(CompiledLine(library, SILENCE_CYCLES))


def verify_soc(
    net: IntNetwork,
    batch: EventBatch,
    *,
    lanes: int = 1,
    name: str = "network",
    root: Path = BUILD_ROOT,
    in_memory: bool = False,
) -> tuple[Verdict, list[SocReport]]:
    """Run samples on the simulated system on chip and compare its lines with the engine.

    Class, outputs, every counter of synaptic work, and the sums over the stream of spikes are
    compared.

    Parameters
    ----------
    net, batch
        The network and the samples to run.
    lanes : int
        Lanes of the core.
    name : str
        How messages call the network.
    root : Path
        Build folder.
    in_memory : bool
        Whether the core's memories begin with the network, as in a bitstream; else the program
        loads it.

    Returns
    -------
    verdict : Verdict
        One network.
    reports : list of SocReport
        Of each sample.
    """
    placement = place(net, lanes)
    config = CoreConfig.for_network(
        net, n_steps=int(batch.n_steps.max(initial=1)), placement=placement, spike_stream=True
    )
    images = memory_images(net, config, placement)
    library = soc_library(config, root / "models", images=images if in_memory else ())
    host = simulated_host(library)
    host.identify()
    if not in_memory:
        host.load(images, net.n_neurons)
    result = run_batch(net, batch, record=range(len(batch)))
    verdict, reports = Verdict(networks=1), []
    for k, recording in result.recordings.items():
        asked = net.readout.asked_steps(int(batch.n_steps[k]))
        report = host.run(batch, k, net.readout.n_bins, spikes=True, asked=asked)
        counts = {name: getattr(result.counts[k], name) for name in COUNTERS if name != "steps"}
        want = {
            "class": int(np.argmax(result.outputs[k])) if net.readout.n_out else 0,
            "out": tuple(result.outputs[k].tolist()),
            **counts,
            "steps": int(batch.n_steps[k]),
            "spike_stream": stream_sums(recording.spikes, config, placement),
        }
        got = {
            "class": report.prediction,
            "out": report.outputs,
            **report.counters,
            "spike_stream": report.items,
        }
        verdict += compare_report(want, got, name, k)
        reports.append(report)
    return verdict, reports


def compare_report(want: Mapping, got: Mapping, name: str, sample: int) -> Verdict:
    """Compare the values of one sample by their names; what is a tuple, one by one."""
    pairs = []
    for quantity, expected in want.items():
        listed = isinstance(expected, tuple)
        left = expected if listed else (expected,)
        right = got[quantity] if listed else (got[quantity],)
        if len(left) != len(right):
            pairs.append((f"number of {quantity}", None, len(left), len(right)))
        places = range(len(left)) if quantity == "out" else [None] * len(left)
        pairs += zip([quantity] * len(left), places, left, right, strict=False)
    wrong = [pair for pair in pairs if pair[2] != pair[3]]
    step = want["steps"] - 1
    first = Divergence(name, sample, step, *wrong[0]) if wrong else None
    return Verdict(0, want["steps"], len(wrong), first)
