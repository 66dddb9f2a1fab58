"""The core on real parts, beside the figures it should reach and those of other cores.

Cycles come from simulated runs, clocks and resources from place and route; both are kept in
``build/`` and found again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from amaranth.lib import wiring
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.core import Core
from hrsnn_rtl.flash import FlashPlace
from hrsnn_rtl.index_coding import index_codings
from hrsnn_rtl.measure import FewPins
from hrsnn_rtl.placer import place as place_neurons
from hrsnn_rtl.plasticity import Plasticity
from hrsnn_rtl.top import Top
from hrsnn_sim.measure import N_NEURONS, bench_core
from hrsnn_sim.measure_learning import DENSITY, bench_plastic
from hrsnn_sim.uneven import N_STEPS, bench_lanes, uneven_network

from hrsnn_boards.boards import BOARDS
from hrsnn_boards.place import PARTS, Placed, place
from hrsnn_boards.resources import configure
from hrsnn_edge.network import IntNetwork

#: 256 heterogeneous neurons of 16 bits, 256 inputs, 16,384 synapses of 8 bits, one lane, no
#: readout: the core that other people's figures are compared with.
SMALL = CoreConfig(
    lanes=1,
    n_slots=256,
    n_inputs=256,
    synapse_depth=16384,
    v_width=16,
    decay_width=8,
    weight_width=8,
    refractory_width=3,
    sum_width=16,
    n_out=0,
)
#: The same with a readout of 10 classes and 65,536 synapses in the single-port RAMs of an UP5K.
SPRAM = replace(SMALL, synapse_depth=65536, n_out=10, out_width=20, synapse_memory="spram")
#: Half of it with a readout, for the smallest part.
HALF = replace(SMALL, n_slots=128, n_inputs=64, synapse_depth=8192, n_out=10, out_width=20)
#: Where the flash of the UP5K's board holds a network.
FLASH = BOARDS["icebreaker"].flash
#: The first with learning in both projections: magnitudes of 18 bits, the constants of the digits'
#: integer training.
LEARNING = replace(
    SMALL,
    double_buffer=False,
    queue_depth=512,
    plasticity=Plasticity(
        plastic_in=True,
        plastic_rec=True,
        learn_shift=10,
        trace_width=10,
        trace_step=128,
        decay_width=12,
        eta_shift=20,
        eta_width=16,
        gain_width=6,
        loss_width=6,
    ),
)
#: The same with magnitudes in the single-port RAMs of an UP5K, whose block RAM holds fewer inputs
#: and histories.
LEARNING_SPRAM = replace(
    LEARNING,
    n_inputs=128,
    synapse_memory="spram",
    block_ram="ICESTORM_RAM",
    plasticity=replace(LEARNING.plasticity, overlap=False),
)
#: Ports of a core that a measurement keeps.
OBSERVED = ("command", "write", "read", "idle", "strobes")
#: Most cycles a touched synapse of a core that learns, by its memory.
LEARNING_LIMITS = {"bram": 1.5, "spram": 2.0}
#: Seconds of a step of the network whose real time is compared.
STEP_S = 1e-3


@dataclass(frozen=True)
class Case:
    """A design that is placed and routed.

    Attributes
    ----------
    name : str
        What it is.
    part : str
        Name of the part.
    lanes : int
        Lanes of its core.
    freq_mhz : float
        What place and route is asked for.
    component : callable
        Returns the design.
    """

    name: str
    part: str
    lanes: int
    freq_mhz: float
    component: Callable[[], wiring.Component]


@dataclass(frozen=True)
class Peer:
    """Figures of another core, measured with the same tools where a part is named.

    Attributes
    ----------
    name, part : str
        The core, and on what.
    cycles_per_sop : float
        Clock cycles a useful synaptic operation at a density of 10 %.
    fmax_mhz, logic, registers
        As place and route gives them; None where it was not measured.
    """

    name: str
    part: str
    cycles_per_sop: float
    fmax_mhz: float | None = None
    logic: int | None = None
    registers: int | None = None


@dataclass(frozen=True)
class LearningPeer:
    """What another core that learns spends: cycles a synapse slot, or a step, and in words."""

    name: str
    cycles_per_slot: float | None
    cycles_per_step: int | None
    note: str


PEERS = (
    Peer("tinyODIN", "ecp5-85f", 20, 39.7, 3132, 1810),
    Peer("ODIN", "ecp5-85f", 20, 19.8, 13522, 4513),
    Peer("ReckOn (dense)", "ecp5-85f", 10, 11, 11934, 2912),
    Peer("Catalyst N1", "", 6),
    Peer("SYNtzulu (dense, 8 wide)", "up5k", 1.25, 24, 3473),
)

#: What other cores spend on learning.
LEARNING_PEERS = (
    LearningPeer("ODIN", 2.0, None, "2 cycles a synapse slot, connected or not"),
    LearningPeer("ReckOn", None, 8704, "8,704 cycles a step, whatever fires"),
)


def alone(config: CoreConfig) -> FewPins:
    """Return a core without a front, behind two pins."""
    return FewPins(component=Core(config=config, vendor_cells=True), observed=OBSERVED)


def with_uart(config: CoreConfig, flash: FlashPlace | None = None) -> Top:
    """Return a core with its UART front, which may load its network from flash."""
    return Top(config=config, uart_divisor=100, flash=flash, vendor_cells=True)


def large_network() -> IntNetwork:
    """Return a network of 2,000 neurons and 150,000 synapses.

    Neurons that fire by themselves have a reset of their own; those of the network to be built do
    not.
    """
    net = uneven_network()
    zeros = np.zeros(net.n_neurons, np.int32)
    return replace(net, v_reset=zeros, v_threshold=zeros + 1000)


def large_config() -> CoreConfig:
    """Return its core on 8 lanes, as the ULX3S would get it."""
    return configure(large_network(), BOARDS["ulx3s-85f"], 8, N_STEPS)


def coding_rows() -> list[dict]:
    """Return what its rows take in every coding of their targets, targets themselves first."""
    net, config = large_network(), large_config()
    placement = place_neurons(net, config.lanes)
    return [
        {
            "distance_bits": coding.distance_width or None,
            "word_bits": coding.word_width,
            "words_a_lane": coding.synapse_depth,
            "fillers_percent": 100 * coding.filler_share,
            "block_ram": coding.blocks,
            "taken": coding.distance_width == config.distance_width,
        }
        for coding in index_codings(net, config, placement)
    ]


CASES = (
    Case("core", "ecp5-85f", 1, 150, lambda: alone(SMALL)),
    Case("core and UART front", "ecp5-85f", 1, 150, lambda: with_uart(SMALL)),
    Case("2,000 neurons, UART front", "ecp5-85f", 8, 125, lambda: with_uart(large_config())),
    Case("core that learns", "ecp5-85f", 1, 150, lambda: alone(LEARNING)),
    Case("core that learns", "up5k", 1, 44, lambda: alone(LEARNING_SPRAM)),
    Case("core", "up5k", 1, 44, lambda: alone(replace(SMALL, synapse_memory="spram"))),
    Case("64k synapses, UART front", "up5k", 1, 44, lambda: with_uart(SPRAM)),
    Case("64k synapses, UART front, flash", "up5k", 1, 44, lambda: with_uart(SPRAM, flash=FLASH)),
    Case("core of 128 neurons", "gw1nr-9c", 1, 80, lambda: alone(replace(HALF, n_out=0))),
    Case("128 neurons, UART front", "gw1nr-9c", 1, 80, lambda: with_uart(HALF)),
    Case("core and UART front", "gw2ar-18c", 1, 150, lambda: with_uart(SMALL)),
)


def bench_hardware(say: Callable[[str], None] = print) -> dict[str, list[dict]]:
    """Measure everything.

    Parameters
    ----------
    say : callable
        Is told what is being measured.

    Returns
    -------
    dict
        ``cycles`` (`bench_core`), ``lanes`` (`bench_lanes`), ``learning`` (`bench_plastic` and
        `LEARNING_PEERS`), ``parts`` (one row for each of `CASES`, and one for each of `PEERS`),
        ``codings`` (`coding_rows`), ``targets`` (`judge`).
    """
    parts, paths = [], []
    for case in CASES:
        say(f"place and route: {case.name}, {case.lanes} lanes, {case.part}")
        component = case.component()
        placed = place(component, PARTS[case.part], case.freq_mhz)
        # The wrapper's registers are not the core's.
        extra = component.registers if isinstance(component, FewPins) else 0
        parts.append(row(case, placed, extra))
        paths.append({"name": case.name, "part": case.part, "path": list(placed.critical_path)})
    say("simulation: cycles of a step, 256 neurons")
    cycles = bench_core()
    say("simulation: cycles of a step, 2,000 neurons")
    lanes = bench_lanes()
    say("simulation: cycles of a learning core, 256 neurons")
    learning = bench_plastic()
    rate(parts, cycles)
    return {
        "cycles": cycles,
        "lanes": lanes,
        "parts": parts + [peer_row(peer) for peer in PEERS],
        "codings": coding_rows(),
        "learning": learning + [learning_peer_row(peer) for peer in LEARNING_PEERS],
        "targets": judge(cycles, lanes, learning, parts),
        "critical_paths": paths,
    }


def row(case: Case, placed: Placed, extra: int) -> dict:
    """Return what a placed case takes, `extra` registers of its wrapper apart."""
    part = PARTS[case.part]
    used = placed.used
    registers = sum(n for name, n in used.items() if name.startswith(part.registers))
    return {
        "name": case.name,
        "part": case.part,
        "lanes": case.lanes,
        "fmax_mhz": placed.fmax_mhz,
        "logic": used[part.logic],
        "registers": None if part.registers == part.logic else registers - extra,
        "block_ram": used.get(part.block_ram, 0),
        "multiplier": used.get(part.multiplier, 0),
    }


def peer_row(peer: Peer) -> dict:
    """Return the figures of another core as a row like ours."""
    found = {
        "name": peer.name,
        "part": peer.part,
        "lanes": None,
        "fmax_mhz": peer.fmax_mhz,
        "logic": peer.logic,
        "registers": peer.registers,
        "block_ram": None,
        "multiplier": None,
    }
    return found | speed(peer.fmax_mhz, peer.cycles_per_sop, peer.logic)


def learning_peer_row(peer: LearningPeer) -> dict:
    """Return what another core spends, as a row like those of `bench_plastic`.

    Its cycles a touched synapse are those on the measured network, where every tenth slot of a row
    is a synapse and a row has `N_NEURONS` slots.
    """
    return {
        "core": peer.name,
        "synapse_memory": None,
        "rate_hz": None,
        "history": None,
        "overlap": None,
        "touched": None,
        "weight_updates": None,
        "cycles_per_touched_synapse": peer.cycles_per_slot and peer.cycles_per_slot / DENSITY,
        "cycles_per_step": peer.cycles_per_step,
        "note": peer.note,
    }


def speed(fmax_mhz: float | None, cycles_per_sop: float, logic: int | None) -> dict:
    """Return useful synaptic operations a second, and a second and LUT.

    >>> speed(40.0, 20.0, 4000)
    {'cycles_per_sop': 20.0, 'msop_per_s': 2.0, 'sop_per_s_per_lut': 500.0}
    """
    rate = None if fmax_mhz is None else fmax_mhz / cycles_per_sop
    return {
        "cycles_per_sop": cycles_per_sop,
        "msop_per_s": rate,
        "sop_per_s_per_lut": None if rate is None or not logic else 1e6 * rate / logic,
    }


def rate(parts: list[dict], cycles: list[dict]) -> None:
    """Add to each row the speed that its clock gives at a density of 10 %."""
    per_sop = {
        found["lanes"]: found["cycles_per_sop"] / found["lanes"]
        for found in cycles
        if found["density"] == 0.1
    }
    for found in parts:
        found |= speed(found["fmax_mhz"], per_sop[found["lanes"]], found["logic"])


def judge(
    cycles: list[dict], lanes: list[dict], learning: list[dict], parts: list[dict]
) -> list[dict]:
    """Return every figure of the design with its limit, what was found, and whether that is met."""
    one = next(r for r in cycles if (r["lanes"], r["density"]) == (1, 0.1))
    at = {(r["name"], r["part"]): r for r in parts}
    core, front = at["core", "ecp5-85f"], at["core and UART front", "ecp5-85f"]
    plastic = at["core that learns", "ecp5-85f"]
    large, small, loading = (
        at["2,000 neurons, UART front", "ecp5-85f"],
        at["64k synapses, UART front", "up5k"],
        at["64k synapses, UART front, flash", "up5k"],
    )
    slow = next(r for r in lanes if r["lanes"] == 8 and r["activity"] < 0.035)

    def most(name: str, limit: float, found: float) -> dict:
        return {"figure": name, "limit": f"<= {limit:g}", "found": found, "met": found <= limit}

    def least(name: str, limit: float, found: float) -> dict:
        return {"figure": name, "limit": f">= {limit:g}", "found": found, "met": found >= limit}

    rows = [
        most("cycles a SOP, one lane, outside the scan", 1.01, one["cycles_per_sop"]),
        most("cycles a SOP, one lane, scan included", 1.02, one["cycles_per_sop_with_scan"]),
    ]
    for found in lanes:
        limit = 1.06 if found["activity"] > 0.035 else 1.15
        rows.append(
            most(
                f"P x cycles a SOP, P = {found['lanes']}, {found['activity']:.1%} active, uneven",
                limit,
                found["cycles_per_sop_with_scan"],
            )
        )
    rows.append(most("cycles a spike beside its SOPs", 0.05, one["cycles_per_spike_overhead"]))
    for found in cycles:
        if found["density"] == 0.1:
            p, scan = found["lanes"], N_NEURONS // found["lanes"]
            rows += [
                most(f"cycles of a silent step, P = {p}", scan + 6, found["silent_step_cycles"]),
                most(
                    f"cycles beside the longer of scan and SOPs, P = {p}",
                    24,
                    found["cycles_per_step_overhead"],
                ),
            ]
    return [
        *rows,
        least("MHz, ECP5, one lane with front", 120, front["fmax_mhz"]),
        least("MHz, ECP5, eight lanes with front", 100, large["fmax_mhz"]),
        most("COMB, 256 neurons, one lane", 600, core["logic"]),
        most("FF, 256 neurons, one lane", 530, core["registers"]),
        most("MULT18, 256 neurons, one lane", 1, core["multiplier"]),
        *(
            most(
                f"cycles a touched synapse, learning, {found['synapse_memory']}, "
                f"{found['rate_hz']:g} Hz" + ("" if found["overlap"] else ", no overlap"),
                LEARNING_LIMITS[found["synapse_memory"]],
                found["cycles_per_touched_synapse"],
            )
            for found in learning
        ),
        most("COMB, core that learns", 1300, plastic["logic"]),
        most("FF, core that learns", 1000, plastic["registers"]),
        least("MHz, ECP5, core that learns", 100, plastic["fmax_mhz"]),
        most("LC, UP5K system, 64k synapses", 2400, small["logic"]),
        least("MHz, UP5K system, 64k synapses", 36, small["fmax_mhz"]),
        most("LC, the same with loading from flash", 2400, loading["logic"]),
        least("MHz, the same with loading from flash", 36, loading["fmax_mhz"]),
        most("DP16KD, 2,000 neurons, 150,000 synapses, 8 lanes", 208, large["block_ram"]),
        least(
            f"times real time at 1 ms a step, {slow['activity'] / STEP_S:.0f} Hz",
            100,
            STEP_S * 1e6 * large["fmax_mhz"] / slow["cycles_per_step"],
        ),
    ]


def markdown(found: Mapping[str, list[dict]]) -> str:
    """Return the tables of `bench_hardware` as Markdown."""
    blocks = []
    for name in ("targets", "parts", "cycles", "lanes", "codings", "learning"):
        rows = found[name]
        lines = [" | ".join(rows[0]), " | ".join("---" for _ in rows[0])]
        lines += [" | ".join(_cell(value) for value in r.values()) for r in rows]
        blocks.append("\n".join([f"## {name}", "", *(f"| {line} |" for line in lines), ""]))
    return "\n".join(blocks)


def _cell(value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "**no**"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return "" if value is None else str(value)
