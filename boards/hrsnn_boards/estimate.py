"""Does a network fit a board, and how fast will it be: answered before synthesis.

Block RAMs are counted exactly from the generator values, logic and clock are fits on real builds,
cycles follow the schedule of ``docs/accelerator.md``. What is estimated says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import prod

import numpy as np
from hrsnn_rtl.blocks import WITH_DISTRIBUTED_RAM
from hrsnn_rtl.codebook import Codebook
from hrsnn_rtl.config import NEURON_MEMORIES, SPRAM_WIDTH, CoreConfig, bits_for
from hrsnn_rtl.index_coding import IndexCoding, cheapest, index_codings
from hrsnn_rtl.memory_plan import (
    MemorySpec,
    core_memories,
    link_memories,
    total_blocks,
    total_spram,
)
from hrsnn_rtl.placer import place
from hrsnn_rtl.readout_shapes import FilterShape

from hrsnn_boards.board import Board
from hrsnn_boards.logic import logic
from hrsnn_boards.result import Usage
from hrsnn_boards.schedule import Schedule
from hrsnn_boards.speed import predict_mhz
from hrsnn_edge.errors import CapacityError
from hrsnn_edge.network import IntFormat, IntNetwork

#: Share of a part's logic that place and route can be expected to fill and still meet timing.
LOGIC_FILL = 0.9
#: Share of the neurons and channels that are active in a step when no counts are given.
TYPICAL_ACTIVITY = 0.05
#: Cycles of a step beside scan and delivery: filling and draining the pipes (measured, LANE).
STEP_OVERHEAD_CYCLES = 24
#: Steps of the longest run that a readout is made for, unless said.
DEFAULT_STEPS = 256
#: Cells of an iCE40 that loading from flash takes: the difference between two placed systems with
#: 65,536 synapses (`hrsnn bench hardware`).
FLASH_CELLS = 237
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
    fmax_mhz, fmax_error_percent : float
        Fastest clock to be expected, and how far that may be off.
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
    fmax_mhz: float
    fmax_error_percent: float
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


def configure(net: IntNetwork, board: Board, lanes: int, n_steps: int, **options) -> CoreConfig:
    """Return the core for a network on a board; `options` as of `CoreConfig.for_network`.

    Unless `codebook_rows` is among them the parameters of the neurons lie as costs less RAM.

    Raises
    ------
    CapacityError
        The network is beyond what any core can address.
    """
    options = {"synapse_memory": board.synapse_memory, "block_ram": board.block_shape} | options
    placement = options.setdefault("placement", place(net, lanes))
    room = SPRAM_WIDTH - net.fmt.weight_width
    if options["synapse_memory"] == "spram" and bits_for(placement.n_slots) > room:
        options.setdefault("distance_width", 0 if options.get("stdp") else room)
    try:
        config = CoreConfig.for_network(net, lanes=lanes, n_steps=n_steps, **options)
    except ValueError as error:
        raise CapacityError(
            f"The network must fit the core: {error}. Prune it, or take more lanes."
        ) from error
    if "codebook_rows" not in options:
        config = cheaper_parameters(config, net, board)
    limit = board.budget[board.block_ram]
    in_blocks, smallest = None, config
    for form in squeezed(config, board, lambda c: cheapest(index_codings(net, c, placement))):
        if blocks(form, board) <= limit:
            if not misfits(form, board):
                return form
            in_blocks = in_blocks or form
        # What is refused, and what would help, is said of the smallest in block RAM.
        smallest = smallest if form.distributed else form
    return in_blocks or smallest


def cheaper_parameters(config: CoreConfig, net: IntNetwork, board: Board) -> CoreConfig:
    """Return the core with a codebook for a network if it then takes fewer block RAMs."""
    rows = Codebook.of(net).size
    if rows is None:
        return config
    shared = replace(config, codebook_rows=rows)
    return shared if blocks(shared, board) < blocks(config, board) else config


def squeezed(
    config: CoreConfig, board: Board, choose: Callable[[CoreConfig], IndexCoding]
) -> Iterator[CoreConfig]:
    """Give a core in forms that take fewer and fewer block RAMs, itself first.

    A readout that adds fewer outputs a cycle has deeper memories, which waste less. On parts that
    have RAM in their LUTs, the neurons' memories go there one after the other. Last, and again with
    these, rows hold distances: their words are narrower, at a cycle for each filler.

    Parameters
    ----------
    config : CoreConfig
        The core.
    board : Board
        The board.
    choose : callable
        Returns the cheapest way to store the rows in a core.
    """
    yield config
    narrow = config
    while config.n_out and narrow.out_lanes > 1:
        narrow = replace(narrow, out_lanes=narrow.out_lanes // 2)
        if blocks(narrow, board) < blocks(config, board):
            config = narrow
            yield config
    yield from _in_luts(config, board)
    coded = choose(config).applied(config)
    if blocks(coded, board) < blocks(config, board):
        yield coded
        yield from _in_luts(coded, board)


def _in_luts(config: CoreConfig, board: Board) -> Iterator[CoreConfig]:
    """Give a core with more and more of its neurons' memories in LUTs."""
    if board.block_shape in WITH_DISTRIBUTED_RAM:
        for count in range(1, len(NEURON_MEMORIES) + 1):
            yield replace(config, distributed=NEURON_MEMORIES[:count])


def blocks(config: CoreConfig, board: Board) -> int:
    """Return the block RAMs that a core with its link takes of a board's part."""
    return total_blocks(core_memories(config) + link_memories(), board.block_shape)


def fitted_logic(config: CoreConfig, board: Board, resource: str) -> tuple[int, int]:
    """Return how many of a resource a core with its link takes of a board's part, and the error."""
    used, error = logic(config, board.model, resource, has_multiplier=board.multiplier is not None)
    loader = FLASH_CELLS if board.flash and resource == board.logic else 0
    return used + loader, error


def utilisation(config: CoreConfig, board: Board) -> dict[str, Usage]:
    """Return the resources a core with its link takes of a board's part."""
    used = {
        board.logic: fitted_logic(config, board, board.logic)[0],
        board.registers: fitted_logic(config, board, board.registers)[0],
        board.block_ram: blocks(config, board),
    }
    if board.multiplier:
        # One product for the membrane, one for the synaptic current.
        widths = (config.v_width, config.syn_width)
        factors = (-(-width // board.multiplier_width) for width in widths)
        used[board.multiplier] = config.lanes * sum(factors) + readout_multipliers(config, board)
    if board.single_port_ram:
        used[board.single_port_ram] = total_spram(core_memories(config))
    return {name: Usage(count, board.budget[name]) for name, count in used.items()}


def readout_multipliers(config: CoreConfig, board: Board) -> int:
    """Return the multipliers of a part that a readout takes."""

    def of(*factors: int) -> int:
        return prod(-(-width // board.multiplier_width) for width in factors)

    shape = config.readout
    if not shape:
        return 0
    # An unsigned operand has a sign bit before a signed weight.
    count = of(shape.operand_width + 1, config.out_weight_width)
    if isinstance(shape, FilterShape):
        widest = max(shape.decay_width + 1, shape.trace_width * shape.squares)
        count += of(shape.trace_width, widest)
    return count


def misfits(config: CoreConfig, board: Board) -> tuple[str, ...]:
    """Return a sentence for each resource of which a board has too little."""
    return tuple(
        f"{name} must be at most {limit}, not {usage.used}"
        for name, usage in utilisation(config, board).items()
        if usage.used > (limit := _limit(name, board))
    )


def _limit(name: str, board: Board) -> int:
    available = board.budget[name]
    return int(available * LOGIC_FILL) if name in (board.logic, board.registers) else available


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
    words = np.ceil((events + n_steps) / 2)
    fmax_mhz, fmax_error = predict_mhz(board, blocks(config, board))
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
        fmax_mhz=round(fmax_mhz, 1),
        fmax_error_percent=round(100 * fmax_error, 1),
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
