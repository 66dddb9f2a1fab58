"""The stations that need the accelerator: co-simulation and bitstreams."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hrsnn_edge.artifact.schema import Artifact, to_bytes
from hrsnn_edge.data.dataset import Dataset
from hrsnn_edge.errors import CapacityError
from hrsnn_edge.flow.experiment import Experiment
from hrsnn_edge.flow.store import Store, write_json
from hrsnn_edge.network import IntNetwork
from hrsnn_edge.report.record import BoardResult


@dataclass(frozen=True)
class HardwareVerdicts:
    """What the generated design was compared on.

    Attributes
    ----------
    verdicts : dict
        ``cosim`` (cocotb: samples of the network and none random), ``bulk`` (the whole test part)
        and ``random`` (random networks through the compiled design).
    cycles : int or None
        Clock cycles of the compiled design over ``bulk_samples`` of the test part; None for a
        network that has a feature without hardware.
    waveforms : tuple of Path
        Of first divergences, which name them without their folder.
    """

    verdicts: dict[str, dict[str, Any]]
    cycles: int | None
    waveforms: tuple[Path, ...] = ()


def cosim_simulator() -> str:
    """Return the simulator that cocotb runs on: Icarus where present, else CXXRTL."""
    from hrsnn_edge.tools import find_tool

    return "icarus" if find_tool("iverilog").good else "cxxrtl"


def verify_hardware(
    experiment: Experiment,
    data: Dataset,
    net: IntNetwork,
    store: Store,
    on_cached: Callable[[], None],
    say: Callable[[str], None],
) -> HardwareVerdicts:
    """Compare the generated design with reference and engine, if there is one for the network."""
    from hrsnn_rtl.readout_shapes import shape_of
    from hrsnn_sim.random_runs import verify_random
    from hrsnn_sim.verify import verify_network, verify_split

    try:
        shape_of(net)
    except CapacityError as refusal:
        say(f"      no generated design: {refusal}")
        return HardwareVerdicts({}, None)
    section, lanes = experiment.verify, experiment.build.lanes
    simulator = cosim_simulator()

    def work(aside: Path) -> None:
        few = data.test.events.select(slice(0, section.cosim_samples))
        say(f"      cocotb on {simulator}: {section.cosim_samples} test samples, every step")
        cosim = verify_network(net, few, lanes=lanes, sim=simulator, seed=experiment.seed)
        test = data.test.events.select(slice(0, section.bulk_samples))
        say(f"      compiled design: {len(test)} test samples")
        bulk, cycles = verify_split(net, test, lanes=lanes)
        found = {
            "cosim": cosim.to_json() | {"simulator": f"cocotb, {simulator}"},
            "bulk": bulk.to_json() | {"simulator": "compiled"},
        }
        if section.random_networks:
            first = experiment.seed
            say(f"      {section.random_networks} random networks, seeds from {first}")
            verdict = verify_random(section.random_networks, seed=first)
            seeds = list(range(first, first + section.random_networks))
            found["random"] = verdict.to_json() | {"simulator": "compiled", "seeds": seeds}
        for name, verdict in found.items():
            keep_waveform(aside / f"{name}.vcd", verdict)
        write_json(aside / "verdicts.json", {"verdicts": found, "cycles": cycles})

    artifact = Artifact(net, data.class_names)
    inputs = {
        "net": to_bytes(artifact).hex()[-64:],
        "data": experiment.data,
        "verify": section,
        "lanes": lanes,
        "seed": experiment.seed,
        "simulator": simulator,
    }
    place = store.run("verify", inputs, work, on_cached)
    found = json.loads((place / "verdicts.json").read_text())
    return HardwareVerdicts(**found, waveforms=tuple(sorted(place.glob("*.vcd"))))


def keep_waveform(path: Path, verdict: dict[str, Any]) -> None:
    """Copy the waveform of a verdict's first divergence to `path` and name it in the verdict.

    The simulator's own folder is written over by the next comparison.
    """
    first = verdict["first_divergence"]
    if first and first.get("waveform"):
        shutil.copyfile(first["waveform"], path)
        verdict["first_divergence"] = first | {"waveform": path.name}


def build_boards(
    experiment: Experiment,
    data: Dataset,
    net: IntNetwork,
    folder: Path,
    cycles: int | None,
    say: Callable[[str], None],
) -> dict[str, BoardResult]:
    """Build every board of the experiment, two at a time; one that is too small is refused.

    Returns
    -------
    results : dict
        By name of the board. `fits` is false where the network was refused, with the remedy.
    """
    from hrsnn_boards.boards import find_board
    from hrsnn_boards.build import build

    n_steps = int(data.train.events.n_steps.max())
    n_run = len(data.test.labels[: experiment.verify.bulk_samples])
    per_inference = None if cycles is None else cycles / n_run

    def one(name: str) -> BoardResult:
        board = find_board(name)
        lanes = experiment.build.lanes
        try:
            result = build(
                net, board, folder / board.name, lanes=lanes, n_steps=n_steps, seed=experiment.seed
            )
        except CapacityError as refusal:
            say(f"      {board.title}: refused")
            return BoardResult(fits=False, device=board.part, lanes=lanes, remedy=str(refusal))
        say(f"      {board.title}: {result.fmax_mhz:.1f} MHz at {result.clock_mhz:g} MHz")
        return BoardResult(
            fits=result.fits,
            device=result.part,
            fmax_mhz=result.fmax_mhz,
            clock_mhz=result.clock_mhz,
            utilisation={n: asdict(use) for n, use in result.utilisation.items()},
            bitstream=str(folder / board.name / result.bitstream),
            sha256=result.sha256,
            latency_us=None if per_inference is None else per_inference / result.clock_mhz,
            lanes=lanes,
        )

    names = experiment.build.boards
    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(names, pool.map(one, names), strict=True))
