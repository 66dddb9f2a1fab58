"""Does a network fit a board, and how fast will it be: answered before synthesis.

Block RAMs are counted exactly from the generator values, logic and clock are fits on real builds,
cycles follow the schedule of ``docs/accelerator.md``. What is estimated says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from hrsnn_rtl.config import CoreConfig, bits_for
from hrsnn_rtl.index_coding import IndexCoding, cheapest, index_codings
from hrsnn_rtl.memory_plan import (
    MemorySpec,
    core_memories,
    link_memories,
)
from hrsnn_rtl.placer import place
from hrsnn_rtl.readout_shapes import FilterShape

from hrsnn_boards.board import Board
from hrsnn_boards.resources import blocks, configure, fitted_logic, misfits, utilisation
from hrsnn_boards.result import Usage
from hrsnn_boards.schedule import Schedule
from hrsnn_boards.speed import predict_mhz
from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import IntFormat, IntNetwork

#: Share of the neurons and channels that are active in a step when no counts are given.
TYPICAL_ACTIVITY = 0.05
#: Cycles of a step beside scan and delivery: filling and draining the pipes (measured, LANE).
STEP_OVERHEAD_CYCLES = 24
#: Steps of the longest run that a readout is made for, unless said.
DEFAULT_STEPS = 256
#: Bits on the wire of a 32-bit word of two commands, start and stop bits included.
WORD_BITS = 40


@dataclass(frozen=True)
class Estimate:
    """What is known about a build before it is made.

    Attributes
    ----------
    board, part : str
        For what.
    lanes : int
        Lanes of the core.
    fits : bool
        Whether it is expected to fit.
    reasons : tuple of str
        What does not fit; empty when it does.
    remedies : tuple of str
        Each one alone would make it fit.
    utilisation : mapping of str to Usage
        By nextpnr's name of the resource: RAM blocks exactly, logic as estimated.
    logic_error : int
        How far the fitted logic was off at most where it was fitted.
    memories : tuple of MemorySpec
        The plan.
    index_codings : tuple of IndexCoding
        How the rows could be stored: targets, where the memory is wide enough, then the cheapest
        distances, if they take fewer blocks.
    distance_width : int
        How they are: distances of so many bits, or targets for 0.
    codebook_rows : int
        Rows of the codebook of parameters; 0 where each neuron has its own.
    codebook_saves : int
        RAM blocks that it saves.
    balance : float
        Mean over greatest synapses of a lane, 1 when they are even.
    cycles_per_step, cycles_per_inference : int
        Clock cycles, at `activity` or the counts that were given.
    fmax_mhz, fmax_error_percent : float or None
        Fastest clock to be expected, and how far that may be off; None for a system on chip.
    latency_ms, link_ms : float
        Of an inference at the board's clock: the core alone, and its input events on the link.
    assumed : str
        What the cycles follow from.
    """

    board: str
    part: str
    lanes: int
    fits: bool
    reasons: tuple[str, ...]
    remedies: tuple[str, ...]
    utilisation: Mapping[str, Usage]
    logic_error: int
    memories: tuple[MemorySpec, ...]
    index_codings: tuple[IndexCoding, ...]
    distance_width: int
    codebook_rows: int
    codebook_saves: int
    balance: float
    fmax_mhz: float | None
    fmax_error_percent: float | None
    cycles_per_step: int
    cycles_per_inference: int
    latency_ms: float
    link_ms: float
    assumed: str

    def to_dict(self) -> dict:
        """Return plain values for ``--json``."""
        return asdict(self)

    def check(self) -> None:
        """Raise `CapacityError` with what would make it fit, if it does not."""
        if not self.fits:
            raise CapacityError(refusal(self.board, self.reasons, self.remedies))


def refusal(board: str, reasons: tuple[str, ...], remedies: tuple[str, ...]) -> str:
    """Return the text of a refusal: what does not fit, then what would make it fit."""
    text = f"The network must fit {board}: {'; '.join(reasons)}."
    if remedies:
        text += f" To make it fit: {'; or '.join(remedies)}."
    return text


def _pruned(config: CoreConfig, board: Board) -> float | None:
    """Return the share of synapses that may stay, the rest of the core as it is; None if none."""
    low, high = 0, config.synapse_depth
    if misfits(replace(config, synapse_depth=1), board):
        return None
    # Fewer synapses never take more blocks, so the greatest depth that fits can be bisected.
    while low < high:
        middle = (low + high + 1) // 2
        if misfits(replace(config, synapse_depth=middle), board):
            high = middle - 1
        else:
            low = middle
    return low / config.synapse_depth


def _shrunk(config: CoreConfig, share: float) -> CoreConfig:
    """Return the core for a share of the neurons, wired as densely."""
    n_slots = max(1, int(config.n_slots * share))
    return replace(
        config,
        n_slots=n_slots,
        distance_width=min(config.distance_width, bits_for(n_slots)),
        synapse_depth=max(1, int(config.synapse_depth * share * share)),
    )


def remedies(net: IntNetwork, board: Board, config: CoreConfig, boards=()) -> tuple[str, ...]:
    """Return what would make a network fit, each found by trying it.

    Parameters
    ----------
    net : IntNetwork
        The network.
    board : Board
        The board it does not fit.
    config : CoreConfig
        The core that is too large.
    boards : sequence of Board
        Others to try.
    """
    found = []
    share = _pruned(config, board)
    if share is not None:
        found.append(f"prune the synapses to {int(100 * share)} %")
    for width in range(config.weight_width - 1, IntFormat.LIMITS["weight_width"][0] - 1, -1):
        if not misfits(replace(config, weight_width=width), board):
            found.append(f"quantise the weights to {width} bits")
            break
    for percent in range(95, 0, -5):
        if not misfits(_shrunk(config, percent / 100), board):
            found.append(f"take {percent} % of the neurons, {int(net.n_neurons * percent / 100)}")
            break
    return (*found, *elsewhere(net, board, config.lanes, boards))


def elsewhere(net: IntNetwork, board: Board, tried: int, boards) -> tuple[str, ...]:
    """Return on which boards, with how many lanes, a network fits that does not fit `tried`."""
    found = []
    for other in boards:
        for lanes in (1, 2, 4, 8):
            moved = (other.name, lanes) != (board.name, tried)
            if lanes <= other.max_lanes and moved and _fits(net, other, lanes):
                found.append(f"take {other.title} with {lanes} lane{'s' if lanes > 1 else ''}")
                break
    return tuple(found)


def _fits(net: IntNetwork, board: Board, lanes: int) -> bool:
    """Tell whether a network fits a board with some number of lanes."""
    try:
        return not misfits(configure(net, board, lanes, DEFAULT_STEPS), board)
    except CapacityError:
        return False


@dataclass(frozen=True, eq=False)
class Activity:
    """What a network does in some samples: the input events of each, and who fires.

    Attributes
    ----------
    rasters : sequence of (T, K) bool
    spikes : sequence of (T, N) bool
    """

    rasters: Sequence[np.ndarray]
    spikes: Sequence[np.ndarray]

    @property
    def events(self) -> float:
        """Input events of a sample, on average."""
        return float(np.mean([raster.sum() for raster in self.rasters]))

    @property
    def n_steps(self) -> float:
        """Steps of a sample, on average."""
        return float(np.mean([len(raster) for raster in self.rasters]))


def assumed_cycles_per_step(net: IntNetwork, config: CoreConfig, balance: float) -> float:
    """Return the mean clock cycles of a step at `TYPICAL_ACTIVITY`.

    With two sum banks the scan of a step runs beside the delivery of its spikes, so the longer of
    the two counts; with one they follow each other.
    """
    sops = TYPICAL_ACTIVITY * (net.w_in.nnz + net.w_rec.nnz)
    rows = TYPICAL_ACTIVITY * (net.n_inputs + net.n_neurons)
    # A row without words in a lane costs it one cycle.
    delivery = max(sops * balance / config.lanes, rows)
    scan = config.n_slots + config.lead
    if isinstance(config.readout, FilterShape):
        # Spikes wait until all filters have decayed.
        visit = config.readout.n_filters * config.n_hw
        both = max(scan, visit + delivery)
    else:
        both = max(scan, delivery) if config.double_buffer else scan + delivery
    return both + STEP_OVERHEAD_CYCLES


def estimate(
    net: IntNetwork,
    board: Board,
    lanes: int = 1,
    *,
    n_steps: int = DEFAULT_STEPS,
    activity: Activity | None = None,
    boards=(),
    **options,
) -> Estimate:
    """Estimate a build of a network for a board.

    Parameters
    ----------
    net : IntNetwork
        The network.
    board : Board
        The board.
    lanes : int
        Lanes of the core.
    n_steps : int
        Steps of an inference.
    activity : Activity, optional
        What the network does; its cycles follow from the `Schedule`. By default a typical activity
        is assumed.
    boards : sequence of Board
        Others to suggest when it does not fit.
    **options
        Other fields of the core, as of `CoreConfig.for_network`.

    Raises
    ------
    CapacityError
        The core itself cannot hold the network, whatever the board, e.g. a synapse word that is
        too wide for the memory.
    """
    placement = place(net, lanes)
    config = configure(net, board, lanes, n_steps, placement=placement, **options)
    reasons = misfits(config, board)
    balance = placement.balance(net)
    if activity:
        schedule = Schedule.of(net, config, placement)
        pairs = zip(activity.rasters, activity.spikes, strict=True)
        inference = float(np.mean([schedule.sample(*pair) for pair in pairs]))
        events, n_steps = activity.events, activity.n_steps
        step, assumed = inference / n_steps, f"{len(activity.rasters)} samples"
    else:
        step = assumed_cycles_per_step(net, config, balance)
        # Outputs are cleared before the first step; the readout of the last spikes ends the run.
        inference = step * n_steps + 2 * config.out_words
        if config.readout:
            evaluation = Schedule.of(net, config, placement).evaluation_cycles
            inference += net.readout.asked_steps(n_steps).sum() * evaluation
            step = inference / n_steps
        events = TYPICAL_ACTIVITY * net.n_inputs * n_steps
        assumed = f"{TYPICAL_ACTIVITY:.0%} of channels and neurons active in a step"
    if config.plasticity:
        assumed += "; cycles without those of learning"
    words = np.ceil((events + n_steps) / 2)
    speed = predict_mhz(board, blocks(config, board))
    return Estimate(
        board=board.name,
        part=board.part,
        lanes=lanes,
        fits=not reasons,
        reasons=reasons,
        remedies=remedies(net, board, config, boards) if reasons else (),
        utilisation=utilisation(config, board),
        logic_error=fitted_logic(config, board, board.logic)[1],
        memories=tuple(core_memories(config) + link_memories()),
        index_codings=_offered(index_codings(net, config, placement)),
        distance_width=config.distance_width,
        codebook_rows=config.codebook_rows,
        codebook_saves=blocks(replace(config, codebook_rows=0), board) - blocks(config, board),
        balance=round(1 / balance, 3),
        fmax_mhz=round(speed[0], 1) if speed else None,
        fmax_error_percent=round(100 * speed[1], 1) if speed else None,
        cycles_per_step=round(step),
        cycles_per_inference=round(inference),
        latency_ms=round(1e3 * inference / board.clock_hz, 4),
        link_ms=round(1e3 * float(words) * WORD_BITS / board.baud, 3),
        assumed=assumed,
    )


def _offered(codings: Sequence[IndexCoding]) -> tuple[IndexCoding, ...]:
    """Return targets and the cheapest distances, each if there is a reason to take it."""
    best = cheapest(codings)
    targets = codings[:1] if not codings[0].distance_width else ()
    return tuple(targets) if best in targets else (*targets, best)


def choose_lanes(net: IntNetwork, board: Board, *, n_steps: int, boards=(), **options) -> int:
    """Return the fewest lanes with which a network fits a board.

    Raises
    ------
    CapacityError
        No number of lanes fits; says what would, for the last one that a core can be built for.
    """
    refused = None
    for lanes in (1, 2, 4, 8):
        if lanes > board.max_lanes:
            break
        try:
            result = estimate(net, board, lanes, n_steps=n_steps, boards=boards, **options)
        except CapacityError as error:
            others = elsewhere(net, board, lanes, boards)
            advice = f" To make it fit: {'; or '.join(others)}." if others else ""
            refused = refused or f"{error}{advice}"
            continue
        if result.fits:
            return lanes
        refused = refusal(board.name, result.reasons, result.remedies)
    raise CapacityError(refused)
